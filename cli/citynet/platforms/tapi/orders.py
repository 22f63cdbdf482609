"""What the optical network is asked for: the plan's services, reduced to what a request says."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.platforms.tapi import identifiers

if TYPE_CHECKING:
    from citynet.plan.model import Plan
    from citynet.plan.model.optical import ConnectivityService, LitPath, OpticalPlan

CLASSES = ("diamond", "gold", "silver", "copper", "unprotected")
RESTORING = ("diamond", "gold", "silver")
"""Classes whose services get a new route when they have lost theirs (ASON service levels)."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way that light is to take: `role` is working, protection or restoration; `links` are UUIDs."""

    role: str
    links: tuple[str, ...]
    risk_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """A connectivity service as it is to be. `qualifier` is TAPI's, with its module; rates in Gbit/s.

    `mark` is the city: a service that carries it is ours to change and to delete.
    """

    name: str
    uuid: str
    mark: str
    rate_gbps: float
    protection_class: str
    sips: tuple[str, str]
    layer: str = "DIGITAL_OTN"
    qualifier: str = "tapi-digital-otn:ODU_TYPE_ODU_FLEX"
    topology: str = ""
    routes: tuple[Route, ...] = ()
    diversity: tuple[str, ...] = field(default=())


def of_plan(plan: Plan) -> list[Order]:
    """The orders of a city's plan, in its order; none for a city without an optical base."""
    if plan.optical is None:
        return []
    return [_order(plan.city, plan.optical, service) for service in plan.optical.services.values()]


def qualifier(odu: str) -> str:
    """TAPI's word for a kind of ODU. It has none for fine-grain OTN, which is a flexible ODU to it (2.4.1)."""
    plain = odu.upper().partition("(")[0]
    if plain in {"ODU0", "ODU1", "ODU2", "ODU2E", "ODU3", "ODU4"}:
        return f"tapi-digital-otn:ODU_TYPE_{plain}"
    if plain.startswith("ODUC"):
        return "tapi-digital-otn:ODU_TYPE_ODU_CN"
    return "tapi-digital-otn:ODU_TYPE_ODU_FLEX"


def _order(city: str, optical: OpticalPlan, service: ConnectivityService) -> Order:
    roles = (("working", service.working), ("protection", service.protection), ("restoration", service.restoration))
    return Order(
        name=service.name,
        uuid=service.uuid,
        mark=city,
        rate_gbps=service.rate_gbps,
        protection_class=service.protection_class,
        sips=(service.a.sip, service.b.sip),
        qualifier=qualifier(service.odu),
        topology=identifiers.topology(city),
        routes=tuple(_route(city, role, [optical.lit_paths[name] for name in names]) for role, names in roles if names),
        diversity=tuple(service.diversity),
    )


def _route(city: str, role: str, paths: list[LitPath]) -> Route:
    fibres = [fibre for path in paths for fibre in path.fibres]
    risks = dict.fromkeys(risk for path in paths for risk in path.risk_groups)
    return Route(role, tuple(identifiers.link(city, fibre) for fibre in fibres), tuple(risks))
