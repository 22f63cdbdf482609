"""Time and memory of check + plan + render, each size in a process of its own, cold.

python tests/bench/planner.py [N …]
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from city import ring_city

SIZES = (10, 100, 400)
REPEATS = 3
_ONE = """
import json, resource, sys, time
start = time.perf_counter()
from pathlib import Path
from citynet import build
design = Path(sys.argv[1])
loaded = build.check(design)
checked = time.perf_counter()
from citynet.plan.lock import Lock
from citynet.plan.planner import make_plan
plan = make_plan(loaded, Lock())
planned = time.perf_counter()
size = sum(len(text) for one in build.render(plan) for text in one.files.values())
done = time.perf_counter()
print(json.dumps({"check": checked - start, "plan": planned - checked, "render": done - planned, "total": done - start,
                  "bytes": size, "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
"""


def measure(count: int) -> dict[str, float]:
    """The fastest of some cold runs for one size; seconds and MiB, imports included."""
    with tempfile.TemporaryDirectory() as folder:
        design = Path(folder) / "design.yml"
        design.write_text(ring_city(count), encoding="utf-8")
        runs = [
            json.loads(
                subprocess.run(
                    [sys.executable, "-c", _ONE, str(design)], check=True, capture_output=True, text=True
                ).stdout
            )
            for _ in range(REPEATS)
        ]
    return min(runs, key=lambda run: run["total"])


def main() -> None:
    """Print one line a size and how the time grows."""
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    print(f"{'routers':>8} {'check s':>8} {'plan s':>8} {'render s':>8} {'total s':>8} {'peak MiB':>9} {'MB out':>7}")
    results = []
    for count in sizes:
        result = measure(count)
        results.append((count, result))
        parts = [f"{result[key]:>8.2f}" for key in ("check", "plan", "render", "total")]
        print(f"{count:>8} {' '.join(parts)} {result['peak_mib']:>9.0f} {result['bytes'] / 1e6:>7.1f}", flush=True)
    if len(results) > 1:
        (small, first), (large, last) = results[-2], results[-1]
        print(
            f"growth between the last two: N^{math.log(last['total'] / first['total']) / math.log(large / small):.2f}"
        )


if __name__ == "__main__":
    main()
