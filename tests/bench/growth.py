"""Time and memory of check + plan + render by the number of routers, and how fast they grow."""

from __future__ import annotations

import json
import math
import statistics
import sys
import tempfile
from pathlib import Path

from city import SHAPES
from running import run

SIZES = (10, 100, 400, 2000, 10_000)
LIMITS_S = {400: 2, 2000: 10, 10_000: 50}
"""Seconds that check + plan + render may take."""
FIT_FROM = 400
"""Below this many routers what every process does once (compiling the templates) outweighs the rest."""
_ONE = """
import json, resource, sys, time
start = time.perf_counter()
from pathlib import Path
from citynet import build
from citynet.design.reader import design_files, read
design = Path(sys.argv[1])
begin, begin_cpu = time.perf_counter(), time.process_time()
with build.uncollected():
    read(design_files(design))
was_read, read_cpu = time.perf_counter(), time.process_time()
plan, _ = build.plan(design)  # reads and checks the design again: nothing is kept between the two
planned = time.perf_counter()
with build.uncollected():
    size = sum(len(text) for one in build.render(plan) for text in one.files.values())
done = time.perf_counter()
print(json.dumps({"start": begin - start, "read": was_read - begin, "plan": planned - was_read,
                  "render": done - planned, "total": done - start - (was_read - begin), "bytes": size,
                  "work_cpu": time.process_time() - read_cpu,
                  "cpu": time.process_time() - (read_cpu - begin_cpu),
                  "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def measure(shape: str, count: int) -> dict[str, float]:
    """The fastest of some cold runs for one size; seconds and MiB, imports included."""
    with tempfile.TemporaryDirectory() as folder:
        design = Path(folder) / "design.yml"
        design.write_text(SHAPES[shape](count), encoding="utf-8")
        runs = [
            json.loads(run(sys.executable, "-c", _ONE, design).output.splitlines()[-1])
            for _ in range(3 if count < 10_000 else 2)
        ]
    return min(runs, key=lambda one: one["cpu"])


def slope(points: list[tuple[int, float]]) -> float:
    """The exponent e of the N^e that fits best (least squares of the logarithms)."""
    return statistics.linear_regression(*zip(*((math.log(n), math.log(t)) for n, t in points), strict=True)).slope


def table(shape: str, sizes: list[int]) -> None:
    """Print one line a size, and how the processor time of what comes after the imports grows."""
    print(f"\n{shape}: check + plan + render in one process, cold; `read` alone is the reading of the YAML")
    print(
        f"{'routers':>8} {'start s':>8} {'read s':>8} {'check+plan':>10} {'render s':>8} {'total s':>8} "
        f"{'limit s':>8} {'CPU s':>7} {'peak MiB':>9} {'MB out':>7}"
    )
    points = []
    for count in sizes:
        result = measure(shape, count)
        points.append((count, result["work_cpu"]))
        print(
            f"{count:>8} {result['start']:>8.2f} {result['read']:>8.2f} {result['plan']:>10.2f} "
            f"{result['render']:>8.2f} {result['total']:>8.2f} {LIMITS_S.get(count, ''):>8} "
            f"{result['cpu']:>7.2f} {result['peak_mib']:>9.0f} {result['bytes'] / 1e6:>7.1f}",
            flush=True,
        )
    large = [point for point in points if point[0] >= FIT_FROM]
    if len(large) > 1:
        allowed = slope([(n, n * math.log(n)) for n, _ in large])
        span = f"{large[0][0]} to {large[-1][0]} routers"
        print(f"growth of processor time from {span}: N^{slope(large):.2f}; N log N would be N^{allowed:.2f}")
