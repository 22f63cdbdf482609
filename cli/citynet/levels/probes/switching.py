"""How quickly traffic leaves a broken line, by a datagram every millisecond: lost light, silence, two in a row."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.errors import DeviceError
from citynet.levels.bench import CannotMeasureError
from citynet.levels.graph import domain_graph
from citynet.levels.measurements import Switched
from citynet.levels.probes.broken import NO_WAY_ROUND
from citynet.levels.probes.calm import carrying_port
from citynet.levels.probes.paced import PacedFlow, paced
from citynet.levels.targets import far_pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.levels.bench import Bench
    from citynet.levels.targets import HostPair

VERSION = 6
_PAIRS_TRIED = 12
_LONGEST_WAY = 32


@dataclass(slots=True)
class Crossed:
    """A running probe and the first line of its way that can be done without; `cut` are those broken so far."""

    flow: PacedFlow
    line: str
    carried: float
    cut: list[str] = field(default_factory=list)


def measure_fast(bench: Bench, domain: str, kind: str) -> None:
    """One line that carries a probe: broken, every pair of hosts tried, mended."""
    with crossing(bench, domain) as at:
        seen = _break(bench, at, kind)
        try:
            seen.reach = bench.reach(domain, count=2)
        finally:
            at.flow.phase()
            _mend(bench, at, kind)
        seen.mended = at.flow.phase()[0]
    bench.put(domain, f"fast_{kind}", seen)


def measure_two_cuts(bench: Bench, domain: str) -> None:
    """A second line, on the way that the probe took after the first was cut; both are mended at the end."""
    with crossing(bench, domain) as at:
        found = []
        try:
            found.append(_break(bench, at, "cut"))
            following = spare_line(bench, at.flow.pair, at.cut)
            if following is None:
                raise CannotMeasureError(NO_WAY_ROUND)
            at.line, at.carried = following
            found.append(_break(bench, at, "cut"))
            found[-1].reach = bench.reach(domain, count=2)
        finally:
            _mend(bench, at, "cut")
    bench.put(domain, "two_cuts", found)


@contextmanager
def crossing(bench: Bench, domain: str) -> Iterator[Crossed]:
    """A steady probe over a line that its hosts can do without."""
    for pair in far_pairs(bench.plan, domain)[:_PAIRS_TRIED]:
        with paced(bench.access, pair, (VERSION,)) as flow:
            try:
                flow.phase()
            except DeviceError:  # these two hosts do not reach each other: others may
                continue
            found = spare_line(bench, pair, [])
            if found is not None:
                yield Crossed(flow, *found)
                return
    raise CannotMeasureError(NO_WAY_ROUND)


def spare_line(bench: Bench, pair: HostPair, without: list[str]) -> tuple[str, float] | None:
    """The first line of the probe's way that may fail beside `without`, and the share of the probe on it."""
    graph = domain_graph(bench.plan, pair.source.domain)
    node = pair.source.device
    for _ in range(_LONGEST_WAY):
        if node == pair.destination.device:
            return None
        name, share = carrying_port(bench, node)
        port = bench.plan.devices[node].port(name)
        if graph.connected(pair.source.device, pair.destination.device, [*without, port.line]):
            return port.line, share
        node = port.peer
    return None


def _break(bench: Bench, at: Crossed, kind: str) -> Switched:
    at.flow.phase()
    before = list(at.cut)
    at.cut.append(at.line)
    bench.faults.apply(kind, at.line)
    (seen,) = at.flow.phase()
    pair = at.flow.pair
    return Switched(kind, at.line, pair.source.name, pair.destination.name, at.carried, seen, already=before)


def _mend(bench: Bench, at: Crossed, kind: str) -> None:
    for line in reversed(at.cut):
        bench.faults.undo(kind, line)
    ends = {end.node for line in at.cut for end in (bench.plan.lines[line].a, bench.plan.lines[line].b)}
    bench.settle(sorted(ends))
