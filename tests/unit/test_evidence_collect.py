"""From what border devices wrote to records: who, which way, what is of no concern or forbidden, rotations."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import evidence_town
from citynet import build
from citynet.__main__ import main
from citynet.errors import DeviceError
from citynet.evidence import collecting, flows
from citynet.evidence import sources as places
from citynet.evidence.crossing import CONTROL, INSIDE, Crossings, borders
from citynet.evidence.head import Position
from citynet.evidence.reading import Wanted, records
from citynet.evidence.record import Record
from citynet.evidence.sources import LocalSource, RemoteSource, Stream
from citynet.evidence.store import Store
from citynet.lab.waiting import until
from citynet.platforms.whitebox.device import events
from tree import ROOT

if TYPE_CHECKING:
    from citynet.plan.model import Plan

MINI = ROOT / "labs/mini"
WITH_EXIT = ROOT / "tests/lab/l3vpn.yml"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build.plan(MINI)[0]


@pytest.fixture(scope="module")
def crossings(plan: Plan) -> Crossings:
    return Crossings(plan)


def seen(crossings: Crossings, border: str, **changes: Any) -> Record | str:
    flow = flows.parse(evidence_town.flow_line(1000, **changes))
    assert flow is not None
    return crossings.record(border, flow)


def test_the_borders_of_a_plan(plan: Plan) -> None:
    assert borders(plan) == ["gov-border", "cross-border"]


def test_a_crossing_seen_from_the_inside(crossings: Crossings) -> None:
    record = seen(crossings, "gov-border")
    assert isinstance(record, Record)
    assert (record.border, record.crossing, record.direction) == ("gov-border", "guard", "inward")
    assert (record.source.participant, record.source.kind, record.source.domain) == ("exchange", "service", "cross")
    assert (record.destination.participant, record.destination.port) == ("data-bureau", 8443)
    assert record.labels == ["circulation", "gov-sharing"]
    assert record.data_class == "public"
    assert record.path == ["cross-pe-west", "cross-border", "gov-border", "gov-pe-west"]
    assert record.end - record.start == 1_000_000
    assert (record.load.bytes_sent, record.load.packets_returned) == (1000, 4)
    (policy,) = record.policies
    assert (policy.policy, policy.rule, policy.result) == ("interconnect", "guard/allow-1", "allow")


def test_the_same_crossing_seen_from_the_outside(crossings: Crossings) -> None:
    record = seen(crossings, "cross-border")
    assert isinstance(record, Record)
    assert (record.border, record.direction) == ("cross-border", "outward")
    assert record.path == ["cross-pe-west", "cross-border", "gov-border", "gov-pe-west"]
    assert record.policies[0].result == "allow"


def test_the_more_sensitive_class_of_both_services_counts() -> None:
    planned, _ = build.plan(MINI)
    planned.services["circulation"].data_class = "important"
    record = seen(Crossings(planned), "gov-border")
    assert isinstance(record, Record)
    assert record.data_class == "important"


ICMP = {"orig.ip.protocol": 1, "orig.l4.sport": None, "orig.l4.dport": None, "icmp.type": 8, "icmp.code": 0}
PORTLESS = {"orig.l4.sport": None, "orig.l4.dport": None}
ICMP6 = PORTLESS | {"orig.ip.protocol": 58, "icmpv6.type": 128, "icmpv6.code": 0}


@pytest.mark.parametrize(
    ("border", "changes", "rule"),
    [
        ("gov-border", {"orig.l4.dport": 8444}, ""),
        ("gov-border", {"orig.ip.protocol": 17}, ""),
        ("gov-border", ICMP, ""),
        ("gov-border", ICMP | {"src_ip": "10.11.0.2", "dest_ip": "10.12.0.2"}, "guard/allow-2"),
        ("gov-border", ICMP6 | {"src_ip": "fd11::2", "dest_ip": "fd12::2"}, "guard/allow-2"),
        ("gov-border", {"src_ip": "10.12.0.18"}, ""),
        ("gov-border", {"src_ip": "fd12::2", "dest_ip": "fd11::2"}, "guard/allow-1"),
        ("gov-border", {"orig.ip.protocol": 50, "orig.l4.sport": None, "orig.l4.dport": None}, ""),
        ("gov-border", {"src_ip": "203.0.113.9"}, ""),
        ("gov-border", {"src_ip": "10.11.0.2", "dest_ip": "203.0.113.9"}, ""),
        ("gov-border", {"src_ip": "203.0.113.9", "dest_ip": "203.0.113.10"}, ""),
        ("gov-border", {"src_ip": "10.12.0.1"}, ""),
        ("cross-border", {"src_ip": "10.12.0.18"}, ""),
    ],
)
def test_each_flow_that_crossed_says_which_rule_let_it_or_that_none_does(
    crossings: Crossings, border: str, changes: dict[str, Any], rule: str
) -> None:
    record = seen(crossings, border, **changes)
    assert isinstance(record, Record)
    (policy,) = record.policies
    assert (policy.rule, policy.result) == (rule, "allow") if rule else policy.result == "unmatched"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"src_ip": "10.11.0.18", "dest_ip": "10.11.0.2"}, INSIDE),
        ({"src_ip": "10.11.0.1", "dest_ip": "10.11.0.2"}, INSIDE),
        ({"src_ip": "fd01:1::1", "dest_ip": "fd01:1:5::1"}, CONTROL),
        ({"src_ip": "fe80::1", "dest_ip": "ff02::5"}, CONTROL),
        ({"src_ip": "172.20.0.1", "dest_ip": "172.20.0.9"}, CONTROL),
    ],
)
def test_what_crosses_no_border_is_passed_over(crossings: Crossings, changes: dict[str, Any], why: str) -> None:
    assert seen(crossings, "gov-border", **changes) == why


def test_an_exit_to_the_internet() -> None:
    planned, _ = build.plan(WITH_EXIT)
    device = next(device for device in planned.devices.values() if device.exits)
    service = planned.services[device.exits[0].interconnect.removeprefix("exit-")]
    host = next(planned.hosts[name] for name in service.hosts if name != service.exit)
    rule = next(rule for rule in device.exits[0].rules if rule.protocol == "tcp")
    crossings = Crossings(planned)
    away = {"src_ip": host.address(4), "dest_ip": "203.0.113.9", "orig.l4.dport": rule.ports[0]}
    record = seen(crossings, device.name, **away)
    assert isinstance(record, Record)
    assert (record.direction, record.crossing) == ("outward", device.exits[0].interconnect)
    assert (record.destination.participant, record.destination.address) == ("", "203.0.113.9")
    assert (record.policies[0].policy, record.policies[0].result) == ("exit", "allow")
    back = seen(crossings, device.name, src_ip="203.0.113.9", dest_ip=host.address(4))
    assert isinstance(back, Record)
    assert (back.direction, back.policies[0].result) == ("inward", "unmatched")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"no json",
        b"[]",
        b"7",
        b'{"half": ',
        evidence_town.flow_line(1, **{"orig.raw.pktlen": None}),
        evidence_town.flow_line(1, **{"orig.raw.pktlen": -1}),
        evidence_town.flow_line(1, **{"orig.ip.protocol": "tcp"}),
        evidence_town.flow_line(1, **{"flow.end.sec": None}),
        evidence_town.flow_line(1, src_ip=None),
        evidence_town.flow_line(1, src_ip="10.12.0.256"),
        evidence_town.flow_line(1, **{"orig.l4.sport": 70_000}),
        b"\xff\xfe",
        evidence_town.flow_line(1).replace(b"8443", b"1e999"),
        b"[" * 4000,
        b'{"orig.ip.protocol": ' + b"[" * 4000,
    ],
)
def test_a_line_that_is_no_flow_is_kept_as_it_came(tmp_path: Path, crossings: Crossings, line: bytes) -> None:
    file = tmp_path / "flows.json"
    file.write_bytes(evidence_town.flow_line(1) + line.rstrip(b"\n") + b"\n" + evidence_town.flow_line(2))
    with Store.create(tmp_path / "store") as store:
        result = collecting.collect(store, [LocalSource("gov-border", file)], crossings)
    assert (result.records, result.unread) == (2, 1)
    kept = [json.loads(raw) for path in (tmp_path / "store").glob("*.jsonl") for raw in path.read_bytes().splitlines()]
    (unread,) = [line for line in kept if line["kind"] == "unread"]
    assert unread["device"] == "gov-border"
    assert unread["text"] == line.rstrip(b"\n").decode(errors="backslashreplace")


def test_both_spellings_of_ulogd_are_read() -> None:
    old = {"orig.ip.saddr.str": "10.12.0.2", "orig.ip.daddr.str": "10.11.0.2", "src_ip": None, "dest_ip": None}
    assert flows.parse(evidence_town.flow_line(5, **old)) == flows.parse(evidence_town.flow_line(5))


class Device:
    """A border device's file of flows, and a store that collects from it."""

    def __init__(self, folder: Path, crossings: Crossings) -> None:
        self.file = folder / "flows.json"
        self.store = folder / "store"
        self._crossings = crossings
        self.result = collecting.Collected()
        Store.create(self.store).close()

    def write(self, start: int, stop: int) -> None:
        with self.file.open("ab") as file:
            file.writelines(evidence_town.flow_line(number) for number in range(start, stop))

    def collect(self) -> list[int]:
        """Collect; the flows that are in the store now."""
        with Store.open(self.store) as store:
            while True:
                self.result = collecting.collect(store, [LocalSource("gov-border", self.file)], self._crossings)
                if not self.result.more:
                    break
        return [found.record.load.bytes_sent for found in records(self.store, Wanted())]


