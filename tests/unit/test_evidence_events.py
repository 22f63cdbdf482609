"""Events of devices: collected, told when they are alarms, looked up, given out."""

from __future__ import annotations

import csv
import io
import json
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_evidence_give import Ipfix, ntp

import evidence_town
from citynet import build
from citynet.__main__ import main
from citynet.evidence import collecting, event, following
from citynet.evidence import head as heads
from citynet.evidence.crossing import Crossings
from citynet.evidence.event import Event
from citynet.evidence.ipfix import documented
from citynet.evidence.reading import Happened, Wanted, entries
from citynet.evidence.sources import LocalSource, RemoteSource, Stream
from citynet.evidence.store import Store
from citynet.evidence.verifying import verify
from citynet.platforms.whitebox.device import events as writer
from tree import ROOT

if TYPE_CHECKING:
    from citynet.evidence.sources import Pulled

MINI = ROOT / "labs/mini"


@pytest.fixture(scope="module")
def crossings() -> Crossings:
    return Crossings(build.plan(MINI)[0])


# From devices into the store.


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"no json",
        b"[]",
        b'{"time":5,"kind":"flow","alarm":false,"subject":"","verdict":""}',
        b'{"time":5,"kind":"path","subject":"","verdict":"","more":1}',
        b'{"time":5,"kind":"path","subject":"","verdict":"","device":"another"}',
        b'{"time":5,"kind":"path","subject":"","verdict":"","event":"access"}',
        b'{"time":-5,"kind":"path","subject":"","verdict":""}',
        b'{"time":5,"kind":"path","subject":7,"verdict":""}',
        b'{"time":5,"kind":"path","subject":"","verdict":"","detail":{"a":[1]}}',
        b'{"time":5,"kind":"path","subject":"","verdict":"","detail":{"a":1e999}}',
        b'{"time":5,"kind":"path","subject":"","verdict":"","alarm":1}',
        b'{"time":5,"kind":"path","subject":"' + b"x" * 201 + b'","verdict":""}',
        b"\xff\xfe",
        b"[" * 3000,
    ],
)
def test_a_line_that_is_no_event_is_kept_as_it_came(tmp_path: Path, crossings: Crossings, line: bytes) -> None:
    file = tmp_path / "events.jsonl"
    good = writer.line_of({"kind": "access", "subject": "a", "verdict": "allow"})
    file.write_bytes(good + line + b"\n" + good)
    with Store.create(tmp_path / "store") as store:
        result = collecting.collect(store, [LocalSource("gov-border", file, Stream.EVENTS)], crossings)
    assert (result.events, result.unread) == (2, 1)
    kept = [json.loads(raw) for path in (tmp_path / "store").glob("*.jsonl") for raw in path.read_bytes().splitlines()]
    (unread,) = [item for item in kept if item["kind"] == "unread"]
    assert unread["text"] == line.decode(errors="backslashreplace")


def test_both_files_of_a_device_are_read_on_each_from_its_own_place(tmp_path: Path, crossings: Crossings) -> None:
    flows, events = tmp_path / "flows.json", tmp_path / "events.jsonl"
    both = [LocalSource("gov-border", flows), LocalSource("gov-border", events, Stream.EVENTS)]
    flows.write_bytes(evidence_town.flow_line(1))
    with Store.create(tmp_path / "store") as store:  # a store as those were that knew of flows only
        collecting.collect(store, both[:1], crossings)
        assert set(store.head.positions) == {"gov-border"}
    for number in range(3):
        writer.record("access", "a", "allow", path=str(events), identifier=number)
        with Store.open(tmp_path / "store") as store:
            result = collecting.collect(store, both, crossings)
        assert (result.records, result.events) == (0, 1)
    head = heads.read(tmp_path / "store")
    assert head is not None
    assert set(head.positions) == {"gov-border", "gov-border:events"}
    report = verify(tmp_path / "store")
    assert (report.verdict, report.records, report.events) == ("intact", 1, 3)


