"""Captures that surely hold everything that was on an interface while they ran.

tcpdump as it is hands over what it saw a block at a time: what came in the last second is lost when it is ended, and a
test that finds nothing may have looked at nothing. Here each packet is written as it comes, and before a capture ends
it must hold a frame that was sent after everything else.
"""

from __future__ import annotations

import base64
import secrets
from contextlib import contextmanager
from typing import TYPE_CHECKING

from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.lab import Lab

EVERY = "any"
"""The port that stands for all of a node."""
LIMIT_S = 20
_KILL = "kill $(cat {}.pid) 2>/dev/null"
_HEAD, _RECORD, _SNAP, _BUFFER_KB = 24, 16, 2000, 4096
# An IPv6 packet from nobody to nobody, so that filters by `ip6` let it pass and nobody takes it in.
_LAST = """
import socket, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[1], 0))
token = sys.argv[2].encode()
head = bytes([2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 8, 0x86, 0xDD, 0x60, 0, 0, 0, 0, len(token), 59, 1])
out.send(head + bytes(16) + bytes(16) + token)
"""


def file_of(port: str = EVERY) -> str:
    """Where a node has what it captured last."""
    return f"/tmp/capture-{port}"


@contextmanager
def captured(
    lab: Lab, places: Iterable[tuple[str, str]], what: str = "", *, outgoing: bool = False
) -> Iterator[dict[tuple[str, str], bytes]]:
    """Capture at all places (node and port) meanwhile; what they hold is filled in at the end.

    Args:
        lab: The running lab.
        places: Nodes and their ports; `EVERY` for all ports of a node.
        what: A filter of tcpdump that lets IPv6 without ports pass.
        outgoing: Only what goes out. Where a packet is decrypted, Linux shows it as if it had come in like that.
    """
    found: dict[tuple[str, str], bytes] = {}
    running: list[tuple[str, str]] = []
    try:
        for place in places:
            _begin(lab, *place, f"{'-Q out ' * outgoing}{what}")
            running.append(place)
        for place in running:
            assert until(lambda place=place: "listening on" in _said(lab, *place), LIMIT_S, 0.1), place
        yield found
        while running:
            found[running[0]] = _end(lab, *running[0])
            running.pop(0)
    finally:
        for node, port in running:
            lab.node(node, f"{_KILL} || true".format(file_of(port)))


def _begin(lab: Lab, node: str, port: str, words: str) -> None:
    file = file_of(port)
    options = f"-i {port} --immediate-mode -U -s {_SNAP} -B {_BUFFER_KB} -w {file}"
    lab.node(node, f"rm -f {file}*; tcpdump {options} {words} >/dev/null 2>{file}.said & echo $! > {file}.pid")


def _said(lab: Lab, node: str, port: str, before: str = "true") -> str:
    return lab.node(node, f"{before}; cat {file_of(port)}.said")


def _end(lab: Lab, node: str, port: str) -> bytes:
    """What a capture holds once it holds all; without the frame that shows it."""
    file, token = file_of(port), f"last-{secrets.token_hex(8)}"
    send = f"python3 -c '{_LAST}' {'lo' if port == EVERY else port} {token}"
    look = f"{send}; grep -qaF {token} {file} && echo whole || true"
    assert until(lambda: "whole" in lab.node(node, look), LIMIT_S, 0.1), f"{node} {port}: the capture sees nothing"
    kill = _KILL.format(file)
    assert until(lambda: "dropped by kernel" in _said(lab, node, port, kill), LIMIT_S, 0.1), f"{node} {port}: runs on"
    said = _said(lab, node, port)
    assert "\n0 packets dropped by kernel" in said, f"{node} {port}: {said}"
    whole = base64.b64decode(lab.node(node, f"base64 -w0 {file}", timeout_s=60))
    return whole[:_HEAD] + b"".join(record for record in _records(whole) if token.encode() not in record)


def _records(capture: bytes) -> Iterator[bytes]:
    """The packets of a pcap file (little-endian), each with its record's header."""
    at = _HEAD
    while at + _RECORD <= len(capture):
        end = at + _RECORD + int.from_bytes(capture[at + 8 : at + 12], "little")
        yield capture[at:end]
        at = end


def frames(capture: bytes) -> list[bytes]:
    """The frames of a capture."""
    return [record[_RECORD:] for record in _records(capture)]
