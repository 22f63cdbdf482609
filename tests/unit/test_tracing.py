"""Tracing: who may be passed by what, what devices are told, what they tell, and what becomes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import evidence_town
from citynet import build
from citynet.__main__ import main
from citynet.evidence.event import Event
from citynet.evidence.record import Party
from citynet.evidence.store import Store
from citynet.plan.model import Plan
from citynet.platforms.whitebox import PLATFORM
from citynet.platforms.whitebox.device import (
    events,
    trace,
    trace_agent,
    trace_probes,
    trace_programs,
    tracing,
)
from citynet.platforms.whitebox.device.system import Output, StepError
from citynet.tracing import Place, flows
from citynet.tracing.states import together
from evidence_town import NOON
from tree import ROOT

SMALL = (ROOT / "tests/lab/trace.yml").read_text(encoding="utf-8")
STEERED = """
paths:
  guarded: {intent: low-latency, avoid: {devices: [middle]}, strict: %s}
"""


def planned(folder: Path, text: str) -> Plan:
    (folder / "design.yml").write_text(text, encoding="utf-8")
    return build.plan(folder / "design.yml")[0]


def here(plan: Plan, number: int) -> set[str]:
    return {
        device.name
        for device in plan.devices.values()
        for one in (device.trace.identifiers if device.trace else ())
        if one.number == number and one.here
    }


def test_the_shortest_ways_and_those_around_one_failure(tmp_path: Path) -> None:
    assert here(planned(tmp_path, SMALL), 1001) == {"west", "east", "north", "middle"}


def test_without_the_section_nothing_is_traced(tmp_path: Path) -> None:
    plan = planned(tmp_path, SMALL.replace("tracing: {period_s: 2, record_s: 4, ioam_every: 10}\n", ""))
    assert all(device.trace is None for device in plan.devices.values())
    assert trace.FILE not in PLATFORM.render(plan.devices["north"]).files


@pytest.mark.parametrize(
    ("strict", "found"), [("true", {"west", "east", "north"}), ("false", {"west", "east", "north"})]
)
def test_what_a_policy_refuses_is_off_path_however_strict_it_is(tmp_path: Path, strict: str, found: set[str]) -> None:
    """The backup of the guarded path leads over south, which nothing but this path would take."""
    text = SMALL.replace("    ends:\n", "    steering: [{identifier: 1001, path: guarded}]\n    ends:\n")
    plan = planned(
        tmp_path, text.replace("[west, south], metric: 1000", "[west, south], metric: 15") + STEERED % strict
    )
    assert here(plan, 1001) == found | {"south"}


def test_a_strict_path_lets_nothing_pass_but_itself(tmp_path: Path) -> None:
    text = SMALL.replace("    ends:\n", "    steering: [{identifier: 1002, path: guarded}]\n    ends:\n")
    text += STEERED % "true"
    plan = planned(
        tmp_path, text.replace("[west, south], metric: 1000", "[west, south], metric: 1").replace("middle]}", "south]}")
    )
    # 1001 takes IS-IS's ways, south first; 1002 its own, and never south.
    assert "south" in here(plan, 1001)
    assert "south" not in here(plan, 1002)


def test_across_the_interconnect_by_the_fences() -> None:
    plan = build.plan(ROOT / "tests/golden/cases/fences")[0]
    numbers = {one.name: one.number for one in plan.identifiers.values()}
    # Hosts at the far end may send records into town by night; of trades, only those who may have them see any.
    assert here(plan, numbers["records"]) == {"west", "east", "far", "gov-gate", "crs-gate"}
    assert here(plan, numbers["trades"]) == {"west", "gov-gate", "crs-gate"}


def test_what_a_device_is_told(tmp_path: Path) -> None:
    plan = planned(tmp_path, SMALL)
    told = trace.settings_of(PLATFORM.render(plan.devices["west"]).files[trace.FILE])
    assert [port["kind"] for port in told["ports"]] == ["link", "link", "link", "attachment"]
    assert told["identifiers"] == {"1001": {"name": "identifier-1001", "here": True}}
    assert (told["period_s"], told["record_periods"]) == (2, 2)
    files = PLATFORM.render(plan.devices["west"]).files
    programs = [path for path in files if "/tracing/" in path]
    assert programs == [path for path in tracing.Tracing.paths if path.endswith(".py")]
    assert not any("@secret(" in files[path] for path in programs)  # a transaction would look for its value
    with pytest.raises(StepError, match="trace"):
        tracing.Tracing().validate({trace.FILE: "{}"})


SETTINGS = {
    "device": "north",
    "node": 7,
    "source": "fd01:1:7::1",
    "far": {},
    "option": 3,
    "headers": [60],
    "bits": 32,
    "period_s": 2,
    "record_periods": 2,
    "ports": [{"interface": "eth1", "kind": "link", "to": "west"}, {"interface": "eth2", "kind": "link", "to": "east"}],
    "identifiers": {"1001": {"name": "records", "here": True}, "1002": {"name": "notes", "here": False}},
}
NUMBER, OTHER, FOREIGN = ((1001).to_bytes(4, "big"), (1002).to_bytes(4, "big"), (9).to_bytes(4, "big"))


class FakeKernel:
    """Counters that a test sets; a clock of its own."""

    now_ns = 0

    def __init__(self, settings: Any) -> None:
        self.interfaces = {1: "eth1", 2: "eth2"}
        self.counted: dict[Any, Any] = {}
        self.off: dict[Any, Any] = {}
        self.carried: dict[Any, int] = {}

    def attach(self) -> None: ...

    def set_clock(self) -> None: ...

    def stale(self) -> bool:
        return False

    def counts(self) -> dict[Any, Any]:
        return dict(self.counted)

    def ways(self) -> dict[Any, int]:
        return dict(self.carried)

    def strangers(self) -> dict[Any, Any]:
        return dict(self.off)


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trace_agent.Agent:
    monkeypatch.setattr(trace, "Kernel", FakeKernel)
    monkeypatch.setattr(trace_agent, "enable", lambda _: None)
    monkeypatch.setattr(trace, "STATE", str(tmp_path / "state/trace.json"))
    record = events.record
    file = str(tmp_path / "events.jsonl")
    monkeypatch.setattr(events, "record", lambda *words, **more: record(*words, path=file, **more))
    monkeypatch.setattr(trace_agent.time, "time_ns", lambda: FakeKernel.now_ns)
    FakeKernel.now_ns = int(100.5e9)  # in period 50, so 51 is the first whole one
    return trace_agent.Agent(SETTINGS, "mark")


def told(tmp_path: Path, kind: str) -> list[dict[str, Any]]:
    file = tmp_path / "events.jsonl"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [one for one in map(json.loads, lines) if one["kind"] == kind]


def at(agent: trace_agent.Agent, period: float) -> None:
    FakeKernel.now_ns = int(period * 2e9)
    agent.step()


def state(tmp_path: Path) -> dict[str, Any]:
    return json.loads((tmp_path / "state/trace.json").read_text(encoding="utf-8"))


def test_periods_are_read_in_the_middle_of_the_next_and_told_in_blocks(
    agent: trace_agent.Agent, tmp_path: Path
) -> None:
    kernel: Any = agent.kernel
    kernel.counted = {(NUMBER, 1, 3, 0): (5, 500, 0, 0)}  # of period 50, which was not seen from its beginning
    at(agent, 51.6)
    kernel.counted = {(NUMBER, 1, 3, 0): (5, 500, 40, 4000), (NUMBER, 2, 3, 1): (0, 0, 40, 4000)}
    at(agent, 52.4)  # too early
    assert state(tmp_path)["periods"] == []
    kernel.counted = {(NUMBER, 1, 3, 0): (12, 1200, 40, 4000), (NUMBER, 2, 3, 1): (6, 600, 40, 4000)}
    at(agent, 52.6)
    rows = [[1001, "eth1", "in", 3, 40, 4000], [1001, "eth2", "out", 3, 40, 4000]]
    assert state(tmp_path)["periods"] == [[51, rows]]
    assert not told(tmp_path, "path")[1:]
    kernel.counted = {(NUMBER, 1, 3, 0): (25, 2500, 40, 4000), (NUMBER, 2, 3, 1): (20, 2000, 40, 4000)}
    at(agent, 53.5)
    at(agent, 54.5)
    whole = told(tmp_path, "path")[-1]
    assert state(tmp_path)["periods"][1] == [
        52,
        [[1001, "eth1", "in", 3, 20, 2000], [1001, "eth2", "out", 3, 20, 2000]],
    ]
    assert (whole["subject"], whole["identifier"], whole["alarm"]) == ("records", 1001, False)
    assert whole["time"] == 54 * 2_000_000 * 2 // 2
    assert whole["detail"] == {
        "device": "north",
        "start": 52 * 2_000_000,
        "seconds": 4,
        "whole": 1,
        "eth1 in 3": 20,
        "eth1 in 3 octets": 2000,
        "eth2 out 3": 20,
        "eth2 out 3 octets": 2000,
    }


def test_a_period_that_was_read_too_late_counts_for_nothing(agent: trace_agent.Agent, tmp_path: Path) -> None:
    kernel: Any = agent.kernel
    for period in (51.6, 52.6):
        at(agent, period)
    kernel.counted = {(NUMBER, 1, 3, 0): (10, 1000, 10, 1000)}
    at(agent, 55.6)
    assert state(tmp_path)["periods"] == []
    kernel.counted = {(NUMBER, 1, 3, 0): (10, 1000, 17, 1700)}
    at(agent, 56.6)
    assert state(tmp_path)["periods"] == []  # 55 was read half way
    kernel.counted = {(NUMBER, 1, 3, 0): (13, 1300, 17, 1700)}
    at(agent, 57.6)
    assert state(tmp_path)["periods"] == [[56, [[1001, "eth1", "in", 3, 3, 300]]]]


def test_a_way_of_which_packets_tell_is_told_once_while_it_is_taken(agent: trace_agent.Agent, tmp_path: Path) -> None:
    kernel: Any = agent.kernel
    way = (1001, (3, 5, 7))
    at(agent, 51.6)
    kernel.carried = {way: 2}
    at(agent, 52.6)
    kernel.carried = {way: 5, (1001, (3, 4, 7)): 1}
    at(agent, 53.6)
    assert state(tmp_path)["carried"] == [[1001, [3, 4, 7], 1, 52], [1001, [3, 5, 7], 5, 52]]
    found = [one["detail"] for one in told(tmp_path, "path") if "nodes" in one["detail"]]
    assert found == [
        {"device": "north", "nodes": "3 5 7", "packets": 2},
        {"device": "north", "nodes": "3 4 7", "packets": 1},
    ]
    for period in range(53, 53 + trace_agent.KEPT):
        kernel.carried = {way: 5}
        at(agent, period + 1.6)
    assert state(tmp_path)["carried"] == []
    kernel.carried = {way: 6}
    at(agent, 54.6 + trace_agent.KEPT)
    assert state(tmp_path)["carried"] == [[1001, [3, 5, 7], 1, 53 + trace_agent.KEPT]]


def test_what_does_not_belong_here_is_told_at_once_and_seldom(
    agent: trace_agent.Agent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel: Any = agent.kernel
    clock = {"now": 1000.0}
    monkeypatch.setattr(trace_agent.time, "monotonic", lambda: clock["now"])
    kernel.off = {(OTHER, 1, 3, 0): (1, 100, 0, 0)}
    agent.step()
    kernel.off[OTHER, 1, 3, 0] = (50, 5000, 1, 100)
    clock["now"] += 30
    agent.step()
    (one,) = told(tmp_path, "offpath")
    assert one["alarm"] is True
    assert (one["subject"], one["identifier"]) == ("north", 1002)
    assert one["reason"] == "notes seen at north, which is on none of its ways: came in from west"
    clock["now"] += 31
    agent.step()
    agent.step()
    assert [one["detail"]["packets"] for one in told(tmp_path, "offpath")] == [1, 51]
    kernel.off[FOREIGN, 2, 3, 1] = (1, 100, 0, 0)
    agent.step()
    assert told(tmp_path, "offpath")[-1]["reason"] == (
        "identifier 9 seen at north, and is none of the design's: goes out to east"
    )
    kernel.off |= {(number.to_bytes(4, "big"), 2, 3, 1): (1, 100, 0, 0) for number in range(5000, 5100)}
    agent.step()
    assert len(told(tmp_path, "offpath")) <= trace_agent.MOST_ALARMS + 1


def test_many_places_are_told_in_several_events(agent: trace_agent.Agent, tmp_path: Path) -> None:
    kernel: Any = agent.kernel
    at(agent, 51.6)
    at(agent, 52.6)
    kernel.counted = {(NUMBER, 1, node, 0): (10**15, 10**18, 0, 0) for node in range(1, 60)}
    at(agent, 53.6)
    at(agent, 54.6)
    found = told(tmp_path, "path")
    counted = [key for one in found for key in one["detail"] if key.startswith("eth1 in") and "octets" not in key]
    assert len(found) == 3
    assert len(counted) == len(set(counted)) == 59


def test_filters_that_are_not_there_are_drift(monkeypatch: pytest.MonkeyPatch) -> None:
    from citynet.platforms.whitebox.device import bpf

    programs = trace_programs.programs(trace.shape_of(SETTINGS), trace_programs.Tables(0, 0, 0, 0, 0))
    tags = {"ingress": bpf.tag_of(programs["link", 0]), "egress": bpf.tag_of(programs["link", 1])}
    pref = {"ingress": trace.FIRST, "egress": trace.LAST}
    shown = lambda way: json.dumps(  # noqa: E731
        [{"pref": 40}, {"pref": pref[way], "options": {"handle": "0x1", "prog": {"tag": tags[way]}}}]
    )
    monkeypatch.setattr(trace, "run", lambda argv: Output(0, shown(argv[-1])))
    assert trace.wrong(SETTINGS) == []
    tags["egress"] = "0" * 16
    assert [one.split()[:4] for one in trace.wrong(SETTINGS)] == [
        ["no", "filter", "eth1", "egress"],
        ["no", "filter", "eth2", "egress"],
    ]


def counted(plan: Plan, lost: int = 0) -> dict[Place, list[int]]:
    """Two periods of a flow from west over north to east; of the second some are lost behind north."""
    node = trace.json.loads(PLATFORM.render(plan.devices["west"]).files[trace.FILE])["node"]
    way = [("west", "eth4", "in"), ("west", "eth1", "out"), ("north", "eth1", "in"), ("north", "eth2", "out")]
    found = {Place(*one, node): [10, 20] for one in way}
    return found | {Place(*one, node): [10, 20 - lost] for one in (("east", "eth1", "in"), ("east", "eth4", "out"))}


def test_hops_in_order_and_loss_where_it_happened(tmp_path: Path) -> None:
    plan = planned(tmp_path, SMALL)
    assert [port.peer for port in plan.devices["north"].ports] == ["west", "east"]
    (flow,) = flows(plan, counted(plan, 3))
    assert [(hop.device, hop.came_in, hop.packets, hop.lost) for hop in flow.hops] == [
        ("west", ["eth4"], 30, 0),
        ("north", ["eth1"], 30, 0),
        ("east", ["eth1"], 27, 0),
    ]
    legs = {hop.device: [(leg.to, leg.packets, leg.lost, leg.periods) for leg in hop.legs] for hop in flow.hops}
    assert legs["north"] == [("east", 30, 3, [(10, 0), (20, 3)])]
    assert legs["east"] == [("taker-1", 27, None, [(10, None), (17, None)])]
    assert (flow.entered, flow.lost) == ("west", 3)


def test_what_never_arrives_is_lost_on_the_line_and_what_is_dropped_inside(tmp_path: Path) -> None:
    plan = planned(tmp_path, SMALL)
    gone = {place: values for place, values in counted(plan).items() if place.device != "east"}
    (flow,) = flows(plan, gone)
    assert flow.hops[-1].legs[0].lost == 30
    inside = {place: values for place, values in gone.items() if place != ("north", "eth2", "out", place.node)}
    assert flows(plan, inside)[0].hops[-1].lost == 30


def test_only_periods_that_all_tell_are_taken() -> None:
    rows = [[1001, "eth1", "in", 3, 5, 500], [1002, "eth1", "in", 3, 9, 900]]
    states = {
        "a": {"periods": [[period, rows] for period in range(10, 20)], "strangers": []},
        "b": {
            "periods": [[period, []] for period in range(12, 19)],
            "strangers": [[1001, "eth2", "in", 3, 4]],
            "carried": [[1001, [3, 4], 5, 15], [1001, [3, 4], 5, 11], [1002, [3], 1, 15]],
        },
        "c": {},
    }
    found = together(states, 1001, 2, 60)
    assert (found.first, found.end, found.silent) == (12, 19, ["c"])
    assert found.counted == {Place("a", "eth1", "in", 3): [5] * 7}
    assert found.strangers == {Place("b", "eth2", "in", 3): 4}
    assert found.carried == {("b", (3, 4)): 5}
    assert together(states, 1001, 2, 3).first == 16


def block(plan: Plan, entered: str, chain: list[str], packets: list[int], start: int) -> list[dict[str, Any]]:
    """Events of devices in a row, each with what it got; `chain` begins and ends with a host or a device beyond."""
    found = []
    for number, name in enumerate(chain[1:-1]):
        device = plan.devices[name]
        into, out = (
            next(port.interface for port in device.ports if port.peer == peer)
            for peer in (chain[number], chain[number + 2])
        )
        node = trace.json.loads(PLATFORM.render(plan.devices[entered]).files[trace.FILE])["node"]
        counts = {f"{into} in {node}": packets[number], f"{out} out {node}": packets[number]}
        octets = {f"{key} octets": 100 * value for key, value in counts.items()}
        detail = {"device": name, "start": start, "seconds": 10, "whole": 1, **counts, **octets}
        found.append(
            {"device": name, "time": start + 10_000_000, "event": "path", "subject": "trades", "verdict": "seen"}
        )
        found[-1] |= {"identifier": 131073, "detail": detail}
    return found


def test_one_flow_from_end_to_end_out_of_the_store(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A flow across the interconnect: its record, and the hops of its identifier in its time, as devices told."""
    case = ROOT / "tests/golden/cases/fences"
    plan = build.plan(case)[0]
    trader = next(host for host in plan.hosts.values() if host.device == "crs-gate")
    taker = next(host for host in plan.hosts.values() if host.device == "west")
    start = NOON - NOON % 10_000_000
    told = []
    for number in range(3):  # the second is that of the flow
        at = start + (number - 1) * 10_000_000
        told += block(plan, "crs-gate", [trader.name, "crs-gate", "gov-gate"], [50], at)
        told += block(plan, "gov-gate", ["crs-gate", "gov-gate", "west", taker.name], [50, 50 - number], at)
    ends = {
        "source": Party(host=trader.name, participant=trader.participant, device="crs-gate", address="fd12::2"),
        "destination": Party(host=taker.name, participant=taker.participant, device="west", address="fd11::2"),
    }
    flow = evidence_town.record(0, identifier=131073, start=start + 1_000_000, end=start + 9_000_000, **ends)
    with Store.create(tmp_path / "store", 0) as store:
        seq = store.append([flow]).first
        store.append([], events=[Event.model_validate(one) for one in told])
    words = ["trace", "trades", str(case), "--store", str(tmp_path / "store")]
    assert main([*words, "--flow", str(seq), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["flow"]["path"], found["flow"]["path_basis"]) == (["crs-gate", "gov-gate", "west"], "measured")
    assert [(one["entered"], one["lost"]) for one in found["flows"]] == [("crs-gate", 0), ("gov-gate", 1)]
    assert main(words) == 0
    assert "gov-gate" in (shown := capsys.readouterr().out)
    assert "150" in shown
    assert main([*words, "--flow", str(seq)]) == 0
    assert "way, measured: crs-gate > gov-gate > west" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["--lab", "a", "--store", "b"], [], ["--store", "nowhere"]])
