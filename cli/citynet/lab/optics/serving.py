"""Serving an ASGI application over TLS with client certificates, on an event loop that timers share."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.applications import Starlette

    from citynet.lab.optics.certificates import Certificates


Server = uvicorn.Server


class LoopClock:
    """The machine's time, and the running event loop's timers."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Call once after a delay, from the event loop."""
        asyncio.get_running_loop().call_later(delay_s, call)


def server(application: Starlette, address: str, port: int, certificates: Certificates) -> uvicorn.Server:
    """A server that takes only clients with a certificate of the same authority; port 0 chooses one."""
    config = uvicorn.Config(
        application,
        host=address,
        port=port,
        ssl_certfile=certificates.certificate("server"),
        ssl_keyfile=str(certificates.key("server")),
        ssl_ca_certs=str(certificates.ca),
        ssl_cert_reqs=ssl.CERT_REQUIRED,
        log_level="warning",
        lifespan="off",
        timeout_keep_alive=60,
    )
    return uvicorn.Server(config)
