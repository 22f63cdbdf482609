"""Reading design files: merging, ranges in place, places of values."""

from pathlib import Path

import pytest

from citynet.design.reader import read
from citynet.errors import InputError


def write(folder: Path, **texts: str) -> list[Path]:
    for name, text in texts.items():
        (folder / f"{name}.yml").write_text(text, encoding="utf-8")
    return sorted(folder.glob("*.yml"))


def test_keys_and_values_count_in_step(tmp_path: Path) -> None:
    values, _, _ = read(write(tmp_path, a="devices:\n  r[1-3]: {site: 's[11-13]', role: edge}\n"))
    assert values == {"devices": {f"r{n}": {"site": f"s{n + 10}", "role": "edge"} for n in (1, 2, 3)}}


def test_a_list_of_names_expands_in_place(tmp_path: Path) -> None:
    values, _, _ = read(write(tmp_path, a="rings:\n  one:\n    devices: [c1, 'a[1-2]', c2]\n"))
    assert values["rings"]["one"]["devices"] == ["c1", "a1", "a2", "c2"]


def test_a_list_of_mappings_repeats(tmp_path: Path) -> None:
    values, source, _ = read(write(tmp_path, a="links:\n  - {between: ['a[1-2]', 'b[1-2]']}\n  - {between: [x, y]}\n"))
    assert [link["between"] for link in values["links"]] == [["a1", "b1"], ["a2", "b2"], ["x", "y"]]
    assert source.where("links", 1)[1] == 2
    assert source.where("links", 2)[1] == 3


def test_sections_of_two_files_join(tmp_path: Path) -> None:
    values, source, findings = read(
        write(tmp_path, a="sites:\n  x: {}\nlinks: [1]\n", b="links: [2]\nsites:\n  y: {}\n")
    )
    assert values == {"sites": {"x": {}, "y": {}}, "links": [1, 2]}
    assert source.where("sites", "y") == (str(tmp_path / "b.yml"), 3)
    assert not findings.problems


@pytest.mark.parametrize(
    ("one", "two", "says"),
    [
        ("sites: {x: {}}", "sites: {x: {}}", "stands in two files"),
        ("city: a", "city: b", "'city' stands in two files"),
    ],
)
def test_two_files_disagree(tmp_path: Path, one: str, two: str, says: str) -> None:
    _, _, findings = read(write(tmp_path, a=one, b=two))
    assert says in findings.problems[0].what


def test_ranges_out_of_step(tmp_path: Path) -> None:
    _, _, findings = read(write(tmp_path, a="links:\n  - {between: ['a[1-2]', 'b[1-3]']}\n"))
    assert "different length" in findings.problems[0].what


def test_the_first_of_two_names_stays(tmp_path: Path) -> None:
    values, _, findings = read(write(tmp_path, a="sites:\n  x: {title: one}\n  x: {title: two}\n"))
    assert values["sites"]["x"]["title"] == "one"
    assert [problem.line for problem in findings.problems] == [3]


def test_what_cannot_be_read_raises(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read(write(tmp_path, a="a: [", b="b: 1"))
