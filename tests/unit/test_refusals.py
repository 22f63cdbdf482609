"""Refused flows: packets put together on a device, lines made records, given out and looked up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import evidence_town
import fence_packets
from citynet import build
from citynet.__main__ import main
from citynet.evidence import refused
from citynet.evidence.crossing import CONTROL, Crossings
from citynet.evidence.record import Record
from citynet.platforms.whitebox import PLATFORM, fencing, telling
from citynet.platforms.whitebox.device import packet_ends, refused_flows
from citynet.platforms.whitebox.device.refused_flows import IDLE_US, LONGEST_US, Flows, Place
from tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

CASE = ROOT / "tests/golden/cases/fences"
RECORDS, TRADES = 1 << 16 | 7, 2 << 16 | 1
NOON = evidence_town.NOON
AT_NIGHT = NOON + 12 * 3_600_000_000
PORT = Place("fence", "denied", "eth2", "")


def ends(source: str = "fd11::2", port: int = 1) -> packet_ends.Ends:
    return packet_ends.Ends(source, "fd12::2", 17, port, 443, None, None, 0)


@given(st.binary(max_size=300), st.sampled_from([0, 4, 8, 16]))
def test_headers_of_any_content_are_read_without_an_error(content: bytes, size: int) -> None:
    packet_ends.read(content, 3, size)
    packet_ends.read(b"\x60" + content, 3, size)


def test_ends_of_an_ipv4_packet_and_of_a_later_fragment_of_it() -> None:
    head = bytes.fromhex("450000280001000040110000") + bytes([10, 0, 0, 1, 10, 0, 0, 2])
    found, octets = packet_ends.read(head + bytes.fromhex("0fa0270f"), 3, 4) or (None, 0)
    assert found == packet_ends.Ends("10.0.0.1", "10.0.0.2", 17, 4000, 9999, None, None, 0)
    assert octets == 40
    later = head[:6] + b"\x00\x02" + head[8:]
    assert (packet_ends.read(later + b"12345678", 3, 4) or [ends()])[0][3:5] == (0, 0)


def test_identifiers_of_every_place_and_none_where_there_is_none() -> None:
    shapes = fence_packets.packets("fd11::2", "fd12::2", RECORDS)
    read = {name: packet_ends.read(packet[:256], 3, 4) for name, packet in shapes.items()}
    without = {"untagged", "wrong-length", "routing-only", "fragment-later", "jumbo", "ip6-tunnel", "gre"}
    assert {name for name, found in read.items() if found and not found[0].identifier} == without


def test_packets_of_a_flow_are_one_line_when_it_is_silent_or_goes_on_for_long() -> None:
    flows = Flows()
    for moment in (5, 7, 6):
        assert not flows.add(PORT, ends(), 100, moment)
    assert not flows.ended(7 + IDLE_US - 1)
    (line,) = flows.ended(7 + IDLE_US)
    told = json.loads(line)
    assert (told["start"], told["end"], told["packets"], told["octets"]) == (5, 7, 3, 300)
    for moment in range(0, LONGEST_US + 1, IDLE_US // 2):
        flows.add(PORT, ends(), 100, moment)
    assert len(flows.ended(LONGEST_US)) == 1
    assert not flows.end_all()


def test_a_thousand_flows_too_many_push_out_those_that_are_silent_for_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refused_flows, "MOST", 10)
    flows = Flows()
    lines = [line for port in range(1010) for line in flows.add(PORT, ends(port=port), 1, port)]
    assert [json.loads(line)["source_port"] for line in lines] == list(range(1000))
    assert len(flows) == 10


@pytest.mark.parametrize("source", ["fe80::1", "ff02::1", "::", "::1"])
def test_what_neighbours_say_among_themselves_is_no_flow(source: str) -> None:
    flows = Flows()
    flows.add(PORT, ends(source), 1, 1)
    assert not len(flows)


@pytest.fixture(scope="module")
def crossings() -> Crossings:
    return Crossings(build.plan(CASE)[0])


def line(**changes: Any) -> bytes:
    """What the gate of the ward's domain writes of the ward's data that go to the market."""
    values = {**Place("interconnect", "guard", "", "eth4")._asdict(), **ends()._asdict(), "protocol": 6}
    values |= {"identifier": RECORDS, "start": AT_NIGHT, "end": AT_NIGHT + 5, "packets": 2, "octets": 160}
    return json.dumps({**values, **changes}).encode()


def record(crossings: Crossings, device: str = "gov-gate", **changes: Any) -> Record | str:
    flow = refused.parse(line(**changes))
    assert flow is not None
    return refused.record(crossings, device, flow)


def by(found: Record | str) -> tuple[str, str, str, str]:
    assert isinstance(found, Record)
    (policy,) = found.policies
    return policy.policy, policy.rule, str(policy.result), policy.detail


def test_a_refused_flow_is_a_record_with_all_that_is_known(crossings: Crossings) -> None:
    found = record(crossings)
    assert isinstance(found, Record)
    assert (found.border, found.crossing, found.direction, found.outcome) == (
        "gov-gate", "guard", "outward", "refused",
    )  # fmt: skip
    assert (found.source.participant, found.destination.participant) == ("hospital", "exchange")
    assert (found.identifier, found.data_class, found.path) == (RECORDS, "public", ["west", "gov-gate"])
    assert (found.load.packets_sent, found.load.bytes_sent, found.load.packets_returned) == (2, 160, 0)


ATTACHED = {"policy": "fence", "came_by": "eth2", "leaves_by": ""}
DENIED = [
    ({}, ("interconnect", "guard", "deny", "no entry names these ends and this port")),
    (
        {"destination_port": 443, "identifier": TRADES},
        ("interconnect", "guard", "deny", "allow-1 names these ends and this port, and not this identifier"),
    ),
    (
        {**ATTACHED, "rule": "denied", "destination": "fd11::5"},
        ("fence", "denied", "deny", "no fence lets this identifier go there"),
    ),
    (
        {**ATTACHED, "rule": "closed", "start": NOON},
        ("fence", "records-by-night", "deny", "a fence lets it at other times"),
    ),
    (
        {**ATTACHED, "rule": "denied"},
        ("fence", "records-by-night", "deny", "a fence lets it go there, and no entry of the border does"),
    ),
    (
        {**ATTACHED, "rule": "untagged", "identifier": 0},
        ("fence", "untagged", "deny", "no identifier, at a port that passes nothing without one"),
    ),
]


@pytest.mark.parametrize(("changes", "expected"), DENIED)
def test_the_policy_that_decided_is_named(
    crossings: Crossings, changes: dict[str, Any], expected: tuple[str, str, str, str]
) -> None:
    port = 80 if not changes else 443
    assert by(record(crossings, **{"destination_port": port, **changes})) == expected


def test_what_is_no_flow_of_participants_or_no_line(crossings: Crossings) -> None:
    assert record(crossings, source="fe80::1") == CONTROL
    assert refused.parse(b"{}") is None
    assert refused.parse(line(source="nowhere")) is None
    with pytest.raises(ValueError, match="source"):
        record(crossings, source_port=70_000)


def test_refused_flows_are_collected_looked_up_traced_and_given_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, store = tmp_path / "refused.jsonl", str(tmp_path / "store")
    again = line(start=AT_NIGHT + 100, end=AT_NIGHT + 200)
    lines.write_bytes(b"".join(part + b"\n" for part in (line(), again, line(source_port=70_000), b"{}")))
    assert main(["evidence", "collect", store, str(CASE), "--refused", f"gov-gate={lines}"]) == 0
    said = capsys.readouterr().out.splitlines()[0]
    assert said == "2 records, 2 of them of flows that were refused, 2 lines that are neither flows nor events"
    assert main(["evidence", "show", store]) == 0
    assert "outward, refused" in capsys.readouterr().out
    for words, number in (([], 2), (["--refused"], 2), (["--unmatched"], 0), (["--refused", "--kind", "access"], 0)):
        assert main(["evidence", "show", store, "--json", *words]) == 0
        assert len(json.loads(capsys.readouterr().out)) == number
    assert main(["evidence", "export", store, "--format", "csv"]) == 0
    assert capsys.readouterr().out.count(",refused,") == 2
    assert main(["trace", "records", str(CASE), "--store", store, "--json"]) == 0
    (dropped,) = json.loads(capsys.readouterr().out)["refused"]
    assert (dropped["device"], dropped["by"], dropped["flows"], dropped["packets"]) == (
        "gov-gate", "interconnect guard", 2, 4,
    )  # fmt: skip
    assert (dropped["source"], dropped["destination"]) == ("ward-1", "market-1")
    assert main(["trace", "records", str(CASE), "--store", store]) == 0
    assert "refused: gov-gate, by interconnect guard: ward-1 to market-1: 2 flows" in capsys.readouterr().out


def test_every_reason_has_a_mark_and_words_of_its_own(crossings: Crossings) -> None:
    device = crossings.plan.devices["gov-gate"]
    told = json.loads(PLATFORM.render(device).files["/etc/citynet/refusals.json"])
    assert sorted(told["reasons"].values()) == sorted(
        [["interconnect", "guard"], *(["fence", name] for name in fencing.COUNTERS)]
    )
    assert (told["option"], told["size"], told["group"]) == (3, 4, telling.GROUP)
    assert told["tables"] == [fencing.TABLE, "citynet"]