@pytest.fixture
def device(tmp_path: Path, crossings: Crossings) -> Device:
    return Device(tmp_path, crossings)


def test_each_round_takes_what_is_new(device: Device) -> None:
    assert device.collect() == []
    device.write(0, 3)
    assert device.collect() == [0, 1, 2]
    assert device.collect() == [0, 1, 2]
    device.write(3, 5)
    assert device.collect() == [0, 1, 2, 3, 4]


def test_half_a_line_waits_for_its_end(device: Device) -> None:
    line = evidence_town.flow_line(1)
    device.file.write_bytes(evidence_town.flow_line(0) + line[:40])
    assert device.collect() == [0]
    device.file.write_bytes(evidence_town.flow_line(0) + line)
    assert device.collect() == [0, 1]
    assert not device.result.unread


def test_rotated_files_are_read_out_first(device: Device, tmp_path: Path) -> None:
    device.write(0, 3)
    device.collect()
    device.write(3, 5)
    device.file.rename(tmp_path / "flows.json.1")
    device.file.touch()  # by the tool that rotates; the daemon still writes to the old one
    with (tmp_path / "flows.json.1").open("ab") as file:
        file.write(evidence_town.flow_line(5))
    assert device.collect() == [0, 1, 2, 3, 4, 5]
    device.write(6, 8)
    assert device.collect() == list(range(8))
    device.file.rename(tmp_path / "flows.json.2")
    device.write(8, 10)
    assert device.collect() == list(range(10))
    assert not device.result.lost


