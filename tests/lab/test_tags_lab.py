"""Identifiers that the network gives to flows, and those that a program's sender gives, on the wire of a lab.

The tests stand in order: each begins with what the one before it left.
"""

from __future__ import annotations

import base64
import io
import json
import shlex
import tarfile
from typing import TYPE_CHECKING

import pytest
from lab_room import HERE, ROOT, Room, citynet

from citynet.lab import Lab
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "tags"
TAGS = """    tags:
      - {identifier: 1001, protocol: tcp, ports: [5201]}
      - {identifier: 1002, protocol: udp, ports: [5201], prefixes: ["fd11:0:0:1::/64"]}
      - {identifier: 1003, protocol: icmp}
    ends:
"""
TAKER, TAKER_4 = "fd11:0:0:1::2", "10.11.0.18"
# What passes one interface for a while: protocol behind the headers, and identifier (0 for none). Between routers only
# what is inside of tunnels counts.
SEEN = """
import json, socket, struct, sys, time
catch = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
catch.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
catch.bind((sys.argv[1], 0))
catch.settimeout(0.1)
print("ready", flush=True)
found, end = set(), time.monotonic() + float(sys.argv[2])
while time.monotonic() < end:
    try: packet, where = catch.recvfrom(70000)
    except TimeoutError: continue
    place, following = 40, packet[6]
    while following in (43, 41):  # SRv6: routing header, then the packet inside
        if following == 41: following, place = packet[place + 6], place + 40
        else: following, place = packet[place], place + 8 * (packet[place + 1] + 1)
    identifier = 0
    if sys.argv[3] == "inside" and place < 80: continue
    if following == 60:
        identifier, following = struct.unpack_from("!I", packet, place + 4)[0], packet[place]
        if following == 4: following = 1000 + packet[place + 8 + 9]  # IPv4 in it, with its own protocol
    if following != 58 or packet[place + (8 if identifier else 0)] in (128, 129):
        found.add((following, identifier))
print(json.dumps(sorted(found)))
"""


def prepare(lab: Lab, node: str, name: str, text: str) -> None:
    lab.node(node, f"echo {base64.b64encode(text.encode()).decode()} | base64 -d > /tmp/{name}")


