"""Fences: no way by which data of an identifier reach a zone that no fence lets them reach.

Every pair of hosts is looked at, over every way between them: inside a service, over one interconnect, into the other
domain and back. A packet may come with an identifier, or in any other shape that a sender can give it. What may pass
is read from the entries of the devices; what should is worked out from the fences themselves, minute by minute.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

from citynet.design.windows import ALWAYS, NEVER, WEEK, common, text, without
from citynet.plan.fences.planning import is_of_class, may_travel, prefix
from citynet.plan.fences.shapes import SHAPES, Fate, Shape
from citynet.plan.fences.tracing import Tracer
from citynet.plan.model import PortKind
from citynet.proof.model import Refutation, judged, not_applicable, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.windows import Schedule
    from citynet.plan.fences.tracing import Gate
    from citynet.plan.model import Guard, GuardRule, Host, Plan, PlannedFence, PlannedIdentifier
    from citynet.proof.model import Result

_CLAIMS = ("FENCE-01", "FENCE-02", "FENCE-03", "FENCE-04", "FENCE-05")
Zones = tuple[frozenset[str], frozenset[str]]


def prove_fences(plan: Plan) -> Iterator[Result]:
    """FENCE-01 to FENCE-05."""
    if not plan.fences:
        yield from (not_applicable(claim, plan.city, "no fences") for claim in _CLAIMS)
        return
    search = _Search(plan)
    for identifier in plan.identifiers.values():
        search.identifier(identifier)
    yield judged("FENCE-01", plan.city, search.ways, search.tagged, unit="ways")
    result = judged("FENCE-02", plan.city, search.ways, search.untagged, unit="ways")
    result.reason += f", {len(SHAPES)} shapes of packets"
    if search.low:
        what = "hosts of the same participants in services of a lower class, whose senders keep such data out"
        result.notes.append(f"{what}: {some(sorted(search.low))}")
    yield result
    yield judged("FENCE-03", plan.city, len(search.tracer.ports), list(_rights(plan)), unit="ports")
    yield judged("FENCE-04", plan.city, len(plan.devices), list(_gaps(plan)), unit="devices")
    yield judged("FENCE-05", plan.city, search.ways, search.stopped, unit="ways")


@dataclass(slots=True)
class _Search:
    plan: Plan
    tracer: Tracer = field(init=False)
    ways: int = 0
    tagged: list[Refutation] = field(default_factory=list)
    untagged: list[Refutation] = field(default_factory=list)
    stopped: list[Refutation] = field(default_factory=list)
    low: set[str] = field(default_factory=set)
    _zones: dict[str, Zones] = field(default_factory=dict)
    _known: dict[tuple[str, Zones, Zones], Schedule] = field(default_factory=dict)
    _said: set[tuple[str, ...]] = field(default_factory=set)
    _across: list[Host] = field(default_factory=list)
    _naming: dict[str, set[str]] = field(default_factory=dict)
    _guards: dict[tuple[str, str], Guard] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Where every host is, and which hosts other domains know of."""
        self.tracer = Tracer(self.plan)
        for host in self.plan.hosts.values():
            zones = [frozenset(self.plan.sites[self.plan.devices[name].site].zones) for name in host.devices]
            self._zones[host.name] = (frozenset.intersection(*zones), frozenset.union(*zones))
        for fence in self.plan.fences.values():
            for zone in (*fence.allowed, *fence.forbidden):
                self._naming.setdefault(zone, set()).add(fence.name)
        self._guards = {
            (device.name, device.interface(guard.port)): guard
            for device in self.plan.devices.values()
            for guard in device.guards
        }
        guards = self._guards.values()
        named = {a for guard in guards for rule in guard.rules for a in (*rule.sources, *rule.destinations)}
        self._across = [host for host in self._layer3() if named & {text.partition("/")[0] for text in host.addresses}]

    def _layer3(self) -> list[Host]:
        services = [service for service in self.plan.services.values() if service.kind == "l3vpn"]
        return [self.plan.hosts[name] for service in services for name in service.hosts]

    def identifier(self, identifier: PlannedIdentifier) -> None:
        """Everything that a sender with the data can do."""
        for host in self.plan.hosts.values():
            service = self.plan.services[host.service]
            if host.participant not in identifier.participants or host.name not in service.hosts:
                continue
            if service.kind != "l3vpn" or not may_travel(identifier, service):
                self.low.add(host.name)
                continue
            takers = [self.plan.hosts[name] for name in service.hosts]
            takers += [other for other in self._across if other.service != host.service]
            for taker in takers:
                if taker is not host:
                    self._pair(identifier, host, taker)

    def _pair(self, identifier: PlannedIdentifier, start: Host, end: Host) -> None:
        allowed = self._allowed(identifier.name, start, end)
        for way in self.tracer.ways(start, end):
            self.ways += 1
            passes: Schedule = ALWAYS
            for gate in way:
                passes = common(passes, self.tracer.passes(gate, identifier.number, start, end))
                if not passes:
                    break
            if more := without(passes, allowed):
                what = f"reaches {end.name} in {self._place(end)} from {start.name}, {text(more)}"
                self._add(self.tagged, identifier, what, way, (start.service, end.service, self._place(end)))
            less = without(allowed, passes) if self._listed(identifier, way, start, end) else NEVER
            if less and may_travel(identifier, self.plan.services[end.service]):
                what = f"is stopped on the way from {start.name} to {end.name}, {text(less)}"
                self._add(self.stopped, identifier, what, way, (start.service, end.service, self._place(end)))
            if allowed != ALWAYS:
                self._shapes(identifier, way, start, end)

    def _listed(self, identifier: PlannedIdentifier, way: list[Gate], start: Host, end: Host) -> bool:
        """Whether every interconnect on a way may carry it in this direction; one without a list may."""
        guards = [self._guards[where] for gate in way if (where := (gate.device, gate.port)) in self._guards]
        return all(any(_lists(rule, identifier.number, start, end) for rule in guard.rules) for guard in guards)

    def _shapes(self, identifier: PlannedIdentifier, way: list[Gate], start: Host, end: Host) -> None:
        """The same data in a packet of another shape: it must end somewhere on the way."""
        for shape in _passing(frozenset(self.tracer.fenced(gate) for gate in way)):
            what = f"reaches {end.name} in {self._place(end)} from {start.name} as {shape.name}: {shape.says}"
            key = (start.service, end.service, self._place(end), shape.name)
            self._add(self.untagged, identifier, what, way, key)

    def _add(
        self, found: list[Refutation], identifier: PlannedIdentifier, what: str, way: list[Gate], key: tuple[str, ...]
    ) -> None:
        """One counter-example of a kind is enough."""
        full = (str(id(found)), identifier.name, *key)
        if full not in self._said:
            self._said.add(full)
            by = " > ".join(gate.text for gate in way)
            advice = "'fenced: true' for its service" if found is self.untagged else ""
            found.append(Refutation(f"{identifier.data_class} data {identifier.name}", f"{what} ({by})", advice=advice))

    def _place(self, host: Host) -> str:
        return "/".join(sorted(self._zones[host.name][1])) or "no zone"

    def _allowed(self, identifier: str, start: Host, end: Host) -> Schedule:
        """When fences let data go: asked at each minute at which one of them begins or ends to hold."""
        key = (identifier, self._zones[start.name], self._zones[end.name])
        if key not in self._known:
            naming = {name for zone in key[1][1] | key[2][1] for name in self._naming.get(zone, ())}
            fences = [self.plan.fences[name] for name in naming if identifier in self.plan.fences[name].identifiers]
            edges = sorted({0, WEEK, *(minute for fence in fences for span in fence.schedule for minute in span)})
            spans = pairwise(edges)
            self._known[key] = _joined([one for one in spans if _permits(fences, one[0], key[1], key[2])])
        return self._known[key]


