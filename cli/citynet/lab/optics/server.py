"""The lab's optical controller: TAPI 2.4 over RESTCONF (RFC 8040), and what only a lab has: faults on order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from citynet.lab.optics import tree
from citynet.lab.optics.orders import RefusalError, circuit_of
from citynet.lab.optics.paths import find, segments
from citynet.lab.optics.sensing import KINDS

if TYPE_CHECKING:
    from starlette.requests import Request

    from citynet.lab.optics.light import Light
    from citynet.lab.optics.sensing import Sensing

_SERVICE = "connectivity-service"
_PARENT = ["context", "connectivity-context"]
_MEDIA = "application/yang-data+json"


def application(light: Light, sensing: Sensing, done: list[dict[str, Any]] | None = None) -> Starlette:
    """The ASGI application; `light` and `sensing` are its whole state, `done` is when lines obeyed."""
    controller = _Controller(light, sensing, [] if done is None else done)
    methods = ["GET", "HEAD", "POST", "PUT", "DELETE"]
    return Starlette(
        routes=[
            Route("/restconf/data/{path:path}", controller.data, methods=methods),
            Route("/lab/fault", controller.fault, methods=["POST"]),
            Route("/lab/state", controller.state, methods=["GET"]),
        ]
    )


class _Controller:
    def __init__(self, light: Light, sensing: Sensing, done: list[dict[str, Any]]) -> None:
        self._done = done
        self._light = light
        self._sensing = sensing

    async def data(self, request: Request) -> Response:
        """Everything under `/restconf/data`."""
        path = segments(request.path_params["path"])
        try:
            if request.method in {"GET", "HEAD"}:
                return self._read(path)
            if request.method == "POST":
                return self._create(path, await _body(request), str(request.url.path))
            if request.method == "PUT":
                return self._replace(path, await _body(request))
            return self._delete(path)
        except RefusalError as error:
            return _refused(error)

    def _read(self, path: list[tuple[str, str]]) -> Response:
        found = find(path, {"tapi-common:context": lambda: tree.context(self._light, self._sensing)}, self._branch)
        if found is None:
            raise RefusalError("nothing of that name is here", 404, "invalid-value")
        return JSONResponse(found, media_type=_MEDIA)

    def _branch(self, name: str) -> dict[str, Any] | None:
        """One child of the context alone: the whole would be made for nothing."""
        for key, make in tree.branches(self._light, self._sensing).items():
            if key.rpartition(":")[2] == name:
                return {key: make()}
        return None

    def _create(self, path: list[tuple[str, str]], body: Any, address: str) -> Response:
        names = [name for name, _ in path]
        if names not in (_PARENT, [*_PARENT, _SERVICE]) or path[-1][1]:
            raise RefusalError("only connectivity services can be created here", 405, "operation-not-supported")
        circuit = circuit_of(self._light, _only(body))
        if circuit.uuid in self._light.circuits:
            raise RefusalError(f"there is a service {circuit.uuid} already", 409, "data-exists")
        self._light.add(circuit)
        home = address.removesuffix(f"/{_SERVICE}")
        return Response(status_code=201, headers={"Location": f"{home}/{_SERVICE}={circuit.uuid}"})

    def _replace(self, path: list[tuple[str, str]], body: Any) -> Response:
        uuid = _service_of(path)
        entry = _only(body)
        if entry.get("uuid") != uuid:
            raise RefusalError("the UUID in the body is not the one in the path")
        before = self._light.circuits.get(uuid)
        if before is None:
            self._light.add(circuit_of(self._light, entry))
            return Response(status_code=201)
        self._light.change(before, lambda: circuit_of(self._light, entry))
        return Response(status_code=204)

    def _delete(self, path: list[tuple[str, str]]) -> Response:
        uuid = _service_of(path)
        if uuid not in self._light.circuits:
            raise RefusalError(f"there is no service {uuid}", 404, "data-missing")
        self._light.remove(uuid)
        return Response(status_code=204)

    async def fault(self, request: Request) -> Response:
        """`{"kind": cut|bend|tap|repair, "fibre": NAME}`."""
        asked = await _body(request)
        kind, fibre = str(asked.get("kind", "")), str(asked.get("fibre", ""))
        if kind not in {*KINDS, "repair"} or fibre not in self._light.base.fibres:
            return _refused(RefusalError(f"no fault '{kind}' on a fibre '{fibre}'"))
        begin = len(self._light.log)
        if kind == "repair":
            self._sensing.repair(fibre)
        else:
            self._sensing.disturb(kind, fibre)
        return JSONResponse({"first_event": begin, "at": self._light.clock.now()})

    async def state(self, request: Request) -> Response:
        """Fibres with power per span, circuits, and events from number `since` on."""
        since = int(request.query_params.get("since", "0"))
        light = self._light
        return JSONResponse(
            {
                "fibres": {name: self._fibre(name) for name in light.base.fibres},
                "circuits": [
                    {
                        "name": circuit.name,
                        "line": circuit.line,
                        "class": circuit.level,
                        "up": circuit.selected is not None,
                        "way": list(circuit.selected.fibres) if circuit.selected else [],
                        "role": circuit.selected.role if circuit.selected else "",
                        "ways": len(circuit.legs),
                    }
                    for circuit in light.circuits.values()
                ],
                "events": [
                    {"at": event.at, "kind": event.kind, "subject": event.subject, "text": event.text}
                    for event in light.log[since:]
                ],
                "done": self._done[-100:],
            }
        )

    def _fibre(self, name: str) -> dict[str, Any]:
        fault = "cut" if name in self._light.dark else ""
        if not fault and name in self._sensing.disturbances:
            fault = self._sensing.disturbances[name].kind
        spans = range(len(self._light.base.fibres[name].span_loss_db))
        return {
            "fault": fault,
            "suspect": name in self._light.suspect,
            "power_dbm": [round(self._sensing.power_dbm(name, span), 3) for span in spans],
        }


def _service_of(path: list[tuple[str, str]]) -> str:
    if [name for name, _ in path] != [*_PARENT, _SERVICE] or not path[-1][1]:
        raise RefusalError("only a connectivity service can be changed or deleted", 405, "operation-not-supported")
    return path[-1][1]


def _only(body: Any) -> Any:
    """The one service in a body, however its name is qualified."""
    for name, value in body.items() if isinstance(body, dict) else ():
        if str(name).rpartition(":")[2] == _SERVICE:
            entries = value if isinstance(value, list) else [value]
            if len(entries) == 1 and isinstance(entries[0], dict):
                return entries[0]
    raise RefusalError(f"a body holds one '{_SERVICE}'", tag="malformed-message")


async def _body(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        raise RefusalError("the body is no JSON", tag="malformed-message") from None


def _refused(error: RefusalError) -> Response:
    told = {"error-type": "application", "error-tag": error.tag, "error-message": str(error)}
    return JSONResponse({"ietf-restconf:errors": {"error": [told]}}, status_code=error.code, media_type=_MEDIA)
