"""What data identifiers have of their own: slices, protections, the proof of them, and what the commands say."""

from __future__ import annotations

import copy
import json
import shutil
from functools import cache
from typing import TYPE_CHECKING

import pytest

from citynet.__main__ import main
from citynet.design.loader import load
from citynet.plan import codec
from citynet.plan.handling import handling
from citynet.plan.lock import Lock
from citynet.plan.planner import make_plan
from citynet.platforms.whitebox import PLATFORM
from citynet.proof import Area, prove
from citynet.proof.encryption.explain import explain
from citynet.proof.model import Verdict
from tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from citynet.plan.model import Device, Plan, Protection

CASE = ROOT / "tests/golden/cases/bindings"


@cache
def _planned() -> Plan:
    return make_plan(load(CASE), Lock())


@pytest.fixture
def plan() -> Plan:
    return copy.deepcopy(_planned())


def changed(tmp_path: Path, *changes: tuple[str, str]) -> Plan:
    text = (CASE / "design.yml").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "design.yml").write_text(text, encoding="utf-8")
    return make_plan(load(tmp_path), Lock())


def names(device: Device) -> list[str]:
    return [one.name for one in device.protections]


def protection(plan: Plan, name: str, device: str = "left") -> Protection:
    return next(one for one in plan.devices[device].protections if one.name == name)


def filter_of(plan: Plan, device: str = "left") -> str:
    return PLATFORM.render(plan.devices[device]).files["/etc/nftables.conf"]


def chain(plan: Plan, name: str) -> list[str]:
    return filter_of(plan).split(f"chain {name} {{\n")[1].split("    }\n")[0].splitlines()


def test_the_plan_survives_as_text(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(codec.dump_bytes(plan))
    assert codec.load(tmp_path / "plan.json") == plan


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("notes", ("", "gold", "care", "light")),
        ("records", ("guarded", "gold", "care.records", "full")),
        ("images", ("", "base", "care", "light")),
    ],
)
def test_what_an_identifier_has(plan: Plan, identifier: str, expected: tuple[str, ...]) -> None:
    left, right = plan.devices["left"], plan.devices["right"]
    for first, last in ((left, right), (right, left)):
        found = handling(plan, "care", first, last, plan.identifiers[identifier].number)
        assert (found.path, found.slice, found.protection, found.grade) == expected
    assert found.way == (["right", "mid", "left"] if expected[0] else [])


def test_a_slice_is_reserved_for_an_identifier(plan: Plan) -> None:
    gold = plan.slices["gold"]
    assert gold.services == ["care", "share"]
    assert len(gold.lines) == 3  # one of its identifiers has a path: it may go anywhere
    assert {client.slice for group in plan.groups.values() for client in group.clients} == {"base", "gold"}
    (care, share) = plan.devices["left"].slice_entries
    assert care.identifiers == {plan.identifiers[name].number: gold.number for name in ("notes", "records")}
    assert share.identifiers == {8: gold.number}
    assert share.number == 0


def test_the_strongest_that_fits_is_taken(plan: Plan) -> None:
    lines = chain(plan, "encrypt_share")
    identifier = next(n for n, line in enumerate(lines) if "@nh,352,32 7 " in line)
    assert identifier < next(n for n, line in enumerate(lines) if "tcp dport { 5432 }" in line)
    strong = f"{protection(plan, 'share.7').number << 21:#x}"
    assert all(strong in line for line in lines if "exthdr frag" in line or "icmpv6" in line)


def test_less_than_an_identifier_is_due_does_not_get_out(plan: Plan) -> None:
    """At the far end, too: packets with an identifier and the mark of a weaker tunnel are dropped."""
    full = f"{protection(plan, 'care.records').number << 21:#x}"
    rules = [line for line in chain(plan, "expect_care") if "@nh" in line]
    assert len(rules) == 2
    assert all(f"!= {{ {full} }} counter drop" in line for line in rules)
    assert "jump expect_care" in filter_of(plan)


