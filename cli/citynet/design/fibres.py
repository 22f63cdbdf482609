"""Which fibres a line rides: those the design names, else the shortest way by length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import rustworkx

if TYPE_CHECKING:
    from citynet.design.types import City

DELAY_US_PER_KM = 4.9
"""Light in standard single-mode fibre: group index 1.468 (ITU-T G.652), so 4.9 µs a kilometre."""


@dataclass(slots=True, frozen=True)
class Way:
    """Fibres in order, their whole length in km and the risk groups that any of them is in."""

    fibres: list[str]
    length_km: float
    risk_groups: list[str]


class FibreMap:
    """The fibres of a city as a graph of sites."""

    def __init__(self, city: City) -> None:
        self._fibres = city.fibres
        self._graph = rustworkx.PyGraph(multigraph=True)
        self._sites = list(city.sites)
        self._index = dict(zip(self._sites, self._graph.add_nodes_from(self._sites), strict=True))
        for name, fibre in city.fibres.items():
            if not self._index.keys() >= set(fibre.between):
                continue  # told by the rule `reference`
            self._graph.add_edge(self._index[fibre.between[0]], self._index[fibre.between[1]], (name, fibre.length_km))
        self._known: dict[tuple[str, str], Way] = {}

    def way(self, start: str, end: str, named: list[str]) -> Way:
        """The way of a line between two sites; empty when they are one."""
        if start == end:
            return Way([], 0.0, [])
        if named:
            return self._measure(named)
        if (known := self._known.get((start, end))) is None:
            known = self._known[start, end] = self._measure(self._shortest(start, end))
        return known

    def between(self, start: str, end: str, named: list[str]) -> list[str]:
        """The fibres of a line between two sites; none when they are one, or nothing joins them."""
        try:
            return self.way(start, end, named).fibres
        except (KeyError, IndexError):  # told by another rule
            return []

    def _shortest(self, start: str, end: str) -> list[str]:
        a, b = self._index[start], self._index[end]
        nodes = rustworkx.dijkstra_shortest_paths(self._graph, a, target=b, weight_fn=lambda edge: edge[1])[b]
        names: list[str] = []
        for one, other in zip(nodes[:-1], list(nodes)[1:], strict=True):
            candidates = self._graph.get_all_edge_data(one, other)
            names.append(min(candidates, key=lambda edge: (edge[1], edge[0]))[0])
        return names

    def _measure(self, names: list[str]) -> Way:
        fibres = [self._fibres[name] for name in names]
        groups = sorted({group for fibre in fibres for group in fibre.risk_groups})
        return Way(names, round(sum(fibre.length_km for fibre in fibres), 3), groups)
