"""Services: where they end, what they are called, which data they may carry."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from citynet.design.grades import steering_class
from citynet.design.rules.names import service_ends_of
from citynet.design.rules.registry import rule
from citynet.design.types import DataClass, Level, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.design.source import Loc
    from citynet.design.types import Service
    from citynet.errors import Problem

LEVEL_OF = {
    DataClass.PUBLIC: Level.L1,
    DataClass.COMMERCIAL: Level.L2,
    DataClass.IMPORTANT: Level.L3,
    DataClass.CORE: Level.L3,
}
"""The level that each class of data needs (report, end of 3.2)."""


@rule("service-end")
def service_ends(design: Design) -> Iterator[Problem]:
    """An end hangs on an edge or border device of the service's domain.

    Core and aggregation devices carry no customers: their tables stay small and their changes rare.
    """
    for name, number, end in service_ends_of(design):
        loc: Loc = ("services", name, "ends", number)
        yield from _takes_ends(design, name, end.device, (*loc, "device"))
        if end.backup_device is not None:
            yield from _takes_ends(design, name, end.backup_device, (*loc, "backup_device"))


def _takes_ends(design: Design, name: str, device_name: str, loc: Loc) -> Iterator[Problem]:
    device = design.city.devices.get(device_name)
    if device is None:
        return
    domain = design.city.services[name].domain
    if device.domain is None:
        yield design.source.problem(
            loc, f"service '{name}' ends at '{device_name}', which is in no domain", f"a device of domain {domain}"
        )
    elif device.domain != domain:
        yield design.source.problem(
            loc,
            f"service '{name}' of domain {domain} ends at '{device_name}' of domain {device.domain}",
            f"a device of domain {domain}",
        )
    elif device.role not in {Role.EDGE, Role.BORDER}:
        yield design.source.problem(
            loc, f"service '{name}' ends at '{device_name}', a device of role {device.role}", "role edge or border"
        )


_INTERFACES = {
    r"mgmt|mgmt0": "management",
    r"eth[0-9].*": "a port",
    r"ike[0-9]+": "ports whose hosts get on by IKE",
    r"(br|vni)[0-9]+": "a layer-2 service",
    r"lo|sr0|vtep0": "the device itself",
}
"""Names that interfaces of a device have, as patterns, and whose they are."""


def _taken(name: str) -> str | None:
    return next((whose for pattern, whose in _INTERFACES.items() if re.fullmatch(pattern, name)), None)


NEEDED = {"l3vpn": ("vrf",)}
"""The keys that a kind of service needs, besides those that all have."""
OWN: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("vrf", "topology", "police", "fenced", "access", "max_routes", "exit", "steering", "tags"), ("l3vpn",)
    ),
    "path": ("l3vpn", "vpws"),
    "applications": ("l3vpn",),
}
"""The keys that only some kinds of service have, and which."""
OWN_OF_END: dict[str, tuple[str, ...]] = dict.fromkeys(("part", "backup_device"), ("l3vpn",))
"""The same of their ends."""


@rule("service-kind")
def service_kind(design: Design) -> Iterator[Problem]:
    """A service has the keys that its kind needs, and none that its kind cannot use.

    A layer-3 service (`l3vpn`) needs a `vrf`. A key that does nothing hides what somebody wanted.
    """
    for name, service in design.city.services.items():
        for key in NEEDED.get(service.kind, ()):
            if getattr(service, key) is None:
                yield design.source.problem(
                    ("services", name), f"service '{name}' of kind {service.kind} has no '{key}'", f"a '{key}'"
                )
        for key, kinds in OWN.items():
            if key in service.model_fields_set and service.kind not in kinds:
                yield design.source.problem(
                    ("services", name, key),
                    f"service '{name}' of kind {service.kind} has '{key}'",
                    f"'{key}' in services of kind {', '.join(kinds)} only",
                )
    for name, number, end in service_ends_of(design):
        kind = design.city.services[name].kind
        for key, kinds in OWN_OF_END.items():
            if getattr(end, key) is not None and kind not in kinds:
                yield design.source.problem(
                    ("services", name, "ends", number, key),
                    f"an end of service '{name}' of kind {kind} has '{key}'",
                    f"'{key}' in services of kind {', '.join(kinds)} only",
                )


@rule("service-vrf")
def service_vrf(design: Design) -> Iterator[Problem]:
    """Two services of one domain have two VRFs, and none is called as another interface of a device.

    A VRF is what keeps the routes of one service from another's. It is an interface of the device, so no port, line or
    bridge may have its name (`eth1`, `eth1s`, `br7`, `sr0` …); `mgmt` is the one that management arrives in.
    """
    seen: dict[tuple[str, str], str] = {}
    for name, service in design.city.services.items():
        if service.vrf is None:
            continue
        loc: Loc = ("services", name, "vrf")
        if (whose := _taken(service.vrf)) is not None:
            yield design.source.problem(loc, f"vrf '{service.vrf}' is taken by {whose}", "another name")
        first = seen.setdefault((service.domain, service.vrf), name)
        if first != name:
            yield design.source.problem(
                loc, f"services '{first}' and '{name}' share vrf '{service.vrf}'", "one VRF per service in a domain"
            )


@rule("data-class")
def data_class(design: Design) -> Iterator[Problem]:
    """No service carries data of a class that needs a higher level than its domain's target.

    Public data need L1 or better, commercial data L2, important and core data L3 (report, end of 3.2; data classes of
    GB/T 43697-2024). Raise the domain's `level`, or carry the service in a domain that has it.
    """
    for name, service in design.city.services.items():
        domain = design.city.domains.get(service.domain)
        if domain is None:
            continue
        for loc, what, one in _classes(design, name, service):
            if domain.level < LEVEL_OF[one]:
                yield design.source.problem(
                    loc,
                    f"{what} carries {one} data over domain {service.domain} of level {domain.level}",
                    f"level {LEVEL_OF[one]} or better",
                    f"raise domains.{service.domain}.level, or use another domain",
                )


def _classes(design: Design, name: str, service: Service) -> Iterator[tuple[Loc, str, DataClass]]:
    """The classes of data of a service, its applications and identifiers: where each stands, and whose it is."""
    yield ("services", name, "data_class"), f"service '{name}'", service.data_class
    for number, one in enumerate(service.applications):
        loc: Loc = ("services", name, "applications", number, "data_class")
        yield loc, f"application '{one.name}' of service '{name}'", one.data_class
    for number, item in enumerate(service.steering):
        steered = steering_class(design.city, item)
        if steered is not None:
            yield ("services", name, "steering", number, "data"), f"'{item.data}' of service '{name}'", steered
