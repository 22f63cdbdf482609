"""Simple paths between two routers, the cheapest first.

A best-first search (A*) whose estimate is the exact distance that is left, so that it walks straight along the best
path; it goes on to the next best when asked for more. Costs are whole numbers, which makes ties exact; of paths that
cost the same, that comes first whose names do.
"""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from citynet.plan.paths.network import Line, Network
    from citynet.plan.paths.wanted import Touch, Wanted

MOST_STEPS = 20_000
"""Partial paths that one search looks at; where constraints leave no better hold, it gives up then."""
FAR = 1 << 400


@dataclass(frozen=True, slots=True)
class Path:
    """A way from the first node to the last."""

    nodes: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def delay_ns(self) -> int:
        """One-way delay."""
        return sum(line.delay_ns for line in self.lines)

    @property
    def metric(self) -> int:
        """The sum of IS-IS metrics."""
        return sum(line.metric for line in self.lines)

    @property
    def rate_gbps(self) -> int:
        """The rate of its narrowest line."""
        return min(line.rate_gbps for line in self.lines)

    @property
    def groups(self) -> frozenset[str]:
        """The risk groups of its lines."""
        return frozenset(group for line in self.lines for group in line.groups)

    @property
    def between(self) -> tuple[str, ...]:
        """The nodes that are no end of it."""
        return self.nodes[1:-1]

    @property
    def names(self) -> frozenset[str]:
        """The names of its lines."""
        return frozenset(line.name for line in self.lines)

    def trust(self, net: Network) -> int:
        """The least trust of its lines and of the nodes between its ends."""
        return min([line.trust for line in self.lines] + [net.nodes[node].trust for node in self.between])

    def reversed(self) -> Path:
        """The same way back."""
        return Path(self.nodes[::-1], self.lines[::-1])


_Step = tuple[int, tuple[str, ...], int, int, int, Path]


@dataclass(frozen=True, slots=True)
class _Ahead:
    """What lies between every node and one end: the least cost, the least delay, the least cost past what to touch."""

    end: str
    left: dict[str, int]
    delays: dict[str, int]
    via: list[tuple[Touch, dict[str, int]]]

    def estimate(self, path: Path) -> int:
        """What is left to pay at least from the last node of a path, seeing what must still be touched."""
        here = path.nodes[-1]
        least = self.left.get(here, FAR)
        for touch, via in self.via:
            if not touched(path, touch):
                least = FAR if here == self.end else max(least, via.get(here, FAR))
        return least


class Search:
    """One search: what may be used, and what it costs.

    Args:
        net: The network.
        want: Bounds on delay and what must be touched; what must not be, `usable` leaves out.
        usable: Whether a path may go over a line into a node; the node is empty at the end of the path.
        cost: What that costs; no less than 0.
    """

    def __init__(
        self, net: Network, want: Wanted, usable: Callable[[Line, str], bool], cost: Callable[[Line, str], int]
    ) -> None:
        self.net, self.want, self.usable, self.cost = net, want, usable, cost
        self._known: dict[str, _Ahead] = {}

    def paths(self, start: str, end: str) -> Iterator[Path]:
        """Every simple path that keeps the bounds, the cheapest first, until the search gives up."""
        if end not in self._known:
            self._known[end] = self._look_ahead(end)
        ahead = self._known[end]
        if start == end or start not in ahead.left:
            return
        count = itertools.count()  # before what cannot be compared
        heap: list[_Step] = [(ahead.left[start], (start,), next(count), 0, 0, Path((start,), ()))]
        for _ in range(MOST_STEPS):
            if not heap:
                return
            _, nodes, _, cost, delay, path = heapq.heappop(heap)
            if nodes[-1] == end:
                yield path
                continue
            for line, further in self._further(path, ahead):
                late = delay + line.delay_ns
                if ahead.delays and late + ahead.delays[further.nodes[-1]] > (self.want.max_delay_ns or 0):
                    continue
                paid = cost + self.cost(line, _inner(further.nodes[-1], end))
                if (estimate := ahead.estimate(further)) < FAR:
                    heapq.heappush(heap, (paid + estimate, further.nodes, next(count), paid, late, further))

    def _further(self, path: Path, ahead: _Ahead) -> Iterator[tuple[Line, Path]]:
        here = path.nodes[-1]
        for line in self.net.around[here]:
            other = line.other(here)
            if other not in path.nodes and other in ahead.left and self.usable(line, _inner(other, ahead.end)):
                yield line, Path((*path.nodes, other), (*path.lines, line))

    def _look_ahead(self, end: str) -> _Ahead:
        left = self._distances(end, end, self.cost)
        bounded = self.want.max_delay_ns is not None
        delays = self._distances(end, end, lambda line, _: line.delay_ns) if bounded else {}
        return _Ahead(end, left, delays, [(touch, self._past(touch, end, left)) for touch in self.want.touches])

    def _past(self, touch: Touch, end: str, left: dict[str, int]) -> dict[str, int]:
        """The least cost from every node to the end past one thing that must be touched."""
        targets = set(touch.nodes)
        for name in touch.lines:
            targets |= {self.net.lines[name].a, self.net.lines[name].b}
        past: dict[str, int] = {}
        for target in targets & left.keys():
            for node, paid in self._distances(target, end, self.cost).items():
                past[node] = min(past.get(node, FAR), paid + left[target])
        return past

    def _distances(self, target: str, end: str, price: Callable[[Line, str], int]) -> dict[str, int]:
        """What is left to pay from every node to `target`, on the way to `end`."""
        found: dict[str, int] = {}
        heap = [(0, target)]
        while heap:
            paid, node = heapq.heappop(heap)
            if node in found:
                continue
            found[node] = paid
            inner = _inner(node, end)
            for line in self.net.around[node]:
                other = line.other(node)
                if other not in found and self.usable(line, inner):
                    heapq.heappush(heap, (paid + price(line, inner), other))
        return found


def _inner(node: str, end: str) -> str:
    """The node, or nothing when a path ends there: what is asked of nodes is asked of those between."""
    return "" if node == end else node


def touched(path: Path, touch: Touch) -> bool:
    """Whether a path touches what it must."""
    return bool(touch.nodes & set(path.nodes) or touch.lines & path.names)
