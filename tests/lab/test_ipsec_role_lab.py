"""The role `ipsec` on routers that citynet does not manage otherwise: what they say to each other is encrypted.

The tests stand in order: each begins with what the one before it left.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from captures import captured
from lab_room import HERE, Room, citynet

from certificates import Authority, pem
from citynet.errors import Exit
from citynet.lab import Lab
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "ipsec-role"
MODULES = ("underlay", "srv6_locator", "ipsec_tunnel")
PLAYBOOK = """
- hosts: citynet_routers
  gather_facts: false
  roles: [citynet.twodomain.underlay, citynet.twodomain.srv6, citynet.twodomain.ipsec]
"""
AUTHORITY = Authority()
PPK = "5eed" * 16
SIDES = {"left": ("right", 1, 2), "right": ("left", 2, 1)}


def variables(ppk: dict[str, str]) -> str:
    hosts: dict[str, Any] = {}
    for name, (peer, own, other) in SIDES.items():
        certificate, key = AUTHORITY.issue(name)
        tunnel = {
            "name": peer,
            "peer": peer,
            "local": f"fd01:1:{own}::1",
            "remote": f"fd01:1:{other}::1",
            "local_prefix": f"fd01:1:{own}::/48",
            "remote_prefix": f"fd01:1:{other}::/48",
            "initiate": name == "left",
            "ppk_id": "left-right",
            "ppk": ppk[name],
        }
        hosts[name] = {
            "ipsec_identity": name,
            "ipsec_ca": pem("CERTIFICATE", AUTHORITY.certificate),
            "ipsec_certificate": pem("CERTIFICATE", certificate),
            "ipsec_private_key": pem("PRIVATE KEY", key),
            "ipsec_tunnels": [tunnel],
        }
    return yaml.safe_dump({"citynet_routers": {"hosts": hosts}})


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("ipsec")
    shutil.copy(HERE / "small.yml", design / "design.yml")
    (design / "tunnels.yaml").write_text(variables({"left": PPK, "right": PPK}))
    (design / "ipsec.yaml").write_text(PLAYBOOK)
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    yield Room(design, lab)
    lab.down()


def play(room: Room, *words: str, check: int = 0) -> dict[str, list[str]]:
    """How the tasks of the modules ended, in order, by router; what was refused says why."""
    inventories = ("-i", str(HERE / "routers.yml"), "-i", str(room.design / "tunnels.yaml"))
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", str(room.design / "ipsec.yaml"), *inventories, *words),
        check=check,
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    assert PPK not in done.stdout + done.stderr
    assert "PRIVATE KEY" not in done.stdout + done.stderr
    found: dict[str, list[str]] = {"left": [], "right": []}
    for event in map(json.loads, done.stdout.splitlines()):
        if event["event"] == "result" and event["action"].endswith(MODULES):
            found[event["host"]].append(event["msg"] if event["status"] == "failed" else event["status"])
    return found


def listed(room: Room) -> str:
    return room.lab.node("left", "swanctl --list-sas 2>/dev/null || true")


def passes(room: Room) -> bool:
    ping = "ping -n -c 1 -W 1 -I fd01:1:1::1 fd01:1:2::1 || true"
    return "bytes from" in room.lab.node("left", ping)


def on_the_line(room: Room) -> bytes:
    with captured(room.lab, [("left", "eth1")], "ip6", outgoing=True) as seen:
        room.lab.node("left", "ping -n -c 3 -i 0.2 -W 1 -p 6d61726b656421 -s 64 -I fd01:1:1::1 fd01:1:2::1 || true")
    return seen["left", "eth1"]


def test_tunnels_come_up_with_what_the_grade_asks_for(room: Room) -> None:
    found = play(room)
    assert {host: set(ends) for host, ends in found.items()} == {"left": {"changed"}, "right": {"changed"}}
    assert until(lambda: passes(room), 60, 0.5)
    assert "ECP_384/KE1_ML_KEM_768/PPK" in listed(room)
    assert "INSTALLED" in listed(room)
    assert b"marked!" not in on_the_line(room)


def test_a_second_run_changes_nothing(room: Room) -> None:
    assert {one for ends in play(room).values() for one in ends} == {"ok"}


def test_another_key_at_one_end_brings_nothing_up(room: Room) -> None:
    (room.design / "tunnels.yaml").write_text(variables({"left": PPK, "right": "0bad" * 16}))
    play(room)
    room.lab.node("left", "swanctl --terminate --ike right --force; true")
    said = room.lab.node("left", "swanctl --initiate --ike right --child right --timeout 8 2>&1 || true")
    assert "AUTHENTICATION_FAILED" in said
    assert not passes(room)


def test_what_cannot_be_meant_is_refused_without_a_key_in_the_message(room: Room) -> None:
    (room.design / "tunnels.yaml").write_text(variables({"left": PPK[:-2], "right": PPK}))
    found = play(room, check=Exit.BAD_INPUT)
    assert "RFC 8784 asks for 256 bits" in found["left"][-1]


def test_absent_takes_it_all_away(room: Room) -> None:
    (room.design / "tunnels.yaml").write_text(variables({"left": PPK, "right": PPK}))
    play(room, "-e", "ipsec_state=absent")
    for node in SIDES:
        left = "pgrep -x 'charon-systemd|citynet-ike'; ls /etc/swanctl/private; grep -rl citynet /etc/swanctl || true"
        assert room.lab.node(node, f"({left}) 2>/dev/null || true") == ""
    assert until(lambda: passes(room), 30, 0.5)
    assert b"marked!" in on_the_line(room)
