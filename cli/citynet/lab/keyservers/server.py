"""The HTTPS interface of key servers (ETSI GS QKD 014 V1.1.1), and the one by which faults are ordered."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from citynet.lab.keyservers.pools import KEY_BITS, Network, RefusalError, Server

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request

SAE, TRANSPORT = "citynet.sae", "citynet.transport"
"""In a request's scope: whose certificate the client has, and its connection."""
CONTROL = "lab-control"
"""The name of who orders faults."""
_MANDATORY = "not all extension_mandatory parameters are supported"
FAULTS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "kme": ("silent", bool),
    "dry": ("dry", bool),
    "name": ("impostor", bool),
    "lose": ("lose", int),
    "malform": ("malform", str),
    "mark": ("mark", bytes.fromhex),
}
"""Stops answering; has no keys; has another name's certificate; loses so many answers; answers wrongly; begins its keys
with some bytes. Each with the attribute of the server that says so, and its type."""


def _no_key(container: dict[str, Any]) -> None:
    del container["keys"][0]["key"]


def _odd_field(container: dict[str, Any]) -> None:
    container["keys"][0]["quality"] = 1


def _short(container: dict[str, Any]) -> None:
    container["keys"][0]["key"] = base64.b64encode(b"x" * 31).decode()


def _no_base64(container: dict[str, Any]) -> None:
    container["keys"][0]["key"] = "*" + container["keys"][0]["key"][1:]


def _one_more(container: dict[str, Any]) -> None:
    container["keys"].append(container["keys"][0])


def _none(container: dict[str, Any]) -> None:
    container["keys"] = []


def _other_id(container: dict[str, Any]) -> None:
    container["keys"][0]["key_ID"] = "11111111-2222-4333-8444-555555555555"


def _no_uuid(container: dict[str, Any]) -> None:
    container["keys"][0]["key_ID"] = "key-1"


def _zeros(container: dict[str, Any]) -> None:
    container["keys"][0]["key"] = base64.b64encode(bytes(32)).decode()


MALFORMED: dict[str, Callable[[dict[str, Any]], None] | str] = {
    "no-key": _no_key,
    "odd-field": _odd_field,
    "short": _short,
    "no-base64": _no_base64,
    "one-more": _one_more,
    "none": _none,
    "other-id": _other_id,
    "no-uuid": _no_uuid,
    "zeros": _zeros,
    "no-json": "keys",
    "twice": '{"keys": [], "keys": []}',
    "list": "[]",
}
"""What can be wrong with a key container: something done to it, or a text in its place."""


def application(network: Network, server: Server) -> Starlette:
    """One key server."""
    interface = _Interface(network, server)
    both = ["GET", "POST"]
    return Starlette(
        routes=[
            Route("/api/v1/keys/{sae}/status", interface.status, methods=["GET"]),
            Route("/api/v1/keys/{sae}/enc_keys", interface.enc_keys, methods=both),
            Route("/api/v1/keys/{sae}/dec_keys", interface.dec_keys, methods=both),
        ]
    )


class _Interface:
    def __init__(self, network: Network, server: Server) -> None:
        self._network, self._server = network, server

    async def status(self, request: Request) -> Response:
        """Get status (6.1)."""
        return await self._answer(
            request, lambda: self._network.status(self._server, request.scope[SAE], request.path_params["sae"])
        )

    async def enc_keys(self, request: Request) -> Response:
        """Get key (6.2, 6.3)."""
        body = await _body(request)

        def keys() -> dict[str, Any]:
            number, bits = _wish(request, body)
            caller, slave = request.scope[SAE], request.path_params["sae"]
            return _container(self._network.new_keys(self._server, caller, slave, number, bits))

        return await self._answer(request, keys, delivers=True)

    async def dec_keys(self, request: Request) -> Response:
        """Get key with key IDs (6.4)."""
        body = await _body(request)

        def keys() -> dict[str, Any]:
            caller, master = request.scope[SAE], request.path_params["sae"]
            return _container(self._network.take(self._server, caller, master, _names(request, body)))

        return await self._answer(request, keys, delivers=True)

    async def _answer(
        self, request: Request, what: Callable[[], dict[str, Any]], *, delivers: bool = False
    ) -> Response:
        server = self._server
        while server.silent:
            await asyncio.sleep(0.1)
            if request.scope[TRANSPORT].is_closing():
                return Response()
        server.requests += 1
        try:
            found = what()
        except RefusalError as error:
            return JSONResponse({"message": str(error)}, status_code=error.code)
        if delivers and server.lose:
            server.lose -= 1
            request.scope[TRANSPORT].abort()
            return Response()
        if delivers and server.malform:
            return _malformed(found, MALFORMED[server.malform])
        return JSONResponse(found)


