"""The reference page: as the types say; its examples are valid designs, and what it says about reading is true."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from citynet import build
from citynet.design import reference, schema
from citynet.errors import InputError
from tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.design.types import City

PAGES: dict[schema.Language, str] = {"en": "reference.md", "zh": "reference.zh.md"}
FENCE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEAD = FENCE.findall(schema.texts("en")["head"])
EXAMPLES = [*schema.texts("examples").values(), *HEAD]


def joined(whole: dict[str, Any], part: dict[str, Any], depth: int = 0) -> dict[str, Any]:
    """`part` laid over `whole`; sections that are lists grow."""
    for key, value in part.items():
        old = whole.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            joined(old, value, depth + 1)
        elif isinstance(old, list) and not depth:
            old.extend(value)
        else:
            whole[key] = value
    return whole


def checked(folder: Path, *texts: str) -> City:
    """The city of labs/mini with more laid over it, checked."""
    whole = yaml.safe_load((ROOT / "labs" / "mini" / "design.yml").read_text(encoding="utf-8"))
    for text in texts:
        joined(whole, yaml.safe_load(text))
    for name in ("zones.geojson", "city.rules"):
        shutil.copy(ROOT / "tests/data" / name, folder)
    file = folder / "design.yml"
    file.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return build.check(file).city


@pytest.mark.parametrize("language", PAGES)
def test_the_page_is_up_to_date(language: schema.Language, update: bool) -> None:
    page = ROOT / "docs" / PAGES[language]
    if update:
        page.write_text(reference.markdown(language), encoding="utf-8")
    how = f"citynet schema --reference --language {language} --output docs/{PAGES[language]}"
    assert page.read_text(encoding="utf-8") == reference.markdown(language), (
        f"docs/{PAGES[language]} is stale; run: {how}"
    )


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_is_valid(text: str, tmp_path: Path) -> None:
    checked(tmp_path, text)


def test_all_examples_together_are_valid(tmp_path: Path) -> None:
    checked(tmp_path, *EXAMPLES)


def test_both_languages_show_the_same_examples() -> None:
    assert FENCE.findall(reference.markdown("zh")) == FENCE.findall(reference.markdown("en"))


def test_every_section_and_every_type_stands_on_the_page() -> None:
    page, defs = reference.markdown(), schema.described()
    for key, node in defs["City"]["properties"].items():
        assert f"\n| `{key}` |" in page
        assert f"\n## `{key}`\n" in page or node.get("type") == "string", key
    for name, node in defs.items():
        for key in node.get("properties", {}):
            assert re.search(rf"^\| `{key}` \|", page, re.MULTILINE), f"{name}.{key}"
    assert {chapter.name for chapter in reference.chapters(defs)} == {n for n in defs if "properties" in defs[n]}
    assert set(schema.texts("examples")) <= set(defs)


@pytest.mark.parametrize("language", PAGES)
def test_every_link_on_the_page_leads_somewhere(language: schema.Language) -> None:
    page = reference.markdown(language)
    headings = {
        re.sub(r"[^\w\- ]", "", line.lower()).strip().replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    }
    targets = set(re.findall(r"\]\(#([^)]+)\)", page))
    assert targets
    assert targets <= headings


def test_a_table_says_kind_default_and_limits() -> None:
    page = reference.markdown()
    assert "| `between` | list of 2: name | required | the two sites it joins |" in page
    assert "| `mtu` | whole number, 1580 to 9600 | `9000` |" in page
    assert "| `vrf` | name of 15 characters at most | – |" in page
    assert "| `role` | `core`, `aggregation`, `edge`, `border`, `optical` | required, here or in the profile |" in page
    assert "| `closed` | `true`, `false` | `true` |" in page
    assert "| `length_km` | number, more than 0, at most 5000 | required |" in page
    assert "- `campus`: " in page


# What the head of the page says about reading.


def test_two_ranges_count_each_with_its_own(tmp_path: Path) -> None:
    (text,) = [text for text in HEAD if "cross-t[1-2]-r[1-2]" in text]
    city = checked(tmp_path, text)
    device = city.devices["cross-t2-r1"]
    assert (device.site, str(device.management)) == ("town2", "172.20.2.11")
    assert len(city.stars["cross-towns"].devices) == 4
    assert [name for name in city.fibres if "town" in name] == ["west--town1", "town1--town2", "town2--east"]


def test_a_repeated_entry_of_a_list_counts_in_step(tmp_path: Path) -> None:
    (text,) = [text for text in HEAD if "gov-room" in text]
    links = [link.between for link in checked(tmp_path, text).links][-6:]
    assert links == [[f"gov-room{n}", f"gov-core-{end}"] for end in "ab" for n in (1, 2, 3)]


def test_three_ranges_are_the_most(tmp_path: Path) -> None:
    checked(tmp_path, "zones: {'z[1-2]-[1-2]-[1-2]': {kind: city}}")
    with pytest.raises(InputError, match="3 at most"):
        checked(tmp_path, "zones: {'z[1-2]-[1-2]-[1-2]-[1-2]': {kind: city}}")


def test_the_entry_wins_over_its_profile_over_the_domain_over_the_type(tmp_path: Path) -> None:
    city = checked(
        tmp_path,
        "profiles: {participants: {p: {kind: user, title: from the profile}}}\n"
        "participants: {one: {profile: p, title: own}, two: {profile: p}}\n"
        "domains: {government: {defaults: {links: {metric: 20}}}}\n"
        "rings: {more: {devices: [gov-pe-west, gov-border, gov-pe-east], closed: false, metric: 30}}\n",
    )
    assert [city.participants[name].title for name in ("one", "two")] == ["own", "from the profile"]
    assert city.rings["more"].metric == 30
    assert {link.metric for link in city.links if link.between[0].startswith("gov")} == {20}
    assert {link.metric for link in city.links if link.between[0].startswith("cross")} == {10}


def test_a_key_wins_whole(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no 'lon'"):
        checked(
            tmp_path,
            "profiles: {sites: {s: {place: {lat: 30, lon: 114}}}}\nsites: {x: {profile: s, place: {lat: 31}}}",
        )


def test_a_device_of_a_site_profile(tmp_path: Path) -> None:
    text = schema.texts("examples")["Profiles"]
    device = checked(tmp_path, text).devices["office-1-gov"]
    assert (device.site, str(device.role)) == ("office-1", "edge")
    refined = checked(tmp_path, text, "devices: {office-1-gov: {management: 172.20.3.4, role: border}}").devices
    assert (refined["office-1-gov"].site, str(refined["office-1-gov"].role)) == ("office-1", "border")
    assert str(refined["office-1-gov"].management) == "172.20.3.4"


def test_files_join_and_overrides_win(tmp_path: Path) -> None:
    mini = yaml.safe_load((ROOT / "labs" / "mini" / "design.yml").read_text(encoding="utf-8"))
    links = mini.pop("links")
    files = {
        "design/1.yml": mini | {"links": links[:3]},
        "design/2.yml": {"links": links[3:], "zones": {"city": {"kind": "city"}, "park": {"kind": "campus"}}},
        "design/override/50-lab.yml": yaml.safe_load(HEAD[0]) | {"zones": {"park": None}},
        "design/override/60-more.yml": {
            "fibres": {"hubs": {"risk_groups": []}},
            "links": [*links, {"between": ["gov-pe-west", "gov-pe-east"]}],
        },
    }
    for name, content in files.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.safe_dump(content), encoding="utf-8")
    city = build.check(tmp_path).city
    assert (city.fibres["hubs"].length_km, city.fibres["hubs"].risk_groups) == (0.5, [])
    assert city.fibres["hubs"].between == ["hub-a", "hub-b"]
    assert (city.domains["government"].underlay.bfd_interval_ms, city.domains["government"].asn) == (1000, 65001)
    assert list(city.zones) == ["city"]
    assert [link.between for link in city.links] == [
        *(link["between"] for link in links),
        ["gov-pe-west", "gov-pe-east"],
    ]
    (tmp_path / "design" / "3.yml").write_text("zones: {city: {kind: city}}", encoding="utf-8")
    with pytest.raises(InputError, match="'zones: city' stands in two files"):
        build.check(tmp_path)