def test_an_application_does_not_weaken_an_identifier(tmp_path: Path) -> None:
    """Its data are as important as those of its service, and could go to a port of an application with less."""
    important = ("data_class: commercial\n    slice", "data_class: important\n    slice")
    web = ("fenced: true\n", "fenced: true\n    applications: [{name: web, data_class: commercial, ports: [80]}]\n")
    not_said = ("      - {data: records, path: guarded, slice: gold, encryption: full}\n", "")
    found = changed(tmp_path, important, web, not_said)
    assert names(found.devices["left"])[:3] == ["care.web", "care.records", "care"]
    assert protection(found, "care.records").grade == "strong"
    assert not refutations(found)
    for device in found.devices.values():
        device.protections = [one for one in device.protections if one.name != "care.records"]
    assert "packets with records to its ports have light, strong is due" in refutations(found)


def test_national_algorithms(tmp_path: Path) -> None:
    found = changed(tmp_path, ("level: L3,", "level: L3, algorithms: national,"))
    assert protection(found, "care.records").method == "sm4"


def test_data_of_a_higher_class_than_their_service(plan: Plan) -> None:
    """By its identifier, in a fenced service: its sender has a right to it, and it passes."""
    fence = plan.devices["left"].fence
    assert fence is not None
    care = next(port for port in fence.ports if port.fenced)
    assert plan.identifiers["records"].number in care.identifiers


# --- the proof ---


def refutations(plan: Plan) -> list[str]:
    return [one.what for result in prove(plan, [Area.ENCRYPTION]).results for one in result.refutations]


def test_the_design_holds(plan: Plan) -> None:
    results = prove(plan, [Area.ENCRYPTION, Area.FENCES]).results
    assert {one.verdict for one in results} <= {Verdict.PROVEN, Verdict.NOT_APPLICABLE}


def no_protection(plan: Plan) -> None:
    for device in plan.devices.values():
        device.protections = [one for one in device.protections if one.name != "care.records"]


def weaker(plan: Plan) -> None:
    protection(plan, "care.records").grade = "light"


def one_way(plan: Plan) -> None:
    protection(plan, "care.records", "right").tunnels = []


def other_identifier(plan: Plan) -> None:
    for device in ("left", "right"):
        protection(plan, "share.7", device).identifier = 6


@pytest.mark.parametrize(
    ("harm", "what"),
    [
        (no_protection, "has light, full is due"),
        (weaker, "has light, full is due"),
        (one_way, "in the clear; full is due"),
        (other_identifier, "in the clear; strong is due"),
    ],
)
def test_what_is_wrong_is_refuted(plan: Plan, harm: Callable[[Plan], None], what: str) -> None:
    harm(plan)
    assert any(what in one for one in refutations(plan)), refutations(plan)


# --- commands ---


def test_explain_looks_at_one_identifier(plan: Plan) -> None:
    (way,) = explain(plan, "care-1", "care-2", identifier=plan.identifiers["records"])
    (stretch,) = way.stretches
    assert stretch.devices == ["left", "mid", "right"]
    assert (stretch.path, stretch.slice) == ("guarded", "gold")
    (seal,) = stretch.seals
    assert (seal.grade, seal.row) == ("full", "important data at L3: strong; the service asks for full")
    (stretch,) = explain(plan, "care-1", "care-2", identifier=plan.identifiers["images"])[0].stretches
    assert (stretch.devices, stretch.slice, stretch.seals[0].grade) == (["left", "right"], "base", "light")


def test_the_commands_say_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(CASE / "design.yml", tmp_path)
    assert main(["explain", "encryption", str(tmp_path), "share-1", "share-2", "--apn", "7"]) == 0
    assert "7: identifier 7 (public data at L3: nothing; the service asks for strong)" in capsys.readouterr().out
    assert main(["fence", "test", str(tmp_path), "care-1", "care-2", "--apn", "records"]) == 0
    shown = capsys.readouterr().out
    assert "in care: path guarded (left>mid>right), slice gold, encryption full (care.records)" in shown
    assert main(["fence", "test", str(tmp_path), "care-1", "care-2", "--apn", "images", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)["handled"]
    assert (told["path"], told["slice"], told["grade"]) == ("", "base", "light")
    assert main(["explain", "encryption", str(tmp_path), "care-1", "care-2", "--apn", "recods"]) == 2
    assert "--apn: no identifier 'recods', expected one of the design" in capsys.readouterr().err
