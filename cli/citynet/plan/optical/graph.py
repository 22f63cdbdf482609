"""The fibres as a graph: shortest ways, the next ones (Yen), the shortest pair without a common fibre (Bhandari)."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator


class Edge(NamedTuple):
    """A fibre: its ends, its length in km, and its risks as bits (its own and those of its risk groups)."""

    name: str
    a: str
    b: str
    length_km: float
    risks: int


class Route(NamedTuple):
    """A way through the fibres, sites and fibres in order, its length in km and the risks of all its fibres as bits."""

    sites: tuple[str, ...]
    fibres: tuple[str, ...]
    length_km: float
    risks: int


Ban = set[str] | frozenset[str]
DEAR_KM = 1e6
"""What a dear risk counts for; more than any way is long."""
_ENDLESS = float("inf")


@dataclass(slots=True)
class FibreGraph:
    """Sites and fibres. Ties are broken by name, so that a route never depends on the order of a file."""

    edges: dict[str, Edge] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    neighbours: dict[str, list[tuple[str, str, float, int]]] = field(default_factory=dict)
    _known: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, name: str, a: str, b: str, length_km: float, groups: Iterable[str]) -> None:
        """Add a fibre with the risk groups that it is in."""
        bits = 0
        for risk in (f"fibre {name}", *groups):
            bits |= 1 << self.groups.setdefault(risk, len(self.groups))
        self.edges[name] = Edge(name, a, b, length_km, bits)
        for here, there in ((a, b), (b, a)):
            ways = self.neighbours.setdefault(here, [])
            ways.append((name, there, length_km, bits))
            ways.sort()
        self._known.clear()

    def without(self, fibres: Ban) -> FibreGraph:
        """The same graph without these fibres; risks keep their bits."""
        left = FibreGraph({n: e for n, e in self.edges.items() if n not in fibres}, self.groups)
        for site, ways in self.neighbours.items():
            left.neighbours[site] = [way for way in ways if way[0] not in fibres]
        return left

    def names(self, risks: int) -> list[str]:
        """The risks that these bits mean; a fibre's own as `fibre NAME`."""
        return sorted(name for name, bit in self.groups.items() if risks >> bit & 1)

    def route(self, start: str, fibres: Iterable[str]) -> Route:
        """The route that begins at a site and follows these fibres."""
        sites, names, length, risks = [start], list(fibres), 0.0, 0
        for name in names:
            edge = self.edges[name]
            sites.append(edge.b if edge.a == sites[-1] else edge.a)
            length += edge.length_km
            risks |= edge.risks
        return Route(tuple(sites), tuple(names), round(length, 3), risks)

    def joins(self, start: str, end: str, fibres: Iterable[str]) -> Route | None:
        """The route over these fibres; None when one is gone, or they do not lead there, or pass a site twice."""
        here, names = start, list(fibres)
        for name in names:
            edge = self.edges.get(name)
            if edge is None or here not in {edge.a, edge.b}:
                return None
            here = edge.b if here == edge.a else edge.a
        route = self.route(start, names)
        return route if names and here == end and len(set(route.sites)) == len(route.sites) else None

    def avoiding(self, risks: int) -> set[str]:
        """The fibres that have any of these risks."""
        return {name for name, edge in self.edges.items() if edge.risks & risks}

    def cut_by(self, start: str, end: str) -> int:
        """One risk that is in every way between two sites, as a bit; 0 when no single risk is."""
        first = self.shortest(start, end)
        risks = 0 if first is None else first.risks
        while risks:
            risk = risks & -risks
            if self.shortest(start, end, self.avoiding(risk)) is None:
                return risk
            risks ^= risk
        return 0

    def shortest(
        self, start: str, end: str, banned: Ban = frozenset(), closed: Collection[str] = (), *, dear: int = 0
    ) -> Route | None:
        """The shortest way by length (A*) without these fibres and sites; None when there is none.

        Fibres with risks that are `dear` are taken only where nothing else leads on, as few of them as possible.
        """
        far = self._far(end)
        if start not in far:
            return None
        best: dict[str, float] = {start: 0.0}
        came: dict[str, tuple[str, str]] = {}
        done = set(closed)
        ahead = [(far[start], start)]
        while ahead:
            _, here = heapq.heappop(ahead)
            if here in done:
                continue
            if here == end:
                return self.route(start, _back(came, start, end))
            done.add(here)
            so_far = best[here]
            for name, there, length, risks in self.neighbours[here]:
                if there in done or name in banned:
                    continue
                longer = so_far + length + (DEAR_KM * (risks & dear).bit_count() if dear else 0.0)
                if longer < best.get(there, _ENDLESS):
                    best[there], came[there] = longer, (here, name)
                    heapq.heappush(ahead, (longer + far[there], there))
        return None

    def _far(self, end: str) -> dict[str, float]:
        """How far each site is from one, whatever is banned: what tells the search where to look (A*)."""
        if (known := self._known.get(end)) is None:
            known = {}
            ahead = [(0.0, end)]
            while ahead:
                so_far, here = heapq.heappop(ahead)
                if here not in known:
                    known[here] = so_far
                    for _, there, length, _ in self.neighbours.get(here, ()):
                        heapq.heappush(ahead, (so_far + length, there))
            self._known[end] = known
        return known

    def ways(self, start: str, end: str) -> Iterator[Route]:
        """Every way without a loop, the shorter ones first (Yen 1971); endless patience may be needed to see all."""
        first = self.shortest(start, end)
        if first is None:
            return
        found: list[Route] = []
        waiting: list[tuple[float, tuple[str, ...], Route]] = [(first.length_km, first.fibres, first)]
        seen = {first.fibres}
        while waiting:
            _, _, route = heapq.heappop(waiting)
            yield route
            found.append(route)
            for place in range(len(route.fibres)):
                branch = self._branch(route, place, end, found)
                if branch is not None and branch.fibres not in seen:
                    seen.add(branch.fibres)
                    heapq.heappush(waiting, (branch.length_km, branch.fibres, branch))

    def _branch(self, route: Route, place: int, end: str, found: list[Route]) -> Route | None:
        """The shortest way that leaves a known one at a place."""
        root = route.fibres[:place]
        taken = {other.fibres[place] for other in found if other.fibres[:place] == root and len(other.fibres) > place}
        rest = self.shortest(route.sites[place], end, taken, route.sites[:place])
        return None if rest is None else self.route(route.sites[0], root + rest.fibres)

    def pair(self, start: str, end: str) -> tuple[Route, Route] | None:
        """Two ways without a common fibre whose lengths together are least (Bhandari 1999); None when there are none.

        The fibres of the first way are turned round and made negative, so that the second search may undo them.
        """
        first = self.shortest(start, end)
        if first is None:
            return None
        turned = dict(zip(first.fibres, first.sites[:-1], strict=True))
        second = self._bellman_ford(start, end, turned)
        if second is None:
            return None
        both = set(first.fibres) ^ set(second)
        routes = []
        for _ in range(2):
            route = self.shortest(start, end, self.edges.keys() - both)
            if route is None:  # cannot be: the two searches together hold two ways
                return None
            both -= set(route.fibres)
            routes.append(route)
        one, other = sorted(routes, key=lambda route: (route.length_km, route.fibres))
        return one, other

    def _bellman_ford(self, start: str, end: str, turned: dict[str, str]) -> list[str] | None:
        """Fibres of the shortest way when those of `turned` lead back to the site they left, at negative length."""
        best: dict[str, float] = {start: 0.0}
        came: dict[str, tuple[str, str]] = {}
        active = [start]
        while active:
            touched: dict[str, None] = {}
            for here in active:
                for name, there, length_km, _ in self.neighbours.get(here, ()):
                    if name in turned and turned[name] != there:
                        continue  # the way it was used first
                    length = -length_km if name in turned else length_km
                    if best[here] + length < best.get(there, _ENDLESS) - 1e-9:
                        best[there], came[there] = best[here] + length, (here, name)
                        touched[there] = None
            active = list(touched)
        return _back(came, start, end) if end in came else None


def _back(came: dict[str, tuple[str, str]], start: str, end: str) -> list[str]:
    names, here = list[str](), end
    while here != start:
        here, name = came[here]
        names.append(name)
    return names[::-1]
