"""Why a path was taken, and why the next ones were not: number against number."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from citynet.design.types import Intent
from citynet.plan.paths.availability import of_pair
from citynet.plan.paths.choice import Choice, Chooser, shared_by
from citynet.plan.paths.segments import waypoints
from citynet.plan.paths.wanted import Wanted, together

if TYPE_CHECKING:
    from citynet.plan.paths.search import Path

_LOOKED_AT = 12
"""Paths that are looked at for those that would be better but are not allowed."""


@dataclass(slots=True)
class Described:
    """A path in figures; `why` says what decided for or against it."""

    nodes: list[str]
    delay_ms: float
    metric: int
    trust: int
    rate_gbps: int
    availability_percent: float
    risk_groups: list[str]
    segments: list[str]
    weight: int = 1
    why: str = ""


@dataclass(slots=True)
class Explanation:
    """What a policy takes between two routers, and what it does not.

    Attributes:
        steered: Whether segments are used at all; IS-IS does the rest by itself.
        refused: Paths that the intent would like better, each with the bound that it breaks.
        next_best: The next two that keep all bounds, each with the figure that decided.
    """

    start: str
    end: str
    intent: str
    steered: bool
    chosen: list[Described]
    backup: Described | None
    shared: list[str]
    availability_percent: float
    refused: list[Described] = field(default_factory=list)
    next_best: list[Described] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return asdict(self)


def explain(chooser: Chooser, want: Wanted, start: str, end: str) -> Explanation | None:
    """Why `want` takes what it takes from one router to another; None when nothing meets it."""
    choice = chooser.choose(want, start, end)
    if choice is None:
        return None
    first = choice.primary[0]
    chosen = [
        _described(chooser, path, _reason(want.intent, chooser, path), weight)
        for path, weight in zip(choice.primary, choice.weights, strict=True)
    ]
    return Explanation(
        start=start,
        end=end,
        intent=str(want.intent),
        steered=not want.free,
        chosen=chosen,
        backup=None if choice.backup is None else _described(chooser, choice.backup, _backup_reason(choice)),
        shared=choice.shared.texts(),
        availability_percent=round(100.0 * choice.availability, 7),
        refused=_refused(chooser, want, first),
        next_best=_next_best(chooser, want, choice),
    )


def _described(chooser: Chooser, path: Path, why: str, weight: int = 1) -> Described:
    net = chooser.net
    return Described(
        nodes=list(path.nodes),
        delay_ms=round(path.delay_ns / 1e6, 6),
        metric=path.metric,
        trust=path.trust(net),
        rate_gbps=path.rate_gbps,
        availability_percent=round(100.0 * of_pair(net, chooser.rates, path, None), 5),
        risk_groups=sorted(path.groups),
        segments=waypoints(net, path),
        weight=weight,
        why=why,
    )


def _next_best(chooser: Chooser, want: Wanted, choice: Choice) -> list[Described]:
    start, end = choice.primary[0].nodes[0], choice.primary[0].nodes[-1]
    taken = [path.names for path in choice.primary]
    others = (path for path in chooser.ranked(want, start, end) if path.names not in taken)
    first = choice.primary[0]
    return [_described(chooser, path, _against(want, chooser, first, path)) for path in islice(others, 2)]


def _refused(chooser: Chooser, want: Wanted, chosen: Path) -> list[Described]:
    """Paths before the chosen one when nothing but the intent counts, two at most."""
    found: list[Described] = []
    anything = chooser.ranked(Wanted(want.intent), chosen.nodes[0], chosen.nodes[-1])
    for path in islice(anything, _LOOKED_AT):
        if path.names == chosen.names or len(found) == 2:
            break
        if why := broken(chooser, want, path):
            found.append(_described(chooser, path, why))
    return found


def broken(chooser: Chooser, want: Wanted, path: Path) -> str:
    """The bounds of a policy that a path breaks, in words; empty when it keeps them all."""
    net = chooser.net
    why = [f"node {node} is to be avoided" for node in path.between if node in want.nodes]
    why += [f"line {line.name} is to be avoided" for line in path.lines if line.name in want.lines]
    why += [f"risk group {group} is to be avoided" for group in sorted(path.groups & want.groups)]
    why += [
        f"trust of {name} is {trust}, {want.min_trust} is asked"
        for name, trust in _trusts(chooser, path)
        if trust < want.min_trust
    ]
    if want.max_delay_ns is not None and path.delay_ns > want.max_delay_ns:
        why.append(f"delay {path.delay_ns / 1e6:g} ms is over {want.max_delay_ns / 1e6:g} ms")
    why += [
        f"does not touch {touch.what}"
        for touch in want.touches
        if not (touch.nodes & set(path.nodes) or touch.lines & path.names)
    ]
    if not why and want.min_availability:
        with_backup = of_pair(net, chooser.rates, path, None)
        why.append(f"with its backup not available enough (alone {100 * with_backup:.5f} %)")
    return ", ".join(why)


def _trusts(chooser: Chooser, path: Path) -> list[tuple[str, int]]:
    lines = [(f"line {line.name}", line.trust) for line in path.lines]
    return lines + [(f"node {node}", chooser.net.nodes[node].trust) for node in path.between]


def _reason(intent: Intent, chooser: Chooser, path: Path) -> str:
    if intent is Intent.LOW_LATENCY:
        return f"the least delay: {path.delay_ns / 1e6:g} ms"
    if intent is Intent.BANDWIDTH:
        return f"the widest: {path.rate_gbps} Gbit/s at its narrowest, then the least delay: {path.delay_ns / 1e6:g} ms"
    if intent is Intent.HIGH_TRUST:
        steps = _steps(chooser, path)
        return f"the most trusted: {path.trust(chooser.net)} at its weakest, {steps} steps below the top in all"
    return f"the least IS-IS metric: {path.metric}"


def _backup_reason(choice: Choice) -> str:
    return "shares " + ", ".join(choice.shared.texts()) if choice.shared else "shares no line, node or risk group"


def _steps(chooser: Chooser, path: Path) -> int:
    return sum(3 - trust for _, trust in _trusts(chooser, path))


def _against(want: Wanted, chooser: Chooser, chosen: Path, path: Path) -> str:
    """The first figure of the intent in which a path is worse than the chosen one."""
    figures: list[tuple[str, float, float]] = []
    if want.intent is Intent.HIGH_TRUST:
        figures += [("least trust", chosen.trust(chooser.net), path.trust(chooser.net))]
        figures += [("steps below the top of trust", _steps(chooser, chosen), _steps(chooser, path))]
    if want.intent is Intent.BANDWIDTH:
        figures += [("narrowest line in Gbit/s", chosen.rate_gbps, path.rate_gbps)]
    if want.intent is Intent.DEFAULT:
        figures += [("IS-IS metric", chosen.metric, path.metric)]
    else:
        figures += [("delay in ms", chosen.delay_ns / 1e6, path.delay_ns / 1e6)]
    figures += [("lines", len(chosen.lines), len(path.lines))]
    for name, ours, theirs in figures:
        if ours != theirs:
            return f"{name}: {theirs:g} against {ours:g}"
    shared = shared_by(chosen, path)
    return "as good; " + (f"shares {', '.join(shared.texts())}; " if shared else "") + "comes later by name"


def ad_hoc(intent: Intent, bounds: list[Wanted]) -> Wanted:
    """An intent that no policy of the design has, with bounds."""
    return together(Wanted(intent, most_paths=4 if intent is Intent.BANDWIDTH else 1), bounds)