def seen(lab: Lab, node: str, port: str, sender: str, command: str, seconds: float = 3.0) -> set[tuple[int, int]]:
    """What passes a port while a host does something."""
    prepare(lab, node, "seen.py", SEEN)
    where = "inside" if node in lab.plan.devices else "outside"
    start = f"rm -f /tmp/seen; setsid -f python3 /tmp/seen.py {port} {seconds} {where} >/tmp/seen 2>&1"
    lab.node(node, start)
    assert until(lambda: "ready" in lab.node(node, "cat /tmp/seen"), 20)
    lab.node(sender, command)
    assert until(lambda: "[" in lab.node(node, "cat /tmp/seen"), 30), lab.node(node, "cat /tmp/seen")
    return {tuple(one) for one in json.loads(lab.node(node, "cat /tmp/seen").splitlines()[-1])}


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("tags")
    small = (HERE / "small.yml").read_text(encoding="utf-8")
    (folder / "design.yml").write_text(small.replace("    ends:\n", TAGS, 1), encoding="utf-8")
    citynet("lab", "up", str(folder), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    citynet("deploy", str(folder), "--lab", NAME, "--quiet")
    assert until(lambda: "bytes from" in lab.node("giver-1", f"ping -n -c 1 -W 1 {TAKER} || true"), 60)
    lab.node("taker-1", "iperf3 -s -D")
    yield Room(folder, lab)
    lab.down()


TRAFFIC = {
    "tcp": (6, 1001, f"iperf3 -6 -c {TAKER} -n 100K"),
    "udp": (17, 1002, f"iperf3 -6 -u -c {TAKER} -n 20K"),
    "icmp": (58, 1003, f"ping -n -c 3 -i 0.2 {TAKER}"),
}


@pytest.mark.parametrize("kind", TRAFFIC)
def test_packets_have_the_identifier_inside_the_network_only(room: Room, kind: str) -> None:
    protocol, identifier, command = TRAFFIC[kind]
    inside = {one for one in seen(room.lab, "right", "eth1", "giver-1", command) if one[0] == protocol}
    assert inside == {(protocol, identifier)}
    outside = {one for one in seen(room.lab, "taker-1", "eth1", "giver-1", command) if one[0] == protocol}
    assert outside == {(protocol, 0)}


TRAFFIC_4 = {
    "tcp": (6, 1001, f"iperf3 -4 -c {TAKER_4} -n 100K"),
    "udp": (17, 1002, f"iperf3 -4 -u -c {TAKER_4} -n 20K"),
    "icmp": (1, 1003, f"ping -n -c 3 -i 0.2 {TAKER_4}"),
}


@pytest.mark.parametrize("kind", TRAFFIC_4)
def test_ipv4_travels_inside_of_tagged_ipv6(room: Room, kind: str) -> None:
    protocol, identifier, command = TRAFFIC_4[kind]
    inside = {one for one in seen(room.lab, "right", "eth1", "giver-1", command) if one[0] == 1000 + protocol}
    assert inside == {(1000 + protocol, identifier)}
    outside = seen(room.lab, "taker-1", "eth1", "giver-1", command)
    assert not {one for one in outside if one[0] >= 1000 or one[1]}


def test_ipv4_of_full_size_and_in_fragments_passes(room: Room) -> None:
    for size in ("1472 -M do", "4000"):
        assert " 0% packet loss" in room.lab.node("giver-1", f"ping -n -c 3 -i 0.2 -s {size} {TAKER_4}")
    assert "bytes from" in room.lab.node("giver-1", "ping -n -c 1 10.11.0.1")  # its router, and the far one
    assert "bytes from" in room.lab.node("giver-1", "ping -n -c 1 10.11.0.17")
    room.lab.node("giver-1", f"iperf3 -4 -c {TAKER_4} -t 1")
    done = json.loads(room.lab.node("giver-1", f"iperf3 -4 -J -c {TAKER_4} -n 50M", timeout_s=60))
    assert done["end"]["sum_received"]["bits_per_second"] > 20e6


def test_others_have_none(room: Room) -> None:
    """Other ports; and the other direction of a tag with prefixes is not its own."""
    command = f"for port in 7 5202; do echo x | timeout 1 socat - UDP6:[{TAKER}]:$port; done || true"
    assert (17, 0) in seen(room.lab, "right", "eth1", "giver-1", command)
    to_the_giver = "echo x | timeout 1 socat - UDP6:[fd11::2]:5201 || true"
    got = seen(room.lab, "left", "eth1", "taker-1", to_the_giver)
    assert (17, 0) in got
    assert not {identifier for protocol, identifier in got if protocol == 17} - {0}


def test_full_size_passes_and_a_narrow_end_says_what_fits(room: Room) -> None:
    """Routers' ports have room for the header; where one has not, the sender is told of a length less that header."""
    for size in ("1452 -M do", "4000"):
        assert " 0% packet loss" in room.lab.node("giver-1", f"ping -n -s {size} -c 3 -i 0.2 -W 1 {TAKER}")
    for router in ("left", "right"):
        room.lab.node(router, "ip link set eth2 mtu 1500")
    room.lab.node("giver-1", "ip -6 route flush cache")
    told = room.lab.node("giver-1", f"ping -n -s 1452 -M do -c 2 -W 1 {TAKER} || true")
    assert "bytes from" not in told
    assert "mtu 1492" in room.lab.node("giver-1", f"ip -6 route get {TAKER}")
    for size in ("1444 -M do", "4000"):  # the far host learns it as well, by the first of its answers that is lost
        ping = f"ping -n -s {size} -c 3 -i 0.2 -W 1 {TAKER} || true"
        assert until(lambda ping=ping: " 0% packet loss" in room.lab.node("giver-1", ping), 20)

    for router in ("left", "right"):
        room.lab.node(router, "ip link set eth2 mtu 1548")


@pytest.mark.parametrize("direction", ["", "-R"])
def test_bulk_passes(room: Room, direction: str) -> None:
    """Nothing is lost to segments that were joined: after the first too long packets there are no repetitions."""
    room.lab.node("giver-1", f"iperf3 -6 -c {TAKER} -t 1 {direction}")
    done = json.loads(room.lab.node("giver-1", f"iperf3 -6 -J -c {TAKER} -n 50M {direction}", timeout_s=60))
    assert done["end"]["sum_received"]["bits_per_second"] > 20e6
    for router in ("left", "right"):
        dropped = json.loads(room.lab.node(router, "ip -j -s link show eth1"))[0]["stats64"]["tx"]["dropped"]
        assert dropped == 0


def test_program_tags_for_itself(room: Room) -> None:
    """The supervisor in the lab's kernel: an unmodified program, an identifier of its own, untouched by the edge."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("__init__.py", "errors.py", "tagging"):
            archive.add(ROOT / "cli" / "citynet" / name, f"citynet/{name}", filter=_no_caches)
    room.lab.node("giver-1", f"echo {base64.b64encode(packed.getvalue()).decode()} | base64 -d | tar -xz -C /tmp")
    run = (
        "from citynet.tagging import Tag; from citynet.tagging.running import Settings, run; import sys; "
        "sys.exit(run(Settings(Tag(2002), sys.argv[1:])))"
    )
    command = f"cd /tmp; python3 -B -c {shlex.quote(run)} iperf3 -6 -c {TAKER} -n 100K"
    # What it sends has its own; what comes back is the edge's to tag, and to take out.
    got = {one for one in seen(room.lab, "taker-1", "eth1", "giver-1", command, 8.0) if one[0] == 6}
    assert got == {(6, 2002), (6, 0)}


def _no_caches(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member


def test_second_deployment_changes_nothing_and_drift_is_mended(room: Room) -> None:
    def deploy() -> dict[str, str]:
        done = citynet("deploy", str(room.design), "--lab", NAME, "--json")
        return {name: device["status"] for name, device in json.loads(done.stdout)["devices"].items()}

    assert deploy() == {"left": "unchanged", "right": "unchanged"}
    room.lab.node("left", "tc filter del dev eth2 ingress pref 41")
    assert deploy() == {"left": "changed", "right": "unchanged"}
    assert "ip_proto udp" in room.lab.node("left", "tc filter show dev eth2 ingress pref 41")


def test_changed_and_taken_away(room: Room) -> None:
    design = room.design / "design.yml"
    text = design.read_text(encoding="utf-8")
    design.write_text(text.replace("identifier: 1003", "identifier: 1004"), encoding="utf-8")
    citynet("deploy", str(room.design), "--lab", NAME, "--quiet")
    assert (58, 1004) in seen(room.lab, "right", "eth1", "giver-1", TRAFFIC["icmp"][2])
    design.write_text((HERE / "small.yml").read_text(encoding="utf-8"), encoding="utf-8")
    citynet("deploy", str(room.design), "--lab", NAME, "--quiet")
    left = room.lab.node("left", "find /etc/citynet /usr/local/lib/citynet -type f; tc filter show dev eth2 ingress")
    assert "tag" not in left
    assert seen(room.lab, "right", "eth1", "giver-1", TRAFFIC["icmp"][2]) >= {(58, 0)}
