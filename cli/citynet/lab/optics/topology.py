"""The lab's fibres, nodes and connections as TAPI 2.4 data."""

from __future__ import annotations

import uuid as uuids
from typing import TYPE_CHECKING, Any

from citynet.lab.optics.routing import sites_along
from citynet.platforms.tapi import identifiers

if TYPE_CHECKING:
    from citynet.lab.optics.light import Light
    from citynet.lab.optics.model import Base, Circuit, Fibre, Leg

_OTN, _LIGHT = "DIGITAL_OTN", "PHOTONIC_MEDIA"
_STATE = {"administrative-state": "UNLOCKED", "operational-state": "ENABLED", "lifecycle-state": "INSTALLED"}


def interface_points(base: Base) -> list[dict[str, Any]]:
    """Where services can end (`service-interface-point`)."""
    return [
        {
            "uuid": sip.uuid,
            "name": [{"value-name": "CLIENT", "value": sip.client}],
            "layer-protocol-name": _OTN,
            "direction": "BIDIRECTIONAL",
            "supported-cep-layer-protocol-qualifier-instances": [
                {"layer-protocol-qualifier": "tapi-digital-otn:ODU_TYPE", "number-of-cep-instances": "1"}
            ],
            **_STATE,
        }
        for sip in base.sips.values()
    ]


def topology(light: Light) -> dict[str, Any]:
    """The one topology: a node per site, a link per fibre."""
    base = light.base
    return {
        "uuid": identifiers.topology(base.city),
        "name": [{"value-name": "CITY", "value": base.city}],
        "layer-protocol-name": [_OTN, _LIGHT],
        "node": [_node(light, site, uuid) for site, uuid in base.nodes.items()],
        "link": [link(light, fibre) for fibre in base.fibres.values()],
    }


def connection_uuid(circuit: Circuit) -> str:
    """The end-to-end connection of a service."""
    return str(uuids.uuid5(uuids.UUID(circuit.uuid), "connection"))


def connection(light: Light, circuit: Circuit) -> dict[str, Any]:
    """What carries a service: its ends, its ways, and which of them is current."""
    ends = [_end_ref(light.base, circuit, number) for number in (0, 1)]
    body: dict[str, Any] = {
        "uuid": connection_uuid(circuit),
        "name": [{"value-name": "SERVICE_NAME", "value": circuit.name}],
        "layer-protocol-name": circuit.body.get("layer-protocol-name", _OTN),
        "direction": "BIDIRECTIONAL",
        "operational-state": "ENABLED" if circuit.selected else "DISABLED",
        "lifecycle-state": "INSTALLED",
        "connection-end-point": ends,
        "route": [_route(light.base, circuit, leg, ends) for leg in circuit.legs],
    }
    if "layer-protocol-qualifier" in circuit.body:
        body["layer-protocol-qualifier"] = circuit.body["layer-protocol-qualifier"]
    return body


def _route(base: Base, circuit: Circuit, leg: Leg, ends: list[dict[str, str]]) -> dict[str, Any]:
    current = "CURRENT" if leg is circuit.selected else "NOT_CURRENT"
    number = circuit.legs.index(leg) + 1
    return {
        "local-id": _leg_id(leg),
        "name": [{"value-name": "FIBRES", "value": " ".join(leg.fibres)}],
        "resilience-route": {"route-state": f"tapi-connectivity:ROUTE_STATE_{current}", "priority": str(number)},
        "connection-end-point": [
            ends[0],
            *(_point(base, circuit, leg, fibre, site) for fibre, site in _fibre_ends(base, circuit, leg)),
            ends[1],
        ],
    }


def _leg_id(leg: Leg) -> str:
    return leg.role if leg.role != "detour" else f"detour {'+'.join(leg.fibres)}"


def _fibre_ends(base: Base, circuit: Circuit, leg: Leg) -> list[tuple[str, str]]:
    """Each fibre of a way at the site where light enters it, then where it leaves it."""
    way = leg.fibres  # a lit path may have been planned from the other end: light goes both ways
    sites = sites_along(base.fibres, way, circuit.site_a)
    if sites is None:
        way = way[::-1]
        sites = sites_along(base.fibres, way, circuit.site_a) or []
    pairs = zip(way, sites, sites[1:], strict=False)
    return [(fibre, site) for fibre, start, end in pairs for site in (start, end)]


