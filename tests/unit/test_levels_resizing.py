"""A copy of a design in which one slice has another bandwidth."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from citynet import build
from citynet.levels.resizing import resized

SLICES = Path(__file__).parents[1] / "bench" / "figures" / "slices.yml"


@pytest.fixture(params=["file", "folder"])
def design(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "build").mkdir(parents=True)
    (home / "build" / "old").touch()
    (home / "design.yml").write_text(SLICES.read_text(encoding="utf-8"), encoding="utf-8")
    (home / "secrets.yml").write_text("x: y\n", encoding="utf-8")
    (home / "secrets.yml").chmod(0o600)
    return home if request.param == "folder" else home / "design.yml"


def test_one_slice_changes_and_nothing_else(design: Path, tmp_path: Path) -> None:
    copy = resized(design, tmp_path / "copy", "silver", 15.0)
    before, after = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in (SLICES, copy / "design.yml"))
    assert after["slices"]["silver"]["bandwidth_gbps"] == 15.0
    after["slices"]["silver"]["bandwidth_gbps"] = before["slices"]["silver"]["bandwidth_gbps"]
    assert before == after
    assert (copy / "secrets.yml").stat().st_mode & 0o777 == 0o600
    assert not (copy / "build").exists()
    assert build.plan(copy)[0].slices["silver"].bandwidth_gbps == 15.0


def test_an_unknown_slice_is_refused(design: Path, tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="bronze"):
        resized(design, tmp_path / "copy", "bronze", 1.0)
