"""Paths on real routers: steered, left for the backup when a line goes silent, taken again, there after a boot."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest
from lab_room import ROOT, Room, citynet

from citynet.lab import Lab, faults
from citynet.lab.waiting import until
from citynet.levels.remote.stream import REPLY, gaps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


NAME = "ways"
NORTH, SOUTH = "west>north>east", "west>south>east"
LINE = "west--north"
FAR = "10.11.0.18"


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The golden case `paths`, its quick path free to use either way, deployed."""
    design = tmp_path_factory.mktemp(NAME)
    text = (ROOT / "tests/golden/cases/paths/design.yml").read_text(encoding="utf-8")
    text = text.replace("max_delay_ms: 0.2", "max_delay_ms: 2, probe: {hold_s: 2}")
    text = re.sub(r"\n +tags: .*", "", text)  # with these the edge would give pings an identifier, and its path
    (design / "design.yml").write_text(text, encoding="utf-8")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    citynet("deploy", str(design), "--lab", NAME, "--quiet")
    yield Room(design, lab)
    lab.down()


def path(room: Room, name: str = "quick east") -> dict[str, Any]:
    said = json.loads(citynet("path", "status", "--name", NAME, "--json").stdout)
    return said["west"].get(name, {"active": []})


def takes(room: Room, way: str) -> bool:
    return until(lambda: path(room)["active"] == [way], 30, 0.5)


def test_packets_carry_the_segments_of_the_quick_path(room: Room) -> None:
    assert takes(room, NORTH)
    catch = "tcpdump -c 1 -nv -i any 'ip6[6] = 43 and ip6[40] = 4' 2>/dev/null"
    seen: list[str] = []
    watcher = threading.Thread(target=lambda: seen.append(room.lab.node("north", f"timeout 20 {catch} || true")))
    watcher.start()
    while watcher.is_alive():
        room.lab.node("bureau-1", f"ping -c 3 -i 0.2 -W 1 {FAR} || true")
    watcher.join()
    assert re.search(r"RT6 \(.*type=4.*fd01:1:.*:fe0\d::", seen[0])


def test_a_wire_is_steered_by_the_sid_of_its_far_end(room: Room) -> None:
    catch = "tcpdump -c 1 -nv -i any 'ip6[6] = 43 and ip6[40] = 41' 2>/dev/null"
    seen: list[str] = []
    watcher = threading.Thread(target=lambda: seen.append(room.lab.node("south", f"timeout 20 {catch} || true")))
    watcher.start()
    said = ""
    while watcher.is_alive():
        said = room.lab.node("wire-1", "ping -c 3 -i 0.2 -W 1 10.13.0.2 || true")
    watcher.join()
    assert " 0% packet loss" in said
    assert re.search(r"RT6 \(.*type=4", seen[0])
    assert "(143)" in seen[0]


def test_a_silent_line_is_left_for_the_backup_and_taken_again(room: Room) -> None:
    assert takes(room, NORTH)
    out: list[str] = []
    ping = f"ping -D -i 0.005 -w 8 {FAR} || true"
    stream = threading.Thread(target=lambda: out.append(room.lab.node("bureau-1", ping)))
    stream.start()
    faults.apply(room.lab, "silent", LINE)
    try:
        assert takes(room, SOUTH)
        stream.join()
        replies = [(float(found[1]), int(found[2])) for found in REPLY.finditer(out[0])]
        sent = int(re.search(r"(\d+) packets transmitted", out[0])[1])
        assert replies
        assert max(gaps(replies, sent, 5.0), default=0.0) < 1000.0  # 200 on a quiet machine: the bench tells
    finally:
        faults.undo(room.lab, "silent", LINE)
    assert takes(room, NORTH)


def test_a_strict_path_drops_rather_than_take_another_way(room: Room) -> None:
    assert until(lambda: path(room, "trusted east")["active"] == [SOUTH], 30, 0.5)
    faults.apply(room.lab, "silent", "west--south")
    try:
        assert until(lambda: path(room, "trusted east")["active"] == [], 30, 0.5)
        routes = room.lab.node("west", "ip -6 route show table 400001")
        assert "blackhole fd11:0:0:1::/64" in routes
        assert "encap" not in routes
    finally:
        faults.undo(room.lab, "silent", "west--south")


def test_the_second_deployment_changes_nothing(room: Room) -> None:
    done = citynet("deploy", str(room.design), "--lab", NAME, "--json")
    assert {device["status"] for device in json.loads(done.stdout)["devices"].values()} == {"unchanged"}


def test_a_drained_node_is_left_by_the_paths_over_it_and_nothing_is_lost(room: Room) -> None:
    assert takes(room, NORTH)
    argv = room.lab.ssh(room.lab.address("bureau-1"), f"timeout -s INT 300 ping -q -i 0.01 {FAR}")
    ping = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        citynet("drain", "north", str(room.design), "--lab", NAME, "--quiet")
        assert path(room)["active"] == [SOUTH]
        done = citynet("deploy", str(room.design), "--lab", NAME, "--json")
        assert {device["status"] for device in json.loads(done.stdout)["devices"].values()} == {"unchanged"}
        citynet("drain", "north", str(room.design), "--lab", NAME, "--undo", "--quiet")
        assert takes(room, NORTH)
    finally:
        room.lab.node("bureau-1", "pkill -INT -x ping || true")
        said, _ = ping.communicate(timeout=20)
    sent, received = map(int, re.search(r"(\d+) packets transmitted, (\d+) received", said).groups())
    assert sent > 500
    assert received >= sent - 1  # one may be on its way when ping is stopped
    assert "chain drained" not in room.lab.node("north", "cat /etc/nftables.conf; nft list ruleset")


def test_an_agent_that_dies_or_boots_comes_back(room: Room) -> None:
    before = room.lab.node("west", "pgrep -x citynet-paths").strip()
    room.lab.node("west", f"kill -9 {before}")
    alive = "pgrep -x citynet-paths || true"
    assert until(lambda: room.lab.node("west", alive).strip() not in {"", before}, 20, 0.5)
    faults.apply(room.lab, "kill", "west")
    faults.undo(room.lab, "kill", "west")
    assert takes(room, NORTH)
