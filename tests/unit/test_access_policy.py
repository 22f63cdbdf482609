"""What the policy of an authentication server decides: roles, tasks, time, place, state, withdrawals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from citynet.platforms.whitebox.device.access.policy import WEEK_S, Circumstances, Place, decide

DAY = 24 * 60
MONDAY = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
POLICY: dict[str, Any] = {
    "bounded": True,
    "hosts": {
        "ward-1": {"service": "care", "places": [["left", "eth2"], ["right", "eth2"]]},
        "desk-1": {"service": "office", "places": [["left", "eth3"]]},
    },
    "devices": {"left": {"zones": ["town"]}, "right": {"zones": ["abroad"]}},
    "roles": {
        "doctor": {
            "hosts": ["ward-1"],
            "services": ["care"],
            "zones": ["town"],
            "devices": [],
            "states": ["healthy"],
            "identifiers": [7],
            "schedule": [[0, WEEK_S // 60]],
        },
        "clerk": {
            "hosts": ["desk-1"],
            "services": [],
            "zones": [],
            "devices": ["left"],
            "states": ["healthy", "outdated"],
            "identifiers": [],
            "schedule": [[8 * 60, 10 * 60], [DAY, DAY + 60]],
        },
    },
    "tasks": {
        "round": {"roles": ["doctor"], "identifiers": [9, 7], "schedule": [[8 * 60, 9 * 60]]},
    },
}


def at(hour: float, **more: Any) -> Circumstances:
    return Circumstances(MONDAY + hour * 3600, more.get("states", {}), more.get("withdrawn", []))


@pytest.mark.parametrize(
    ("host", "place", "about", "reason"),
    [
        ("nobody", ("left", "eth2"), at(9), "no host of this name"),
        ("ward-1", ("left", "eth2", "IKE"), at(9), "gets on by 802.1X, not by IKE"),
        ("ward-1", ("left", "eth3"), at(9), "not at its place, but at left eth3"),
        ("ward-1", ("right", "eth2"), at(9), "its roles do not hold for this service and place"),
        ("ward-1", ("left", "eth2"), at(9, withdrawn=["ward-1"]), "withdrawn"),
        ("ward-1", ("left", "eth2"), at(9, withdrawn=["doctor"]), "its role is withdrawn"),
        ("ward-1", ("left", "eth2"), at(9, states={"ward-1": "outdated"}), "its device is outdated"),
        ("desk-1", ("left", "eth3"), at(9, states={"desk-1": "compromised"}), "its device is compromised"),
        ("desk-1", ("left", "eth3"), at(7.99), "outside its hours"),
        ("desk-1", ("left", "eth3"), at(10), "outside its hours"),
        ("desk-1", ("left", "eth3"), at(25), "outside its hours"),
    ],
)
def test_refused(host: str, place: tuple[str, str], about: Circumstances, reason: str) -> None:
    right = decide(POLICY, host, Place(*place), about)
    assert not right.allowed
    assert right.identifiers is None
    assert right.reason == reason


@pytest.mark.parametrize(
    ("host", "about", "identifiers", "names", "seconds"),
    [
        ("ward-1", at(7), [7], ["role:doctor"], 3600),
        ("ward-1", at(8.5), [7, 9], ["role:doctor", "task:round"], 1800),
        ("ward-1", at(8.5, withdrawn=["round"]), [7], ["role:doctor"], 1800),
        ("ward-1", at(9), [7], ["role:doctor"], WEEK_S - 3600),
        ("desk-1", at(8), [], ["role:clerk"], 7200),
        ("desk-1", at(24.5, states={"desk-1": "outdated"}), [], ["role:clerk"], 1800),
    ],
)
def test_allowed(host: str, about: Circumstances, identifiers: list[int], names: list[str], seconds: int) -> None:
    place = Place("left", "eth2" if host == "ward-1" else "eth3")
    right = decide(POLICY, host, place, about)
    assert right.allowed
    assert (right.identifiers, right.names, right.seconds) == (identifiers, names, seconds)


def test_a_host_without_any_role_gets_nothing() -> None:
    policy = {**POLICY, "roles": {}}
    assert decide(policy, "ward-1", Place("left", "eth2"), at(9)).reason == "has no role"


def test_rights_bind_no_identifiers_where_there_are_none() -> None:
    right = decide({**POLICY, "bounded": False}, "ward-1", Place("left", "eth2"), at(9))
    assert right.identifiers is None


def test_what_always_holds_has_no_end() -> None:
    right = decide({**POLICY, "tasks": {}}, "ward-1", Place("left", "eth2"), at(9))
    assert right.seconds is None
