"""The role `paths` on routers that citynet does not manage otherwise: one identifier takes a path, no other does."""

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

NAME = "paths-role"
MODULES = ("underlay", "srv6_locator", "l3vpn_service", "srv6_path")
PLAYBOOK = """
- hosts: citynet_routers
  gather_facts: false
  roles: [citynet.twodomain.underlay, citynet.twodomain.srv6, citynet.twodomain.l3vpn]
- hosts: left
  gather_facts: false
  roles: [citynet.twodomain.paths]
"""
VARIABLES = """
citynet_routers:
  hosts:
    left:
      paths_prefix: "{{ srv6_prefix }}"
      paths_source_address: "{{ underlay_loopback }}"
      paths_paths:
        - name: to-right
          primary: [{name: direct, waypoints: ["fd01:1:2::"], hops: ["fd01:1:2::"], delay_us: 25}]
      paths_steering:
        - name: share/1003
          vrf: share
          table: 400001
          priority: 900
          identifier: 1003
          number: 1
          interfaces: [eth2]
          to: [{path: to-right, sid: "{{ far_sid }}", prefixes: ["fd11:0:0:1::/64"]}]
    right:
      srv6_sids: [{address: "fd01:1:2:fe00::", behavior: uDT46, vrf: share}]
  vars:
    far_sid: "fd01:1:2:fe00::"
"""
# Options for destinations (RFC 8200, 4.6) with one option: type 3, 4 bytes, the identifier.
SEND = """
import socket, struct, sys
word, identifier = sys.argv[1], int(sys.argv[2])
out = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
if identifier:
    out.setsockopt(socket.IPPROTO_IPV6, 59, struct.pack("!BBBBI", 0, 0, 3, 4, identifier))
out.sendto((word + "\\n").encode(), ("fd11:0:0:1::2", 9999))
"""
COUNTER = "nft -j list chain inet citynet_paths steering"
ALL_OTHERS = {"left": ["ok"] * 4, "right": ["ok"] * 3}


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("paths-role")
    shutil.copy(HERE / "small.yml", design / "design.yml")
    (design / "paths.yaml").write_text(VARIABLES)
    (design / "play.yaml").write_text(PLAYBOOK)
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    lab.node("giver-1", f"cat > /tmp/send.py <<'END'{SEND}END")
    lab.node("taker-1", "socat -u UDP6-RECVFROM:9999,fork OPEN:/tmp/got,creat,append </dev/null >/dev/null 2>&1 &")
    yield Room(design, lab)
    lab.down()


def play(room: Room, *words: str) -> dict[str, list[str]]:
    """How the tasks of the modules ended, in order, by router."""
    inventories = ("-i", str(HERE / "routers.yml"), "-i", str(room.design / "paths.yaml"))
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", str(room.design / "play.yaml"), *inventories, *words),
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    found: dict[str, list[str]] = {"left": [], "right": []}
    for event in map(json.loads, done.stdout.splitlines()):
        if event["event"] == "result" and event["action"].endswith(MODULES):
            found[event["host"]].append(event["status"])
    return found


class Sender:
    """Sends words with and without identifiers, and says which arrive."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._sent = 0

    def arrives(self, identifier: int) -> bool:
        self._sent += 1
        word = f"word-{self._sent}-{identifier}"
        self._room.lab.node("giver-1", f"python3 /tmp/send.py {word} {identifier}")
        return until(lambda: word in self._room.lab.node("taker-1", "cat /tmp/got 2>/dev/null || true"), 3)


def counted(room: Room) -> int:
    rules = [one["rule"] for one in json.loads(room.lab.node("left", COUNTER))["nftables"] if "rule" in one]
    return sum(part["counter"]["packets"] for rule in rules for part in rule["expr"] if "counter" in part)


def test_one_identifier_takes_the_path_and_nothing_else_does(room: Room) -> None:
    results = play(room)
    assert results == {"left": ["changed"] * 4, "right": ["changed"] * 3}
    sender = Sender(room)
    assert until(lambda: sender.arrives(1003), 60)
    assert until(lambda: "encap" in room.lab.node("left", "ip -6 route show table 400001"), 30)
    before = counted(room)
    for identifier in (0, 1004, 1003):
        assert sender.arrives(identifier)
    assert counted(room) == before + 1
    assert play(room) == ALL_OTHERS

    # Towards a SID that the far router has not, packets that take the path are lost, and only those.
    assert play(room, "-e", "far_sid=fd01:1:2:fe77::") == {**ALL_OTHERS, "left": ["ok", "ok", "ok", "changed"]}
    assert until(lambda: ":fe77::" in room.lab.node("left", "ip -6 route show table 400001"), 30)
    assert [sender.arrives(identifier) for identifier in (1003, 0, 1004)] == [False, True, True]

    assert play(room, "-e", "paths_state=absent")["left"] == ["ok", "ok", "ok", "changed"]
    left = room.lab.node("left", "nft list tables; ip -6 rule; ip rule; ls /etc/nftables.d /etc/citynet 2>&1 || true")
    assert "paths" not in left
    assert "400001" not in left
    assert sender.arrives(1003)
