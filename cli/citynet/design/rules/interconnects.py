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


@rule("crossing-identifiers", "participants", "participant_groups", "identifiers", "fences", "services")
def crossing_identifiers(design: Design) -> Iterator[Problem]:
    """Where a flow between the domains has a list of data identifiers, it can come about, and nothing else can cross.

    Only an interconnect that is `fenced`, in a city with fences, asks every packet for an identifier. The opener has a
    right to those of `identifiers`, and the one who answers to some of `answers`, or there are none: then nothing
    comes back, which UDP alone can bear.
    """
    for name, item in design.city.interconnects.items():
        for number, allow in enumerate(item.allow):
            loc: Loc = ("interconnects", name, "allow", number)
            if allow.identifiers is None:
                if allow.answers is not None:
                    what = "answers have a list of identifiers, and what they answer has none"
                    yield design.source.problem((*loc, "answers"), what, "'identifiers' as well")
                continue
            if not item.fenced or not design.city.fences:
                lacks = f"interconnect '{name}' is not fenced" if not item.fenced else "the city has no fences"
                what = f"a list of identifiers, but {lacks}: other packets would cross as well"
                expected = "'fenced: true' and fences"
                yield design.source.problem((*loc, "identifiers"), what, expected)
            yield from _bearers(design, loc, allow)


def _bearers(design: Design, loc: Loc, allow: Allow) -> Iterator[Problem]:
    """Whoever sends has a right to what the lists say; names that lead nowhere are another rule's."""
    for key, who, listed in (
        ("identifiers", allow.source, allow.identifiers),
        ("answers", allow.destination, allow.answers),
    ):
        for one in listed or ():
            if not _has_right(design, who, one):
                what = f"'{who}' has no right to identifier '{one}'"
                yield design.source.problem((*loc, key), what, "an identifier of a group that it is in")
    if allow.protocol == "udp":
        return
    if allow.answers == []:
        what = f"a {allow.protocol} flow without answers"
        yield design.source.problem((*loc, "answers"), what, "identifiers that answers may carry", "udp needs none")
    if allow.answers is None and not any(_has_right(design, allow.destination, one) for one in allow.identifiers or ()):
        what = f"'{allow.destination}' has a right to none of them, so that no answer can cross"
        yield design.source.problem((*loc, "identifiers"), what, "'answers' with identifiers of its own")


def _has_right(design: Design, participant: str, identifier: str) -> bool:
    known = design.city.identifiers.get(identifier)
    group = design.city.participant_groups.get(known.group) if known is not None else None
    return group is None or participant in group.participants
