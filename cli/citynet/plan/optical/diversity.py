"""Two ways that nothing takes away at once: no common fibre, no common risk group.

With risk groups the question is NP-hard (Hu 2003), so: first the shortest pair without a common fibre, then every
way in order of length with the shortest one that avoids its risks. When the ways run out, that none exists is
proven; when patience does, it is said.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.optical.graph import FibreGraph, Route

PATIENCE = 200
"""Ways that are looked at before giving up; small networks have fewer between two sites: there the answer is exact."""
FEW = 40
"""Ways whose best companion is looked for when none is free of common risks."""
ENOUGH = 5
"""Ways after which no shorter pair is looked for once one is known."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Working and protection; the working way is the shorter one unless the design names it."""

    working: Route
    other: Route

    @property
    def length_km(self) -> float:
        """Both together."""
        return self.working.length_km + self.other.length_km


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no pair.

    Attributes:
        nearest: The two ways that have fewest risks in common, or None when there are not even two ways.
        common: Those risks by name; a fibre's own as `fibre NAME`.
        proven: Whether every way was looked at, or one risk is in all of them.
    """

    nearest: tuple[Route, Route] | None
    common: list[str]
    proven: bool


def pairs(graph: FibreGraph, start: str, end: str, working: Route | None = None) -> Iterator[Pair]:
    """Pairs without a common risk, the better ones first; of a named working way only those that protect it.

    Those whose ways share no site in between come before those that do.
    """
    if working is None and graph.cut_by(start, end):
        return
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], Pair] = {}
    for pair in _some(graph, start, end, working):
        found.setdefault((pair.working.fibres, pair.other.fibres), pair)
    yield from sorted(found.values(), key=lambda pair: (_meets(pair), round(pair.length_km, 3), pair.working.fibres))


def _some(graph: FibreGraph, start: str, end: str, working: Route | None) -> Iterator[Pair]:
    if working is not None:
        yield from _protections(graph, working)
        return
    first = graph.pair(start, end)
    if first is not None and not first[0].risks & first[1].risks:
        yield Pair(*first)
    known = 0
    for number, route in enumerate(itertools.islice(graph.ways(start, end), PATIENCE)):
        if known and number >= ENOUGH:
            return
        for pair in _protections(graph, route):
            known += 1
            yield pair if pair.working.length_km <= pair.other.length_km else Pair(pair.other, pair.working)


def _protections(graph: FibreGraph, route: Route) -> Iterator[Pair]:
    """With the shortest way that avoids its risks: one that avoids its sites too, and one that need not."""
    banned = graph.avoiding(route.risks)
    start, end = route.sites[0], route.sites[-1]
    for closed in (route.sites[1:-1], ()):
        other = graph.shortest(start, end, banned, closed)
        if other is not None:
            yield Pair(route, other)


def _meets(pair: Pair) -> int:
    return len(set(pair.working.sites[1:-1]) & set(pair.other.sites[1:-1]))


def refusal(graph: FibreGraph, start: str, end: str, working: Route | None = None) -> Refusal:
    """Why `pairs` found none: the pair that collides least, and whether that is proven."""
    one = working or graph.shortest(start, end)
    if one is None:
        return Refusal(None, [], proven=True)
    if working is not None:
        other = _other(graph, one)
        return Refusal(other and (one, other), graph.names(one.risks & other.risks) if other else [], proven=True)
    cut = graph.cut_by(start, end)
    ways = list(itertools.islice(graph.ways(start, end), 1 if cut else PATIENCE + 1))
    both = [(way, other) for way in ways[:FEW] if (other := _other(graph, way)) is not None]
    nearest = min(both, default=None, key=lambda pair: ((pair[0].risks & pair[1].risks).bit_count(), _length(pair)))
    common = nearest[0].risks & nearest[1].risks if nearest else 0
    return Refusal(nearest, graph.names(cut or common), proven=bool(cut) or len(ways) <= PATIENCE)


def _other(graph: FibreGraph, one: Route) -> Route | None:
    """Another way that shares as few risks with a way as the search finds; not that way itself."""
    found = graph.shortest(one.sites[0], one.sites[-1], dear=one.risks)
    return None if found is None or found.fibres == one.fibres else found


def _length(pair: tuple[Route, Route]) -> tuple[float, tuple[str, ...], tuple[str, ...]]:
    return pair[0].length_km + pair[1].length_km, pair[0].fibres, pair[1].fibres
