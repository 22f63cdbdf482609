"""The scorecard in all its forms: same facts everywhere, nothing passed that did not pass."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import levels_facts as facts
import pytest

from citynet.design.types import Level
from citynet.levels.catalogue import catalogue
from citynet.levels.judging import Measured, judge, reached, reached_level, uncovered
from citynet.levels.model import Feature, Scorecard, Verdict
from citynet.levels.parts import PARTS
from citynet.levels.text import t
from citynet.reports import summary
from citynet.reports.html import html
from citynet.reports.junit import junit
from citynet.reports.plain import as_csv, as_dict, as_json, as_markdown
from citynet.reports.terminal import show
from citynet.reports.write import write_all

if TYPE_CHECKING:
    from citynet.levels.text import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def card(*, broken: bool = False, level: Level = Level.L1, complete: bool = True) -> Scorecard:
    """A run of the mini city; `broken` = the government domain has a failed and a blocked check."""
    registry, plan = catalogue(), facts.plan()
    checks = registry.select(level)
    results = []
    for domain in plan.domains:
        measured = Measured(facts.healthy(domain), {"records": t("the border keeps no records", "边界没有记录")})
        if domain == "government":
            measured.facts["shares"] = facts.healthy()["shares"]
        if broken and domain == "government":
            measured.facts["reach"][0].received = 0
            del measured.facts["records"]
        results += [judge(check, plan, domain, measured, registry.bounds()[check.id]) for check in checks]
        results += uncovered(level, domain, checks)
    return Scorecard(
        city="mini",
        title="迷你城 <Mini>",
        lab="mini",
        level=level,
        domains={name: item.title for name, item in plan.domains.items()},
        targets={name: item.level for name, item in plan.domains.items()},
        design_digest="d" * 64,
        plan_digest="p" * 64,
        citynet="0.1.0",
        software={"frr": "10.7.1"},
        started="2026-01-01T00:00:00+00:00",
        finished="2026-01-01T00:01:30+00:00",
        seconds=90.0,
        complete=complete,
        results=results,
    )


def test_a_level_is_reached_only_if_everything_passed() -> None:
    good, bad = card(), card(broken=True)
    assert summary.level_reached(good)
    assert [reached(bad, domain) for domain in bad.domains] == [False, True]
    assert [reached_level(bad, domain) for domain in bad.domains] == [None, Level.L1]
    assert not summary.level_reached(bad)


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.BLOCKED, Verdict.ATTESTED])
def test_no_other_verdict_counts_as_passed(verdict: Verdict) -> None:
    one = card()
    one.results[0].verdict = verdict
    assert not reached(one, one.results[0].domain)


def test_some_checks_prove_no_level() -> None:
    assert not summary.level_reached(card(complete=False))
    assert "not graded" in as_markdown(card(complete=False), "en")


def test_what_a_higher_level_asks_and_no_check_covers_is_blocked() -> None:
    higher = card(level=Level.L2)
    assert not summary.level_reached(higher)
    assert reached_level(higher, "government") is Level.L1
    lacking = {name for name in PARTS if name.startswith("L2")} - {check.id for check in catalogue()}
    lacking |= {"L2-PRI-01", "L2-COM-01", "L2-COM-02", "L2-INT-01", "L2-SEC-01", "L2-SEC-02"}  # were not measured here
    for domain in higher.domains:
        blocked = {one.id for one in higher.results if one.domain == domain and one.verdict is Verdict.BLOCKED}
        assert blocked == lacking


def test_a_feature_that_the_report_asks_nothing_of_says_so() -> None:
    row = next(row for row in summary.rows(card()) if row.feature is Feature.INT)
    assert [cell.verdict for cell in row.cells] == [None, None]
    assert "报告在该等级无要求" in html(card(), "zh")
    assert "the report asks nothing at this level" in as_markdown(card(), "en")


def test_junit_has_one_case_per_check_and_domain_and_counts_them() -> None:
    root = ET.fromstring(junit(card(broken=True)))
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(names) == len(set(names)) == 2 * len(catalogue().select(Level.L1))
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == (str(len(names)), "1", "1")
    failure = root.find(".//failure")
    assert failure is not None
    assert "traffic lost without any fault – expected loss ≤ 0 %, actual 100.0 %" in (failure.get("message") or "")
    assert [suite.get("name") for suite in root.iter("testsuite")] == ["government", "cross"]


def test_junit_survives_control_characters() -> None:
    one = card()
    one.results[0].reason, one.results[0].verdict = t("bell \x07 and escape \x1b[0m"), Verdict.BLOCKED
    ET.fromstring(junit(one))


def test_json_says_everything() -> None:
    data = json.loads(as_json(card(broken=True)))
    assert data["reached"] is False
    assert data["outcome"]["cross"] == {
        "reached": True,
        "level": "L1",
        "counts": {"passed": len(catalogue().select(Level.L1)), "failed": 0, "blocked": 0, "attested": 0},
    }
    assert len(data["results"]) == 2 * len(catalogue().select(Level.L1))
    assert {"id", "verdict", "bounds", "findings", "figures", "files"} <= data["results"][0].keys()
    assert data == json.loads(json.dumps(as_dict(card(broken=True))))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_is_whole_and_needs_nothing_from_outside(language: Language) -> None:
    page = html(card(broken=True), language)
    assert not re.search(r"(src|href)=[\"'](https?:)?//|@import|url\(", page)
    assert "迷你城 &lt;Mini&gt;" in page
    for result in card(broken=True).results:
        assert f'id="{result.domain}-{result.id}"' in page
    assert len(re.findall(r' id="', page)) == len(set(re.findall(r' id="([^"]+)"', page)))


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ["未达到", "已达到", "受阻", "边界没有记录", "项目自定", "表3-2", "安全性", "期望"]),
        (
            "en",
            [
                "not reached",
                "reached",
                "blocked",
                "the border keeps no records",
                "project&#39;s own",
                "table 3-2",
                "Security",
                "Expected",
            ],
        ),
    ],
)
def test_the_page_speaks_its_language(language: Language, words: list[str]) -> None:
    page = html(card(broken=True), language)
    assert [word for word in words if word not in page] == []


def test_the_chinese_page_has_no_english_sentence() -> None:
    body = re.sub(r"<style>.*?</style>", "", html(card(broken=True), "zh"), flags=re.DOTALL)
    text = re.sub(r"<[^>]+>", "\n", body)
    assert re.findall(r"\b(?:[A-Za-z]{2,} ){4,}[A-Za-z]{2,}", text) == []


def test_csv_and_markdown_have_every_check() -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(card(), "zh"))))
    assert len({(row["domain"], row["id"]) for row in rows}) == len(rows) == 2 * len(catalogue().select(Level.L1))
    text = as_markdown(card(), "zh")
    assert all(check.id in text for check in catalogue().select(Level.L1))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_terminal_shows_every_check(language: Language, capsys: pytest.CaptureFixture[str]) -> None:
    show(card(broken=True), language)
    said = capsys.readouterr().out
    assert all(said.count(check.id) == 2 for check in catalogue().select(Level.L1))
    assert ("L1 未达到" if language == "zh" else "L1 not reached") in said
    assert "\x1b[" not in said


def test_all_forms_are_written(tmp_path: Path) -> None:
    written = write_all(card(), tmp_path, "zh")
    assert written["html"].name == "scorecard.zh.html"
    assert {path.name for path in tmp_path.iterdir()} == {
        "scorecard.json",
        "junit.xml",
        "scorecard.csv",
        "scorecard.md",
        "scorecard.zh.html",
        "scorecard.en.html",
    }
