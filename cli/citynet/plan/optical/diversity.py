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
    from collections.abc import Iterable, Iterator

    from citynet.plan.optical.graph import FibreGraph, Route

PATIENCE = 400
"""Ways that are looked at before giving up; small networks have fewer between two sites: there the answer is exact."""
ENOUGH = 12
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
    looked = list(itertools.islice(graph.ways(start, end), PATIENCE + 1))
    proven = len(looked) <= PATIENCE or working is not None
    everywhere = working.risks if working is not None else -1
    for route in looked:
        everywhere &= route.risks
    if looked and everywhere and len(looked) <= PATIENCE:
        proven = True
    nearest = _nearest(looked, [working] if working is not None else looked[:40])
    common = graph.names(nearest[0].risks & nearest[1].risks) if nearest else []
    return Refusal(nearest, common, proven)


def _nearest(ways: list[Route], firsts: Iterable[Route]) -> tuple[Route, Route] | None:
    candidates = (
        ((one.risks & other.risks).bit_count(), one.length_km + other.length_km, one, other)
        for one in firsts
        for other in ways[:PATIENCE]
        if one.fibres != other.fibres
    )
    best = min(candidates, default=None, key=lambda item: (item[0], item[1], item[2].fibres, item[3].fibres))
    return None if best is None else (best[2], best[3])
