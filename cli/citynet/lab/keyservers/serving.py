"""Serving key servers over TLS: each with its own certificate, and told whose certificate a client has."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from citynet.lab.keyservers.server import SAE, TRANSPORT

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from starlette.applications import Starlette


class _Protocol(H11Protocol):
    """HTTP on one connection, whose requests know the client's common name."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wrap the application, so that it is told."""
        super().connection_made(transport)
        certificate = transport.get_extra_info("peercert") or {}
        names = [value for part in certificate.get("subject", ()) for kind, value in part if kind == "commonName"]
        name, inner = names[0] if len(names) == 1 else "", self.app

        async def told(scope: Any, receive: Any, send: Any) -> None:
            scope[SAE], scope[TRANSPORT] = name, transport
            await inner(scope, receive, send)

        self.app = told


class Serving:
    """One HTTPS server."""

    def __init__(self, application: Starlette, address: str, port: int, folder: Path, name: str) -> None:
        self._folder, self._name = folder, name
        self._config = uvicorn.Config(
            application,
            host=address,
            port=port,
            http=_Protocol,
            ssl_certfile=folder / f"{name}.pem",
            ssl_keyfile=str(folder / f"{name}.key"),
            ssl_ca_certs=str(folder / "ca.pem"),
            ssl_cert_reqs=ssl.CERT_REQUIRED,
            log_level="critical",
            lifespan="off",
            timeout_keep_alive=120,
        )
        self._config.load()
        if self._config.ssl is not None:
            self._config.ssl.minimum_version = ssl.TLSVersion.TLSv1_2
        self.server = uvicorn.Server(self._config)

    def pretend(self, name: str) -> None:
        """Have the certificate of that name from the next connection on; those that are open end."""
        if self._config.ssl is not None:
            self._config.ssl.load_cert_chain(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        for connection in list(self.server.server_state.connections):
            connection.transport.abort()
