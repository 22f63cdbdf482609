"""Orders → TAPI 2.4 bodies (JSON by RFC 7951) of `tapi-connectivity:connectivity-service`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from citynet.platforms.tapi.orders import RESTORING

if TYPE_CHECKING:
    from citynet.platforms.tapi.orders import Order, Route

NAME, MARK = "SERVICE_NAME", "CITYNET_CITY"
"""Names (`value-name`) under which a service carries its own name and its city's."""

SERVICE = "tapi-connectivity:connectivity-service"
SRLG = "SRLG"


def service(order: Order) -> dict[str, Any]:
    """The whole service, without its list around it."""
    body: dict[str, Any] = {
        "uuid": order.uuid,
        "name": [{"value-name": NAME, "value": order.name}, {"value-name": MARK, "value": order.mark}],
        "administrative-state": "UNLOCKED",
        "layer-protocol-name": order.layer,
        "layer-protocol-qualifier": order.qualifier,
        "direction": "BIDIRECTIONAL",
        "end-point": [_end(order, side, sip) for side, sip in zip("ab", order.sips, strict=True)],
        "connectivity-constraint": {
            "service-type": "POINT_TO_POINT_CONNECTIVITY",
            "service-level": order.protection_class,
            "requested-capacity": {"total-size": _capacity(order.rate_gbps)},
        },
        "resilience-constraint": _resilience(order),
    }
    if order.diversity:
        body["routing-constraint"] = {
            "diversity-policy": SRLG,
            "risk-diversity-characteristic": [_risks(order.diversity)],
        }
    return body


def request(*services: dict[str, Any]) -> dict[str, Any]:
    """The message body that carries services: the list, qualified by its module (RFC 8040, section 4.4.1)."""
    return {SERVICE: list(services)}


def protection_type(order: Order) -> str:
    """TAPI's kind of protection: from the class, and from the routes that are planned for it."""
    roles = {route.role for route in order.routes}
    restores = order.protection_class in RESTORING
    planned = "PRE_COMPUTED_RESTORATION" if "restoration" in roles else "DYNAMIC_RESTORATION"
    if order.protection_class == "diamond" or "protection" in roles:
        return "ONE_PLUS_ONE_PROTECTION" + (f"_WITH_{planned}" if restores else "")
    return planned if restores else "NO_PROTECTION"


def name_of(body: dict[str, Any], kind: str = NAME) -> str:
    """A name that a service carries, or nothing."""
    return next((str(one.get("value", "")) for one in body.get("name", []) if one.get("value-name") == kind), "")


def _end(order: Order, side: str, sip: str) -> dict[str, Any]:
    return {
        "local-id": side,
        "layer-protocol-name": order.layer,
        "layer-protocol-qualifier": order.qualifier,
        "direction": "BIDIRECTIONAL",
        "role": "SYMMETRIC",
        "service-interface-point": {"service-interface-point-uuid": sip},
    }


def _capacity(rate_gbps: float) -> dict[str, str]:
    # decimal64 is a string in JSON (RFC 7951, section 6.1).
    return {"value": f"{rate_gbps:.7f}".rstrip("0").rstrip("."), "unit": "tapi-common:CAPACITY_UNIT_GBPS"}


def _resilience(order: Order) -> dict[str, Any]:
    kind = protection_type(order)
    found: dict[str, Any] = {
        "resilience-type": {
            "protection-type": kind,
            "restoration-policy": "END_TO_END_RESTORATION" if "RESTORATION" in kind else "NA",
        },
        "reversion-mode": "REVERTIVE",
    }
    if order.routes:
        found["resiliency-route-constraint"] = [
            _route(order, number, route) for number, route in enumerate(order.routes, start=1)
        ]
    return found


def _route(order: Order, number: int, route: Route) -> dict[str, Any]:
    # Priority 1 is the preferred route (tapi-connectivity, resiliency-route-constraint); uint64 is a string in JSON.
    found: dict[str, Any] = {
        "local-id": route.role,
        "priority": str(number),
        "topology-constraint": {
            "local-id": route.role,
            "explicit-route": True,
            "include-link": [{"topology-uuid": order.topology, "link-uuid": link} for link in route.links],
        },
    }
    if route.risk_groups:
        found["routing-constraint"] = {"risk-diversity-characteristic": [_risks(route.risk_groups)]}
    return found


def _risks(groups: tuple[str, ...]) -> dict[str, Any]:
    return {"risk-characteristic-name": "srlg", "risk-identifier-list": list(groups)}