def test_many_small_rounds_take_each_line_once(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "LIMIT", 1000)
    device.write(0, 50)
    assert device.collect() == list(range(50))


@pytest.mark.parametrize("how", ["gone", "cut", "another"])
def test_lines_that_may_be_lost_are_told_and_written_down(device: Device, how: str) -> None:
    device.write(0, 5)
    device.collect()
    if how == "gone":
        device.file.unlink()
    elif how == "cut":
        device.file.write_bytes(b"")
    else:  # the number of a file is used again for another
        device.file.write_bytes(b"x" * 4000)
    device.write(7, 9)
    device.collect()
    assert list(device.result.lost) == ["gov-border"]
    assert [n for n in device.collect() if n < 100] == [0, 1, 2, 3, 4, *([] if how == "another" else [7]), 8]


def test_a_device_that_cannot_be_reached_holds_nobody_up(tmp_path: Path, crossings: Crossings) -> None:
    def refuses(command: str) -> str:
        raise DeviceError({"cross-border": "connection refused"})

    file = tmp_path / "flows.json"
    file.write_bytes(evidence_town.flow_line(1))
    both = [RemoteSource("cross-border", refuses), LocalSource("gov-border", file)]
    with Store.create(tmp_path / "store") as store:
        result = collecting.collect(store, both, crossings)
    assert (result.records, result.failed) == (1, {"cross-border": "connection refused"})


