"""Light in, tables and chart out: `optical/design.yml` and what is shown of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from citynet import build
from citynet.reports import optical
from citynet.reports.documents.pictures.spectrum import spectrum_chart

pytest.importorskip("gnpy", reason="GNPy is an extra: pip install 'citynet[optical]'")

CASE = Path(__file__).parent / "optical"


def shown(design: Path) -> dict[str, str]:
    """Files by name."""
    plan, _ = build.plan_and_lock(design)
    light = optical.light_of(plan)
    tables = [[title, *("\t".join(row) for row in [heads, *rows])] for title, heads, rows in optical.tables(light)]
    text = "\n\n".join("\n".join(lines) for lines in tables) + f"\n\n{optical.figures(light)}\n"
    return {
        "optical.txt": text,
        "spectrum.svg": spectrum_chart(plan, "en", "citynet"),
        "citynet.lock": (design.parent / "citynet.lock").read_text(encoding="utf-8"),
    }


def test_light(tmp_path: Path, update: bool) -> None:
    shutil.copy(CASE / "design.yml", tmp_path)
    found = shown(tmp_path / "design.yml")
    for name, text in found.items():
        if update:
            (CASE / name).write_text(text, encoding="utf-8")
        assert text == (CASE / name).read_text(encoding="utf-8"), name


def test_twice_is_the_same(tmp_path: Path) -> None:
    shutil.copy(CASE / "design.yml", tmp_path)
    assert shown(tmp_path / "design.yml") == shown(tmp_path / "design.yml")
