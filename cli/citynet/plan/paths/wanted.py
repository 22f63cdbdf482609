"""What a policy asks of a path, looked up in one network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from citynet.design.types import Intent, Parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.design.types import City, PathPolicy
    from citynet.plan.paths.choice import Chooser
    from citynet.plan.paths.network import Network


@dataclass(frozen=True, slots=True)
class Touch:
    """Something that a path must touch: one of these nodes, or one of these lines."""

    what: str
    nodes: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A policy as names of the network; times in ns.

    Attributes:
        nodes: Nodes that no path goes through (its ends do not count).
        lines: Lines that no path goes over.
        groups: Risk groups that no line of a path is in.
    """

    intent: Intent
    max_delay_ns: int | None = None
    min_trust: int = 0
    nodes: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    touches: tuple[Touch, ...] = ()
    min_availability: float = 0.0
    most_paths: int = 1

    @property
    def free(self) -> bool:
        """Whether nothing is asked that IS-IS would not do by itself."""
        return self.intent is Intent.DEFAULT and self == Wanted(Intent.DEFAULT)

    def without(self, nodes: frozenset[str], lines: frozenset[str], groups: frozenset[str]) -> Wanted:
        """The same, keeping away from more."""
        return replace(self, nodes=self.nodes | nodes, lines=self.lines | lines, groups=self.groups | groups)


_NOTHING = Wanted(Intent.DEFAULT)


def bounds(chooser: Chooser, city: City, name: str, start: str, end: str) -> dict[str, Wanted]:
    """Each bound that a named policy sets between two routers, by its key and alone; without ends, its own only."""
    policy = city.paths[name]
    if name not in chooser.bounds:
        chooser.bounds[name] = _own_bounds(chooser.net, policy)
    found = chooser.bounds[name]
    if policy.disjoint_from in city.paths and start:
        other = chooser.choose(wanted(chooser, city, policy.disjoint_from, start, end), start, end)
        keep_off = _NOTHING
        for path in other.primary if other is not None else ():
            keep_off = keep_off.without(frozenset(path.between), path.names, path.groups)
        found = found | {"disjoint_from": keep_off}
    return found


def wanted(chooser: Chooser, city: City, name: str, start: str = "", end: str = "") -> Wanted:
    """Everything that a named policy asks between two routers."""
    return together(start_of(city.paths[name]), bounds(chooser, city, name, start, end).values())


def start_of(policy: PathPolicy) -> Wanted:
    """A policy without its bounds."""
    return Wanted(policy.intent, most_paths=policy.most_paths if policy.intent is Intent.BANDWIDTH else 1)


def together(want: Wanted, more: Iterable[Wanted]) -> Wanted:
    """An intent and the bounds of others."""
    for one in more:
        delays = [delay for delay in (want.max_delay_ns, one.max_delay_ns) if delay is not None]
        want = replace(
            want.without(one.nodes, one.lines, one.groups),
            max_delay_ns=min(delays, default=None),
            min_trust=max(want.min_trust, one.min_trust),
            touches=want.touches + one.touches,
            min_availability=max(want.min_availability, one.min_availability),
        )
    return want


def _own_bounds(net: Network, policy: PathPolicy) -> dict[str, Wanted]:
    avoid, found = policy.avoid, dict[str, Wanted]()
    if policy.min_trust:
        found["min_trust"] = replace(_NOTHING, min_trust=policy.min_trust)
    if avoid != Parts():
        nodes = frozenset(n for n, node in net.nodes.items() if n in avoid.devices or node.site in avoid.sites)
        lines = frozenset(name for part in _line_parts(net, avoid) for name in part.lines)
        found["avoid"] = replace(_NOTHING, nodes=nodes, lines=lines)
    if policy.include != Parts():
        found["include"] = replace(_NOTHING, touches=tuple(_touches(net, policy.include)))
    if policy.max_delay_ms is not None:
        found["max_delay_ms"] = replace(_NOTHING, max_delay_ns=round(policy.max_delay_ms * 1e6))
    if policy.min_availability_percent is not None:
        found["min_availability_percent"] = replace(_NOTHING, min_availability=policy.min_availability_percent / 100.0)
    return found


def _touches(net: Network, parts: Parts) -> list[Touch]:
    devices = [Touch(f"device {name}", frozenset({name} & net.nodes.keys())) for name in parts.devices]
    sites = [
        Touch(f"site {site}", frozenset(name for name, node in net.nodes.items() if node.site == site))
        for site in parts.sites
    ]
    return devices + sites + _line_parts(net, parts)


def _line_parts(net: Network, parts: Parts) -> list[Touch]:
    fibres = [
        Touch(f"fibre {fibre}", lines=frozenset(n for n, line in net.lines.items() if fibre in line.fibres))
        for fibre in parts.fibres
    ]
    links = [
        Touch(f"link {a} - {b}", lines=frozenset(n for n, line in net.lines.items() if {line.a, line.b} == {a, b}))
        for a, b in parts.links
    ]
    return fibres + links