def _lists(rule: GuardRule, number: int, start: Host, end: Host) -> bool:
    """Whether a rule may carry an identifier from one host to the other, in flows or in answers to the other's."""
    for sender, taker, listed in ((start, end, rule.identifiers), (end, start, rule.answers)):
        named = _addresses(sender) & {*rule.sources} and _addresses(taker) & {*rule.destinations}
        if named and (listed is None or number in listed):
            return True
    return False


def _addresses(host: Host) -> set[str]:
    return {text.partition("/")[0] for text in host.addresses}


@cache
def _passing(gates: frozenset[bool]) -> list[Shape]:
    """The shapes of packets that pass gates of which some, all or none are fenced, whatever their identifier."""
    return [
        shape
        for shape in SHAPES.values()
        if all((shape.fenced if fenced else shape.other) is Fate.PASSED for fenced in gates)
    ]


def _joined(spans: list[tuple[int, int]]) -> Schedule:
    found: list[tuple[int, int]] = []
    for first, end in spans:
        if found and found[-1][1] == first:
            found[-1] = (found[-1][0], end)
        else:
            found.append((first, end))
    return tuple(found)


def _permits(fences: list[PlannedFence], minute: int, start: Zones, end: Zones) -> bool:
    """Some fence in force allows it, and none forbids it."""
    allowed = False
    for fence in fences:
        if not any(first <= minute < last for first, last in fence.schedule):
            continue
        for word, near, far in (("to", start, end), ("from", end, start)):
            if fence.direction not in (word, "both"):
                continue
            if far[1] & {*fence.forbidden} and (not fence.sources or near[1] & {*fence.sources}):
                return False
            allowed |= bool(far[0] & {*fence.allowed} and (not fence.sources or near[0] & {*fence.sources}))
    return allowed


