"""`citynet init`: an example under a name of one's own, or a blank sheet."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import citynet
from citynet import build
from citynet.__main__ import main
from citynet.design.types import City
from citynet.errors import LackingError
from citynet.imports import starting
from tree import ROOT

EXAMPLES = sorted(starting.examples())
BLANK = (ROOT / "cli" / "citynet" / "imports" / "blank.yml").read_text(encoding="utf-8")
DELETED = re.compile(r"^(sites|devices): \{\}\n", re.MULTILINE)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_examples_are_the_labs_and_a_blank_sheet() -> None:
    labs = {path.name for path in (ROOT / "labs").iterdir() if path.is_dir()}
    assert set(EXAMPLES) == labs | {"blank"}
    assert {"mini", "wuhan"} < set(EXAMPLES)


@pytest.mark.parametrize("example", EXAMPLES)
def test_first_minutes(here: Path, example: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "my-city", "--from", example]) == 0
    assert "next: citynet check my-city\n      citynet plan my-city\n" in capsys.readouterr().out
    assert main(["check", "my-city", "--quiet"]) == 0
    assert main(["plan", "my-city", "--quiet"]) == 0
    city = build.check(here / "my-city").city
    assert (city.city, city.title) == ("my-city", "my-city")
    if example != "blank":
        same = build.check(ROOT / "labs" / example).city
        assert city.model_copy(update={"city": same.city, "title": same.title}) == same


@pytest.mark.parametrize(
    ("folder", "more", "city", "title"),
    [
        ("My City", [], "my-city", "My City"),
        ("新城", [], "city-1", "新城"),
        ("2nd", [], "city-2nd", "2nd"),
        ("no", [], "no", "no"),
        ("x", ["--city", "y", "--title", 'a "b": \\1 # [1-3]'], "y", 'a "b": \\1 # [1-3]'),
        (".", ["--city", "z"], "z", None),
    ],
)
def test_the_name_of_the_city(here: Path, folder: str, more: list[str], city: str, title: str | None) -> None:
    assert main(["init", folder, "--quiet", *more]) == 0
    made = build.check(here / folder).city
    assert made.city == city
    assert made.title == (here.name if title is None else title)


def test_json(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "a", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer == {
        "ok": True,
        "city": "a",
        "example": "mini",
        "files": ["a/design.yml"],
        "next": ["citynet check a", "citynet plan a", "citynet render a"],
    }


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--from", "wuhen"], f"no example 'wuhen', expected {', '.join(starting.examples())}, did you mean 'wuhan'?"),
        (["--from", "../labs/mini"], "no example '../labs/mini'"),
        (["--city", "Not A Name"], "'Not A Name' is no name of a city"),
    ],
)
def test_bad_arguments(here: Path, arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", "a", *arguments]) == 2
    assert says in capsys.readouterr().err
    assert list(here.iterdir()) == []


@pytest.mark.parametrize("there", ["design.yml", "design/1.yml"])
def test_a_design_that_is_there_stays(here: Path, there: str, capsys: pytest.CaptureFixture[str]) -> None:
    (here / there).parent.mkdir(exist_ok=True)
    (here / there).write_text("mine", encoding="utf-8")
    assert main(["init", "."]) == 2
    assert "is there already" in capsys.readouterr().err
    assert (here / there).read_text(encoding="utf-8") == "mine"
    assert main(["init", ".", "--force", "--city", "a", "--quiet"]) == 0
    assert build.check(here).city.city == "a"


def test_other_files_do_not_hinder(here: Path) -> None:
    (here / "README.md").write_text("mine", encoding="utf-8")
    assert main(["init", "--quiet", "--city", "a"]) == 0
    assert sorted(path.name for path in here.iterdir()) == [".gitattributes", ".gitignore", "README.md", "design.yml"]


def test_an_installation_without_examples_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(citynet, "__file__", str(tmp_path / "lib" / "citynet" / "__init__.py"))
    with pytest.raises(LackingError, match="the folder of examples"):
        starting.texts("mini", "a", "A")
    assert set(starting.examples()) == {"blank"}
    assert starting.texts("blank", "a", "A")


def test_the_examples_of_a_wheel_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "lib" / "citynet"
    (package / "_labs" / "tiny").mkdir(parents=True)
    (package / "_labs" / "tiny" / "design.yml").write_text("city: tiny\ntitle: Tiny\n", encoding="utf-8")
    monkeypatch.setattr(citynet, "__file__", str(package / "__init__.py"))
    assert set(starting.examples()) == {"blank", "tiny"}
    assert starting.texts("tiny", "a", "A") == {"design.yml": 'city: a\ntitle: "A"\n'}


def test_the_blank_sheet_shows_every_section() -> None:
    shown = set(re.findall(r"^#?([a-z_]+):", BLANK, re.MULTILINE))
    assert shown == set(City.model_fields)


def test_the_blank_sheet_with_every_mark_taken_away_is_a_city(tmp_path: Path) -> None:
    """What its first line says to do: the sections are right, and fit together."""
    text = DELETED.sub("", BLANK)
    text = re.sub(r"^#(?! )|^#(?=  )", "", text, flags=re.MULTILINE)
    (tmp_path / "design.yml").write_text(text, encoding="utf-8")
    city = build.check(tmp_path).city
    assert all(getattr(city, section) for section in City.model_fields)
    build.build(tmp_path)
