"""Micro-loops: a ring of six in which routers learn of a failure one after the other.

From r1 to r3 over r2. When r2–r3 is lost, r2 sends back to r1 what r1 still sends to r2, until r1 has computed anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from citynet.levels.bench import Bench
from citynet.levels.measurements import Paced
from figures.flows import Carried, broken, carried, ends, note, otherwise
from figures.table import Figure

TIMERS = {
    "": "",
    "all SPF delays 0": "spf-delay-ietf init-delay 0 short-delay 0 long-delay 0 holddown 1000 time-to-learn 500",
    "FRR's own SPF timers": "no spf-delay-ietf",
}


def ring_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """The farther line lost and returned, with the timers of the design and with others beside them."""
    for words, command in TIMERS.items():
        beside = "the design's timers" if words else ""
        lost = Figure("ring", f"far line cut{', ' + words if words else ''}", beside=beside)
        silent = Figure("ring", f"far line silent{', ' + words if words else ''}", beside=beside)
        back = Figure("ring", f"far line back{', ' + words if words else ''}", beside=beside)
        with otherwise(bench, list(bench.plan.devices) if words else [], ["router isis CITY", command]):
            for run in range(runs if not words else min(runs, 3)):
                for kind, figure in (("cut", lost), ("silent", silent)):
                    with carried(bench, (4, 6)[run % 2]) as at:
                        seen = broken(bench, at, [(kind, at.lines[1])], ends(bench, at.lines[1]))
                        note(figure, seen[0])
                        note(back, seen[1])
        yield from (lost, silent, back)
    yield from second_cases(bench, runs)


def second_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """A line that flaps: lost again as soon as it is back, while its routers still wait with their next LSP."""
    for kind in ("cut", "silent"):
        figure = Figure("ring", f"far line {kind}, back, and {kind} again at once")
        for run in range(runs):
            with carried(bench, (4, 6)[run % 2]) as at:
                note(figure, _again(bench, at, kind))
        yield figure


def _again(bench: Bench, at: Carried, kind: str) -> Paced:
    line = at.lines[1]
    try:
        bench.faults.apply(kind, line)
        at.flow.phase()
        bench.faults.undo(kind, line)
        bench.settle(ends(bench, line))
        bench.faults.apply(kind, line)
        (seen,) = at.flow.phase()
    finally:
        bench.faults.undo(kind, line)
        bench.settle(ends(bench, line))
    return seen
