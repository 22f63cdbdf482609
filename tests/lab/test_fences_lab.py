"""Fences on routers of a lab: every shape of packet, rights, zones, and a change of a fence."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab_room import HERE, Room, citynet

from citynet.lab import Lab
from citynet.lab.fence_probe import arrives
from citynet.lab.waiting import until
from citynet.plan.fences.shapes import SHAPES, Fate
from fence_packets import packets

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "fences"
SEND = """
import socket, sys
out = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
for word in sys.stdin.read().split():
    target, content = word.split("=")
    try:
        out.sendto(bytes.fromhex(content), (target, 0))
    except OSError as error:
        print(word[:40], error)
"""
# Writes every IPv6 packet that arrives, without its hop limit, as a line.
TAKE = """
import socket
taken = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x86DD))
with open("/tmp/taken", "w") as file:
    while True:
        packet = taken.recv(65536)
        print((packet[:7] + packet[8:]).hex(), file=file, flush=True)
"""


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("fences")
    shutil.copy(HERE / "fences.yml", folder / "design.yml")
    citynet("lab", "up", str(folder), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    try:
        citynet("deploy", str(folder), "--lab", NAME, "--quiet")
        for host in lab.plan.hosts:
            lab.node(host, f"cat > /tmp/send.py <<'END'{SEND}END")
            lab.node(host, f"cat > /tmp/take.py <<'END'{TAKE}END")
            lab.node(host, "python3 /tmp/take.py </dev/null >/dev/null 2>&1 &")
        yield Room(folder, lab)
    finally:
        lab.down()


def address(room: Room, host: str) -> str:
    return room.lab.plan.hosts[host].address(6)


def number(room: Room, name: str) -> int:
    return room.lab.plan.identifiers[name].number


def send(room: Room, start: str, end: str, sent: list[bytes]) -> list[bool]:
    """Which of the packets arrive."""
    words = " ".join(f"{address(room, end)}={packet.hex()}" for packet in sent)
    room.lab.node(start, f"echo {words} | python3 /tmp/send.py")
    wanted = [(packet[:7] + packet[8:]).hex() for packet in sent]
    until(lambda: all(one in taken(room, end) for one in wanted), 2)
    found = taken(room, end)
    return [one in found for one in wanted]


def taken(room: Room, host: str) -> set[str]:
    return set(room.lab.node(host, "cat /tmp/taken 2>/dev/null || true").split())


def labelled(room: Room, start: str, end: str, name: str) -> bytes:
    return packets(address(room, start), address(room, end), number(room, name))["labelled"]


def passes(room: Room, start: str, end: str, name: str) -> bool:
    return send(room, start, end, [labelled(room, start, end, name)])[0]


def counted(room: Room, router: str = "left") -> dict[str, int]:
    told = json.loads(room.lab.node(router, "nft -j list counters table inet citynet_fence"))["nftables"]
    return {one["counter"]["name"]: one["counter"]["packets"] for one in told if "counter" in one}


def test_zones_and_rights(room: Room) -> None:
    assert until(lambda: passes(room, "giver-1", "taker-2", "notes"), 60)
    assert passes(room, "giver-1", "taker-1", "records")
    assert not passes(room, "giver-1", "taker-2", "records")
    before = counted(room)
    assert not passes(room, "stranger-1", "taker-1", "records")
    assert counted(room)["spoofed"] == before["spoofed"] + 1
    room.lab.node("giver-1", "ping -c 1 -W 2 " + room.lab.plan.hosts["giver-1"].gateways[0])


@pytest.mark.parametrize(("identifier", "code"), [("notes", 0), ("records", 1)])
def test_the_command_asks_the_plan_and_the_lab(room: Room, identifier: str, code: int) -> None:
    words = ("fence", "test", str(room.design), "giver-1", "taker-2", "--apn", identifier, "--lab", NAME, "--json")
    told = json.loads(citynet(*words, check=code).stdout)
    assert told["passes"] is told["arrived"] is (code == 0)


@pytest.mark.parametrize("end", ["taker-1", "taker-2"])
def test_every_shape_of_packet(room: Room, end: str) -> None:
    sent = packets(address(room, "giver-1"), address(room, end), number(room, "notes"))
    came = dict(zip(sent, send(room, "giver-1", end, list(sent.values())), strict=True))
    shapes = {name: SHAPES[name.removesuffix("-hop")] for name in sent}
    assert came == {name: shape.fenced is Fate.JUDGED for name, shape in shapes.items()}


def test_a_change_is_in_force_and_the_rest_of_the_filter_stays(room: Room) -> None:
    rest = room.lab.node("left", "nft -s list table inet citynet")
    design = room.design / "design.yml"
    design.write_text(design.read_text().replace("allowed: [town]}", "allowed: [town, abroad]}"))
    began = time.monotonic()
    citynet("deploy", str(room.design), "--lab", NAME, "--quiet")
    took = time.monotonic() - began
    print(f"fence changed on all borders in {took:.1f} s")
    assert passes(room, "giver-1", "taker-2", "records")
    assert room.lab.node("left", "nft -s list table inet citynet") == rest
    again = citynet("deploy", str(room.design), "--lab", NAME, "--json")
    assert '"changed": true' not in again.stdout


def arrived(room: Room, end: str) -> bool:
    """Whether a record that nobody has sent before gets there."""
    fence, plan = room.lab.plan.devices["left"].fence, room.lab.plan
    assert fence is not None
    return arrives(room.lab, plan.hosts["giver-1"], plan.hosts[end], fence, plan.identifiers["records"])


def test_a_fence_alone_is_brought_into_force(room: Room) -> None:
    design = room.design / "design.yml"
    design.write_text(design.read_text().replace("[records], allowed: [town, abroad]}", "[records], allowed: [town]}"))
    began = time.monotonic()
    done = citynet("deploy", str(room.design), "--lab", NAME, "--only", "fence", "--json")
    told = json.loads(done.stdout)
    took = {**told["took"], **{name: one["seconds"] for name, one in told["devices"].items()}}
    parts = ", ".join(f"{name} {seconds} s" for name, seconds in took.items())
    load = f"load average {os.getloadavg()[0]:.1f}"
    print(f"fence alone changed on all borders in {time.monotonic() - began:.1f} s ({parts}; {load})")
    assert told["took"].keys() == {"plan", "start", "devices", "end"}
    found = {name: (one["status"], one["parts"]) for name, one in told["devices"].items()}
    assert found == {"left": ("changed", ["fence"]), "right": ("changed", ["fence"])}
    assert not arrived(room, "taker-2")
    assert arrived(room, "taker-1")
    again = json.loads(citynet("deploy", str(room.design), "--lab", NAME, "--json").stdout)
    assert {one["status"] for one in again["devices"].values()} == {"unchanged"}


def test_a_fence_alone_is_refused_where_more_has_changed(room: Room) -> None:
    design = room.design / "design.yml"
    before = design.read_text()
    design.write_text(
        before.replace("    fenced: true\n", "    fenced: true\n    bandwidth_mbps: 9\n    police: true\n")
    )
    done = citynet("deploy", str(room.design), "--lab", NAME, "--only", "fence", "--json", check=4)
    for one in json.loads(done.stdout)["devices"].values():
        assert "more has changed than was asked for, so deploy all of it: /etc/nftables.conf" in one["reason"]
    design.write_text(before)


def test_the_filter_that_a_router_starts_with_brings_the_fence(room: Room) -> None:
    room.lab.node("left", "nft flush ruleset; nft -f /etc/nftables.conf")
    assert "map flows" in room.lab.node("left", "nft list table inet citynet_fence")
    assert not passes(room, "stranger-1", "taker-1", "records")
