"""Refused packets, from a kernel's packet filter to the lines of flows: every shape, and more than can be told."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from test_fence_kernel import ENDS, IDENTIFIER, fence

import fence_packets
import refusal_rig
from citynet.plan.fences.shapes import SHAPES, Fate
from citynet.platforms.whitebox import fencing, telling

LACK = refusal_rig.lacks()
pytestmark = pytest.mark.skipif(bool(LACK), reason=LACK)

SETTINGS = {
    "device": "router",
    "group": telling.GROUP,
    "option": 3,
    "size": 4,
    "tables": [fencing.TABLE],
    "reasons": {str(mark): ["fence", name] for name, mark in fencing.marks().items()},
}
BACK = {"source": ENDS["target"], "target": ENDS["source"]}


def told(*packets: dict[str, Any]) -> dict[str, Any]:
    request = {"table": fencing.table(fence(), told=True), "settings": SETTINGS, "packets": packets}
    return refusal_rig.ask(request)


def sent(name: str, times: int = 1, *, host: str = "a", identifier: int = IDENTIFIER, **ends: str) -> dict[str, Any]:
    ends = {**ENDS, **ends}
    packet = fence_packets.packets(ends["source"], ends["target"], identifier)[name]
    return {"from": host, "to": ends["target"], "packet": packet.hex(), "times": times}


def udp(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Without what the taker's kernel answers by itself."""
    return [line for line in found["lines"] if line["protocol"] != 58]


def test_each_refused_shape_is_told_once_and_nothing_else_is() -> None:
    names = fence_packets.packets(ENDS["source"], ENDS["target"], IDENTIFIER)
    found = told(*(sent(name, 2) for name in names if name != "jumbo"))  # that one the kernel drops by itself
    refused = {name for name in names if SHAPES[name.removesuffix("-hop")].fenced is Fate.DROPPED} - {"jumbo"}
    lines = udp(found)
    assert sum(line["packets"] for line in lines) == 2 * len(refused)
    assert sum(found["counters"].values()) == sum(line["packets"] for line in found["lines"])
    assert found["counters"]["untold"] == 0
    assert not found["events"]
    assert {line["rule"] for line in lines} == {"shapes", "untagged"}
    for line in lines:
        assert (line["policy"], line["came_by"], line["leaves_by"]) == ("fence", "eth2", "")
        assert (line["source"], line["destination"]) == (ENDS["source"], ENDS["target"])
        assert line["start"] <= line["end"]


@pytest.mark.parametrize("name", ["second-option", "second-header", "both-headers", "repeated", "padded"])
def test_an_identifier_is_found_where_no_fence_looks_for_it(name: str) -> None:
    (line,) = told(sent(name, 2))["lines"]
    assert (line["rule"], line["identifier"], line["protocol"]) == ("shapes", IDENTIFIER, 17)
    assert (line["source_port"], line["destination_port"], line["packets"]) == (4000, 9999, 2)
    assert line["octets"] == 2 * len(bytes.fromhex(sent(name)["packet"]))


def test_rights_and_ways_are_told_apart_and_so_are_sides() -> None:
    found = told(
        sent("labelled"),
        sent("labelled", identifier=IDENTIFIER + 2),
        sent("labelled", source="fd99::2"),
        sent("labelled", identifier=IDENTIFIER + 1),
        sent("labelled", host="b", **BACK),
    )
    assert Counter((line["rule"], line["identifier"], line["came_by"]) for line in udp(found)) == {
        ("spoofed", IDENTIFIER + 2, "eth2"): 1,
        ("spoofed", IDENTIFIER, "eth2"): 1,
        ("denied", IDENTIFIER + 1, "eth2"): 1,
        ("denied", IDENTIFIER, "eth3"): 1,
    }


def test_a_flood_is_counted_is_told_and_hides_no_other_place() -> None:
    flood = 20_000
    found = told(sent("untagged", flood), sent("untagged", 3, host="b", **BACK))
    packets: Counter[str] = Counter()
    for line in found["lines"]:
        packets[line["source"]] += line["packets"]
    assert packets[BACK["source"]] == 3
    assert packets[ENDS["source"]] >= telling.BURST
    assert found["counters"]["untagged"] == flood + 3
    missing = flood + 3 - packets.total()
    assert missing > flood / 2
    (event,) = found["events"]
    assert (event["kind"], event["verdict"], event["alarm"]) == ("refused", "deny", True)
    assert event["detail"]["packets"] == missing
