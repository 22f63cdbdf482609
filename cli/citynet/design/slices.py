"""Slices on the ground: the links that each may take, and what is left on them."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.design.flexe import KEPT_SLOTS, Group, group_of, largest, parts_of_slot, size_of, slots_needed
from citynet.design.links import all_links

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.design.links import Joined
    from citynet.design.types import City, Service

NOTHING: frozenset[int] = frozenset()


class _Graph:
    """The links of one domain, for the shortest ways that IS-IS takes over them."""

    def __init__(self, city: City, domain: str, links: list[Joined]) -> None:
        self.links = links
        self.beside: dict[str, list[tuple[int, str, int]]] = {
            name: [] for name, device in city.devices.items() if device.domain == domain
        }
        for number, link in enumerate(links):
            if link.a in self.beside and link.b in self.beside and link.a != link.b:
                self.beside[link.a].append((number, link.b, link.metric))
                self.beside[link.b].append((number, link.a, link.metric))

    def taken(self, ends: list[str], gone: int = -1, dead: str = "") -> set[int]:
        """The links on any shortest way between any two of these devices, without one link or device."""
        alive = [end for end in ends if end != dead]
        found: set[int] = set()
        for end in alive:
            found |= self._back(self._distances(end, set(alive), gone, dead), alive, gone)
        return found

    def _distances(self, source: str, targets: set[str], gone: int, dead: str) -> dict[str, int]:
        """How far devices are from one of them (E. W. Dijkstra, 1959), at least until all targets are known."""
        known: dict[str, int] = {}
        queue, left = [(0, source)], set(targets)
        while queue and left:
            far, node = heapq.heappop(queue)
            if node in known:
                continue
            known[node] = far
            left.discard(node)
            for link, other, metric in self.beside[node]:
                if link != gone and other != dead and other not in known:
                    heapq.heappush(queue, (far + metric, other))
        return known

    def _back(self, known: dict[str, int], starts: Iterable[str], gone: int) -> set[int]:
        """The links by which those distances came about, from some devices backwards."""
        stack = [start for start in starts if start in known]
        seen, found = set(stack), set()
        while stack:
            node = stack.pop()
            for link, other, metric in self.beside[node]:
                if link != gone and known.get(other, math.inf) + metric == known[node]:
                    found.add(link)
                    if other not in seen:
                        seen.add(other)
                        stack.append(other)
        return found


@dataclass(slots=True)
class Stretch:
    """A link with what slices have on it.

    Attributes:
        link: The link.
        group: Its FlexE group; None when it has no calendar.
        sizes: The sub-slots of each slice, in the order of the design.
    """

    link: Joined
    group: Group | None
    sizes: dict[str, int] = field(default_factory=dict)

    @property
    def slots(self) -> int:
        """Slots that slices may have."""
        return max(0, self.group.slots - KEPT_SLOTS) if self.group else 0

    def slots_of(self, name: str, parts: int) -> int:
        """Slots that one slice alone takes."""
        return -(-self.sizes[name] // parts)


@dataclass(slots=True)
class Shortage:
    """A slice that finds no room on a link of its way.

    Attributes:
        slice: Its name.
        stretch: The link that has least, with the slices that were there before.
        free: Whole slots that are free on it.
        best: The largest rate that every link of the way has, in Gbit/s.
        elsewhere: How many other links of the way lack room, too.
    """

    slice: str
    stretch: Stretch
    free: int
    best: float
    elsewhere: int


@dataclass(slots=True)
class Reservations:
    """What all slices together reserve, by the two ends of a link, and those that found no room."""

    stretches: dict[tuple[str, str], Stretch] = field(default_factory=dict)
    ways: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    shortages: list[Shortage] = field(default_factory=list)


def ends_of(city: City) -> dict[str, list[list[str]]]:
    """For each slice the devices of each of its services: where it ends or may end, is joined, or leaves the city."""
    joined = defaultdict[str, set[str]](set)
    for interconnect in city.interconnects.values():
        for inside, device in zip(interconnect.services, interconnect.between, strict=True):
            joined[inside].add(device)
    found: dict[str, list[list[str]]] = {name: [] for name in city.slices}
    for name, service in city.services.items():
        wanted = [one for one, _ in slices_of(service) if one in found]
        if wanted:
            devices = {end.device for end in service.ends} | joined[name]
            devices |= {end.backup_device for end in service.ends if end.backup_device is not None}
            if service.exit is not None:
                devices.add(service.exit.device)
            for one in wanted:
                found[one].append(sorted(device for device in devices if device in city.devices))
    return found


def slices_of(service: Service) -> Iterator[tuple[str, bool]]:
    """The slices that packets of a service travel in, and whether on paths of their own."""
    if service.slice is not None:
        yield service.slice, bool(service.path) or any(item.path and not item.slice for item in service.steering)
    yield from ((item.slice, bool(item.path or service.path)) for item in service.steering if item.slice is not None)


def reserve(city: City) -> Reservations:
    """Give each slice its slots on every link that its services may take, first come, first served.

    These are the links of all shortest ways between the devices of a service, with everything up and without any one
    link or device: what may carry the slice when something fails is reserved as well. A service with paths of its own
    may take any link of its domain.
    """
    found = Reservations()
    if not city.slices:
        return found
    granule = city.flexe.granule_gbps
    links = list(all_links(city))
    graphs = {domain: _Graph(city, domain, links) for domain in {one.domain for one in city.slices.values()}}
    steered = {name for service in city.services.values() for name, by_path in slices_of(service) if by_path}
    for name, groups in ends_of(city).items():
        wanted = city.slices[name]
        way = [
            found.stretches.setdefault((link.a, link.b), Stretch(link, _group(link)))
            for link in _way(graphs[wanted.domain], groups, anywhere=name in steered)
        ]
        size = size_of(wanted.bandwidth_gbps, granule)
        shortage = _shortage(name, way, size, granule)
        if shortage is not None:
            found.shortages.append(shortage)
            continue
        found.ways[name] = [(one.link.a, one.link.b) for one in way]
        for stretch in way:
            stretch.sizes[name] = size
    found.stretches = {ends: stretch for ends, stretch in found.stretches.items() if stretch.sizes}
    return found


def _group(link: Joined) -> Group | None:
    """The group of a link; one with impossible PHYs, of which the rule `flexe-group` tells, counts as one PHY."""
    return group_of(link.rate_gbps, link.phys) or group_of(link.rate_gbps)


def _way(graph: _Graph, groups: Iterable[list[str]], *, anywhere: bool) -> Iterator[Joined]:
    numbers = {number for row in graph.beside.values() for number, _, _ in row} if anywhere else set[int]()
    for devices in groups:
        ends = [device for device in devices if device in graph.beside]
        if len(ends) > 1:
            numbers |= _with_failures(graph, ends)
    return (graph.links[number] for number in sorted(numbers))


def _with_failures(graph: _Graph, ends: list[str]) -> set[int]:
    usual = graph.taken(ends)
    found = set(usual)
    for link in usual:
        found |= graph.taken(ends, gone=link)
    for device in sorted({end for link in usual for end in (graph.links[link].a, graph.links[link].b)}):
        found |= graph.taken(ends, dead=device)
    return found


def _shortage(name: str, way: list[Stretch], size: int, granule: float) -> Shortage | None:
    """What keeps a slice from its way; None when it fits."""
    parts = parts_of_slot(granule)
    full = [one for one in way if slots_needed([*one.sizes.values(), size], parts) > one.slots]
    if not full:
        return None
    most = {id(one): largest(list(one.sizes.values()), one.slots, granule) for one in way}
    tightest = min(full, key=lambda one: most[id(one)])
    free = tightest.slots - slots_needed(tightest.sizes.values(), parts)
    shown = Stretch(tightest.link, tightest.group, dict(tightest.sizes))
    return Shortage(name, shown, free, min(most.values()), len(full) - 1)