def _node(light: Light, site: str, uuid: str) -> dict[str, Any]:
    base = light.base
    points: dict[str, dict[str, Any]] = {}
    for fibre in base.fibres.values():
        if site in {fibre.a, fibre.b}:
            point = _edge_point(identifiers.node_edge_point(base.city, fibre.name, site), _LIGHT)
            points[point["uuid"]] = point
    for sip in base.sips.values():
        if sip.site == site:
            point = _edge_point(identifiers.client_edge_point(sip.uuid), _OTN)
            point["mapped-service-interface-point"] = [{"service-interface-point-uuid": sip.uuid}]
            points[point["uuid"]] = point
    for circuit in light.circuits.values():
        _add_end_points(base, circuit, site, points)
    return {
        "uuid": uuid,
        "name": [{"value-name": "SITE", "value": site}],
        "layer-protocol-name": [_OTN, _LIGHT],
        **_STATE,
        **_costs("HOPS", "1", 0.0),
        "risk-parameter-pac": {"risk-characteristic": [_risk([f"site:{site}"])]},
        "owned-node-edge-point": list(points.values()),
    }


def _edge_point(uuid: str, layer: str) -> dict[str, Any]:
    return {"uuid": uuid, "layer-protocol-name": layer, "direction": "BIDIRECTIONAL", **_STATE}


def _add_end_points(base: Base, circuit: Circuit, site: str, points: dict[str, dict[str, Any]]) -> None:
    """The circuit's connection end points at a site, under the edge points that they are of."""
    for number, where in enumerate((circuit.site_a, circuit.site_b)):
        if where == site:
            _hang(points, _end_ref(base, circuit, number), _OTN)
    for leg in circuit.legs:
        for fibre, where in _fibre_ends(base, circuit, leg):
            if where == site:
                _hang(points, _point(base, circuit, leg, fibre, site), _LIGHT)


def _hang(points: dict[str, dict[str, Any]], ref: dict[str, str], layer: str) -> None:
    point = points.get(ref["node-edge-point-uuid"])
    if point is not None:
        held = point.setdefault("tapi-connectivity:cep-list", {"connection-end-point": []})
        held["connection-end-point"].append(
            {
                "uuid": ref["connection-end-point-uuid"],
                "layer-protocol-name": layer,
                "direction": "BIDIRECTIONAL",
                "operational-state": "ENABLED",
                "lifecycle-state": "INSTALLED",
            }
        )


def _end_ref(base: Base, circuit: Circuit, number: int) -> dict[str, str]:
    sip = circuit.body["end-point"][number]["service-interface-point"]["service-interface-point-uuid"]
    site = (circuit.site_a, circuit.site_b)[number]
    return _ref(base, site, identifiers.client_edge_point(sip), circuit, f"end {number}")


def _point(base: Base, circuit: Circuit, leg: Leg, fibre: str, site: str) -> dict[str, str]:
    point = identifiers.node_edge_point(base.city, fibre, site)
    return _ref(base, site, point, circuit, f"{_leg_id(leg)} {fibre} {site}")


def _ref(base: Base, site: str, point: str, circuit: Circuit, which: str) -> dict[str, str]:
    return {
        "topology-uuid": identifiers.topology(base.city),
        "node-uuid": base.nodes[site],
        "node-edge-point-uuid": point,
        "connection-end-point-uuid": str(uuids.uuid5(uuids.UUID(circuit.uuid), which)),
    }


def link(light: Light, fibre: Fibre) -> dict[str, Any]:
    """A fibre as a link: its ends, length, delay, risks, and how full it is."""
    city = light.base.city
    state = dict(_STATE) | {"operational-state": "DISABLED" if fibre.name in light.dark else "ENABLED"}
    used = sum(section.slots for section in light.spectrum.used(fibre.name))
    return {
        "uuid": identifiers.link(city, fibre.name),
        "name": [
            {"value-name": "FIBRE", "value": fibre.name},
            {"value-name": "SLOTS", "value": f"{used} of {light.base.slots} lit"},
        ],
        "layer-protocol-name": [_LIGHT],
        "direction": "BIDIRECTIONAL",
        **state,
        "node-edge-point": [
            {
                "topology-uuid": identifiers.topology(city),
                "node-uuid": light.base.nodes[site],
                "node-edge-point-uuid": identifiers.node_edge_point(city, fibre.name, site),
            }
            for site in (fibre.a, fibre.b)
        ],
        **_costs("LENGTH_KM", f"{fibre.length_km:g}", fibre.delay_us),
        "risk-characteristic": [_risk(sorted(fibre.risks))],
        # The models want these two of every link, whether or not they say anything of it.
        "validation-mechanism": [{"validation-mechanism": "LAB", "layer-protocol-adjacency-validated": _LIGHT}],
        "transitioned-layer-protocol-name": [_OTN, _LIGHT],
    }


def _costs(name: str, cost: str, delay_us: float) -> dict[str, Any]:
    return {
        "cost-characteristic": [{"cost-name": name, "cost-value": cost}],
        "latency-characteristic": [
            {"traffic-property-name": "FIXED_LATENCY_US", "fixed-latency-characteristic": f"{delay_us:g}"}
        ],
    }


def _risk(groups: list[str]) -> dict[str, Any]:
    return {"risk-characteristic-name": "srlg", "risk-identifier-list": groups}