def _rights(plan: Plan) -> Iterator[Refutation]:
    """FENCE-03: what a port may send is what its host's participant has a right to, from the host's own prefix."""
    by_number = {one.number: one for one in plan.identifiers.values()}
    for device in plan.devices.values():
        for fence_port in device.fence.ports if device.fence else ():
            subject = f"port {device.name}:{fence_port.name}"
            peers = {port.interface: port.peer for port in device.ports}
            host = plan.hosts.get(peers.get(fence_port.name, ""))
            if fence_port.kind != "attachment":
                if fence_port.identifiers:
                    yield Refutation(subject, f"leads to no host, and has a right to {fence_port.identifiers}")
                continue
            if host is None or fence_port.sources != [prefix(host)]:
                yield Refutation(subject, f"takes packets from {some(fence_port.sources)}, not its host's")
                continue
            for number in fence_port.identifiers:
                known = by_number.get(number)
                if known is None or host.participant not in known.participants:
                    what = (
                        f"{host.participant} has a right to {known.name if known else number}, and is not of its group"
                    )
                    yield Refutation(subject, what, services=[host.service])


def _gaps(plan: Plan) -> Iterator[Refutation]:
    """FENCE-04: every port of a VRF judges, and no service that nobody judges may carry the data."""
    for device in plan.devices.values():
        judging = {port.name for port in device.fence.ports} if device.fence else set()
        for port in device.ports:
            if port.kind is not PortKind.LINK and port.vrf and port.interface not in judging:
                yield Refutation(f"port {device.name}:{port.interface}", "is in a VRF and judges nothing")
    for service in plan.services.values():
        if service.kind == "l3vpn":
            continue
        who = {plan.hosts[name].participant for name in service.hosts}
        for one in plan.identifiers.values():
            if is_of_class(one, service) and who & {*one.participants} and _is_fenced(plan, one):
                what = f"may carry {one.data_class} data of {one.name} in frames, into which no fence looks"
                yield Refutation(f"service {service.name}", what, services=[service.name], advice="a layer-3 service")


def _is_fenced(plan: Plan, identifier: PlannedIdentifier) -> bool:
    return any(identifier.name in fence.identifiers for fence in plan.fences.values())
