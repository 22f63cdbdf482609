"""Design in, configuration out: `cases/NAME/design.yml` and what each device gets in `cases/NAME/expected`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from citynet import build

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.parent.name for path in CASES.glob("*/design.yml"))


PROGRAMS = "layer2"
"""Below it are programs that go to the device as they stand in the tree: nothing is rendered there."""


def tree(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_text(encoding="utf-8")
        for file in sorted(folder.rglob("*"))
        if file.is_file() and PROGRAMS not in file.relative_to(folder).parts
    }


@pytest.mark.parametrize("case", NAMES)
def test_configuration(case: str, tmp_path: Path, update: bool) -> None:
    folder = CASES / case
    design = tmp_path / "design.yml"
    shutil.copy(folder / "design.yml", design)
    build.build(design)
    expected = folder / "expected"
    if update:
        shutil.rmtree(expected, ignore_errors=True)
        shutil.copytree(tmp_path / "build" / "configs", expected, ignore=shutil.ignore_patterns(PROGRAMS))
    got, want = tree(tmp_path / "build" / "configs"), tree(expected)
    assert got.keys() == want.keys()
    for name, text in want.items():
        assert got[name] == text, name


@pytest.mark.parametrize("case", NAMES)
def test_twice_is_the_same(case: str, tmp_path: Path) -> None:
    design = tmp_path / "design.yml"
    shutil.copy(CASES / case / "design.yml", design)
    build.build(design)
    first, lock = tree(tmp_path / "build"), (tmp_path / "citynet.lock").read_text(encoding="utf-8")
    build.build(design)
    assert tree(tmp_path / "build") == first
    assert (tmp_path / "citynet.lock").read_text(encoding="utf-8") == lock
