"""What a store says of one data identifier, summed up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

import evidence_town
from citynet.__main__ import main
from citynet.evidence.event import Event, EventKind
from citynet.evidence.reporting import report
from citynet.evidence.store import Store

if TYPE_CHECKING:
    from pathlib import Path

NUMBER = 131074


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two flows with it, one whose answers have it, one of another identifier, one without; an alarm and a way."""
    flows = [
        evidence_town.record(100, identifier=NUMBER),
        evidence_town.record(200, identifier=NUMBER, data_class="core", path=["cross-border", "gov-border"]),
        evidence_town.record(300, answer_identifier=NUMBER, border="cross-border", direction="outward"),
        evidence_town.record(400, identifier=NUMBER + 1),
        evidence_town.record(500),
    ]
    base = {"device": "south", "time": evidence_town.NOON, "subject": "south", "verdict": "seen", "identifier": NUMBER}
    events = [
        Event(event=EventKind.OFFPATH, alarm=True, reason="came to south", **base),
        Event(event=EventKind.PATH, **base),
        Event(event=EventKind.PATH, **{**base, "identifier": 7}),
    ]
    with Store.create(tmp_path / "store", clock=evidence_town.Clock()) as store:
        store.append(flows, events=events)
    return tmp_path / "store"


def test_flows_are_summed_up_border_by_border(folder: Path) -> None:
    found = report(folder, NUMBER)
    assert (found["identifier"], found["flows"], found["until_seq"] > 0) == (NUMBER, 3, True)
    answers, sent = found["between"]
    assert (answers["border"], answers["direction"], answers["flows"]) == ("cross-border", "outward", 1)
    assert (sent["source"], sent["destination"], sent["flows"]) == ("exchange", "data-bureau", 2)
    assert (sent["bytes_sent"], sent["packets_sent"], sent["bytes_returned"]) == (300, 4, 6)
    assert sent["data_classes"] == ["core", "public"]
    assert sent["results"] == {"allow": 2}
    assert sent["first"] == "2026-11-26T12:00:00.000100+08:00"
    assert sent["last"] == "2026-11-26T12:00:01.500200+08:00"
    assert len(sent["paths"]) == 2


def test_its_events_and_alarms_are_counted(folder: Path) -> None:
    found = report(folder, NUMBER)
    assert found["events"] == {"offpath": 1, "path": 1}
    assert found["alarms"] == 1
    assert found["last_alarms"][0]["reason"] == "came to south"


def test_of_what_nobody_sent_there_is_nothing(folder: Path) -> None:
    found = report(folder, 9)
    assert (found["flows"], found["between"], found["events"], found["alarms"]) == (0, [], {}, 0)


def test_a_time_may_be_asked_for(folder: Path) -> None:
    assert report(folder, NUMBER, until=evidence_town.NOON + 150)["flows"] == 1
    assert report(folder, NUMBER, since=evidence_town.NOON + 1_500_250)["flows"] == 1


def test_the_command_prints_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "report", str(folder), "--apn", str(NUMBER), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == report(folder, NUMBER)
    assert main(["evidence", "report", str(folder), "--identifier", str(NUMBER)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"identifier {NUMBER}: 3 flows, 1 alarm\n")
    assert "gov-border" in shown
    assert "offpath: came to south" in shown


def test_bad_input_is_refused(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "report", str(tmp_path / "none"), "--identifier", "1"]) == 2
    assert "none" in capsys.readouterr().err
    assert main(["evidence", "report", str(folder), "--identifier", "1", "--since", "yesterday"]) == 2
    assert "--since" in capsys.readouterr().err
