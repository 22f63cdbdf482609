"""Which paths a policy takes between two routers: the primary (or several that share the load), and the backup."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.design.types import Intent
from citynet.plan.paths.availability import of_pair
from citynet.plan.paths.search import Search

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from citynet.design.types import FailureRates
    from citynet.plan.paths.network import Line, Network
    from citynet.plan.paths.search import Path
    from citynet.plan.paths.wanted import Wanted

TOP_TRUST = 3
_WORD = 48
"""Bits of one term of a cost; a delay of 2^48 ns is three days."""
_MOST_PRIMARIES = 8
"""Primaries whose availability is tried before a policy is refused for it."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What a backup shares with its primary, because there is no other way."""

    lines: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether it shares anything."""
        return bool(self.lines or self.nodes or self.groups)

    def texts(self) -> list[str]:
        """`line …`, `node …`, `risk group …`."""
        return [
            f"{word} {name}"
            for word, names in (("line", self.lines), ("node", self.nodes), ("risk group", self.groups))
            for name in names
        ]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen between two routers.

    Attributes:
        primary: The path, or several side by side for bandwidth.
        weights: The share of each.
        backup: What takes over; None when there is no other path, or the primaries stand in for each other.
        shared: What the backup shares with the primary.
        availability: Of all of them together, the ends not counted.
    """

    primary: tuple[Path, ...]
    weights: tuple[int, ...]
    backup: Path | None
    shared: Shared
    availability: float

    def reversed(self) -> Choice:
        """The same seen from the other end."""
        back = None if self.backup is None else self.backup.reversed()
        return Choice(tuple(p.reversed() for p in self.primary), self.weights, back, self.shared, self.availability)


@dataclass(slots=True)
class Chooser:
    """Chooses in one network; remembers what it chose, and the bounds of policies."""

    net: Network
    rates: FailureRates
    bounds: dict[str, dict[str, Wanted]] = field(default_factory=dict)
    _known: dict[tuple[Wanted, str, str], Choice | None] = field(default_factory=dict)
    _searches: dict[tuple[Wanted, int, int], Search] = field(default_factory=dict)

    def choose(self, want: Wanted, start: str, end: str) -> Choice | None:
        """What a policy takes from one router to another; None when nothing meets it. Both directions go one way."""
        first, last = min(start, end), max(start, end)
        key = (want, first, last)
        if key not in self._known:
            self._known[key] = self._choose(want, first, last)
        found = self._known[key]
        return found.reversed() if found is not None and start != first else found

    def _choose(self, want: Wanted, start: str, end: str) -> Choice | None:
        for primary in itertools.islice(self.ranked(want, start, end), _MOST_PRIMARIES):
            choice = self._around(want, primary)
            if choice.availability >= want.min_availability:
                return choice
        return None

    def best_availability(self, want: Wanted, start: str, end: str) -> float:
        """The best that was found where none was good enough."""
        tried = itertools.islice(self.ranked(want, start, end), _MOST_PRIMARIES)
        return max((self._around(want, primary).availability for primary in tried), default=0.0)

    def _around(self, want: Wanted, primary: Path) -> Choice:
        beside = self._beside(want, primary)
        if len(beside) > 1:
            return Choice(beside, _weights(beside), None, Shared(), of_pair(self.net, self.rates, *beside[:2]))
        backup = backup_of(self.net, want, primary)
        shared = Shared() if backup is None else shared_by(primary, backup)
        return Choice((primary,), (1,), backup, shared, of_pair(self.net, self.rates, primary, backup))

    def _beside(self, want: Wanted, primary: Path) -> tuple[Path, ...]:
        """The primary and paths that share no line with it or with each other, the widest first."""
        beside = [primary]
        while len(beside) < want.most_paths:
            used = frozenset(line for path in beside for line in path.names)
            more = want.without(frozenset(), used, frozenset())
            found = next(self.ranked(more, primary.nodes[0], primary.nodes[-1]), None)
            if found is None:
                break
            beside.append(found)
        return tuple(beside)

    def ranked(self, want: Wanted, start: str, end: str) -> Iterator[Path]:
        """The paths that meet all of a policy but its availability, the best for its intent first."""
        if start not in self.net.nodes or end not in self.net.nodes:
            return
        if want.intent is Intent.HIGH_TRUST:
            for level in range(TOP_TRUST, want.min_trust - 1, -1):
                paths = self._search(want, level).paths(start, end)
                yield from (path for path in paths if path.trust(self.net) == level)
        elif want.intent is Intent.BANDWIDTH:
            for rate in sorted({line.rate_gbps for line in self.net.lines.values()}, reverse=True):
                paths = self._search(want, want.min_trust, rate).paths(start, end)
                yield from (path for path in paths if path.rate_gbps == rate)
        else:
            yield from self._search(want, want.min_trust).paths(start, end)

    def _search(self, want: Wanted, trust: int, rate: int = 0) -> Search:
        key = (want, trust, rate)
        if key not in self._searches:
            allowed = usable(self.net, want, trust, rate)
            self._searches[key] = Search(self.net, want, allowed, _costs(self.net, want.intent))
        return self._searches[key]


