"""What planning light costs, and how well it uses the spectrum: 500 services on a country of 200 nodes, by default.

python tests/bench/optical.py [NODES SERVICES]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent.parent), str(Path(__file__).parent.parent.parent / "cli")]
import lights
from citynet import build


def main() -> None:
    """Plan it, hold the plan against everything that must be true of one, and print the figures."""
    nodes, services = (int(word) for word in sys.argv[1:3]) if len(sys.argv) > 2 else (200, 500)
    design = lights.big(nodes, services)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "design.yml"
        file.write_text(lights.text(design), encoding="utf-8")
        took = []
        for _ in range(2):  # the second time with a lock
            start, busy = time.perf_counter(), time.process_time()
            plan, _ = build.plan_and_lock(file)
            took.append((time.perf_counter() - start, time.process_time() - busy))
    optical = lights.optical_of(plan)
    lights.check(optical)
    use, paths = optical.spectrum, optical.lit_paths.values()
    print(f"{nodes} nodes, {len(optical.fibres)} fibres, {len(optical.services)} services")
    print(
        f"{len(optical.trunks)} wavelengths, {len(paths)} lit paths, least margin {min(p.margin_db for p in paths)} dB"
    )
    for what, (whole, busy) in zip(("without a lock", "with its lock"), took, strict=True):
        print(f"planned {what} in {whole:.1f} s, {busy:.1f} s of the processor")
    print(
        f"slots in use: up to {use.highest_used} of {use.slots}; on fibre {use.fullest_fibre}, the fullest one, ",
        end="",
    )
    print(f"{use.lower_bound}, and no assignment on these routes needs less: {use.highest_used / use.lower_bound:.3f}x")
    print(f"whatever the routes, {use.site_bound} are needed")


if __name__ == "__main__":
    main()
