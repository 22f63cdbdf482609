"""`citynet explain`: what protects data hop by hop, what is below its grade, and the list of gaps."""

from __future__ import annotations

import copy
import json
import shutil
from functools import cache
from pathlib import Path

import pytest

from citynet.__main__ import main
from citynet.design.loader import load
from citynet.errors import InputError
from citynet.plan.lock import Lock
from citynet.plan.model import Plan
from citynet.plan.planner import make_plan
from citynet.proof.encryption.explain import Way, explain
from tree import ROOT

CASE = ROOT / "tests/golden/cases/encryption"


@cache
def _planned() -> Plan:
    return make_plan(load(CASE), Lock())


@pytest.fixture
def plan() -> Plan:
    return copy.deepcopy(_planned())


def only(ways: list[Way]) -> Way:
    (way,) = ways
    return way


def test_each_hop_says_what_protects_it(plan: Plan) -> None:
    (stretch,) = only(explain(plan, "registry-1", "registry-2")).stretches
    assert stretch.devices == ["pe-west", "border"]
    assert [(hop.kind, hop.sites) for hop in stretch.hops] == [
        ("attachment", ["west"]),
        ("link", ["west", "gate"]),
        ("attachment", ["gate"]),
    ]
    room, line, _ = stretch.hops
    assert "inside the machine room, by design" in room.protection
    assert line.protection == "MACsec gcm-aes-256, closed without a key"
    assert "QKD" in line.keys
    assert "600 s" in line.keys
    assert line.light.startswith("none")
    (seal,) = stretch.seals
    assert (seal.grade, seal.row) == ("full", "core data at L3: full")
    assert "mlkem768" in seal.protection
    assert "PPK from QKD" in seal.keys
    assert seal.post_quantum == "ML-KEM-768 (RFC 9370) and PPK"


def test_a_participant_stands_for_its_hosts(plan: Plan) -> None:
    assert {(way.start, way.end) for way in explain(plan, "bureau", "tax")} == {
        ("registry-1", "registry-2"),
        ("notices-1", "notices-2"),
        ("camera", "recorder"),
        ("campus-1", "campus-2"),
    }
    assert only(explain(plan, "bureau", "tax", "cameras")).start == "camera"


def test_an_application_has_a_row_of_its_own(plan: Plan) -> None:
    (stretch,) = only(explain(plan, "notices-1", "notices-2")).stretches
    assert [(seal.of, seal.data_class, seal.grade) for seal in stretch.seals] == [
        ("notices", "commercial", "light"),
        ("ledger: tcp 5432", "important", "strong"),
    ]


def test_national_algorithms_are_said(plan: Plan) -> None:
    (stretch,) = only(explain(plan, "exchange-1", "hospital-1")).stretches
    (seal,) = stretch.seals
    assert seal.protection.startswith("ESP with cbc(sm4) and hmac(sm3) (256 bits)")
    assert seal.keys == "vault"
    assert stretch.hops[1].keys == "vault: CAK from macsec/cross-hub--cross-gate"


def test_two_devices_have_the_services_between_them_or_their_lines_alone(plan: Plan) -> None:
    assert {way.stretches[0].service for way in explain(plan, "pe-west", "border")} == {
        "registry",
        "notices",
        "cameras",
        "campus",
    }
    (stretch,) = only(explain(plan, "core", "border")).stretches
    assert (stretch.service, stretch.seals) == ("", [])
    assert "MACsec" in stretch.hops[0].protection


@pytest.mark.parametrize("ends", [("bureau", "exchange"), ("exchange", "bureau"), ("pe-west", "exchange-1")])
def test_a_crossing_is_told_domain_by_domain(plan: Plan, ends: tuple[str, str]) -> None:
    way = only(explain(plan, *ends))
    assert way.flows == ["allow-1: tcp 8443"]
    assert {stretch.domain for stretch in way.stretches} == {"government", "", "cross"}
    assert way.stretches[1].hops[0].kind == "interconnect"
    assert not way.below


def test_what_is_below_its_grade_is_named(plan: Plan) -> None:
    for device in ("pe-west", "border"):
        plan.devices[device].protections = [
            one for one in plan.devices[device].protections if one.service != "registry"
        ]
        for line in plan.devices[device].macsec:
            line.cipher = "gcm-aes-128"
    way = only(explain(plan, "registry-1", "registry-2"))
    assert any("gcm-aes-256 from qkd is due" in what for what in way.below)
    assert any("core data go from pe-west to border in the clear; full is due" in what for what in way.below)
    assert way.stretches[0].seals[0].protection == "in the clear but for its lines"


def test_what_crosses_into_weaker_protection_is_named(plan: Plan) -> None:
    for device in ("border", "cross-gate"):
        plan.devices[device].guards[0].rules[0].ports = [5432]
    way = only(explain(plan, "exchange", "bureau"))
    assert way.below == []  # its hosts hang on the border: nothing goes on
    for device in ("border", "cross-gate"):
        rule = plan.devices[device].guards[0].rules[0]
        rule.sources = [address.split("/")[0] for address in plan.hosts["hospital-1"].addresses]
    way = only(explain(plan, "hospital", "bureau"))
    assert way.below == [
        "important data of notices.ledger (tcp 5432) go on in circulation with light; strong is due",
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("bureau", "taxx", ""), "nothing is called 'taxx'"),
        (("bureau", "tax", "registri"), "no service 'registri'"),
        (("registry-1", "notices-2", ""), "no data travel between 'registry-1' and 'notices-2'"),
        (("registry-1", "hospital", ""), "no data travel"),
        (("registry-1", "registry-2", "notices"), "in service 'notices'"),
    ],
)
def test_names_that_lead_nowhere(plan: Plan, words: tuple[str, str, str], says: str) -> None:
    with pytest.raises(InputError) as raised:
        explain(plan, *words)
    assert says in str(raised.value)


def city(folder: Path, override: str = "") -> str:
    shutil.copy(CASE / "design.yml", folder)
    if override:
        (folder / "override").mkdir()
        (folder / "override/more.yml").write_text(override, encoding="utf-8")
    return str(folder)


def test_the_command_says_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "encryption", city(tmp_path), "bureau", "tax", "--service", "registry"]) == 0
    said = capsys.readouterr().out
    for word in (
        "registry-1 → registry-2",
        "pe-west – border",
        "core data at L3: full",
        "✓ nothing is below its grade",
    ):
        assert word in said
    assert main(["explain", "encryption", str(tmp_path), "bureau", "tax", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["below"] == []
    assert len(answer["ways"]) == 4


def test_no_gaps(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "gaps", city(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "sealed: no gaps" in said
    assert "in the clear inside machine rooms" in said


def test_gaps_are_listed_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    override = "{encryption: {open_lines: true}, interconnects: {guard: {allow: ["
    override += "{source: hospital, destination: bureau, protocol: tcp, ports: [5432]}]}}}"
    assert main(["explain", "gaps", city(tmp_path, override), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert [gap["claim"] for gap in answer["gaps"]].count("ENC-04") == 1
    assert sum("while it has no key" in gap["what"] for gap in answer["gaps"]) == 8
    assert len({(gap["subject"], gap["what"]) for gap in answer["gaps"]}) == len(answer["gaps"])
    assert main(["explain", "gaps", str(tmp_path)]) == 1
    assert "would help" in capsys.readouterr().out
