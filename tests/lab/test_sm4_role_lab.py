"""The role `sm4` on routers that citynet does not manage otherwise: encrypted, no secret told, and gone again."""

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

NAME = "sm4-role"
ROUTERS = ("left", "right")
MODULES = ("underlay", "srv6_locator", "l3vpn_service", "sm4_tunnel")
SECRET = "Tunnel-secret-of-left-and-right-0123456789"
MARKER = b"PLAINTEXT-marker"
ROLES = ("underlay", "srv6", "l3vpn", "sm4")
PLAYBOOK = f"""
- hosts: citynet_routers
  gather_facts: false
  roles: [{", ".join(f"citynet.twodomain.{role}" for role in ROLES)}]
"""
TUNNEL = """
          - service: share
            number: 7
            interfaces: [eth2]
            local: "fd01:1:{near}::1:7"
            tunnels:
              - {{peer: {peer}, remote: "fd01:1:{far}::1:7", remote_prefix: "fd01:1:{far}::/48",
                 secret: {secret}, master: {master}}}
"""
VARIABLES = f"""
citynet_routers:
  hosts:
    left:
      sm4_protections: {TUNNEL.format(near=1, far=2, peer="right", secret=SECRET, master="true")}
    right:
      sm4_protections: {TUNNEL.format(near=2, far=1, peer="left", secret=SECRET, master="false")}
  vars:
    sm4_prefix: "{{{{ srv6_prefix }}}}"
    sm4_links: [eth1]
"""


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("sm4")
    shutil.copy(HERE / "small.yml", design / "design.yml")
    (design / "tunnels.yaml").write_text(VARIABLES)
    (design / "sm4.yaml").write_text(PLAYBOOK)
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    yield Room(design, lab)
    lab.down()


def play(room: Room, *words: str) -> tuple[dict[str, list[str]], str]:
    """How the tasks of the modules ended, in order, by router; and all that Ansible said."""
    inventories = ("-i", str(HERE / "routers.yml"), "-i", str(room.design / "tunnels.yaml"))
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", str(room.design / "sm4.yaml"), *inventories, "--diff", *words),
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    found: dict[str, list[str]] = {router: [] for router in ROUTERS}
    for event in map(json.loads, done.stdout.splitlines()):
        if event["event"] == "result" and event["action"].endswith(MODULES):
            found[event["host"]].append(event["msg"] if event["status"] == "failed" else event["status"])
    return found, done.stdout + done.stderr


def passes(room: Room, version: int = 4) -> bool:
    address = room.lab.plan.hosts["taker-1"].address(version)
    said = room.lab.node("giver-1", f"ping -n -c 1 -W 1 -p {MARKER.hex()} -s 64 {address} || true")
    return "bytes from" in said


def test_a_service_is_encrypted_and_no_secret_told(room: Room) -> None:
    found, said = play(room)
    assert found == {router: ["changed"] * 4 for router in ROUTERS}
    assert until(lambda: passes(room), 60)
    with captured(room.lab, [("left", "eth1")], outgoing=True) as seen:
        assert until(lambda: passes(room, 6), 30)
        assert passes(room)
    assert "ESP" in room.lab.node("left", f"tcpdump -nr {file_of('eth1')} 2>/dev/null")
    assert MARKER not in seen["left", "eth1"]
    found, again = play(room)
    assert found == {router: ["ok"] * 4 for router in ROUTERS}
    assert SECRET not in said + again
    for router in ROUTERS:
        places = "/etc /var /run /tmp /usr/local"
        assert room.lab.node(router, f"grep -rlF {SECRET} {places} 2>/dev/null || true").split() == [
            "/etc/citynet/keys-sm4.json"
        ]
        assert room.lab.node(router, "stat -c %a /etc/citynet/keys-sm4.json").strip() == "600"


def test_another_secret_closes_it(room: Room) -> None:
    text = (room.design / "tunnels.yaml").read_text()
    (room.design / "tunnels.yaml").write_text(text.replace(SECRET, SECRET[::-1], 1))
    found, _ = play(room, "--limit", "left")
    assert found["left"][-1] == "changed"
    for router in ROUTERS:  # the keys before are held, as they must be: a restart of both ends shows the secret
        room.lab.node(router, "ip xfrm state flush")
    assert not passes(room)
    (room.design / "tunnels.yaml").write_text(text)
    play(room, "--limit", "left")
    assert until(lambda: passes(room), 60)


def test_it_goes_again_and_leaves_the_service(room: Room) -> None:
    found, _ = play(room, "-e", "sm4_state=absent")
    assert found == {router: ["ok", "ok", "ok", "changed"] for router in ROUTERS}
    assert until(lambda: passes(room), 30)
    for router in ROUTERS:
        left = room.lab.node(router, "ip xfrm policy; ip xfrm state list nokeys; nft list ruleset; ip -br link")
        left += room.lab.node(router, "find /etc/citynet /run/citynet /usr/local/lib/citynet /etc/nftables.d -type f")
        assert not any(word in left for word in ("esp", "encrypt", "enc-sm4", "keys.", "keys-", "xfrm")), left
