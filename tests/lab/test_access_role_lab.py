"""The role `access` on a router that citynet does not manage otherwise; the server is the lab's.

The tests stand in order: each begins with what the one before it left.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest
from lab_room import HERE, Room, citynet

from citynet.lab import Lab, secret_values
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "access-role"
PLAYBOOK = """
- hosts: left
  gather_facts: false
  roles: [citynet.twodomain.access]
"""
STATE = "cat /run/citynet/access.json 2>/dev/null || echo '{\"sessions\": []}'"


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("access-role")
    shutil.copy(HERE / "access.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    variables = {
        "access_ports": [{"name": "eth2", "host": "giver-1"}, {"name": "eth3", "host": "visitor-1"}],
        "access_servers": [{"name": "aaa", "address": lab.address("aaa")}],
        "access_secret": secret_values.known(design / "secrets.yml")["radius/left"],
        "access_address": lab.address("left"),
        "access_bits": 32,
    }
    (design / "access.yaml").write_text(json.dumps({"all": {"hosts": {"left": variables}}}))
    (design / "play.yaml").write_text(PLAYBOOK)
    gateways = lab.plan.hosts["giver-1"].gateways
    lab.node(
        "left",
        "ip link set eth2 up" + "".join(f"; ip addr add {one}/64 dev eth2 nodad" for one in gateways if ":" in one),
    )
    yield Room(design, lab)
    lab.down()


def play(room: Room, *words: str) -> list[str]:
    """How the tasks of the module ended."""
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", str(room.design / "play.yaml")),
        *("-i", str(room.design / "access.yaml"), *words),
        limit_s=300,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    secret = secret_values.known(room.design / "secrets.yml")["radius/left"]
    assert secret not in done.stdout + done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [one["status"] for one in events if one["event"] == "result" and one["action"].endswith("access_port")]


def on(room: Room) -> list[str]:
    told = json.loads(room.lab.node("left", STATE))
    return [one["user"] for one in told["sessions"] if one["open"]]


def passes(room: Room) -> bool:
    gateway = next(one for one in room.lab.plan.hosts["giver-1"].gateways if ":" in one)
    return " 0% packet loss" in room.lab.node("giver-1", f"ping -c 1 -W 1 {gateway} || true")


def test_ports_open_for_who_the_server_lets_on(room: Room) -> None:
    assert until(lambda: passes(room), 10)  # a router without the role asks nobody
    assert play(room) == ["changed"]
    assert until(lambda: on(room) == ["giver-1"], 60)
    assert until(lambda: passes(room), 5)
    number = room.lab.plan.identifiers["notes"].number
    granted = room.lab.node("left", "nft list set inet citynet_access granted")
    assert number in {int(one, 16) for one in re.findall(r"\b0x[0-9a-f]+", granted)}


def test_twice_changes_nothing_and_the_server_withdraws(room: Room) -> None:
    assert play(room) == ["ok"]
    assert on(room) == ["giver-1"]
    citynet("access", "withdraw", "giver-1", "--name", NAME, "--quiet")
    assert until(lambda: not on(room), 3)
    assert not passes(room)


def test_absent_takes_it_all_away(room: Room) -> None:
    assert play(room, "-e", "access_state=absent") == ["changed"]
    left = room.lab.node(
        "left", "nft list tables; ls /etc/citynet /etc/nftables.d; pgrep -l 'hostapd|citynet-acc' || true"
    )
    assert "access" not in left
    assert "hostapd" not in left
    assert passes(room)
