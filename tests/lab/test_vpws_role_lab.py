"""The role `vpws` on routers that citynet does not manage otherwise: frames pass, and only its own goes again."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from lab_room import HERE, Room, citynet

from citynet.lab import Lab
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "vpws-role"
MODULES = ("underlay", "srv6_locator", "vpws_service")
PLAYBOOK = """
- hosts: citynet_routers
  gather_facts: false
  roles: [citynet.twodomain.underlay, citynet.twodomain.srv6, citynet.twodomain.vpws]
"""
VARIABLES = """
citynet_routers:
  hosts:
    left:
      vpws_circuits: [{service: video, name: eth2, sid: "fd01:1:1:fd01::", remote: "fd01:1:2:fd01::"}]
    right:
      vpws_circuits: [{service: video, name: eth2, sid: "fd01:1:2:fd01::", remote: "fd01:1:1:fd01::"}]
  vars:
    vpws_prefix: "{{ srv6_prefix }}"
    vpws_source_address: "{{ underlay_loopback }}"
"""
FAR = ("192.0.2.2", "2001:db8:0:7::2")


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("vpws")
    shutil.copy(HERE / "small.yml", design / "design.yml")
    (design / "circuits.yaml").write_text(VARIABLES)
    (design / "vpws.yaml").write_text(PLAYBOOK)
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    for host, number in (("giver-1", 1), ("taker-1", 2)):
        lab.node(host, f"ip address add 192.0.2.{number}/24 dev eth1")
        lab.node(host, f"ip address add 2001:db8:0:7::{number}/64 dev eth1 nodad")
    yield Room(design, lab)
    lab.down()


def play(room: Room, *words: str) -> dict[str, list[str]]:
    """How the tasks of the modules ended, in order, by router."""
    inventories = ("-i", str(HERE / "routers.yml"), "-i", str(room.design / "circuits.yaml"))
    playbook = str(room.design / "vpws.yaml")
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", playbook, *inventories, *words),
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    found: dict[str, list[str]] = {"left": [], "right": []}
    for event in map(json.loads, done.stdout.splitlines()):
        if event["event"] == "result" and event["action"].endswith(MODULES):
            found[event["host"]].append(event["status"])
    return found


def passes(room: Room, address: str) -> bool:
    return "bytes from" in room.lab.node("giver-1", f"ping -n -c 1 -W 1 {address} || true")


def test_frames_pass_and_only_what_is_its_own_goes_again(room: Room) -> None:
    assert not any(passes(room, address) for address in FAR)
    assert play(room) == {router: ["changed"] * 3 for router in ("left", "right")}
    for address in FAR:
        assert until(lambda far=address: passes(room, far), 60)
    assert play(room) == {router: ["ok"] * 3 for router in ("left", "right")}
    gone = play(room, "-e", "vpws_state=absent", "--limit", "left")
    assert gone["left"] == ["ok", "ok", "changed"]
    assert not any(passes(room, address) for address in FAR)
    left = room.lab.node("left", "find /etc/citynet /usr/local/lib/citynet -type f; tc filter show dev eth2 ingress")
    assert "layer2" not in left
    assert "bpf" not in left
    assert play(room) == {"left": ["ok", "ok", "changed"], "right": ["ok"] * 3}
    for address in FAR:
        assert until(lambda far=address: passes(room, far), 60)