def _malformed(container: dict[str, Any], how: Callable[[dict[str, Any]], None] | str) -> Response:
    if isinstance(how, str):
        return Response(how, media_type="application/json")
    how(container)
    return JSONResponse(container)


def _container(keys: list[tuple[str, bytes]]) -> dict[str, Any]:
    return {"keys": [{"key_ID": name, "key": base64.b64encode(value).decode()} for name, value in keys]}


async def _body(request: Request) -> Any:
    """The body of a POST; None where there is none, and of a GET."""
    text = await request.body() if request.method == "POST" else b""
    if not text:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _wish(request: Request, body: Any) -> tuple[int, int]:
    """Number and size of a key request."""
    told = dict(request.query_params) if request.method == "GET" else body or {}
    allowed = {"number", "size", "additional_slave_SAE_IDs", "extension_mandatory", "extension_optional"}
    if not isinstance(told, dict) or not set(told) <= allowed:
        raise RefusalError(400, "the key request is not as it should be")
    if told.get("extension_mandatory"):
        raise RefusalError(400, _MANDATORY)
    if told.get("additional_slave_SAE_IDs"):
        raise RefusalError(400, "additional slave SAEs are not supported")
    return _whole(told.get("number", 1)), _whole(told.get("size", KEY_BITS))


def _whole(value: Any) -> int:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    if type(value) is not int:
        raise RefusalError(400, "number and size shall be whole numbers")
    return value


def _names(request: Request, body: Any) -> list[str]:
    """The IDs of a request for keys."""
    if request.method == "GET":
        return [request.query_params.get("key_ID", "")]
    entries = body.get("key_IDs") if isinstance(body, dict) and set(body) <= {"key_IDs", "key_IDs_extension"} else None
    if not isinstance(entries, list):
        raise RefusalError(400, "the key IDs are not as they should be")
    names = [entry.get("key_ID") if isinstance(entry, dict) else None for entry in entries]
    if not all(isinstance(name, str) for name in names):
        raise RefusalError(400, "the key IDs are not as they should be")
    return [str(name) for name in names]


def control(network: Network, changed: Callable[[Server], None]) -> Starlette:
    """Where faults are ordered: `{"kind": ..., "server": NAME, "value": ...}`, an empty value takes it back."""

    async def fault(request: Request) -> Response:
        _require_control(request)
        asked = await _body(request)
        server = network.servers.get(str(asked.get("server", "")))
        kind, value = asked.get("kind"), asked.get("value")
        if server is None or kind not in FAULTS or (kind == "malform" and value and value not in MALFORMED):
            return JSONResponse({"message": "no such fault or key server"}, status_code=400)
        attribute, made = FAULTS[kind]
        setattr(server, attribute, made(value) if value else type(getattr(server, attribute))())
        changed(server)
        return JSONResponse({})

    async def pool(request: Request) -> Response:
        _require_control(request)
        asked = await _body(request)
        found = network.pool(asked["a"], asked["b"])
        for name in {"stored", "most", "rate"} & set(asked):
            setattr(found, name, asked[name])
        return JSONResponse({})

    async def state(_request: Request) -> Response:
        return JSONResponse({"servers": {name: _told(server) for name, server in network.servers.items()}})

    return Starlette(
        routes=[
            Route("/lab/fault", fault, methods=["POST"]),
            Route("/lab/pool", pool, methods=["POST"]),
            Route("/lab/state", state, methods=["GET"]),
        ]
    )


def _require_control(request: Request) -> None:
    """Devices have certificates of the same authority, but order no faults."""
    if request.scope[SAE] != CONTROL:
        raise HTTPException(401)


def _told(server: Server) -> dict[str, Any]:
    return {
        "kme": server.silent,
        "dry": server.dry,
        "name": server.impostor,
        "lose": server.lose,
        "malform": server.malform,
        "requests": server.requests,
        "fresh": server.fresh,
        "named": server.named,
        "waiting": len(server.waiting),
    }
