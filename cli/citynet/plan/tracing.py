"""Which devices the packets of a data identifier may pass, so that one seen elsewhere raises an alarm.

For every service whose packets may carry it, and every two of its devices (those of its ends, its hubs, its borders):

- those two devices;
- where a path of the design steers the packets, the devices of the path, its companions and its backup. When the path
  is `strict` that is all; otherwise its packets may take the ways of IS-IS when every path is down, but for devices
  that the policy refuses (`avoid`, `min_trust`, `disjoint_from`);
- where nothing does, the devices on the shortest ways of IS-IS, all that are equal, as the network is, and as it is
  when any one line or device of these, or fibre or risk group beneath them, is broken.

Whatever crosses an interconnect may be carried by the service at the other side of it.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from citynet.plan import addresses
from citynet.plan.bindings import EXTENSIONS
from citynet.plan.fences.planning import is_of_class
from citynet.plan.model import DeviceTrace, FarEnd, PortKind, TracedIdentifier
from citynet.plan.paths.choice import Chooser
from citynet.plan.paths.network import networks
from citynet.plan.paths.wanted import wanted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.design.types import City
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device, PathTo, PlannedService
    from citynet.plan.paths.network import Network

MOST_LOOKS = 20_000_000
"""Devices looked at, in sum, to find the ways around what is broken; beyond, all that could be on one are let pass."""
_Lines = frozenset[str]


def plan_tracing(city: City, builder: Builder) -> None:
    """Tell every device what to count; a design that asks for no tracing pays nothing."""
    if city.tracing is None:
        return
    names = _names(city, builder)
    allowed = Allowed(city, builder)
    where = {number: allowed.devices(number) for number in names}
    option, told = city.data_identifiers, city.tracing
    for device in builder.devices.values():
        device.trace = DeviceTrace(
            option.option,
            EXTENSIONS[option.header],
            option.bits,
            told.period_s,
            max(1, told.record_s // told.period_s),
            [TracedIdentifier(name, number, device.name in where[number]) for number, name in names.items()],
            [_far(builder.devices[name]) for name in sorted(allowed.pairs[device.name])],
            told.ioam_every,
        )


def _far(device: Device) -> FarEnd:
    return FarEnd(device.name, addresses.ipv6(addresses.base(device.srv6.prefix)), node_of(device))


def node_of(device: Device) -> int:
    """The number of a device in its locator (f3216), by which others know where a packet entered."""
    return node_at(device.srv6.prefix)


def node_at(prefix: str) -> int:
    """The number in a locator (f3216)."""
    return addresses.base(prefix) >> 80 & 0xFFFF


def _names(city: City, builder: Builder) -> dict[int, str]:
    """Every identifier that packets of the city may carry."""
    found = {one.number: one.name for one in builder.identifiers.values()}
    for service in city.services.values():
        numbers = [tag.identifier for tag in service.tags] + [item.identifier or 0 for item in service.steering]
        for number in filter(None, numbers):
            found.setdefault(number, f"identifier-{number}")
    return found


@dataclass(slots=True)
class Allowed:
    """The devices that packets of an identifier may pass, by the rules that the module tells."""

    city: City
    builder: Builder
    ways: dict[str, Ways] = field(default_factory=dict)
    pairs: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _choosers: dict[str, Chooser] = field(default_factory=dict)
    _across: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def __post_init__(self) -> None:
        """Look at the network of each domain, and at what crosses between them."""
        for domain, net in networks(self.city).items():
            self.ways[domain] = Ways(net)
            self._choosers[domain] = Chooser(net, self.city.failure_rates)
        for device in self.builder.devices.values():
            for port in device.ports:
                if port.kind is PortKind.INTERCONNECT:
                    far = self.builder.devices[port.peer]
                    self._across[_service_at(device, port.vrf)].add(_service_at(far, far.port(port.peer_port).vrf))

    def devices(self, number: int) -> set[str]:
        """The devices that packets of an identifier may pass."""
        found: set[str] = set()
        for service in self._carriers(number):
            ends = self._ends(number, service)
            found |= {device.name for device in ends}
            free = []
            for one, other in combinations(ends, 2):
                self.pairs[one.name].add(other.name)
                self.pairs[other.name].add(one.name)
                paths = [self._path(number, service, start, end) for start, end in ((one, other), (other, one))]
                for path in paths:
                    found |= _on(path)
                if not all(path is not None and path.strict for path in paths):
                    free.append((one.name, other.name))
            for pair, between in self.ways[self.builder.services[service].domain].between(free).items():
                found |= between - self._refused(number, service, *pair)
        return found

    def _carriers(self, number: int) -> list[str]:
        """Services whose packets may carry an identifier, and those beyond interconnects."""
        open_ = [name for name, service in self.builder.services.items() if self._may_carry(number, service)]
        found: dict[str, None] = {}
        while open_:
            name = open_.pop()
            if name not in found:
                found[name] = None
                open_ += sorted(self._across.get(name, ()))
        return list(found)

    def _may_carry(self, number: int, service: PlannedService) -> bool:
        if service.kind != "l3vpn":
            return False
        designed = self.city.services[service.name]
        if any(tag.identifier == number for tag in designed.tags):
            return True
        if any(item.identifier == number for item in designed.steering):
            return True
        one = next((one for one in self.builder.identifiers.values() if one.number == number), None)
        if one is None or not is_of_class(one, service):
            return False
        return any(self.builder.hosts[host].participant in one.participants for host in service.hosts)

    def _ends(self, number: int, service: str) -> list[Device]:
        """The devices where packets enter and leave; where fences judge them, those that let any of it pass."""
        devices = [one for one in self.builder.devices.values() if any(vrf.service == service for vrf in one.vrfs)]
        if self.builder.fences and any(one.number == number for one in self.builder.identifiers.values()):
            return [one for one in devices if one.fence and any(e.identifier == number for e in one.fence.entries)]
        return devices

    def _path(self, number: int, service: str, start: Device, end: Device) -> PathTo | None:
        """What steers packets from one device to another; the identifier's own path before the service's."""
        entries = [one for one in start.steering if one.service == service and one.identifier in {number, 0}]
        for entry in sorted(entries, key=lambda one: -one.identifier):
            for to in entry.to:
                if to.far == end.name:
                    return next(path for path in start.paths if path.name == to.path)
        return None

    def _refused(self, number: int, service: str, start: str, end: str) -> set[str]:
        """What the policy of a steered pair keeps its packets away from, whatever is down."""
        domain = self.builder.services[service].domain
        chooser = self._choosers[domain]
        path = self._path(number, service, self.builder.devices[start], self.builder.devices[end])
        if path is None:
            return set()
        want = wanted(chooser, self.city, path.policy, start, end)
        weak = {name for name, node in chooser.net.nodes.items() if node.trust < want.min_trust}
        return (weak | want.nodes) - {start, end}


def _service_at(device: Device, vrf: str) -> str:
    return next(one.service for one in device.vrfs if one.name == vrf)


def _on(path: PathTo | None) -> set[str]:
    ways = [] if path is None else [*path.primary, *path.backup]
    return {node for way in ways for node in way.name.split(">")}


@dataclass(slots=True)
class Ways:
    """The ways that IS-IS takes between devices of a domain, now and when any one thing on them is broken."""

    net: Network
    _left: int = MOST_LOOKS
    _known: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)

    def between(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], frozenset[str]]:
        """The devices on the ways of each pair, the ends among them."""
        wanted_pairs = list(pairs)
        missing: dict[str, list[str]] = defaultdict(list)
        for start, end in wanted_pairs:
            if (start, end) not in self._known:
                missing[end].append(start)
        for end, starts in missing.items():
            for start, found in self._toward(end, starts).items():
                self._known[start, end] = frozenset(found)
        return {pair: self._known[pair] for pair in wanted_pairs}

    def _toward(self, end: str, starts: list[str]) -> dict[str, set[str]]:
        """Ways to one device from several: what is broken is broken once for all of them."""
        whole = self._distances(end, frozenset())
        found: dict[str, set[str]] = {}
        broken: dict[_Lines, list[str]] = defaultdict(list)
        for start in starts:
            nodes, lines = self._walk(start, end, whole, frozenset())
            found[start] = nodes
            for lost in self._failures(nodes - {start, end}, lines):
                broken[lost].append(start)
        for lost, those in broken.items():
            if self._left <= 0:
                for start in those:
                    found[start] |= self._any(start, end)
                continue
            left = self._distances(end, lost)
            for start in those:
                if start in left:
                    found[start] |= self._walk(start, end, left, lost)[0]
        return found

    def _any(self, start: str, end: str) -> set[str]:
        return {name for name, lines in self.net.around.items() if len(lines) > 1} | {start, end}

    def _failures(self, nodes: set[str], lines: set[str]) -> set[_Lines]:
        """What is lost together: with a line, a device, a fibre, a risk group."""
        on = [self.net.lines[name] for name in lines]
        fibres = {fibre for line in on for fibre in line.fibres}
        groups = {group for line in on for group in line.groups}
        found = {frozenset({name}) for name in lines}
        found |= {frozenset(line.name for line in self.net.around[node]) for node in nodes}
        everything = self.net.lines.values()
        found |= {frozenset(line.name for line in everything if fibre in line.fibres) for fibre in fibres}
        return found | {frozenset(line.name for line in everything if group in line.groups) for group in groups}

    def _distances(self, end: str, lost: _Lines) -> dict[str, int]:
        """IS-IS's distance of every device to one (Dijkstra), without some lines."""
        done: dict[str, int] = {}
        heap = [(0, end)]
        while heap:
            distance, node = heapq.heappop(heap)
            if node in done:
                continue
            done[node] = distance
            for line in self.net.around[node]:
                if line.name not in lost and (other := line.other(node)) not in done:
                    heapq.heappush(heap, (distance + line.metric, other))
        self._left -= len(done)
        return done

    def _walk(self, start: str, end: str, left: dict[str, int], lost: _Lines) -> tuple[set[str], set[str]]:
        """Devices and lines on all shortest ways."""
        nodes, lines, open_ = {start, end}, set[str](), [start] if start in left else []
        while open_:
            node = open_.pop()
            for line in self.net.around[node]:
                other = line.other(node)
                if line.name in lost or other not in left or line.metric + left[other] != left[node]:
                    continue
                lines.add(line.name)
                if other not in nodes:
                    nodes.add(other)
                    open_.append(other)
        return nodes, lines
