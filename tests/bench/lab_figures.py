"""What faults, changes and neighbours cost the traffic in a lab of labs/transport, and the light of two small cities.

python tests/bench/lab_figures.py [--only CASE …] [--runs N] [--json] [--markdown] [--lab RUNNING]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from figures import changes, clock, encryption, flows, light, ring, room, series, slices, table, underlay

from citynet.errors import CitynetError
from citynet.lab import Lab
from citynet.levels.bench import Bench, CannotMeasureError

Case = Callable[[Bench, int], Iterator[table.Figure]]

CASES = {"clock": clock.clock_cases, **underlay.CASES, **changes.CASES}
RING_CASES = {"ring": ring.ring_cases}
HERE = Path(__file__).parent / "figures"
ROOMS = (
    (room.ROOT / "labs" / "transport", CASES),
    (HERE / "ring.yml", RING_CASES),
    (HERE / "slices.yml", slices.CASES),
    (HERE / "encryption.yml", encryption.CASES),
    (HERE / "tunnels.yml", encryption.TUNNEL_CASES),
    (room.ROOT / "labs" / "mini", encryption.CAPTURE_CASES),
    (HERE / "light.yml", light.CASES),
    (HERE / "hankou.yml", series.CASES),
)
"""Every design that figures are taken in, with its cases."""


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = sorted(name for _, cases in ROOMS for name in cases)
    parser.add_argument("--only", action="append", choices=names, help="only this case; may be repeated")
    parser.add_argument("--runs", type=int, default=5, help="how often each fault is injected")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--markdown", action="store_true", help="the table as it stands in docs/performance.md")
    parser.add_argument("--lab", default="", help="a running lab of the right design, which is left running")
    parser.add_argument("--inside", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def measure(bench: Bench, wanted: dict[str, Case], runs: int) -> list[table.Figure]:
    """Every case asked for; one that cannot be measured says why and leaves the others alone."""
    found: list[table.Figure] = []
    for name, case in wanted.items():
        bench.notify(name)
        try:
            for figure in case(bench, runs):
                found.append(figure)
                bench.notify("  " + "  ".join(word for word in table.rows([figure])[0] if word))
        except (CitynetError, CannotMeasureError, flows.NotCarriedError, subprocess.CalledProcessError) as error:
            found.append(table.Figure(name, "not measured", trouble=str(error)))
    return found


def inside(asked: argparse.Namespace) -> int:
    """Measure, and leave the figures in a file."""
    cases = {name: case for _, cases in ROOMS for name, case in cases.items() if name in asked.only}
    with room.bench(asked.lab) as bench:
        found = measure(bench, cases, asked.runs)
    Path(asked.inside).write_text(table.dump(found), encoding="utf-8")
    return 0


def enter(lab: Lab, names: list[str], runs: int) -> list[table.Figure]:
    """Run this program again where the lab's nodes can be reached."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "figures.json"
        words = ["--lab", lab.name, "--inside", str(answer), "--runs", str(runs)]
        words += [word for name in names for word in ("--only", name)]
        environment = {**os.environ, "PYTHONPATH": str(room.ROOT / "cli"), "CITYNET_LAB_INSIDE": lab.name}
        subprocess.run(lab.enter([sys.executable, __file__, *words]), check=True, env=environment)
        return table.load(answer.read_text(encoding="utf-8"))


def taken(asked: argparse.Namespace) -> list[table.Figure]:
    """Figures of every design that a case was asked for, each in a lab of its own."""
    found: list[table.Figure] = []
    for design, cases in ROOMS:
        names = [name for name in cases if not asked.only or name in asked.only]
        if names and asked.lab:
            return enter(Lab.load(asked.lab), names, asked.runs)
        if names:
            with room.city(design) as lab:
                found += enter(lab, names, asked.runs)
    return found


def main() -> int:
    """Take the figures and print them; 1 when a bound was not kept or a figure could not be taken."""
    asked = arguments()
    if asked.inside:
        return inside(asked)
    found = taken(asked)
    if asked.json:
        sys.stdout.write(table.dump(found) + "\n")
    elif asked.markdown:
        sys.stdout.write(table.markdown(found) + "\n")
    else:
        table.show(found)
    return int(any(figure.trouble or figure.met is False for figure in found))


if __name__ == "__main__":
    sys.exit(main())
