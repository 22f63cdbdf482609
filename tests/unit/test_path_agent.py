"""The path agent's judgement: what probes say, and which ways are taken."""

from __future__ import annotations

import socket
import time

import pytest

from citynet.platforms.whitebox.device.paths.agent import Agent
from citynet.platforms.whitebox.device.paths.routes import Routes
from citynet.platforms.whitebox.device.paths.ways import Watched, Way, routing_header

RUN = b"12345678"


def way(name: str = "a>b>c", interval_ms: int = 20) -> Way:
    settings = {
        "name": name,
        "forwarders": 3,
        "interval_ms": interval_ms,
        "missed": 4,
        "hold_s": 3,
        "round_trip_us": 100,
    }
    made = Way(settings, 0)
    made.start(0.0)
    return made


def beat(one: Way, start: float, seconds: float, *, hop_limit: int | None = 252) -> float:
    """Let time pass in steps of a probe; each comes back at once with that hop limit, or not at all."""
    now = start
    while now < start + seconds:
        number = one.sent
        one.tick(RUN, now)
        if hop_limit is not None and one.sent > number:
            one.reply(number, hop_limit, now + 0.001)
        now = round(now + 0.005, 6)
    return now


def test_three_replies_make_a_new_way_good() -> None:
    one = way()
    beat(one, 0.0, 0.1)
    assert one.up is True


def test_four_missed_probes_take_it_down_within_70_ms() -> None:
    one = way()
    now = beat(one, 0.0, 0.5)
    lost_at = now
    while one.up:
        now = beat(one, now, 0.005, hop_limit=None)
        assert now < lost_at + 0.070
    assert now > lost_at + 0.035


def test_three_missed_probes_do_not() -> None:
    one = way()
    now = beat(one, 0.0, 0.5)
    now = beat(one, now, 0.030, hop_limit=None)
    beat(one, now, 0.5)
    assert one.up is True


@pytest.mark.parametrize(("hop_limit", "most"), [(252, 26), (250, 32), (None, 32)], ids=["well", "detour", "lost"])
def test_only_while_it_is_unsure_does_it_hurry(hop_limit: int | None, most: int) -> None:
    one = way()
    now = beat(one, 0.0, 0.5)
    before = one.sent
    beat(one, now, 0.5, hop_limit=hop_limit)
    assert 24 <= one.sent - before <= most


def test_a_probe_that_came_back_wakes_nobody() -> None:
    one = way()
    beat(one, 0.0, 0.5)
    assert one.wake == one.due


def test_a_probe_that_took_another_way_is_a_lost_one() -> None:
    one = way()
    now = beat(one, 0.0, 0.5)
    beat(one, now, 0.3, hop_limit=250)
    assert one.up is False
    assert one.detours > 4


def test_it_is_good_again_only_after_the_hold_time() -> None:
    one = way()
    now = beat(one, 0.0, 0.5)
    now = beat(one, now, 0.5, hop_limit=None)
    now = beat(one, now, 2.5)
    assert (one.up, one.ready) == (False, True)
    beat(one, now, 1.0)
    assert one.up is True


def test_a_late_agent_probes_less_and_loses_nothing() -> None:
    one = way()
    now = beat(one, 0.0, 0.5)
    sent = one.sent
    one.tick(RUN, now + 5.0)
    assert one.sent == sent + 1
    assert one.due > now + 5.0
    assert one.up is True


def watched(*states: tuple[bool, bool], primaries: int = 1) -> Watched:
    ways = [way(str(number)) for number in range(len(states))]
    for one, (up, ready) in zip(ways, states, strict=True):
        one.up, one.in_a_row = up, 3 if ready else 0
    settings = {"name": "p", "strict": False, "weights": [1] * len(ways), "primaries": primaries}
    return Watched(settings, ways)


@pytest.mark.parametrize(
    ("states", "primaries", "active"),
    [
        (((True, True), (True, True)), 1, [0]),
        (((False, False), (True, True)), 1, [1]),
        (((False, True), (True, True)), 1, [1]),
        (((False, True), (False, False)), 1, [0]),
        (((False, False), (False, False)), 1, []),
        (((True, True), (False, False), (True, True)), 3, [0, 2]),
    ],
)
def test_the_best_living_ways_are_taken(
    states: tuple[tuple[bool, bool], ...], primaries: int, active: list[int]
) -> None:
    path = watched(*states, primaries=primaries)
    path.choose(now=100.0)
    assert path.active == active


def test_routes_follow_the_choice() -> None:
    segments = [["fd01:1:1:4:fe00::"], ["fd01:1:2:4:fe00::"]]
    to = {"path": "p", "prefixes": ["10.0.0.0/28", "fd11::/64"], "segments": segments}
    rule = {"table": 300001, "priority": 910, "vrf": "v", "mark": "", "families": ["-4", "-6"]}
    entry = {**rule, "block": "fd01:1::/32", "to": [to]}
    routes, path = Routes([entry]), watched((True, True), (True, True))
    path.active = [0, 1]
    four, six = routes.lines(path)
    assert four.startswith("route replace 10.0.0.0/28 table 300001 proto 203 metric 10 nexthop encap seg6")
    assert six.count("via fe80::1 dev sr0 weight 1") == 2
    path.active = []
    assert all(line.startswith("route del") for line in routes.lines(path))
    assert routes.in_use == {}
    assert routes.rules("-6") == ["pref 910 iif v lookup 300001"]
    path.strict = True
    assert sum("blackhole" in line for line in routes.base({"p": path})) == 2


def test_a_routing_header_lists_segments_backwards() -> None:
    header = routing_header(["fd01:1:1:4::", "fd01:1:1::", "fd01:1:3::1"])
    assert header[:5] == bytes([0, 6, 4, 2, 2])
    assert socket.inet_ntop(socket.AF_INET6, header[8:24]) == "fd01:1:3::1"
    assert socket.inet_ntop(socket.AF_INET6, header[-16:]) == "fd01:1:1:4::"


def test_an_agent_that_worked_long_rests_four_times_as_long() -> None:
    settings = {"source": "::1", "port": 0, "paths": [], "steering": [], "ways": []}
    agent, one = Agent(settings, ""), way()
    agent.ways = [one]
    before = time.monotonic()
    agent.rest(0.1)
    assert one.due >= before + 0.4
