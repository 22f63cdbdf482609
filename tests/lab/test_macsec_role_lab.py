"""The role `macsec` on routers that citynet does not manage otherwise: IS-IS runs over the line, and all goes again.

The tests stand in order: each begins with what the one before it left.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from lab_room import HERE, Room, citynet

from citynet.lab import Lab, faults
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "macsec-role"
MODULES = ("underlay", "macsec_link")
PLAYBOOK = """
- hosts: citynet_routers
  gather_facts: false
  roles: [citynet.twodomain.macsec, citynet.twodomain.underlay]
"""
VARIABLES = """
citynet_routers:
  vars:
    macsec_lines: [{name: eth1, neighbor: peer, cak: "CAK"}]
    underlay_interfaces: [{name: eth1s, neighbor: peer}]
"""
CAK = "1f" * 32


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("macsec")
    shutil.copy(HERE / "small.yml", design / "design.yml")
    (design / "macsec.yaml").write_text(PLAYBOOK)
    keyed(design, CAK)
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    yield Room(design, lab)
    lab.down()


def keyed(design: Path, cak: str) -> None:
    (design / "lines.yaml").write_text(VARIABLES.replace("CAK", cak))


def play(room: Room, *words: str, check: int = 0) -> dict[str, list[str]]:
    """How the tasks of the modules ended, in order, by router; what was refused says why. The CAK is never told."""
    inventories = ("-i", str(HERE / "routers.yml"), "-i", str(room.design / "lines.yaml"))
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", str(room.design / "macsec.yaml"), *inventories, *words),
        check=check,
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    assert CAK not in done.stdout + done.stderr
    found: dict[str, list[str]] = {"left": [], "right": []}
    for event in map(json.loads, done.stdout.splitlines()):
        if event["event"] == "result" and event["action"].endswith(MODULES):
            found[event["host"]].append(event["msg"] if event["status"] == "failed" else event["status"])
    return found


def adjacent(room: Room) -> bool:
    return " Up " in room.lab.node("left", "vtysh -c 'show isis neighbor' || true")


def test_is_is_runs_over_an_encrypted_line(room: Room) -> None:
    assert play(room, "--diff") == {router: ["changed"] * 2 for router in ("left", "right")}
    assert until(lambda: adjacent(room), 60)
    assert "gcm-aes-256" in room.lab.node("left", "ip -d link show dev eth1sa").lower()
    assert play(room) == {router: ["ok"] * 2 for router in ("left", "right")}


def test_a_wrong_key_is_refused_and_not_told(room: Room) -> None:
    keyed(room.design, CAK[:-1])
    said = play(room, "--limit", "left", check=2)["left"][0]
    assert "eth1: the CAK has an odd number of digits" in said
    keyed(room.design, CAK)


def test_the_line_comes_back_after_a_boot(room: Room) -> None:
    faults.apply(room.lab, "kill", "left")
    faults.undo(room.lab, "kill", "left")
    assert until(lambda: adjacent(room), 90)


def test_all_of_it_goes_again(room: Room) -> None:
    both = ("-e", "macsec_state=absent", "-e", "underlay_state=absent")
    assert play(room, *both)["left"] == ["changed", "changed"]
    look = "ls /sys/class/net /etc/citynet 2>&1; pgrep -l 'wpa|citynet-keys'; nft list tables; true"
    left = room.lab.node("left", look)
    assert not any(word in left for word in ("eth1s", "wpa", "keys", "citynet-macsec"))
    assert "NOARP" not in room.lab.node("left", "ip link show dev eth1")