def test_the_program_on_the_device_answers_as_the_one_here(tmp_path: Path) -> None:
    file = tmp_path / "flows.json"
    file.write_bytes(b"".join(evidence_town.flow_line(number) for number in range(5)))

    def shell(command: str) -> str:
        return subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True).stdout

    remote, local = RemoteSource("gov-border", shell, str(file)), LocalSource("gov-border", file)
    assert remote.pull(None) == local.pull(None)
    position = local.pull(None).position
    file.write_bytes(file.read_bytes() + evidence_town.flow_line(5))
    assert remote.pull(position) == local.pull(position)
    assert remote.pull(position).lines == [evidence_town.flow_line(5).rstrip(b"\n")]


@pytest.mark.parametrize("answer", ["", "no json", "{}", '{"position": {"inode": "x"}, "data": "", "more": false}'])
def test_an_answer_that_cannot_be_read_is_the_devices_fault(answer: str) -> None:
    with pytest.raises(DeviceError, match="gov-border: its answer cannot be read"):
        RemoteSource("gov-border", lambda command: answer).pull(Position(1, 2, "a"))


def test_the_program_on_the_device_runs_on_an_old_python() -> None:
    import ast

    from citynet.evidence.remote import pull

    ast.parse(Path(pull.__file__).read_text(encoding="utf-8"), feature_version=(3, 9))


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["evidence", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


def test_collecting_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, store = tmp_path / "flows.json", tmp_path / "store"
    file.write_bytes(
        evidence_town.flow_line(1)
        + evidence_town.flow_line(2, **{"orig.l4.dport": 22})
        + evidence_town.flow_line(3, src_ip="10.11.0.18")
        + b"?\n"
    )
    code, out, err = run(capsys, "collect", store, MINI, "--file", f"gov-border={file}")
    assert (code, err) == (0, "")
    assert out.startswith(
        "2 records, 1 of them of flows that no rule lets pass, 1 lines that are neither flows nor events; "
        "passed over: 1 inside\n"
        "head: number "
    )
    code, out, _ = run(capsys, "collect", store, MINI, "--file", f"gov-border={file}", "--json")
    said = json.loads(out)
    assert (code, said["ok"], said["records"], said["repaired"]) == (0, True, 0, [])
    assert run(capsys, "collect", store, MINI, "--file", f"gov-border={file}", "--quiet") == (0, "", "")


def test_following_ends_when_it_is_interrupted(tmp_path: Path, crossings: Crossings) -> None:
    file, store = tmp_path / "flows.json", tmp_path / "store"
    file.write_bytes(evidence_town.flow_line(1))
    command = [sys.executable, "-m", "citynet", "evidence", "collect", store, MINI, "--file", f"gov-border={file}"]
    process = subprocess.Popen([*map(str, command), "--follow", "--every", "0.1", "--json"], stdout=subprocess.PIPE)
    deadline = 30.0
    while deadline > 0 and not (store / "head").exists():
        deadline -= 0.05
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)
    file.write_bytes(file.read_bytes() + evidence_town.flow_line(2))
    while deadline > 0 and b'"records":2' not in (store / "head").read_bytes():
        deadline -= 0.05
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.05)
    process.send_signal(2)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, json.loads(out)["records"]) == (0, 2)


