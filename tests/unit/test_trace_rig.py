"""The agents of traces on routers of this machine's own kernel: counters hop by hop, loss, an alarm, a probe's way."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

import trace_rig

LACK = trace_rig.lacks()
pytestmark = pytest.mark.skipif(bool(LACK), reason=LACK)

PLACES = ["west wa in", "west wn out", "north nw in", "north ne out", "east en in", "east eb out"]


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    words = [*trace_rig.UNSHARE, sys.executable, trace_rig.__file__]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_hop_counts_every_packet_once(told: dict[str, Any]) -> None:
    assert told["whole"] == {f"{place} 1": 3000 for place in PLACES}


def test_what_is_lost_is_lost_where_it_was(told: dict[str, Any]) -> None:
    assert [told["lost"][f"{place} 1"] for place in PLACES] == [3600, 3600, 3600, 3600, 3400, 3400]


def test_one_packet_in_two_tells_its_own_way(told: dict[str, Any]) -> None:
    ((identifier, nodes, packets, _),) = told["carried"]
    assert (identifier, nodes) == (1001, [1, 2, 3])
    assert 1300 < packets < 1700  # of 3,000; 27 is the standard deviation


def test_what_fills_a_line_has_no_room_to_tell_and_passes(told: dict[str, Any]) -> None:
    assert told["longest"] == {f"{place} 1": 3100 for place in PLACES}


def test_a_way_over_the_wrong_node_is_told_within_seconds(told: dict[str, Any]) -> None:
    print(f"alarm {told['alarm_s']:.2f} s after the route was changed")
    assert told["alarm_s"] <= 5
    assert {name: bool(found) for name, found in told["alarms"].items()} == {
        "west": False,
        "north": False,
        "east": False,
        "south": True,
    }
    (first, *_) = told["alarms"]["south"]
    assert (first["alarm"], first["subject"], first["identifier"]) == (True, "south", 1001)


def test_a_probe_tells_its_way_and_events_are_for_the_store(told: dict[str, Any]) -> None:
    assert told["probe"] == {"east": [1, 2, 3]}
    whole = [one for one in told["path"] if one["detail"]["whole"]]
    assert whole
    assert {key for one in whole for key in one["detail"]} >= {"nw in 1", "ne out 1", "nw in 1 octets"}


def test_an_agent_that_ends_takes_its_filters_along(told: dict[str, Any]) -> None:
    assert (set(told["codes"]), told["left"]) == ({0}, "")
