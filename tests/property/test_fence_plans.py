"""Any fences: what the planner lets pass is what they say, no more and no less."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from citynet import build
from citynet.design.windows import ALWAYS, WEEK, common, holds, joined, without
from citynet.proof import prove
from citynet.proof.model import Area, Verdict
from tree import ROOT

CASE = yaml.safe_load((ROOT / "tests/golden/cases/fences/design.yml").read_text(encoding="utf-8"))
ZONES = st.lists(st.sampled_from(list(CASE["zones"])), max_size=3, unique=True)
TIMES = st.sampled_from(["00:00", "06:00", "08:30", "22:00", "24:00"])
DAYS = st.lists(st.sampled_from(["mon", "wed", "sun"]), max_size=2, unique=True)
WINDOW = st.fixed_dictionaries({"days": DAYS, "start": TIMES, "end": TIMES})
SPANS = st.lists(st.tuples(st.integers(0, WEEK), st.integers(0, WEEK)).map(lambda s: (min(s), max(s))), max_size=5)


@st.composite
def fences(draw: st.DrawFn) -> dict[str, Any]:
    allowed, forbidden = draw(ZONES), draw(ZONES)
    forbidden = [zone for zone in forbidden if zone not in allowed]
    return {
        "identifiers": draw(st.lists(st.sampled_from(list(CASE["identifiers"])), min_size=1, unique=True)),
        "sources": draw(ZONES),
        "allowed": allowed or [] if forbidden else allowed or ["yard"],
        "forbidden": forbidden,
        "direction": draw(st.sampled_from(["to", "from", "both"])),
        "windows": draw(st.lists(WINDOW, max_size=2)),
    }


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from(["a", "b", "c", "d"]), fences(), min_size=1))
def test_the_plan_of_any_fences_is_proven(found: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "design.yml"
        file.write_text(yaml.safe_dump({**CASE, "fences": found}, sort_keys=False), encoding="utf-8")
        plan, _ = build.plan(file)
    for result in prove(plan, [Area.FENCES]).results:
        assert result.verdict is Verdict.PROVEN, (result.claim, result.refutations)


@given(SPANS, SPANS, st.integers(0, WEEK - 1))
def test_schedules_are_sets_of_minutes(one: Any, other: Any, minute: int) -> None:
    first, second = (
        joined(span for span in one if span[0] < span[1]),
        joined(span for span in other if span[0] < span[1]),
    )
    assert holds(without(first, second), minute) == (holds(first, minute) and not holds(second, minute))
    assert holds(common(first, second), minute) == (holds(first, minute) and holds(second, minute))
    assert holds(common(first, ALWAYS), minute) == holds(first, minute)
