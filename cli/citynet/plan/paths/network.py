"""A domain as paths see it: routers and the lines between them, with what an intent can ask of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import rustworkx as rx

from citynet.design.fibres import DELAY_US_PER_KM, FibreMap, Way
from citynet.design.links import all_links
from citynet.design.types import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.design.links import Joined
    from citynet.design.types import City, Fibre


@dataclass(frozen=True, slots=True)
class Node:
    """A router."""

    name: str
    site: str
    trust: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line between two routers; the delay is one-way, in ns so that sums are exact."""

    name: str
    a: str
    b: str
    metric: int
    delay_ns: int
    rate_gbps: int
    trust: int
    fibres: tuple[str, ...]
    groups: frozenset[str]

    def other(self, node: str) -> str:
        """The end that is not `node`."""
        return self.b if node == self.a else self.a


@dataclass(slots=True)
class Network:
    """The routers and lines of one domain.

    Attributes:
        unpinned: Lines that no segment list can force packets over: IS-IS knows a way between their ends that is as
            short, or shorter. A uN segment goes to a node by IS-IS's shortest way, and FRR 10.7 installs no static uA.
        unable: Routers whose platform has no SRv6: no path leads through them.
    """

    domain: str
    nodes: dict[str, Node]
    lines: dict[str, Line]
    around: dict[str, list[Line]]
    fibres: dict[str, Fibre]
    unable: frozenset[str] = frozenset()
    unpinned: frozenset[str] = frozenset()
    _metric: rx.PyGraph[str, Line] | None = None
    _index: dict[str, int] = field(default_factory=dict)
    _distances: dict[str, dict[str, int]] = field(default_factory=dict)

    def distances(self, node: str) -> dict[str, int]:
        """IS-IS's distance of every router to `node`."""
        if (known := self._distances.get(node)) is None:
            graph = self._graph()
            start = self._index[node]
            lengths = rx.dijkstra_shortest_path_lengths(graph, start, lambda line: float(line.metric))
            known = {graph[index]: int(length) for index, length in lengths.items()}
            known[node] = 0
            self._distances[node] = known
        return known

    def next_lines(self, node: str, to: str) -> list[Line]:
        """The lines by which IS-IS sends packets from a router on towards another; several when they are as good."""
        left = self.distances(to)
        return [
            line
            for line in self.around[node]
            if (other := line.other(node)) in left and line.metric + left[other] == left[node]
        ]

    def _graph(self) -> rx.PyGraph[str, Line]:
        if self._metric is None:
            self._metric = rx.PyGraph(multigraph=True)
            self._index = dict(zip(self.nodes, self._metric.add_nodes_from(list(self.nodes)), strict=True))
            self._metric.add_edges_from(
                [(self._index[line.a], self._index[line.b], line) for line in self.lines.values()]
            )
        return self._metric


def networks(city: City, unable: Iterable[str] = ()) -> dict[str, Network]:
    """The network of each domain; what lacks an end or a fibre is left out, another rule tells it.

    Args:
        city: The city.
        unable: Devices whose platform has no SRv6.
    """
    found: dict[str, Network] = {name: _empty(city, name, frozenset(unable)) for name in city.domains}
    fibre_map = FibreMap(city)
    for joined in all_links(city):
        net = next((net for net in found.values() if joined.a in net.nodes and joined.b in net.nodes), None)
        if net is not None and joined.a != joined.b:
            line = _line(city, fibre_map, joined)
            net.lines[line.name] = line
            net.around[line.a].append(line)
            net.around[line.b].append(line)
    for net in found.values():
        net.unpinned = frozenset(line.name for line in net.lines.values() if _is_unpinned(net, line))
    return found


def _empty(city: City, domain: str, unable: frozenset[str]) -> Network:
    nodes = {
        name: Node(name, device.site, device.trust)
        for name, device in city.devices.items()
        if device.domain == domain and device.role is not Role.OPTICAL
    }
    return Network(domain, nodes, {}, {name: [] for name in nodes}, city.fibres, unable & nodes.keys())


def _line(city: City, fibre_map: FibreMap, joined: Joined) -> Line:
    try:
        way = fibre_map.way(city.devices[joined.a].site, city.devices[joined.b].site, joined.fibres)
    except (KeyError, IndexError):
        way = Way([], 0.0, [])
    delay_us = way.length_km * DELAY_US_PER_KM if joined.delay_us is None else joined.delay_us
    return Line(
        name=f"{joined.a}--{joined.b}",
        a=joined.a,
        b=joined.b,
        metric=joined.metric,
        delay_ns=round(delay_us * 1000),
        rate_gbps=joined.rate_gbps,
        trust=joined.trust,
        fibres=tuple(way.fibres),
        groups=frozenset(way.risk_groups),
    )


def _is_unpinned(net: Network, line: Line) -> bool:
    """Whether IS-IS has a way between the ends of a line that is no longer than the line: then uN cannot name it.

    Such a way has at least two lines; it is looked for only where one line at each end could be part of it, which
    settles equal metrics without a search.
    """
    for end in (line.a, line.b):
        others = [other.metric for other in net.around[end] if other is not line]
        if not others or 2 * min(others) > line.metric:
            parallel = any({other.a, other.b} == {line.a, line.b} for other in net.around[end] if other is not line)
            if not parallel:
                return False
    return net.next_lines(line.a, line.b) != [line]