NO_BORDER = (
    "--file: 'gov-borde' is no border device, expected a device with an interconnect or exit, "
    "did you mean 'gov-border'?\n"
)
ONE_WAY = "collect: one of --lab, --inventory, or files (--file, --refused, --events) says where the devices are, "
ONE_WAY += "expected one\n"
TWO_FILES = "--file: 'gov-border' has two files, expected one for each device\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], ONE_WAY),
        (
            ["--file", "gov-borde=x", "--file", "flows.json", "--file", "gov-border=a", "--file", "gov-border=b"],
            f"--file: 'flows.json' names no file, expected DEVICE=FILE\n{NO_BORDER}{TWO_FILES}",
        ),
        (
            ["--file", "gov-border=x", "--utc-offset", "8"],
            "--utc-offset: '8' is no distance from UTC, expected one such as +08:00\n",
        ),
    ],
)
def test_wrong_words_of_collect(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str
) -> None:
    assert run(capsys, "collect", tmp_path / "store", MINI, *words) == (2, "", expected)
    assert not (tmp_path / "store").exists()


def test_an_inventory_that_lacks_a_border(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("all: {hosts: {gov-border: {ansible_host: 192.0.2.1}}}\n")
    lacks = "lacks the border device 'cross-border', expected all border devices, did you mean 'gov-border'?"
    assert run(capsys, "collect", tmp_path / "store", MINI, "-i", inventory) == (2, "", f"{inventory}: {lacks}\n")


def test_an_inventory_says_how_the_borders_are_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inventory, reached = tmp_path / "hosts.yml", []
    inventory.write_text(
        "all:\n"
        "  vars: {ansible_user: collector, ansible_ssh_private_key_file: /keys/one, citynet_known_hosts: /keys/known}\n"
        "  hosts: {gov-border: {ansible_host: 192.0.2.1, ansible_port: 2222}, cross-border: {ansible_become: true}}\n"
    )
    monkeypatch.setattr(places, "_ssh", reached.append)
    devices = {Stream.FLOWS: ["gov-border", "cross-border"], Stream.EVENTS: ["gov-border", "gov-pe-west"]}
    assert [places.key(source) for source in places.of_inventory(inventory, devices)] == [
        "gov-border",
        "cross-border",
        "gov-border:events",
    ]
    one, other, _ = reached
    assert (one.address, one.port, one.user, one.sudo) == ("192.0.2.1", 2222, "collector", False)
    assert (one.key, one.known_hosts) == (Path("/keys/one"), Path("/keys/known"))
    assert (other.address, other.port, other.sudo) == ("cross-border", 22, True)


def test_a_city_without_borders_has_events(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ring, file = ROOT / "labs/ring", tmp_path / "events.jsonl"
    device = next(iter(build.plan(ring)[0].devices))
    said = "--file: 'a' is no border device, expected a device with an interconnect or exit\n"
    assert run(capsys, "collect", tmp_path / "store", ring, "--file", "a=b") == (2, "", said)
    file.write_bytes(events.line_of({"kind": "access", "subject": "someone", "verdict": "deny"}))
    words = ("collect", tmp_path / "store", ring, "--events", f"{device}={file}")
    code, out, _ = run(capsys, *words)
    assert (code, out.splitlines()[:2]) == (0, ["0 records", "1 events, 0 of them alarms"])


SLOW_LAB = """
import pathlib, sys
from citynet import build, lab
from citynet.__main__ import main
planned = build.plan(pathlib.Path(sys.argv[2]))[0]
class Slow(lab.Lab):
    load = classmethod(lambda cls, name: cls(name, None, planned, None, None, None))
    def ssh(self, *_, **__): return ["sleep", "3600"]
lab.Lab = Slow
sys.exit(main(["evidence", "collect", sys.argv[1], sys.argv[2], "--lab", "any", "--follow", "--json"]))
"""


def children(pid: int) -> list[int]:
    """Processes that a process has started, from any of its threads."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = file.read_text().rpartition(")")[2].split()
            if int(words[1]) == pid and words[0] != "Z":
                found.append(int(file.parent.name))
    return found


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_a_collector_has_started_ends_with_it(tmp_path: Path, number: int) -> None:
    command = [sys.executable, "-c", SLOW_LAB, str(tmp_path / "store"), str(MINI)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert until(lambda: process.poll() is not None or len(children(process.pid)) >= 8, 60)
    started = children(process.pid)
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    assert (process.returncode, json.loads(out)["records"]) == (0, 0)
    assert not [one for one in started if Path(f"/proc/{one}").exists()]
