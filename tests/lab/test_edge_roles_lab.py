"""The roles `tags` and `fence` on routers that citynet does not manage otherwise, which forward as they always did.

The left router has both, the right one tags only. The tests stand in order: each begins with what the one before left.
"""

from __future__ import annotations

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

NAME = "edge-roles"
MODULES = ("edge_tag", "fence_acl")
PLAYBOOK = """
- hosts: citynet_routers
  gather_facts: false
  roles: [citynet.twodomain.tags]
- hosts: left
  gather_facts: false
  roles: [citynet.twodomain.fence]
"""
VARIABLES = """
citynet_routers:
  hosts:
    left:
      fence_ports: [{name: eth2, sources: ["fd11::/64"], identifiers: [1001], own: ["fd11::1", 10.11.0.1]}]
      fence_entries:
        - {fence: there, identifier: 1001, sources: ["fd11::/64"], destinations: ["fd11:0:0:1::/64"]}
        - {fence: back, identifier: 1001, direction: out, sources: ["fd11:0:0:1::/64"], destinations: ["fd11::/64"]}
    right: {}
  vars:
    tags_interfaces: [eth2]
    tags_flows:
      - {identifier: 1001, protocol: udp, ports: [49864]}
      - {identifier: 1001, protocol: icmp, prefixes: [10.11.0.16/28]}
    tags_ipv4_block: 10.11.0.0/20
    tags_ipv6_block: fd11::/48
"""
OPTION = DeviceFence(3, [60, 0], 32)
TAKER, TAKER_4 = "fd11:0:0:1::2", "10.11.0.18"
SIDES = {"left": ("fd11::1/64", "10.11.0.1/28", 1), "right": ("fd11:0:0:1::1/64", "10.11.0.17/28", 2)}
WATCH = """
table inet seen {
  chain in { type filter hook prerouting priority -400; iifname eth1 jump tagged; }
  chain tagged { exthdr dst exists counter; }
}
"""


def forward(lab: Lab, router: str) -> None:
    """Addresses, routes and forwarding, by hand."""
    address, address4, number = SIDES[router]
    far = 3 - number
    words = [
        "sysctl -q -w net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1",
        "ethtool -K eth1 gro off; ethtool -K eth2 gro off",
        "ip link set eth1 up mtu 9000; ip link set eth2 up mtu 1548",
        f"ip address add {address} dev eth2 nodad; ip address add {address4} dev eth2",
        f"ip address add fd99::{number}/64 dev eth1 nodad; ip address add 192.0.2.{number}/30 dev eth1",
        f"ip route add fd11:0:0:{far - 1}::/64 via fd99::{far}",
        f"ip route add 10.11.0.{(far - 1) * 16}/28 via 192.0.2.{far}",
    ]
    lab.node(router, "; ".join(words))


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("roles")
    shutil.copy(HERE / "small.yml", design / "design.yml")
    (design / "edges.yaml").write_text(VARIABLES)
    (design / "roles.yaml").write_text(PLAYBOOK)
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    for router in SIDES:
        forward(lab, router)
    for node in ("right", "taker-1"):
        lab.node(node, f"nft -f - <<'END'{WATCH}END")
    yield Room(design, lab)
    lab.down()


def play(room: Room, *words: str) -> dict[str, list[str]]:
    """How the tasks of the modules ended, in order, by router."""
    inventory, playbook = ("-i", str(room.design / "edges.yaml")), str(room.design / "roles.yaml")
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", playbook, *inventory, *words),
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    found: dict[str, list[str]] = {"left": [], "right": []}
    for event in map(json.loads, done.stdout.splitlines()):
        if event["event"] == "result" and event["action"].endswith(MODULES):
            found[event["host"]].append(event["status"])
    return found


def passes(room: Room, number: int = 0) -> bool:
    """Whether a datagram to the flow's port arrives; with an identifier that its sender put there, or none."""
    identifier = PlannedIdentifier(str(number), "", "", "", "", 0, 0, number, []) if number else None
    hosts = room.lab.plan.hosts
    return arrives(room.lab, hosts["giver-1"], hosts["taker-1"], OPTION, identifier)


def answers(room: Room, address: str) -> bool:
    return "bytes from" in room.lab.node("giver-1", f"ping -n -c 1 -W 1 {address} || true")


def tagged(room: Room, node: str) -> int:
    """Packets with destination options that came in by a node's first port so far."""
    told = json.loads(room.lab.node(node, "nft -j list chain inet seen tagged"))["nftables"]
    (rule,) = [one["rule"] for one in told if "rule" in one]
    return next(part["counter"]["packets"] for part in rule["expr"] if "counter" in part)


def test_flows_are_tagged_and_judged(room: Room) -> None:
    assert until(lambda: answers(room, TAKER) and answers(room, TAKER_4), 60)
    assert tagged(room, "right") == 0
    assert play(room) == {"left": ["changed", "changed"], "right": ["changed"]}
    assert play(room) == {"left": ["ok", "ok"], "right": ["ok"]}
    assert passes(room)
    assert tagged(room, "right") > 0
    assert tagged(room, "taker-1") == 0
    assert not answers(room, TAKER)  # nobody gives ICMPv6 an identifier, and the port is fenced


def test_ipv4_is_tagged_too(room: Room) -> None:
    before = tagged(room, "right")
    assert answers(room, TAKER_4)
    assert tagged(room, "right") == before + 1
    assert tagged(room, "taker-1") == 0
    assert " 0% packet loss" in room.lab.node("giver-1", f"ping -n -c 2 -s 1472 -M do {TAKER_4}")


def test_a_sender_has_no_right_to_another_identifier(room: Room) -> None:
    assert passes(room, 1001)
    assert not passes(room, 1002)
    assert "spoofed" in room.lab.node("left", "nft -j list counters table inet citynet_fence")


def test_each_role_takes_away_its_own(room: Room) -> None:
    assert play(room, "-e", "fence_state=absent")["left"] == ["ok", "changed"]
    assert "citynet_fence" not in room.lab.node("left", "nft list tables")
    assert answers(room, TAKER)
    assert passes(room, 1002)
    gone = play(room, "-e", "fence_state=absent", "-e", "tags_state=absent")
    assert gone == {"left": ["changed", "ok"], "right": ["changed"]}
    left = room.lab.node("left", "find /etc/citynet /usr/local/lib/citynet -type f; tc filter show dev eth2 ingress")
    assert "tag" not in left
    assert "bpf" not in left
    before = tagged(room, "right")
    assert passes(room)
    assert tagged(room, "right") == before
