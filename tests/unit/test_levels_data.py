"""Checks of compliance from L2 on: passed on a healthy city, failed by name for each thing that they are to find."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import data_facts as facts
import pytest

import evidence_town
from citynet.errors import CitynetError
from citynet.evidence.store import Store
from citynet.levels import session
from citynet.levels.catalogue import catalogue
from citynet.levels.judging import Measured, judge
from citynet.levels.model import Result, Verdict
from citynet.levels.probes.fences import aims
from citynet.levels.probes.supervision import edited
from citynet.levels.remote import labelled
from citynet.levels.reporting import Reported
from fence_packets import packets

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REGISTRY = catalogue()


def run(check_id: str, measured: dict[str, Any]) -> Result:
    return judge(REGISTRY.get(check_id), facts.plan(), "government", Measured(measured), REGISTRY.bounds()[check_id])


def said(result: Result) -> str:
    return "\n".join(str(finding) for finding in result.findings)


def of_kind(measured: dict[str, Any], kind: str, sender: str = "") -> Any:
    return next(one for one in measured["fenced"] if one.kind == kind and sender in {"", one.sender})


def leak(kind: str, sender: str = "") -> Callable[[dict[str, Any]], None]:
    def do(measured: dict[str, Any]) -> None:
        of_kind(measured, kind, sender).arrived = 1

    return do


def uncounted(measured: dict[str, Any]) -> None:
    of_kind(measured, "untagged").counted = 2


def lost(measured: dict[str, Any]) -> None:
    of_kind(measured, "allowed").arrived = 0


def only(*kinds: str) -> Callable[[dict[str, Any]], None]:
    def do(measured: dict[str, Any]) -> None:
        measured["fenced"] = [one for one in measured["fenced"] if one.kind in kinds]

    return do


FENCES = [
    (leak("spoofed"), "arrives although it has an identifier to which the sender has no right"),
    (leak("denied", "crs-gate"), "crs-gate: exchange-1 → bureau-1 tcp (65537) – arrives although"),
    (leak("untagged", "crs-gate"), "tcp (–) – arrives although it has no identifier where one is asked for"),
    (uncounted, "gov-gate does not count it as untagged"),
    (lost, "data that a fence lets pass do not arrive – expected arrives, actual 0 / 3"),
    (only("allowed"), "nothing forbidden was tried"),
    (only("denied", "spoofed"), "no allowed data were tried, so silence proves nothing"),
]


@pytest.mark.parametrize("check_id", ["L2-COM-01", "L2-COM-02", "L2-INT-01"])
def test_passes_when_all_is_well(check_id: str) -> None:
    result = run(check_id, facts.healthy())
    assert result.verdict is Verdict.PASSED, said(result)
    assert result.figures


@pytest.mark.parametrize(("broken", "words"), FENCES)
def test_a_fence_that_fails_is_named(broken: Callable[[dict[str, Any]], None], words: str) -> None:
    measured = copy.deepcopy(facts.healthy())
    broken(measured)
    result = run("L2-COM-02", measured)
    assert result.verdict is Verdict.FAILED
    assert words in said(result)


def field(name: str, value: Any) -> Callable[[Any], None]:
    def do(run_: Any) -> None:
        run_.flows[0].record[name] = value

    return do


RECORDS = [
    (field("identifier", 0), "the record's identifier is wrong – expected 131074, actual 0"),
    (field("labels", []), "the record's label is wrong – expected filled, actual empty"),
    (field("data_class", None), "the record's class is wrong"),
    (field("start", ""), "the record's time is wrong"),
    (field("direction", ""), "the record's direction is wrong"),
    (field("crossing", ""), "the record's crossing is wrong"),
    (field("path", []), "the record's path is wrong"),
    (field("policies", []), "the record's policy results is wrong – expected ['allow'], actual []"),
    (
        lambda run_: run_.flows[0].record["source"].update(participant="fund"),
        "the record's participants is wrong – expected ['exchange', 'bureau'], actual ['fund', 'bureau']",
    ),
    (lambda run_: run_.flows[0].record["load"].update(bytes_sent=10), "the record's load is wrong"),
    (lambda run_: run_.flows[0].record.clear(), "left no record"),
    (lambda run_: setattr(run_, "verdict", "tampered"), "the evidence store does not hold – expected intact"),
    (lambda run_: setattr(run_, "edited_verdict", "intact"), "a record that was changed by a letter is not found out"),
]


@pytest.mark.parametrize(("broken", "words"), RECORDS)
def test_a_record_or_store_that_does_not_do_is_named(broken: Callable[[Any], None], words: str) -> None:
    measured = copy.deepcopy(facts.healthy())
    broken(measured["supervised"])
    result = run("L2-COM-01", measured)
    assert result.verdict is Verdict.FAILED
    assert words in said(result)


def pair(**values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda measured: measured["reported"][0].report["between"][0].update(values)


REPORTS = [
    (
        pair(border="elsewhere"),
        "131074 gov-gate – does not tell of the flow that was sent – expected exchange → bureau, actual none",
    ),
    (pair(outcome="refused"), "131074 gov-gate – does not tell of the flow that was sent"),
    (pair(bytes_sent=10), "131074 gov-gate – 'bytes_sent' is too small – expected ≥ 1000, actual 10"),
    (pair(paths=[]), "131074 gov-gate – 'paths' is empty – expected filled, actual empty"),
    (
        lambda measured: measured["reported"][0].report.update(identifier=7),
        "131074 gov-gate – is about another identifier – expected 131074, actual 7",
    ),
    (
        lambda measured: measured["reported"][0].other.update(flows=3),
        "government – tells of flows with 131075, which nobody sent – expected 0, actual 3",
    ),
]


@pytest.mark.parametrize(("broken", "words"), REPORTS)
def test_a_report_that_does_not_do_is_named(broken: Callable[[dict[str, Any]], None], words: str) -> None:
    measured = copy.deepcopy(facts.healthy())
    broken(measured)
    result = run("L2-INT-01", measured)
    assert result.verdict is Verdict.FAILED
    assert words in said(result)


def test_a_report_is_asked_for_with_the_command_that_people_use(tmp_path: Path) -> None:
    """Of flows in a real store, as they would have been collected; and of a number that nobody has."""
    number = 131074
    with Store.create(tmp_path / "store", clock=evidence_town.Clock()) as store:
        store.append([evidence_town.record(1500, identifier=number), evidence_town.record(9, identifier=7)])
    told = [session.reporter(tmp_path / "store", one, "2026-01-01") for one in (number, number + 1)]
    ends = ["exchange", "data-bureau"]
    found = Reported(number, "gov-border", ends, 1, 1000, told[0], number + 1, told[1])
    result = run("L2-INT-01", {"reported": [found]})
    assert result.verdict is Verdict.PASSED, said(result)
    assert session.reporter(tmp_path / "store", number, "2100-01-01T00:00:00+00:00")["flows"] == 0


def test_a_store_that_is_none_gives_no_report(tmp_path: Path) -> None:
    with pytest.raises(CitynetError, match="store"):
        session.reporter(tmp_path / "store", 1, "2026-01-01")


def test_each_border_is_tried_from_the_line_and_from_hosts() -> None:
    for domain, near, far in (("government", "gov-gate", "crs-gate"), ("cross", "crs-gate", "gov-gate")):
        found = {(one.kind, one.device) for one in aims(facts.plan(), domain, facts.NOON) if one.sender == far}
        assert found == {("allowed", ""), ("denied", near), ("untagged", near)}


def test_a_changed_letter_is_found(tmp_path: Path) -> None:
    store = evidence_town.filled(tmp_path / "store")
    verdict, finding = edited(store)
    assert verdict == "tampered"
    assert "edited" in finding
    assert edited(store) == (verdict, finding)  # the store itself stays as it is


@pytest.mark.parametrize("label", [True, False])
def test_packets_are_those_that_the_fence_is_tried_with(label: bool) -> None:
    known = packets("fd11::2", "fd12::2", 65537, 9999)["labelled" if label else "untagged"]
    asked = {
        "source": "fd11::2",
        "destination": "fd12::2",
        "protocol": "udp",
        "port": 9999,
        "word": "labelled" if label else "untagged",
        "option": "0003040001" + "0001" if label else "",
        "header": 60,
    }
    made = labelled.packet(asked, 4000 - labelled.FIRST_PORT)
    assert made == known


@pytest.mark.parametrize(("protocol", "number"), [("tcp", 6), ("icmp", 58), ("udp", 17)])
def test_checksums_hold(protocol: str, number: int) -> None:
    asked = {
        "source": "fd11::2",
        "destination": "fd12::2",
        "protocol": protocol,
        "port": 443,
        "option": "",
        "header": 60,
    }
    made = labelled.packet({**asked, "word": "<odd>"}, 7)
    assert labelled.checksum(made[8:40], number, made[40:]) == b"\xff\xff"
    assert made[6] == number
