"""Encryption in the as-built book and in `citynet show`: every line, every tunnel, no key."""

from __future__ import annotations

import json
from functools import cache

import pytest

from citynet.__main__ import main
from citynet.design.loader import load
from citynet.plan.lock import Lock
from citynet.plan.model import Plan
from citynet.plan.planner import make_plan
from citynet.reports import encryption
from citynet.reports.documents.atlas import make_atlas
from citynet.reports.documents.chapters.book import Book
from citynet.reports.documents.write import _book
from tree import ROOT

CASE = ROOT / "tests/golden/cases/encryption"


@cache
def _planned(folder: str) -> Plan:
    return make_plan(load(ROOT / folder), Lock())


def _pages(folder: str, language: str) -> dict[str, str]:
    return dict(_book(Book(make_atlas(_planned(folder)), language)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("# Encryption", "Lines between sites", "gcm-aes-256", "certificates, PPK from QKD", "closed")),
        ("zh", ("# 加密", "站点间线路", "gcm-aes-256", "证书，QKD 提供的 PPK", "关闭")),
    ],
)
def test_the_book_has_a_chapter(language: str, words: tuple[str, ...]) -> None:
    pages = _pages("tests/golden/cases/encryption", language)
    page = pages["encryption.md"]
    for word in words:
        assert word in page
    for name in ("registry", "notices.ledger", "circulation", "evpn.light", "kme-gate.quantum.example"):
        assert f"`{name}`" in page
    assert "cbc(sm4)/hmac(sm3)" in page
    assert "](encryption.md)" in pages["README.md"]


def test_a_city_in_the_clear_has_none() -> None:
    pages = _pages("tests/golden/cases/mini", "en")
    assert "encryption.md" not in pages
    assert "encryption.md" not in pages["README.md"]


def test_gaps_stand_in_the_book() -> None:
    plan = make_plan(load(CASE), Lock())
    plan.devices["core"].macsec.clear()
    page = dict(_book(Book(make_atlas(plan), "en")))["encryption.md"]
    assert "ENC-01" in page
    assert "sends in the clear; gcm-aes-256 is due" in page


def test_each_line_and_tunnel_once() -> None:
    plan = _planned("tests/golden/cases/encryption")
    assert len(list(encryption.lines(plan))) == 4
    found = [(item.one.name, *sorted((item.a, item.b))) for item in encryption.pairs(plan)]
    assert len(found) == len(set(found)) == 6


def test_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(CASE), "encryption"]) == 0
    said = capsys.readouterr().out
    assert "lines (MACsec)" in said
    assert main(["show", str(CASE), "encryption", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert set(answer) == {"lines", "tunnels", "key servers"}
    assert {line["keys"] for line in answer["lines"]} == {"QKD", "macsec/cross-hub--cross-gate"}
    assert {one["keys"] for one in answer["tunnels"]} == {"certificates", "certificates, PPK from QKD", "vault"}
