"""Whole commands: how fast they start, what `render` takes at 10,000 routers, and what one edit takes."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from city import two_domain_city
from running import Took, best, citynet, run

ROOT = Path(__file__).resolve().parents[2]
COUNT = 10_000


def line(name: str, took: Took, limit: str = "") -> None:
    """Print what one command took."""
    print(f"{name:<52} {took.seconds:>7.2f} {took.cpu:>7.2f} {limit:>8} {took.peak_mib:>9.0f}", flush=True)


def heading(title: str) -> None:
    """Print a title and the columns."""
    print(f"\n{title}\n{'':<52} {'clock s':>7} {'CPU s':>7} {'limit s':>8} {'peak MiB':>9}")


def starts() -> None:
    """How long the smallest commands take."""
    heading("whole processes, best of 7")
    line("citynet --help", best(7, *citynet("--help")), "0.3")
    with tempfile.TemporaryDirectory() as folder:  # a folder without build and lock of its own
        shutil.copy(ROOT / "labs/mini/design.yml", folder)
        line("citynet check labs/mini", best(7, *citynet("check", folder)), "1")


def render() -> None:
    """What writing all files costs, and how little an edit costs after that."""
    cores = len(os.sched_getaffinity(0))
    heading(f"citynet render, {COUNT} routers, two domains; files written to {tempfile.gettempdir()}")
    # Nothing is deleted until the end: ext4 without a journal is slow for minutes after many files went.
    with tempfile.TemporaryDirectory() as name:
        text = two_domain_city(COUNT)
        homes = [Path(name) / f"jobs-{jobs}" for jobs in dict.fromkeys((1, cores))]
        for home in homes:
            jobs = home.name.removeprefix("jobs-")
            home.mkdir()
            (home / "design.yml").write_text(text, encoding="utf-8")
            line(f"nothing there yet, --jobs {jobs}", run(*citynet("render", home, "--jobs", jobs)))
            command = citynet("render", home, "--no-cache", "--jobs", jobs)
            line(f"everything rendered anew, no text differs, --jobs {jobs}", run(*command))
        edits(homes[-1], text)


def edits(home: Path, text: str) -> None:
    """Change one service of a city that was rendered, in two ways, and render."""
    line("nothing changed", run(*citynet("render", home)))
    design = home / "design.yml"
    for name, old, new in (
        ("its hosts renamed", "crs-001-h[01-22]", "crs-001-host[01-22]"),
        ("another VRF", "vrf: d001,", "vrf: d001x,"),
    ):
        design.write_text(text.replace(old, new, 1), encoding="utf-8")
        took = run(*citynet("render", home))
        line(f"one service changed: {name}", took, "5")
        sys.stdout.write(f"  {took.output.strip().partition('configs, ')[2]}\n")


def main() -> None:
    """Print all of it."""
    starts()
    render()


if __name__ == "__main__":
    sys.exit(main())