def usable(net: Network, want: Wanted, trust: int, rate: int = 0) -> Callable[[Line, str], bool]:
    """Whether a path may go over a line into a node; the node is empty at the end of the path."""
    lines = {
        line.name
        for line in net.lines.values()
        if line.trust >= trust
        and line.rate_gbps >= rate
        and line.name not in want.lines
        and line.name not in net.unpinned
        and not line.groups & want.groups
    }
    nodes = {
        name
        for name, node in net.nodes.items()
        if node.trust >= trust and name not in want.nodes and name not in net.unable
    } | {""}
    return lambda line, node: line.name in lines and node in nodes


def _costs(net: Network, intent: Intent) -> Callable[[Line, str], int]:
    """The cost of a step for an intent; terms that count first stand in higher bits, lines counted last."""
    if intent is Intent.HIGH_TRUST:
        trust = {name: TOP_TRUST - node.trust for name, node in net.nodes.items()} | {"": 0}
        return lambda line, node: ((TOP_TRUST - line.trust + trust[node]) << 2 * _WORD) + (line.delay_ns << _WORD) + 1
    if intent is Intent.DEFAULT:
        return lambda line, _: (line.metric << _WORD) + 1
    return lambda line, _: (line.delay_ns << _WORD) + 1


def backup_of(net: Network, want: Wanted, primary: Path) -> Path | None:
    """The path that shares least with the primary; it meets the policy as the primary does."""
    paths = least_touching(net, want, primary.names, frozenset(primary.between), primary.groups)
    return next((path for path in paths(primary.nodes[0], primary.nodes[-1]) if path.names != primary.names), None)


def least_touching(
    net: Network, want: Wanted, lines: frozenset[str], nodes: frozenset[str], groups: frozenset[str]
) -> Callable[[str, str], Iterator[Path]]:
    """Finds the paths that touch least of what is named: lines first, then nodes, then risk groups, then the intent."""
    own = _costs(net, want.intent)

    def cost(line: Line, node: str) -> int:
        shared = (line.name in lines, node in nodes, len(line.groups & groups))
        return own(line, node) + sum(int(count) << (5 - place) * _WORD for place, count in enumerate(shared))

    return Search(net, want, usable(net, want, want.min_trust), cost).paths


def shared_by(one: Path, other: Path) -> Shared:
    """What two paths share."""
    return Shared(
        tuple(line.name for line in one.lines if line.name in other.names),
        tuple(node for node in one.between if node in other.between),
        tuple(sorted(one.groups & other.groups)),
    )


def _weights(paths: tuple[Path, ...]) -> tuple[int, ...]:
    """The bottlenecks of paths in lowest terms."""
    rates = [path.rate_gbps for path in paths]
    return tuple(rate // math.gcd(*rates) for rate in rates)
