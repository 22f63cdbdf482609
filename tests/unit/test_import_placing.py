"""Where `citynet import` puts a design, and when it does not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from citynet import build
from citynet.__main__ import main
from citynet.errors import InputError
from citynet.imports import placing
from tree import ROOT

SOURCE = str(ROOT / "tests" / "data" / "imports" / "cases" / "yed" / "village.graphml")
LARGE = {"design/1.yml": "city: new\n", "design/2.yml": "sites: {}\n"}
SMALL = {"design.yml": "city: new\n"}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(folder: Path) -> list[str]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name not in placing.FOR_GIT)
    return sorted(str(path.relative_to(folder)) for path in files)


def test_git_is_told_what_to_leave_out_and_how_to_merge(here: Path) -> None:
    (here / ".gitignore").write_text("mine\n", encoding="utf-8")
    placing.put(here, {"design.yml": "city: x\n"}, force=False)
    assert (here / ".gitignore").read_text(encoding="utf-8") == "mine\n"
    assert (here / ".gitattributes").read_text(encoding="utf-8") == "citynet.lock merge=union\n"
    placing.put(here / "new", {"design.yml": "city: x\n"}, force=False)
    assert "secrets.yml" in (here / "new/.gitignore").read_text(encoding="utf-8").split()


def test_the_folder_is_named_after_the_city(here: Path) -> None:
    assert main(["import", "graphml", SOURCE, "--quiet"]) == 0
    assert names(here) == ["village/design.yml"]
    assert main(["import", "graphml", SOURCE, "--quiet", "--city", "tal"]) == 0
    assert build.check(here / "tal").city.city == "tal"


def test_quiet_prints_nothing_and_json_everything(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "graphml", SOURCE, "--quiet", "-o", "a"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["import", "graphml", SOURCE, "--json", "-o", "b"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"]
    assert answer["files"] == ["b/design.yml"]
    assert answer["taken"] == {"sites": 3, "fibres": 2, "devices": 3, "links": 2}
    assert answer["left_out"] == [{"file": SOURCE, "line": 23, "what": "node 'Valley' only groups others"}]
    assert {len(one["of"]) for one in answer["guessed"]} == {2, 3}


def test_a_design_that_is_there_stays(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "village").mkdir()
    (here / "village" / "design.yml").write_text("mine", encoding="utf-8")
    assert main(["import", "graphml", SOURCE]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (here / "village" / "design.yml").read_text(encoding="utf-8") == "mine"
    assert main(["import", "graphml", SOURCE, "--force"]) == 0
    assert build.check(here / "village").city.city == "village"


@pytest.mark.parametrize("name", ["No", "ab cd", "../x", "x" * 41, "1a", "a\n"])
def test_a_city_must_have_a_name(here: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "graphml", SOURCE, "--city", name]) == 2
    assert "is no name of a city" in capsys.readouterr().err
    assert names(here) == []


def test_a_bad_source_makes_no_folder(here: Path) -> None:
    (here / "x.graphml").write_text("<graphml>", encoding="utf-8")
    assert main(["import", "graphml", "x.graphml"]) == 2
    assert names(here) == ["x.graphml"]
    assert sorted(path.name for path in here.iterdir()) == ["x.graphml"]


@pytest.mark.parametrize(("before", "after"), [(SMALL, LARGE), (LARGE, SMALL), (LARGE, {"design/7.yml": "city: x\n"})])
def test_force_leaves_nothing_of_the_design_before(here: Path, before: dict[str, str], after: dict[str, str]) -> None:
    kept = {"citynet.lock": "lock", "override/a.yml": "override"}
    placing.put(here / "city", before, force=False)
    for name, text in kept.items():
        (here / "city" / name).parent.mkdir(exist_ok=True)
        (here / "city" / name).write_text(text, encoding="utf-8")
    placing.put(here / "city", after, force=True)
    assert names(here / "city") == sorted([*after, *kept])
    assert {path: (here / "city" / path).read_text(encoding="utf-8") for path in after} == after


def test_a_file_is_no_folder(here: Path) -> None:
    (here / "city").write_text("", encoding="utf-8")
    with pytest.raises(InputError, match="is no folder"):
        placing.put(here / "city", SMALL, force=True)


def test_nothing_is_left_when_writing_fails(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    placing.put(here / "old", SMALL, force=False)

    def full(path: Path, text: str) -> None:
        if path.name == "2.yml":
            raise OSError(28, "No space left on device")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    monkeypatch.setattr(placing, "write_whole", full)
    for folder in ("new", "old"):
        with pytest.raises(InputError, match="cannot be written: No space left"):
            placing.put(here / folder, LARGE, force=True)
    assert names(here) == ["old/design.yml"]
    assert [path.name for path in here.iterdir()] == ["old"], "no folder either"


def test_a_design_that_a_killed_command_took_away_comes_back(here: Path) -> None:
    placing.put(here / "city", LARGE, force=False)
    (here / "city" / placing.OLD).mkdir()
    (here / "city" / "design").rename(here / "city" / placing.OLD / "design")
    with pytest.raises(InputError, match="is there already"):
        placing.put(here / "city", SMALL, force=False)
    assert names(here / "city") == sorted(LARGE)