def test_a_device_says_at_once_that_nothing_is_new(tmp_path: Path) -> None:
    file, asked = tmp_path / "events.jsonl", []

    def shell(command: str) -> str:
        asked.append(subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout)
        return str(asked[-1])

    source = RemoteSource("one", shell, str(file), Stream.EVENTS)
    assert source.pull(None).position is None
    writer.record("access", "a", "allow", path=str(file))
    first = source.pull(None)
    assert len(first.lines) == 1
    assert source.pull(first.position) == type(first)(first.position, [], more=False, lost="")
    writer.record("access", "b", "allow", path=str(file))
    assert len(source.pull(first.position).lines) == 1
    assert [text == "same\n" for text in asked] == [True, False, True, False]
    file.rename(tmp_path / "events.jsonl.1")
    assert len(source.pull(None).lines) == 2


def alarm(**values: Any) -> Event:
    whole = {"device": "gov-border", "time": evidence_town.NOON, "event": "intrusion", "subject": "", "verdict": "seen"}
    return Event(**{**whole, **values})


class Hung:
    """A device that never answers."""

    name, stream = "cross-border", Stream.EVENTS

    def __init__(self) -> None:
        self.end = threading.Event()

    def pull(self, position: object) -> Pulled:
        self.end.wait(60)
        raise AssertionError


def test_a_device_that_does_not_answer_holds_up_no_alarm(tmp_path: Path, crossings: Crossings) -> None:
    file, hung, heard = tmp_path / "events.jsonl", Hung(), []
    with Store.create(tmp_path / "store") as store:
        collector = collecting.Collector(store, crossings)

        def hear(found: Happened) -> None:
            heard.append(found)
            if len(heard) == 2:
                hung.end.set()
                raise KeyboardInterrupt
            writer.record("intrusion", "b", "seen", path=str(file), alarm=True)

        collector.alarm = hear
        writer.record("path", "no alarm", "seen", path=str(file))
        writer.record("intrusion", "a", "seen", path=str(file), alarm=True)
        with pytest.raises(KeyboardInterrupt):
            following.follow(collector, [hung, LocalSource("gov-border", file, Stream.EVENTS)], 0.05)
    assert [item.event.subject for item in heard] == ["a", "b"]
    found = {item.seq: item.event for item in entries(tmp_path / "store", Wanted()) if isinstance(item, Happened)}
    assert [found[item.seq] for item in heard] == [item.event for item in heard]
    assert (collector.result.events, collector.result.alarms) == (3, 2)


