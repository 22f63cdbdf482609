"""Between the domains: only identifiers that a list names, each direction by itself, and a record at each border.

That there is no other way than the guarded border pair is ISO-01 and ISO-02; that a packet of another shape ends at a
fenced port is FENCE-02. What may cross is read from the entries of the devices' fences and from their guards.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from citynet.plan.fences.planning import prefix
from citynet.plan.recording import UNKNOWN
from citynet.proof.model import Refutation, judged, not_applicable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device, Guard, GuardRule, Host, Plan
    from citynet.proof.model import Result

_Listed = dict[tuple[str, str], set[int] | None]
"""Identifiers that may cross by source and destination, both /64; None: any that a fence lets pass."""


def prove_crossings(plan: Plan) -> Iterator[Result]:
    """FENCE-06 and FENCE-07."""
    guards = _guards(plan)
    fenced = {guard.interconnect for device, guard in guards if _fenced(device, guard)}
    fenced |= {guard.interconnect for _, guard in guards if _lists(guard)}
    if not fenced:
        yield not_applicable("FENCE-06", plan.city, "no interconnect is fenced")
    else:
        looked_at, found = _entries(plan)
        unit = "pairs of hosts with an identifier"
        result = judged("FENCE-06", plan.city, looked_at, [*_joined(plan), *found], unit=unit)
        if others := sorted({guard.interconnect for _, guard in guards} - fenced):
            result.notes.append(f"pass what has no identifier, as they are not fenced: {', '.join(others)}")
        yield result
    if not plan.identifiers or not guards:
        yield not_applicable("FENCE-07", plan.city, "no identifiers" if guards else "no interconnects")
        return
    yield judged("FENCE-07", plan.city, len(guards), list(_records(plan)), unit="ends of interconnects")


def _layer3(plan: Plan) -> list[Host]:
    services = [service for service in plan.services.values() if service.kind == "l3vpn"]
    return [plan.hosts[name] for service in services for name in service.hosts]


def _guards(plan: Plan) -> list[tuple[Device, Guard]]:
    return [(device, guard) for device in plan.devices.values() for guard in device.guards]


def _fenced(device: Device, guard: Guard) -> bool:
    interface = device.interface(guard.port)
    return device.fence is not None and any(port.fenced for port in device.fence.ports if port.name == interface)


def _lists(guard: Guard) -> list[str]:
    """The rules of a guard that have a list."""
    return [rule.name for rule in guard.rules if rule.identifiers is not None or rule.answers is not None]


def _joined(plan: Plan) -> Iterator[Refutation]:
    """Both ends of an interconnect have one list, and it is worth something: the port asks for an identifier."""
    rules: dict[str, list[list[GuardRule]]] = defaultdict(list)
    for device, guard in _guards(plan):
        rules[guard.interconnect].append(guard.rules)
        listed = _lists(guard)
        if listed and not _fenced(device, guard):
            what = f"{device.name} lets packets without an identifier past the lists of {', '.join(listed)}"
            yield Refutation(f"interconnect {guard.interconnect}", what, advice="'fenced: true'")
    for name, sides in rules.items():
        said = [[(rule.identifiers, rule.answers) for rule in side] for side in sides]
        if any(one != said[0] for one in said):
            yield Refutation(f"interconnect {name}", "its two ends have different lists")


def _entries(plan: Plan) -> tuple[int, list[Refutation]]:
    """Entries of border devices by which an identifier crosses that no list names for that direction."""
    prefixes = {text.partition("/")[0]: prefix(host) for host in _layer3(plan) for text in host.addresses}
    domains = {prefix(host): host.domain for host in _layer3(plan)}
    looked_at, found = 0, []
    for device in plan.devices.values():
        if not device.guards or device.fence is None:
            continue
        listed = _listed(device, prefixes)
        for entry in device.fence.entries:
            pairs = [(start, end) for start in entry.sources for end in entry.destinations]
            across = [pair for pair in pairs if domains.get(pair[0]) != domains.get(pair[1])]
            looked_at += len(across)
            found += [
                _unlisted(plan, device, entry.identifier, pair)
                for pair in across
                if (allowed := listed.get(pair, set())) is not None and entry.identifier not in allowed
            ]
    return looked_at, found


def _unlisted(plan: Plan, device: Device, number: int, pair: tuple[str, str]) -> Refutation:
    name = next((one.name for one in plan.identifiers.values() if one.number == number), str(number))
    what = f"{name} crosses from {pair[0]} to {pair[1]}, and no list names it for that direction"
    return Refutation(f"border {device.name}", what)


def _listed(device: Device, prefixes: dict[str, str]) -> _Listed:
    found: _Listed = {}
    for rule in (rule for guard in device.guards for rule in guard.rules):
        sources, destinations = (
            {prefixes[a] for a in side if a in prefixes} for side in (rule.sources, rule.destinations)
        )
        for start in sources:
            for end in destinations:
                _join(found, (start, end), rule.identifiers)
                _join(found, (end, start), rule.answers)
    return found


def _join(found: _Listed, pair: tuple[str, str], listed: list[int] | None) -> None:
    before = found.get(pair, set())
    found[pair] = None if listed is None or before is None else before | {*listed}


def _records(plan: Plan) -> Iterator[Refutation]:
    """A border that could not write down an identifier that crosses, or one as another."""
    for device, guard in _guards(plan):
        subject = f"border {device.name}"
        notes = {one.number: one.note for one in device.recorded}
        if len({*notes.values()}) < len(device.recorded) or not all(0 < note < UNKNOWN for note in notes.values()):
            yield Refutation(subject, f"has two identifiers of one note, or none for one, at {guard.interconnect}")
        crossing = {entry.identifier for entry in device.fence.entries} if device.fence else set()
        if missing := sorted(crossing - {*notes}):
            yield Refutation(subject, f"has no note for identifiers {missing} that cross {guard.interconnect}")
