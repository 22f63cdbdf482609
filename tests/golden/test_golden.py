"""Design in, configuration out: `cases/NAME/design.yml` and what each device gets in `cases/NAME/expected`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from citynet import build

CASES = Path(__file__).parent / "cases"
NAMES = sorted(path.parent.name for path in CASES.glob("*/design.yml"))


PROGRAMS = "*.py"
"""They go to the device as they stand in the tree: nothing is rendered there."""


def tree(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_text(encoding="utf-8")
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.match(PROGRAMS)
    }


def copied(case: Path, folder: Path) -> Path:
    """The design, with the files beside it that it names."""
    for file in (case / "design.yml", *case.glob("*.rules")):
        shutil.copy(file, folder)
    return folder / "design.yml"


@pytest.mark.parametrize("case", NAMES)
def test_configuration(case: str, tmp_path: Path, update: bool) -> None:
    folder = CASES / case
    design = copied(folder, tmp_path)
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
    design = copied(CASES / case, tmp_path)
    build.build(design)
    first, lock = tree(tmp_path / "build"), (tmp_path / "citynet.lock").read_text(encoding="utf-8")
    build.build(design)
    assert tree(tmp_path / "build") == first
    assert (tmp_path / "citynet.lock").read_text(encoding="utf-8") == lock


@pytest.mark.parametrize("case", NAMES)
def test_a_daemon_that_is_configured_runs(case: str, tmp_path: Path) -> None:
    build.build(copied(CASES / case, tmp_path))
    for daemons in (tmp_path / "build/configs").glob("*/etc/frr/daemons"):
        said, text = daemons.read_text(encoding="utf-8"), daemons.with_name("frr.conf").read_text(encoding="utf-8")
        for daemon, starts in (("bgpd", "router bgp "), ("isisd", "router isis "), ("bfdd", "bfd\n")):
            assert f"\n{daemon}=yes\n" in said or f"\n{starts}" not in text, f"{daemons}: {daemon}"
