"""Slice and encryption of data identifiers on the line between two routers of a lab.

The tests stand in order: the last one takes the tunnels away.
"""

from __future__ import annotations

import base64
import json
import shutil
from typing import TYPE_CHECKING

import pytest
from lab_room import HERE, Room, citynet

from citynet.lab import Lab
from citynet.lab.fence_probe import arrives
from citynet.lab.waiting import until
from citynet.plan.model import DeviceFence, PlannedIdentifier

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "bindings"
OPTION = DeviceFence(3, [60, 0], 32)
ESP = 50
# What leaves by an interface for a while, once each: next header of the outer IPv6 header, slice in its flow label (0
# without the bit that says so), and which marked payload can be read.
SEEN = """
import json, re, socket, struct, sys, time
catch = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
catch.bind((sys.argv[1], 0))
catch.settimeout(0.1)
print("ready", flush=True)
found, end = set(), time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    try: packet, where = catch.recvfrom(70000)
    except TimeoutError: continue
    if where[2] != socket.PACKET_OUTGOING or packet[0] >> 4 != 6: continue
    word = struct.unpack_from("!I", packet)[0]
    text = re.search(rb"payload-of-[0-9]+", packet)
    if packet[6] == 50 or text:
        found.add((packet[6], word >> 12 & 0xff if word & 0x400000 else 0, text[0].decode() if text else ""))
print(json.dumps(sorted(found)))
"""
SEND = """
import socket, sys
out = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
if int(sys.argv[2]):
    out.setsockopt(socket.IPPROTO_IPV6, 59, bytes([0, 0, 3, 4]) + int(sys.argv[2]).to_bytes(4, "big"))
for _ in range(5):
    out.sendto(b"payload-of-" + sys.argv[2].encode(), (sys.argv[1], 9059))
"""


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp(NAME)
    shutil.copy(HERE / "bindings.yml", folder / "design.yml")
    citynet("lab", "up", str(folder), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    citynet("deploy", str(folder), "--lab", NAME, "--quiet")
    prepare(lab, "left", "seen.py", SEEN)
    prepare(lab, "giver-1", "send.py", SEND)
    assert until(lambda: "ESP" in lab.node("left", "swanctl --list-sas || true"), 60)
    assert until(lambda: passes(lab, 1), 60)
    yield Room(folder, lab)
    lab.down()


def prepare(lab: Lab, node: str, name: str, text: str) -> None:
    lab.node(node, f"echo {base64.b64encode(text.encode()).decode()} | base64 -d > /tmp/{name}")


def passes(lab: Lab, number: int, start: str = "giver-1", end: str = "taker-1") -> bool:
    identifier = PlannedIdentifier(str(number), "", "", "", "", 0, 0, number, []) if number else None
    return arrives(lab, lab.plan.hosts[start], lab.plan.hosts[end], OPTION, identifier)


def seen(lab: Lab, number: int) -> set[tuple[int, int, str]]:
    """What leaves the left router for the other while packets with an identifier come in."""
    lab.node("left", "rm -f /tmp/seen; setsid -f python3 /tmp/seen.py eth1 2 >/tmp/seen 2>&1")
    assert until(lambda: "ready" in lab.node("left", "cat /tmp/seen"), 20)
    lab.node("giver-1", f"python3 /tmp/send.py {lab.plan.hosts['taker-1'].address(6)} {number}")
    assert until(lambda: "[" in lab.node("left", "cat /tmp/seen"), 30), lab.node("left", "cat /tmp/seen")
    return {tuple(one) for one in json.loads(lab.node("left", "cat /tmp/seen").splitlines()[-1])}


@pytest.mark.parametrize(("number", "slice_name"), [(0, "base"), (1, "base"), (2, "gold")])
def test_an_identifier_is_in_its_slice(room: Room, number: int, slice_name: str) -> None:
    slice_number = room.lab.plan.slices[slice_name].number
    found = seen(room.lab, number)
    assert {(label, text) for header, label, text in found if header != ESP} == {(slice_number, f"payload-of-{number}")}
    assert passes(room.lab, number)


def test_an_identifier_is_encrypted_in_its_slice(room: Room) -> None:
    assert seen(room.lab, 3) == {(ESP, room.lab.plan.slices["gold"].number, "")}
    assert passes(room.lab, 3)
    assert passes(room.lab, 3, "taker-1", "giver-1")


def test_the_far_end_takes_it_encrypted_only(room: Room) -> None:
    """A router that would send it in the clear: the far one drops it, and lets others pass."""
    rules = room.lab.node("left", "nft -a list chain inet citynet encrypt_share").splitlines()
    for handle in [line.split("# handle ")[1] for line in rules if "@nh" in line]:
        room.lab.node("left", f"nft delete rule inet citynet encrypt_share handle {handle}")
    assert {text for _, _, text in seen(room.lab, 3)} == {"payload-of-3"}
    assert not passes(room.lab, 3)
    assert passes(room.lab, 2)
    room.lab.node("left", "nft -f /etc/nftables.conf")
    assert passes(room.lab, 3)


def test_without_a_tunnel_it_does_not_leave(room: Room) -> None:
    room.lab.node("left", "ip xfrm state flush; ip xfrm policy flush")
    assert not {text for _, _, text in seen(room.lab, 3)} - {""}
    assert not passes(room.lab, 3)
    assert passes(room.lab, 2)
