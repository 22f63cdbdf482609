"""Optical controllers on loopback for tests: the lab's own over TLS, and broken ones."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from typing import TYPE_CHECKING

import uvicorn

from citynet.deploy.tapi.client import Access
from citynet.lab.optics import certificates, serving
from citynet.lab.optics.server import application

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from optical_town import Town


@contextlib.contextmanager
def running(server: uvicorn.Server) -> Iterator[int]:
    """A server in a thread; its port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started:
        assert thread.is_alive()
        assert time.monotonic() < end
        time.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(10)
        listener.close()


@contextlib.contextmanager
def lab_controller(town: Town, folder: Path) -> Iterator[Access]:
    """The lab's controller for a town, over TLS; how it is entered."""
    made = certificates.make(folder, "test", "127.0.0.1")
    with running(serving.server(application(town.light, town.sensing), "127.0.0.1", 0, made)) as port:
        yield Access(
            f"https://127.0.0.1:{port}",
            ca=made.ca,
            certificate=made.certificate("client"),
            key=made.key("client"),
            timeout_s=5,
            pause_s=0.02,
        )


@contextlib.contextmanager
def plain(application, **more: float) -> Iterator[Access]:
    """Any ASGI application without TLS."""
    config = uvicorn.Config(application, log_level="critical", lifespan="off", timeout_graceful_shutdown=0)
    with running(uvicorn.Server(config)) as port:
        yield Access(f"http://127.0.0.1:{port}", **({"timeout_s": 0.5, "pause_s": 0.02} | more))


class Broken:
    """A controller in front of the lab's own that goes wrong as told, a number of times, then works.

    Ways: `500` before and `done-500` after the work; `hang` and `done-hang`: no answer; `half`: the answer breaks off;
    `drip`: a byte at a time; `forget`: says yes and does nothing; `garbage`: no JSON; `lose`: does it and loses it.
    """

    def __init__(self, town: Town) -> None:
        self._works = application(town.light, town.sensing)
        self._town = town
        self.ways: list[tuple[str, str]] = []
        self.seen: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] != "http":
            return
        method = scope["method"]
        self.seen.append(method)
        way = self.ways.pop(0)[1] if self.ways and self.ways[0][0] in {method, "*"} else ""
        await getattr(self, "_" + (way.replace("-", "_") or "well"))(scope, receive, send)

    async def _well(self, scope, receive, send) -> None:
        await self._works(scope, receive, send)

    async def _500(self, scope, receive, send) -> None:
        await self._say(send, 500, b"<html>oops</html>")

    async def _done_500(self, scope, receive, send) -> None:
        await self._works(scope, receive, self._nowhere)
        await self._say(send, 500, b'{"ietf-restconf:errors":{"error":[{"error-tag":"operation-failed"}]}}')

    async def _hang(self, scope, receive, send) -> None:
        import asyncio

        await asyncio.sleep(2)

    async def _done_hang(self, scope, receive, send) -> None:
        await self._works(scope, receive, self._nowhere)
        await self._hang(scope, receive, send)

    async def _half(self, scope, receive, send) -> None:
        sent: list[dict] = []

        async def keep(message) -> None:
            sent.append(message)

        await self._works(scope, receive, keep)
        await send(sent[0])
        half = sent[1]["body"][: len(sent[1]["body"]) // 2]
        if half:
            await send({"type": "http.response.body", "body": half, "more_body": True})
        raise RuntimeError("broken off")

    async def _drip(self, scope, receive, send) -> None:
        import asyncio

        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(20):
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.1)

    async def _garbage(self, scope, receive, send) -> None:
        await self._say(send, 200, b'{"tapi-connectivity:connectivity-service": [{"uuid"')

    async def _empty(self, scope, receive, send) -> None:
        await self._say(send, 200, b"{}")

    async def _forget(self, scope, receive, send) -> None:
        await self._say(send, 201, b"")

    async def _lose(self, scope, receive, send) -> None:
        await self._works(scope, receive, send)
        for uuid in list(self._town.light.circuits):
            self._town.light.remove(uuid)

    async def _say(self, send, status: int, body: bytes) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    async def _nowhere(self, message) -> None:
        pass
