"""Interconnects: where the two domains meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.rules.registry import rule
from citynet.design.types import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.design.source import Loc
    from citynet.design.types import Allow, ExitFlow
    from citynet.errors import Problem


@rule("interconnect", "devices", "services")
def interconnects(design: Design) -> Iterator[Problem]:
    """An interconnect joins a border device of each domain, and a service of each.

    Only border devices have the guard. `services` stand in the order of `between`.
    """
    city = design.city
    for name, item in city.interconnects.items():
        sides = [city.devices[d] for d in item.between if d in city.devices]
        loc: Loc = ("interconnects", name, "between")
        for device_name in item.between:
            if device_name in city.devices and city.devices[device_name].role is not Role.BORDER:
                yield design.source.problem(
                    loc,
                    f"interconnect '{name}' ends at '{device_name}', a device of role {city.devices[device_name].role}",
                    "role border",
                )
        if len(sides) == 2 and sides[0].domain == sides[1].domain:
            yield design.source.problem(
                loc, f"interconnect '{name}' stays inside domain {sides[0].domain}", "a border device of each domain"
            )
        for side, service in zip(sides, item.services, strict=False):
            if service in city.services and city.services[service].domain != side.domain:
                yield design.source.problem(
                    ("interconnects", name, "services"),
                    f"service '{service}' is of domain {city.services[service].domain}, "
                    f"its side of '{name}' of {side.domain}",
                    "services in the order of 'between'",
                )


@rule("flow", "devices", "services", "participants")
def flows(design: Design) -> Iterator[Problem]:
    """A flow that an interconnect allows has its ends on both sides, and the ports that its protocol has.

    A rule that can never match hides what somebody wanted.
    """
    for name in design.city.interconnects:
        yield from _allows(design, name)


def flow_ports(design: Design, loc: Loc, allow: Allow | ExitFlow) -> Iterator[Problem]:
    """A flow that a guard passes has the ports that its protocol has."""
    if allow.protocol == "icmp" and allow.ports:
        yield design.source.problem(loc, "icmp has no ports", "no 'ports'")
    if allow.protocol != "icmp" and not allow.ports:
        yield design.source.problem(loc, f"a {allow.protocol} flow without ports", "the ports it may use")


def _allows(design: Design, name: str) -> Iterator[Problem]:
    item = design.city.interconnects[name]
    present = [
        {e.participant for e in design.city.services[s].ends} for s in item.services if s in design.city.services
    ]
    for number, allow in enumerate(item.allow):
        loc: Loc = ("interconnects", name, "allow", number)
        yield from flow_ports(design, loc, allow)
        sides = [{n for n, side in enumerate(present) if who in side} for who in (allow.source, allow.destination)]
        if all(who in design.city.participants for who in (allow.source, allow.destination)) and not any(
            a != b for a in sides[0] for b in sides[1]
        ):
            yield design.source.problem(
                loc,
                f"'{allow.source}' and '{allow.destination}' are not on the two sides of '{name}'",
                "an end of each in the services it joins",
            )
