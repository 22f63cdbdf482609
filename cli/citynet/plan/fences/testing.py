"""What becomes of a packet between two hosts, and which fence decides: `citynet fence test`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from citynet.design.windows import ALWAYS, holds, text
from citynet.plan.fences.judging import Judge, whereabouts
from citynet.plan.fences.tracing import Tracer
from citynet.plan.handling import Handling, handling

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.fences.tracing import Gate
    from citynet.plan.model import Host, Plan, PlannedIdentifier


@dataclass(slots=True)
class Step:
    """A gate on the way, and what it says."""

    gate: str
    passes: bool
    rule: str


@dataclass(slots=True)
class Tested:
    """The answer: whether it arrives, what decided, all gates of the way up to there, and what it has between them."""

    start: str
    end: str
    identifier: str
    passes: bool
    rule: str
    steps: list[Step] = field(default_factory=list)
    handled: list[Handling] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Packet:
    """What is sent: between which hosts, with which identifier, in which minute of the week (UTC)."""

    start: Host
    end: Host
    identifier: PlannedIdentifier | None
    minute: int

    @property
    def carries(self) -> str:
        """The name of its identifier; empty without one."""
        return self.identifier.name if self.identifier else ""


def follow(plan: Plan, packet: Packet) -> Tested:
    """Follow a packet over every way that there is, to its end or to the gate that drops it."""
    tracer = Tracer(plan)
    ways = list(tracer.ways(packet.start, packet.end))
    if not ways:
        rule = "no service or interconnect joins the two hosts"
        return Tested(packet.start.name, packet.end.name, packet.carries, passes=False, rule=rule)
    tested = [_along(tracer, way, packet) for way in ways]
    return next((one for one in tested if one.passes), tested[0])


def _along(tracer: Tracer, way: list[Gate], packet: Packet) -> Tested:
    found = Tested(packet.start.name, packet.end.name, packet.carries, passes=True, rule="")
    for gate in way:
        step = _step(tracer, gate, packet)
        found.steps.append(step)
        found.rule = step.rule
        if not step.passes:
            found.passes = False
            break
    found.handled = list(_handled(tracer.plan, way[: len(found.steps) + 1], packet))
    return found


def _handled(plan: Plan, way: list[Gate], packet: Packet) -> Iterator[Handling]:
    """What it has from one device to another, in each service: gates come in pairs, where it enters and leaves."""
    for one, other in zip(way[::2], way[1::2], strict=False):
        first, last = plan.devices[one.device], plan.devices[other.device]
        ports = {first.interface(name): vrf.service for vrf in first.vrfs for name in vrf.ports}
        if first is not last and one.port in ports:
            number = packet.identifier.number if packet.identifier else 0
            yield handling(plan, ports[one.port], first, last, number)


def _step(tracer: Tracer, gate: Gate, packet: Packet) -> Step:
    port, identifier = tracer.ports.get((gate.device, gate.port)), packet.identifier
    if port is None:
        return Step(gate.text, passes=True, rule="the port has no fence")
    if identifier is None:
        word = "is fenced" if port.fenced else "is not fenced"
        return Step(gate.text, passes=not port.fenced, rule=f"the port {word}, and the packet has no identifier")
    if gate.entering and port.kind != "interconnect" and identifier.number not in port.identifiers:
        return Step(gate.text, passes=False, rule=f"{packet.start.name} has no right to {identifier.name}")
    held = tracer.entry(gate, identifier.number, packet.start, packet.end)
    if held is None:
        return Step(gate.text, passes=False, rule=_why_not(tracer.plan, packet, identifier))
    entry, schedule = held
    when = "" if schedule == ALWAYS else f": {text(schedule)}"
    return Step(gate.text, passes=holds(schedule, packet.minute), rule=f"fence {entry.fence}{when}")


def _why_not(plan: Plan, packet: Packet, identifier: PlannedIdentifier) -> str:
    site_of = {name: device.site for name, device in plan.devices.items()}
    start, end = (whereabouts(host, plan.sites, site_of) for host in (packet.start, packet.end))
    ruling = Judge(list(plan.fences.values())).rule(identifier.name, start, end)
    zones = ", ".join(sorted(end.any)) or "no zone"
    if ruling.schedule:
        return f"fence {ruling.text}; but no service may carry {identifier.data_class} data there"
    if ruling.forbidding:
        return f"fence {ruling.forbidding[0]} forbids it in {zones}"
    return f"no fence lets {identifier.name} go from there to {zones}"
