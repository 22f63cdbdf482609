"""The plan as a graph: what is cut off when something fails, and how available each pair of sites is."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import rustworkx as rx

from citynet.design.failures import cuts_per_hour, down_share
from citynet.plan.model import PortKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that fails as one: a device, a line, or a fibre with every line on it."""

    kind: str
    name: str
    devices: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    length_km: float = 0.0


@dataclass(slots=True)
class DomainGraph:
    """One domain's devices and the lines between them."""

    graph: rx.PyGraph[str, str]
    node: dict[str, int]
    site: dict[str, str]
    ends: dict[str, tuple[str, str]]
    failures: list[Failure] = field(default_factory=list)

    @property
    def sites(self) -> list[str]:
        """The sites where the domain has a device."""
        return sorted(set(self.site.values()))

    def pairs(self) -> list[tuple[str, str]]:
        """Every pair of sites, in order."""
        return list(combinations(self.sites, 2))

    def parts(self, failed: Iterable[Failure]) -> list[set[str]]:
        """The connected sets of devices that are left."""
        failures = list(failed)
        dead = {name for failure in failures for name in failure.devices}
        cut = {name for failure in failures for name in failure.lines}
        left = rx.PyGraph(multigraph=True)
        names = [name for name in self.node if name not in dead]
        index = dict(zip(names, left.add_nodes_from(names), strict=True))
        left.add_edges_from(
            [
                (index[a], index[b], line)
                for line, (a, b) in self.ends.items()
                if line not in cut and a in index and b in index
            ]
        )
        return [{left[i] for i in part} for part in rx.connected_components(left)]

    def severed(self, *failed: Failure) -> list[tuple[str, str]]:
        """Pairs of sites that no longer reach each other although each still has a live device."""
        groups = [{self.site[name] for name in part} for part in self.parts(failed)]
        alive = sorted(set().union(*groups)) if groups else []
        return [(a, b) for a, b in combinations(alive, 2) if not any(a in group and b in group for group in groups)]

    def lost_sites(self, *failed: Failure) -> list[str]:
        """Sites whose every device failed."""
        dead = {name for failure in failed for name in failure.devices}
        return [site for site in self.sites if all(name in dead for name, at in self.site.items() if at == site)]

    def connected(self, a: str, b: str, without: Iterable[str] = ()) -> bool:
        """Whether two devices reach each other without the named devices or lines."""
        gone = set(without)
        failure = Failure("set", "", frozenset(gone & set(self.node)), frozenset(gone & set(self.ends)))
        return any(a in part and b in part for part in self.parts([failure]))

    def hops(self, a: str, b: str) -> int:
        """Lines on the shortest way between two devices; -1 if there is none."""
        lengths = rx.dijkstra_shortest_path_lengths(self.graph, self.node[a], lambda _: 1.0, goal=self.node[b])
        if a == b:
            return 0
        return int(lengths[self.node[b]]) if self.node[b] in lengths else -1


def domain_graph(plan: Plan, domain: str) -> DomainGraph:
    """The graph of one domain: its devices, the lines between them, and everything that can fail alone."""
    devices = {name: device for name, device in plan.devices.items() if device.domain == domain}
    lines = {
        name: line
        for name, line in plan.lines.items()
        if line.kind is PortKind.LINK and line.a.node in devices and line.b.node in devices
    }
    graph: rx.PyGraph[str, str] = rx.PyGraph(multigraph=True)
    index = dict(zip(devices, graph.add_nodes_from(list(devices)), strict=True))
    graph.add_edges_from([(index[line.a.node], index[line.b.node], name) for name, line in lines.items()])
    fibres: dict[str, set[str]] = {}
    lengths: dict[str, float] = {}
    for name, line in lines.items():
        for fibre in line.fibres:
            fibres.setdefault(fibre, set()).add(name)
            lengths[fibre] = max(lengths.get(fibre, 0.0), line.length_km / len(line.fibres))
    failures = [Failure("device", name, devices=frozenset({name})) for name in devices]
    failures += [Failure("line", name, lines=frozenset({name})) for name in lines]
    failures += [
        Failure("fibre", name, lines=frozenset(on_it), length_km=lengths[name])
        for name, on_it in sorted(fibres.items())
    ]
    return DomainGraph(
        graph=graph,
        node=index,
        site={name: device.site for name, device in devices.items()},
        ends={name: (line.a.node, line.b.node) for name, line in lines.items()},
        failures=failures,
    )


@dataclass(frozen=True, slots=True)
class Rates:
    """How often things fail and how long a repair takes."""

    device_mtbf_h: float
    port_mtbf_h: float
    fibre_cuts_per_1000km_year: float
    mttr_h: float
    switch_over_ms: float

    def per_hour(self, failure: Failure) -> float:
        """Failures an hour of one element."""
        if failure.kind == "device":
            return 1.0 / self.device_mtbf_h
        if failure.kind == "line":
            return 2.0 / self.port_mtbf_h
        return cuts_per_hour(failure.length_km, self.fibre_cuts_per_1000km_year)

    def downtime(self, failure: Failure) -> float:
        """Share of time for which an element is down."""
        return down_share(self.per_hour(failure), self.mttr_h)


def availability(graph: DomainGraph, rates: Rates) -> dict[tuple[str, str], float]:
    """Availability of every pair of sites, from 0 to 1.

    First order: a single failure that severs a pair, or takes the only device of one end, counts with its
    whole repair time; any other counts with the switch-over time (an upper bound: it need not lie on the
    pair's way). Second order: two failures at once that sever the pair together count with both being down.
    """
    down: dict[tuple[str, str], float] = dict.fromkeys(graph.pairs(), 0.0)
    hit = {failure: _pairs_down(graph, (failure,)) for failure in graph.failures}
    for failure, pairs in hit.items():
        brief = rates.per_hour(failure) * rates.switch_over_ms / 3.6e6
        for pair in down:
            down[pair] += rates.downtime(failure) if pair in pairs else brief
    for one, other in combinations(graph.failures, 2):
        both = _pairs_down(graph, (one, other)) - hit[one] - hit[other]
        share = rates.downtime(one) * rates.downtime(other)
        for pair in both:
            down[pair] += share
    return {pair: max(0.0, 1.0 - share) for pair, share in down.items()}


def _pairs_down(graph: DomainGraph, failed: tuple[Failure, ...]) -> set[tuple[str, str]]:
    lost = set(graph.lost_sites(*failed))
    return set(graph.severed(*failed)) | {pair for pair in graph.pairs() if lost & set(pair)}
