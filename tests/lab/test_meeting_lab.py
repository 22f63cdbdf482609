"""Encrypted services where they meet others: hubs and spokes, and the guarded line between two domains.

Border routers have `nf_hooks_lwtunnel` on, by which packets pass nftables more often than elsewhere.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from captures import captured, file_of
from lab_room import HERE, Room, citynet

from citynet.lab import Lab
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "meeting"
MARKER = b"PLAINTEXT-marker"
PASS = [("arm-1", "head"), ("arm-2", "head"), ("head", "arm-1"), ("taker", "giver")]
# Spokes do not reach each other, and nobody allowed the other direction between the domains.
STOP = [("arm-1", "arm-2"), ("giver", "taker")]


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp(NAME)
    shutil.copy(HERE / "meeting.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    citynet("deploy", str(design), "--lab", NAME, "--quiet")
    yield Room(design, lab)
    lab.down()


def up(room: Room, node: str) -> bool:
    users = json.loads(room.lab.node(node, "cat /run/citynet/keys.json"))["users"]
    return bool(users) and all(one["state"] in {"up", "changing"} for one in users.values())


def passes(room: Room, pair: tuple[str, str], version: int) -> bool:
    address = room.lab.plan.hosts[pair[1]].address(version)
    ping = f"ping -n -c 1 -W 1 -p {MARKER.hex()} -s 64 {address} || true"
    return "bytes from" in room.lab.node(pair[0], ping)


def test_services_pass_where_they_meet_and_nothing_is_in_the_clear(room: Room) -> None:
    assert until(lambda: all(up(room, node) for node in room.lab.plan.devices), 90, 1.0)
    assert until(lambda: all(passes(room, pair, 4) for pair in PASS), 60)
    links = [
        (name, port.name)
        for name, device in room.lab.plan.devices.items()
        for port in device.ports
        if port.kind == "link"
    ]
    with captured(room.lab, links, outgoing=True) as seen:
        for version in (4, 6):
            assert all(passes(room, pair, version) for pair in PASS)
            assert not any(passes(room, pair, version) for pair in STOP)
    assert [link for link in links if MARKER in seen[link]] == []
    sealed = {node for node, port in links if "ESP" in room.lab.node(node, f"tcpdump -nr {file_of(port)} 2>/dev/null")}
    assert sealed == set(room.lab.plan.devices)