def test_what_cannot_be_asked(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "trades", str(ROOT / "tests/golden/cases/fences"), *words]) == 2
    assert main(["trace", "trade", str(ROOT / "tests/golden/cases/fences"), *words]) == 2
    assert "did you mean 'trades'" in capsys.readouterr().err
    assert main(["trace", "trades", str(ROOT / "labs/mini"), "--lab", "a"]) == 2


def test_what_devices_write_into_a_probe_is_read_in_order() -> None:
    """As the kernel writes: from the end of the room towards its beginning (RFC 9197, 4.4.1)."""
    header = bytearray(trace_probes.options())
    assert len(header) % 8 == 0
    assert header[1] == len(header) // 8 - 1
    assert (header[4], header[5]) == (0x31, len(header) - 6)
    for left, node in ((19, 1), (18, 4), (17, 1), (16, 3)):
        header[8 + 2 : 8 + 4] = (1 << 11 | left).to_bytes(2, "big")
        header[16 + 4 * left : 20 + 4 * left] = (64 << 24 | node).to_bytes(4, "big")
    assert trace_probes.numbers(bytes(header)) == [1, 4, 1, 3]
    assert trace_probes.numbers(b"") is None
    assert trace_probes.numbers(bytes(len(header))) is None


def test_probes_go_to_the_far_ends_of_services_with_identifiers(tmp_path: Path) -> None:
    plan = planned(tmp_path, SMALL)
    ends = {name: [far.name for far in device.trace.far] for name, device in plan.devices.items() if device.trace}
    assert ends == {"west": ["east"], "east": ["west"], "north": [], "middle": [], "south": []}
