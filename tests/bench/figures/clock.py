"""What the lab's own clock allows: a probe while nothing happens, and what asking the kernel costs."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from citynet.levels.bench import Bench
from citynet.levels.probes.paced import paced
from figures.flows import pair_of
from figures.table import Figure

PROBES = 5000
_ASK = """
import os, time
start = time.monotonic()
for _ in range(2000):
    os.getppid()
print((time.monotonic() - start) / 2000 * 1e6)
"""


def _system_call_us(bench: Bench, node: str) -> float:
    return float(bench.access.run(node, f"python3 -c {shlex.quote(_ASK)}"))


def clock_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """An idle probe: its own pauses, delay and losses are in every other figure, too."""
    lost, pause = Figure("clock", "idle probe, lost of 5,000", "packets", most=0), Figure("clock", "its longest pause")
    middle = Figure("clock", "its delay, median")
    high = Figure("clock", "its delay, 99 %")
    asked = Figure("clock", "a system call in a router", "us")
    for _ in range(runs):
        asked.add(_system_call_us(bench, next(iter(bench.plan.devices))))
        with paced(bench.access, pair_of(bench, "government")) as flow:
            flow.phase()
            for seen in flow.phase(run=PROBES):
                lost.add(seen.lost)
                pause.add(seen.pause_ms)
                middle.add(seen.delay_ms[1])
                high.add(seen.delay_ms[2])
    yield from (lost, pause, middle, high, asked)
