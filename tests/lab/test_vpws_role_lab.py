"""The role `vpws` on routers that citynet does not manage otherwise: frames pass, and only its own goes again.

One end has a VLAN. The tests stand in order: each begins with what the one before it left.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest
from lab_room import HERE, Room, citynet

from citynet.errors import Exit
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
      vpws_circuits: [{service: video, name: eth2, vlan: 20, sid: "fd01:1:2:fd01::", remote: "fd01:1:1:fd01::"}]
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
    lab.node("taker-1", "ip link add link eth1 name tagged type vlan id 20; ip link set tagged up")
    for host, port, number in (("giver-1", "eth1", 1), ("taker-1", "tagged", 2)):
        lab.node(host, f"ip address add 192.0.2.{number}/24 dev {port}")
        lab.node(host, f"ip address add 2001:db8:0:7::{number}/64 dev {port} nodad")
    yield Room(design, lab)
    lab.down()


def play(room: Room, *words: str, check: int = 0) -> dict[str, list[str]]:
    """How the tasks of the modules ended, in order, by router; what was refused says why."""
    inventories = ("-i", str(HERE / "routers.yml"), "-i", str(room.design / "circuits.yaml"))
    playbook = str(room.design / "vpws.yaml")
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", playbook, *inventories, *words),
        check=check,
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    found: dict[str, list[str]] = {"left": [], "right": []}
    for event in map(json.loads, done.stdout.splitlines()):
        if event["event"] == "result" and event["action"].endswith(MODULES):
            found[event["host"]].append(event["msg"] if event["status"] == "failed" else event["status"])
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


def test_only_frames_with_the_vlan_enter(room: Room) -> None:
    """The untagged side of the far end's port is none of the service's."""
    room.lab.node("taker-1", "ip address del 192.0.2.2/24 dev tagged; ip address add 192.0.2.2/24 dev eth1")
    room.lab.node("giver-1", "ip neigh flush dev eth1")
    assert not passes(room, FAR[0])
    room.lab.node("taker-1", "ip address del 192.0.2.2/24 dev eth1; ip address add 192.0.2.2/24 dev tagged")
    room.lab.node("giver-1", "ip neigh flush dev eth1")
    assert passes(room, FAR[0])
    assert "eth2v20" in room.lab.node("right", "ip -br link")


def test_whole_and_parts_do_not_mix(room: Room) -> None:
    """The right router still has its scopes; the left one has none any more and may be managed whole."""
    gone = [word for role in ("vpws", "srv6", "underlay") for word in ("-e", f"{role}_state=absent")]
    assert play(room, *gone, "--limit", "left")["left"] == ["changed"] * 3
    done = citynet("deploy", str(room.design), "--lab", NAME, "--json", check=Exit.DEVICE_FAILED)
    devices = json.loads(done.stdout)["devices"]
    assert devices["left"]["status"] == "changed"
    assert "has srv6, underlay, vpws by tasks of their own" in devices["right"]["reason"]
    (room.design / "vpws.yaml").write_text(PLAYBOOK.replace("citynet.twodomain.underlay, citynet.twodomain.srv6, ", ""))
    (refused,) = play(room, "--limit", "left", check=2)["left"]
    assert "managed whole by citynet, which has /etc/network/interfaces.d/citynet, /etc/sysctl.d" in refused
