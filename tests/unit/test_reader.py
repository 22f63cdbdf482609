"""Reading design files: merging, ranges in place, places of values."""

from pathlib import Path

import pytest

from citynet.design.reader import Files, design_files, read
from citynet.errors import InputError


def write(folder: Path, **texts: str) -> Files:
    (folder / "design/override").mkdir(parents=True)
    for name, text in texts.items():
        place = "override/" if name.startswith("over") else ""
        (folder / f"design/{place}{name}.yml").write_text(text, encoding="utf-8")
    return design_files(folder)


def test_keys_and_values_count_in_step(tmp_path: Path) -> None:
    values, _, _ = read(write(tmp_path, a="devices:\n  r[1-3]: {site: 's[11-13]', role: edge}\n"))
    assert values == {"devices": {f"r{n}": {"site": f"s{n + 10}", "role": "edge"} for n in (1, 2, 3)}}


def test_a_list_of_names_expands_in_place(tmp_path: Path) -> None:
    values, _, _ = read(write(tmp_path, a="rings:\n  one:\n    devices: [c1, 'a[1-2]', c2]\n"))
    assert values["rings"]["one"]["devices"] == ["c1", "a1", "a2", "c2"]


def test_a_list_of_mappings_repeats(tmp_path: Path) -> None:
    values, source, _ = read(write(tmp_path, a="links:\n  - {between: ['a[1-2]', 'b[1-2]']}\n  - {between: [x, y]}\n"))
    assert [link["between"] for link in values["links"]] == [["a1", "b1"], ["a2", "b2"], ["x", "y"]]
    assert source.where("links", 1).line == 2
    assert source.where("links", 2).line == 3


def test_sections_of_two_files_join(tmp_path: Path) -> None:
    values, source, findings = read(
        write(tmp_path, a="sites:\n  x: {}\nlinks: [1]\n", b="links: [2]\nsites:\n  y: {}\n")
    )
    assert values == {"sites": {"x": {}, "y": {}}, "links": [1, 2]}
    assert source.where("sites", "y") == (str(tmp_path / "design/b.yml"), 3, 3)
    assert source.where("links", 1) == (str(tmp_path / "design/b.yml"), 1, 9)
    assert not findings.problems


def test_profiles_of_two_files_join(tmp_path: Path) -> None:
    values, _, findings = read(
        write(
            tmp_path,
            a="profiles: {devices: {x: {role: edge}}}",
            b="profiles: {devices: {y: {role: core}}, sites: {z: {title: Z}}}",
        )
    )
    assert values["profiles"] == {
        "devices": {"x": {"role": "edge"}, "y": {"role": "core"}},
        "sites": {"z": {"title": "Z"}},
    }
    assert not findings.problems


def test_override_files_win_in_the_order_of_their_names(tmp_path: Path) -> None:
    values, source, findings = read(
        write(
            tmp_path,
            a="city: big\nsites:\n  x: {title: X, zone: z}\n  y: {title: Y}\nlinks: [1, 2]\n",
            over1="sites:\n  x: {title: first}\n  y: null\nlinks: [3]\n",
            over2="sites: {x: {title: second}}",
        )
    )
    assert values == {"city": "big", "sites": {"x": {"title": "second", "zone": "z"}}, "links": [3]}
    assert source.where("sites", "x", "title").file.endswith("over2.yml")
    assert source.where("links", 0) == (str(tmp_path / "design/override/over1.yml"), 4, 9)
    assert not findings.problems


def test_an_override_takes_away_only_what_is_there(tmp_path: Path) -> None:
    _, _, findings = read(write(tmp_path, a="sites: {xray: {}}", over="sites: {xrya: null}"))
    assert "did you mean 'xray'?" in str(findings.problems[0])


def test_two_ranges_count_each_with_its_own(tmp_path: Path) -> None:
    text = "devices:\n  acc[1-2]-[1-3]: {site: 'p[1-2]', title: 'n[11-12]-[21-23]'}\n"
    values, _, _ = read(write(tmp_path, a=text))
    assert list(values["devices"]) == [f"acc{a}-{b}" for a in (1, 2) for b in (1, 2, 3)]
    assert values["devices"]["acc2-3"] == {"site": "p2", "title": "n12-23"}


def test_a_list_inside_a_repeated_entry_expands_the_ranges_left(tmp_path: Path) -> None:
    text = "rings:\n  r[1-2]: {devices: ['a[1-2]', 'acc[1-2]-[1-3]', b]}\n"
    values, _, findings = read(write(tmp_path, a=text))
    assert values["rings"]["r2"]["devices"] == ["a2", "acc2-1", "acc2-2", "acc2-3", "b"]
    assert not findings.problems


def test_mappings_inside_a_repeated_entry_repeat_by_the_ranges_left(tmp_path: Path) -> None:
    text = "services:\n  s[1-2]:\n    ends:\n      - {device: 'pe[1-2]-[1-2]', host: 'h[1-2]-[1-2]', who: 'w[1-2]'}\n"
    values, _, _ = read(write(tmp_path, a=text))
    assert values["services"]["s2"]["ends"] == [
        {"device": "pe2-1", "host": "h2-1", "who": "w2"},
        {"device": "pe2-2", "host": "h2-2", "who": "w2"},
    ]


def test_an_alias_with_ranges_repeats_every_time(tmp_path: Path) -> None:
    text = "a: &one [x1, 'y[1-2]']\nb: *one\nlinks: [&two {between: ['a[1-2]', c]}, *two]\n"
    values, _, _ = read(write(tmp_path, a=text))
    assert values["a"] == values["b"] == ["x1", "y1", "y2"]
    assert len(values["links"]) == 4


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
    assert findings.problems[0].rule == "range"


def test_a_value_out_of_step_with_its_key_is_told_once(tmp_path: Path) -> None:
    _, _, findings = read(write(tmp_path, a="devices:\n  r[1-3]: {site: 's[1-4]'}\n", b="city: x"))
    assert [(problem.line, problem.column) for problem in findings.problems] == [(2, 18)]


def test_the_first_of_two_names_stays(tmp_path: Path) -> None:
    values, _, findings = read(write(tmp_path, a="sites:\n  x: {title: one}\n  x: {title: two}\n"))
    assert values["sites"]["x"]["title"] == "one"
    assert [problem.line for problem in findings.problems] == [3]


def test_what_cannot_be_read_raises(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read(write(tmp_path, a="a: [", b="b: 1"))
