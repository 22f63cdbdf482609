"""What tests of IPsec do to routers and see of them."""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from typing import TYPE_CHECKING, Any

from captures import captured

from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab_room import Room

LOG = "/var/log/citynet/ike.log"
MARK = b"citynet-marked-payload"
SENDER = """
import socket, sys, time
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
start = time.monotonic()
for number in range({count}):
    while time.monotonic() < start + number / 1000:
        time.sleep(0.0002)
    link.sendto(number.to_bytes(4, "big") + b"{mark}", ("{to}", 40400))
for _ in range(20):
    link.sendto(b"end", ("{to}", 40400))
"""
RECEIVER = """
import socket
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.bind(("", 40400))
link.settimeout(60)
found = set()
while (data := link.recv(99)) != b"end":
    found.add(data[:4])
print(len(found))
"""


def put(room: Room, node: str, path: str, content: bytes | str) -> None:
    data = content.encode() if isinstance(content, str) else content
    room.lab.node(node, f"echo {base64.b64encode(data).decode()} | base64 -d > {path}")


def listed(room: Room, node: str, connection: str) -> str:
    return room.lab.node(node, f"swanctl --list-sas --ike {connection} 2>/dev/null || true")


def is_up(room: Room, node: str, connection: str) -> bool:
    return "INSTALLED" in listed(room, node, connection)


def log(room: Room, node: str) -> str:
    return room.lab.node(node, f"cat {LOG}.1 {LOG} 2>/dev/null || true")


def states(room: Room, node: str) -> dict[str, dict[str, Any]]:
    said = room.lab.node(node, "cat /run/hand.json 2>/dev/null || true")
    return json.loads(said) if said else {}


def tell(room: Room, nodes: dict[str, str], *words: str) -> None:
    """Say something of a tunnel to the routers at its ends; `nodes` has its name at each."""
    for node, tunnel in nodes.items():
        room.lab.node(node, f"echo {words[0]} {tunnel} {' '.join(words[1:])} > /run/hand")


BOTH = {"gov-a": "core--gov-b", "gov-b": "core--gov-a"}
LAN = {"gov-a": "evpn.full--gov-b", "gov-b": "evpn.full--gov-a"}


def prepare(room: Room, nodes: dict[str, str], key: str, value: str = "") -> None:
    value = value or secrets.token_hex(32)
    tell(room, nodes, "prepare", key, value)
    assert until(
        lambda: all(key in states(room, node)[f"tunnel {name}"]["keys"] for node, name in nodes.items()), 20, 0.2
    )


def change(room: Room, nodes: dict[str, str], key: str, before: str) -> None:
    """What the key agents of both ends do together."""
    master, other = nodes
    prepare(room, nodes, key)
    tell(room, {master: nodes[master]}, "switch", key)
    assert until(lambda: in_use(room, master, nodes[master]) == key, 20, 0.1)
    tell(room, {other: nodes[other]}, "switch", key)
    tell(room, nodes, "retire", before)


def in_use(room: Room, node: str, tunnel: str) -> str:
    told = states(room, node).get(f"tunnel {tunnel}", {})
    return told["key_id"] if told.get("state") == "up" else ""


def reaches(room: Room, host: str, far: str, *words: str) -> bool:
    return "bytes from" in room.lab.node(host, f"ping -n -c 1 -W 1 {' '.join(words)} {far} || true")


def put_on_line(room: Room, node: str, command: str, host: str) -> bytes:
    """What a router puts on its line while a host does something."""
    place = (node, line_of(room, node))
    with captured(room.lab, [place], outgoing=True) as seen:
        room.lab.node(host, command)
    return seen[place]


def line_of(room: Room, node: str) -> str:
    return next(port.name for port in room.lab.plan.devices[node].ports if port.kind == "link")


def lost(room: Room, host: str, far_host: str, far: str, doing: Callable[[], object], count: int = 8000) -> int:
    """Datagrams that are lost of those that are sent a millisecond while something is done."""
    put(room, far_host, "/run/receiver.py", RECEIVER)
    put(room, host, "/run/sender.py", SENDER.format(count=count, mark=MARK.decode(), to=far))
    got: list[str] = []
    taker = threading.Thread(target=lambda: got.append(room.lab.node(far_host, "python3 /run/receiver.py", 90)))
    giver = threading.Thread(target=lambda: room.lab.node(host, "python3 /run/sender.py", 90))
    taker.start()
    assert until(lambda: ":9dd0 " in room.lab.node(far_host, "cat /proc/net/udp").lower(), 10, 0.1)
    giver.start()
    time.sleep(0.5)
    doing()
    assert giver.is_alive(), "it took longer than the probe"
    giver.join()
    taker.join()
    return count - int(got[0])
