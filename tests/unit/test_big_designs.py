"""The big designs: the one that is published, and those that the bench makes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from citynet import build
from citynet.plan.lock import Lock
from citynet.plan.planner import make_plan
from tree import ROOT

sys.path.insert(0, str(ROOT / "tests/bench"))
from city import SHAPES
from growth import slope


def test_ten_thousand_devices_in_less_than_three_hundred_lines() -> None:
    design = ROOT / "labs/metropolis/design.yml"
    lines = len(design.read_text(encoding="utf-8").splitlines())
    assert lines < 300
    assert f"in {lines} lines" in (ROOT / "labs/metropolis/README.md").read_text(encoding="utf-8")
    loaded = build.check(design)
    assert loaded.warnings == []
    assert len(loaded.city.devices) == 10_000
    assert len(loaded.city.sites) == 5_000


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [10, 56, 58, 60, 100, 400])
def test_the_bench_measures_designs_that_are_right(shape: str, count: int, tmp_path: Path) -> None:
    design = tmp_path / "design.yml"
    design.write_text(SHAPES[shape](count), encoding="utf-8")
    plan = make_plan(build.check(design), Lock())
    assert len(plan.devices) == count
    assert len(plan.hosts) >= count / 4


@pytest.mark.parametrize("exponent", [0.5, 1, 2])
def test_the_exponent_that_is_printed(exponent: float) -> None:
    assert slope([(n, 3 * n**exponent) for n in (400, 2000, 10_000)]) == pytest.approx(exponent)
