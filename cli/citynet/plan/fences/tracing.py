"""Where a packet between two hosts is judged on its way, and what each device says of it: from the plan alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

from citynet.design.windows import NEVER, Schedule
from citynet.plan.fences.planning import prefix
from citynet.plan.model import PortKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device, FenceEntry, FencePort, Guard, Host, Plan

MOST_CROSSINGS = 3
"""Interconnects on one way that are looked at: there, back, and there again."""

_Held = tuple["FenceEntry", Schedule]
_Entries = dict[tuple[str, int, str], dict[str, _Held]]
"""By device, identifier and source: what each destination is held by."""


@dataclass(frozen=True, slots=True)
class Gate:
    """A port that a packet passes: `entering` a device by it, or leaving."""

    device: str
    port: str
    entering: bool

    @property
    def text(self) -> str:
        """For people."""
        return f"{self.device}:{self.port} {'in' if self.entering else 'out'}"


@dataclass(slots=True)
class _Crossing:
    """One end of an interconnect, with the other one."""

    device: Device
    guard: Guard
    service: str
    far: Device
    far_guard: Guard
    far_service: str


@dataclass(slots=True)
class Tracer:
    """Ways of a plan, and the entries of its devices ready to be looked up."""

    plan: Plan
    ports: dict[tuple[str, str], FencePort] = field(default_factory=dict)
    _sent: _Entries = field(default_factory=dict)
    _flows: _Entries = field(default_factory=dict)
    _crossings: dict[str, list[_Crossing]] = field(default_factory=dict)
    _guarded: set[str] = field(default_factory=set)
    _prefixes: dict[str, str] = field(default_factory=dict)
    _crossing: set[str] = field(default_factory=set)
    _gates: dict[tuple[str, bool], list[Gate]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the plan."""
        for device in self.plan.devices.values():
            if device.fence is not None:
                self._enter(device)
        self._find_crossings()
        layer3 = [service for service in self.plan.services.values() if service.kind == "l3vpn"]
        for service in layer3:
            for host in (self.plan.hosts[name] for name in service.hosts):
                self._prefixes[host.name] = prefix(host)
                if _addresses(host) & self._guarded:
                    self._crossing.add(host.name)
                for entering in (True, False):
                    self._gates[host.name, entering] = self._gates_of(host, entering=entering)

    def _enter(self, device: Device) -> None:
        assert device.fence is not None
        local = {source for port in device.fence.ports for source in port.sources}
        for port in device.fence.ports:
            self.ports[device.name, port.name] = port
        for entry in device.fence.entries:
            held = (entry, tuple((first, end) for first, end in entry.schedule))
            for source in entry.sources:
                sent = entry.direction == "in" and source in local
                where = (self._sent if sent else self._flows).setdefault((device.name, entry.identifier, source), {})
                where.update(dict.fromkeys(entry.destinations, held))

    def _find_crossings(self) -> None:
        devices = self.plan.devices
        ends = {(device.name, guard.port): (device, guard) for device in devices.values() for guard in device.guards}
        for device, guard in ends.values():
            port = device.port(guard.port)
            if port.kind is not PortKind.INTERCONNECT or (port.peer, port.peer_port) not in ends:
                continue
            far, far_guard = ends[port.peer, port.peer_port]
            names = [_service(one, which) for one, which in ((device, guard), (far, far_guard))]
            self._crossings.setdefault(names[0], []).append(
                _Crossing(device, guard, names[0], far, far_guard, names[1])
            )
            self._guarded |= {a for rule in guard.rules for a in (*rule.sources, *rule.destinations)}

    def _gates_of(self, host: Host, *, entering: bool) -> list[Gate]:
        pairs = zip(host.devices, host.ports, strict=True)
        return [Gate(name, self.plan.devices[name].interface(port.peer_port), entering) for name, port in pairs]

    def ways(self, start: Host, end: Host) -> Iterator[list[Gate]]:
        """Every way from host to host: the gates in order, over any interconnects whose guards let the two talk."""
        service = self.plan.services[start.service]
        crossings: list[list[_Crossing]] = []
        if start.service == end.service and service.talk(start.name, end.name):
            crossings.append([])
        if start.name in self._crossing and end.name in self._crossing:
            crossings += self._over(start, end, start.service, [])
        for over in crossings:
            for first, last in product(self._gates[start.name, True], self._gates[end.name, False]):
                yield [first, *(gate for one in over for gate in _both(one)), last]

    def _over(self, start: Host, end: Host, service: str, so_far: list[_Crossing]) -> Iterator[list[_Crossing]]:
        for one in self._crossings.get(service, []):
            used = any(one.guard.interconnect == before.guard.interconnect for before in so_far)
            if used or not (_passes(one.guard, start, end) and _passes(one.far_guard, start, end)):
                continue
            if one.far_service == end.service:
                yield [*so_far, one]
            if len(so_far) + 1 < MOST_CROSSINGS:
                yield from self._over(start, end, one.far_service, [*so_far, one])

    def entry(self, gate: Gate, identifier: int, start: Host, end: Host) -> _Held | None:
        """What lets a packet with an identifier pass a gate, and when; None when nothing ever does."""
        port = self.ports.get((gate.device, gate.port))
        source = self._prefixes.get(start.name, "")
        where = self._flows
        if port is not None and gate.entering and port.kind != "interconnect":
            if identifier not in port.identifiers or source not in port.sources:
                return None
            where = self._sent
        return where.get((gate.device, identifier, source), {}).get(self._prefixes.get(end.name, ""))

    def fenced(self, gate: Gate) -> bool:
        """Whether packets without an identifier end there."""
        port = self.ports.get((gate.device, gate.port))
        return port is not None and port.fenced

    def passes(self, gate: Gate, identifier: int, start: Host, end: Host) -> Schedule:
        """When a packet with an identifier passes a gate."""
        held = self.entry(gate, identifier, start, end)
        return held[1] if held else NEVER


def _service(device: Device, guard: Guard) -> str:
    return next(vrf.service for vrf in device.vrfs if vrf.name == guard.vrf)


def _both(one: _Crossing) -> tuple[Gate, Gate]:
    return (
        Gate(one.device.name, one.device.interface(one.guard.port), entering=False),
        Gate(one.far.name, one.far.interface(one.far_guard.port), entering=True),
    )


def _addresses(host: Host) -> set[str]:
    return {text.partition("/")[0] for text in host.addresses}


def _passes(guard: Guard, start: Host, end: Host) -> bool:
    """Whether a guard lets one host send to the other: it opens flows, or answers those of the other."""
    for rule in guard.rules:
        for one, other in ((start, end), (end, start)):
            if _addresses(one) & {*rule.sources} and _addresses(other) & {*rule.destinations}:
                return True
    return False
