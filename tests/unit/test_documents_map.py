"""The map: one file that asks for nothing, works on a pretended page, and lets no text of a design become code."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import documents_facts as facts
import pytest

from citynet.plan.model import PlannedZone
from citynet.reports.documents.atlas import make_atlas
from citynet.reports.documents.citymap.page import SCRIPTS, map_page, part
from tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from citynet.plan.model import Plan

NODE = shutil.which("node")
DRIVER = ROOT / "tests" / "unit" / "documents_map.js"
needs_node = pytest.mark.skipif(NODE is None, reason="Node.js is not installed")


class Page(HTMLParser):
    """Elements of a page, with the text inside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": [], "title": [], "h1": []}
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._open = tag
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_data(self, data: str) -> None:
        if self._open in self.inside:
            self.inside[self._open][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self._open = ""


def page(plan: Plan) -> str:
    return map_page(make_atlas(plan), "zh")


@pytest.mark.parametrize("city", [facts.mini, facts.wuhan])
def test_asks_for_nothing(city: Callable[[], Plan]) -> None:
    text = page(city())
    assert not re.findall(
        r"https?://|//[a-z0-9-]+\.[a-z]{2,}|@import|url\(|\bfetch\(|XMLHttpRequest|importScripts", text
    )
    for tag, attributes in Page(text).elements:
        assert tag not in {"link", "img", "iframe", "object", "embed", "base"}
        assert not {"src", "href", "action", "style", "srcset"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]


def test_policy_lets_only_its_own_script_and_style_run() -> None:
    found = Page(page(facts.mini()))
    policy = next(a["content"] or "" for t, a in found.elements if t == "meta" and "http-equiv" in a)
    assert "default-src 'none'" in policy
    for kind, text in (("script-src", found.inside["script"][1]), ("style-src", found.inside["style"][0])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_hostile_texts_stay_texts() -> None:
    plan = facts.nasty()
    plan.zones["z"] = PlannedZone("z", facts.NASTY, "campus", "")
    text = page(plan)
    found, harmless = Page(text), Page(page(facts.mini()))
    assert [tag for tag, _ in found.elements] == [tag for tag, _ in harmless.elements]
    data = json.loads(found.inside["script"][0])
    assert data["title"] == facts.NASTY
    assert data["zones"][0][1] == facts.NASTY
    assert found.inside["script"][1] == harmless.inside["script"][1]


def test_same_plan_same_bytes() -> None:
    assert page(facts.wuhan()) == page(facts.wuhan())


def test_scripts_never_make_html_of_text() -> None:
    for name in SCRIPTS:
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", part(name))


def test_every_word_that_the_script_says_is_there() -> None:
    data = json.loads(Page(page(facts.mini())).inside["script"][0])
    said = set(re.findall(r'word\("([a-z_]+)"\)', part("map-ui.js")))
    assert said <= data["words"]["zh"].keys()
    assert data["words"]["zh"].keys() == data["words"]["en"].keys()


@needs_node
def test_syntax(tmp_path: Path) -> None:
    script = tmp_path / "map.js"
    script.write_text(Page(page(facts.mini())).inside["script"][1], encoding="utf-8")
    done = subprocess.run([NODE, "--check", str(script)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def use(plan: Plan, folder: Path, words: str) -> dict[str, Any]:
    """What a person sees who searches for the words and takes the first that is found."""
    file = folder / "map.html"
    file.write_text(page(plan), encoding="utf-8")
    done = subprocess.run(
        [NODE, str(DRIVER), str(file), words], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@needs_node
def test_a_site_shows_its_devices_fibres_and_services(tmp_path: Path) -> None:
    seen = use(facts.mini(), tmp_path, "西区")
    assert seen["found"] == ["西区 (west) 站点"]
    for piece in (
        "gov-pe-west",
        "cross-pe-west",
        "west-a",
        "11 km",
        "政务数据共享",
        "data-bureau-1",
        "提供方",
        "30.58, 114.2",
    ):
        assert piece in seen["panel"]
    assert "provider" in seen["english"]
    assert {"核心机房 A", "2 km", "北"} <= set(seen["drawn"])
    assert set(seen["layers"]) == {
        *("labels", "fibres", "groups", "interconnects"),
        *("domain 0", "domain 1", "service 0", "service 1"),
    }
    assert seen["closed"]
    assert {"核心机房 A", "核心机房 B", "互联机房", "西区", "东区"} <= set(seen["hit"])


@needs_node
@pytest.mark.parametrize(
    ("words", "pieces"),
    [
        ("hankou-4", ["18 km", "bridge-2", "cores-b", "gov-agg03", "88.2"]),
        ("circulation", ["跨域流通网", "65002:2", "数据交易所", "exchange-1"]),
        ("gov-biz22", ["航天产业基地", "cross-biz22"]),
        ("compute-centre-1", ["智算中心", "cross-biz20"]),
    ],
)
def test_search_finds_all_kinds(words: str, pieces: list[str], tmp_path: Path) -> None:
    seen = use(facts.wuhan(), tmp_path, words)
    for piece in pieces:
        assert piece in seen["panel"]


@needs_node
def test_sites_without_place_are_listed_and_not_drawn(tmp_path: Path) -> None:
    plan = facts.mini()
    plan.sites["west"].place = []
    seen = use(plan, tmp_path, "west")
    assert "无坐标的站点 1西区 (west)" in seen["side"]
    assert "西区" not in seen["drawn"]
    assert "gov-pe-west" in seen["panel"]
    for site in plan.sites.values():
        site.place = []
    assert "无坐标的站点 5" in use(plan, tmp_path, "west")["side"]


@needs_node
def test_zones_are_drawn_around_their_sites(tmp_path: Path) -> None:
    plan = facts.mini()
    plan.zones = {"all": PlannedZone("all", "全市", "city", ""), "park": PlannedZone("park", "西园", "campus", "all")}
    for site in plan.sites.values():
        site.zone = "park" if site.name == "west" else "all"
    seen = use(plan, tmp_path, "西区")
    assert "西园 · 园区 ⊂ 全市 · 市" in seen["panel"]
    assert {"全市", "西园"} & set(seen["drawn"])


@needs_node
def test_hostile_texts_on_the_page(tmp_path: Path) -> None:
    seen = use(facts.nasty(), tmp_path, "west")
    assert facts.NASTY in seen["panel"]