@pytest.mark.parametrize("words", [["--json"], []])
def test_alarms_are_printed_when_they_come(tmp_path: Path, words: list[str]) -> None:
    file, store = tmp_path / "events.jsonl", tmp_path / "store"
    file.touch()
    command = [sys.executable, "-m", "citynet", "evidence", "collect", store, MINI, "--events", f"gov-pe-west={file}"]
    process = subprocess.Popen(
        [*map(str, command), "--follow", "--every", "0.1", *words], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for verdict in ("first", "second"):
        writer.record("access", "[a] b", verdict, path=str(file), alarm=True, reason="why", identifier=9)
        line = process.stdout.readline()
        if words:
            said = json.loads(line)
            assert (said["kind"], said["event"], said["device"]) == ("event", "access", "gov-pe-west")
            assert (said["verdict"], said["subject"]) == (verdict, "[a] b")
        else:
            assert line.endswith(f"access at gov-pe-west: {verdict} [a] b (identifier 9): why\n")
    process.send_signal(2)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    if words:
        assert (json.loads(out)["events"], json.loads(out)["alarms"]) == (2, 2)
    else:
        assert "2 events, 2 of them alarms\n" in out


# Looking up, giving out.


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["evidence", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A flow, and three events that differ in what can be asked for."""
    events = [
        alarm(alarm=True, subject="10.0.0.9", identifier=7, reason="a scan", detail={"signature": 5, "note": "甲"}),
        alarm(
            event="access", device="gov-pe-west", subject="clinic", verdict="allow", detail={"participant": "health"}
        ),
        alarm(event="offpath", alarm=True, identifier=9, time=evidence_town.NOON + evidence_town.DAY),
    ]
    with Store.create(tmp_path / "store", clock=evidence_town.Clock()) as store:
        store.append([evidence_town.record(0)], events=events)
    return tmp_path / "store"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ["flow", "intrusion", "access", "offpath"]),
        (["--kind", "flow"], ["flow"]),
        (["--kind", "access"], ["access"]),
        (["--kind", "offpath", "--kind", "flow"], ["flow", "offpath"]),
        (["--alarms"], ["intrusion", "offpath"]),
        (["--alarms", "--kind", "offpath"], ["offpath"]),
        (["--alarms", "--kind", "flow"], []),
        (["--unmatched"], []),
        (["--class", "public"], ["flow"]),
        (["--participant", "clinic"], ["access"]),
        (["--participant", "health"], ["access"]),
        (["--participant", "exchange"], ["flow"]),
        (["--border", "gov-pe-west"], ["access"]),
        (["--border", "gov-border"], ["flow", "intrusion", "offpath"]),
        (["--identifier", "9"], ["offpath"]),
        (["--since", "2026-11-27"], ["offpath"]),
        (["--until", "2026-11-27", "--alarms"], ["intrusion"]),
    ],
)
def test_events_are_looked_up(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: list[str]
) -> None:
    code, out, err = run(capsys, "show", folder, "--json", *words)
    assert (code, err) == (0, "")
    assert [item.get("event", "flow") for item in json.loads(out)] == expected
    code, out, err = run(capsys, "export", folder, *words)
    assert (code, err) == (0, "")
    assert [item.get("event", "flow") for item in json.loads(out)["records"]] == expected
    code, out, err = run(capsys, "export", folder, "--format", "csv", *words)
    assert [row["event"] or "flow" for row in csv.DictReader(io.StringIO(out))] == expected


def test_one_event_with_all_that_it_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "show", folder, "--seq", 3)
    said = json.loads(out)
    assert (code, said["time"]) == (0, "2026-11-26T12:00:00.000000+08:00")
    assert (said["seq"], said["kind"], said["event"], said["reason"]) == (3, "event", "intrusion", "a scan")
    assert said["detail"] == {"signature": 5, "note": "甲"}
    assert len(said["hash"]) == 64


def test_a_table_of_events_beside_that_of_flows(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "show", folder)
    assert code == 0
    lines = out.splitlines()
    assert lines[0].split()[:4] == ["seq", "time", "border", "way"]
    assert lines[2].split()[:4] == ["seq", "time", "device", "event"]
    assert "intrusion alarm" in lines[3]
    assert "a scan" in lines[3]


def test_events_in_a_spreadsheet(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "export", folder, "--format", "csv", "--alarms")
    one, _ = csv.DictReader(io.StringIO(out))
    assert (one["border"], one["start"], one["alarm"]) == ("gov-border", "2026-11-26T12:00:00.000000+08:00", "yes")
    assert json.loads(one["detail"]) == {"signature": 5, "note": "甲"}
    assert one["protocol"] == one["policies"] == ""


def test_events_as_ipfix_have_a_template_of_their_own(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.ipfix"
    assert main(["evidence", "export", str(folder), "--format", "ipfix", "-o", str(output), "--quiet"]) == 0
    read = Ipfix(output.read_bytes())
    names = {name: (32473, element) for element, name, _ in documented()}
    flow, one, other, last = read.records
    assert names["citynetEventKind"] not in flow
    assert ntp(one[0, 324]) == evidence_town.NOON
    assert struct.unpack(">Q", one[0, 148]) == (3,)
    assert one[names["citynetBorder"]] == b"gov-border"
    assert [item[names["citynetEventAlarm"]] for item in (one, other, last)] == [b"\x01", b"\x02", b"\x01"]
    assert int.from_bytes(one[names["citynetDataIdentifier"]], "big") == 7
    assert one[names["citynetEventKind"]] == b"intrusion"
    assert one[names["citynetEventReason"]] == b"a scan"
    assert json.loads(one[names["citynetEventDetail"]]) == {"signature": 5, "note": "甲"}
    assert len(one[names["citynetChainHash"]]) == 32


def test_an_event_that_was_edited_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (day,) = folder.glob("*.jsonl")
    day.write_bytes(day.read_bytes().replace(b'"alarm":true', b'"alarm":false', 1))
    code, _, err = run(capsys, "verify", folder)
    assert code == 1
    assert err.startswith(f"{day.name}:4: edited: number 3 does not follow from the line before")


def test_events_from_a_stream(tmp_path: Path) -> None:
    lines = [event.ADAPTER.dump_json(alarm()), b'{"device": "a", "event": "walk"}\n']
    command = [sys.executable, "-m", "citynet", "evidence", "append", str(tmp_path / "store")]
    done = subprocess.run(command, input=lines[0] + b"\n", capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    done = subprocess.run(command, input=b"\n".join(lines), capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.decode().startswith("standard input:2: is no event: time: Field required")
    assert verify(tmp_path / "store").events == 1
