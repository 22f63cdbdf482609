"""Probes that come back with the number of every device they passed (IOAM6: RFC 9197, RFC 9486).

A probe is a UDP packet with a hop-by-hop header that has room for what devices write into it, each the number it has
in its locator (a pre-allocated trace), and a segment routing header that leads it to the far end and back to this
device. So the far end runs nothing. What it tells is the way that IS-IS has for the two, at this moment.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Any, Dict, List, Optional, Tuple

from .system import must, run

NAMESPACE = 7
"""Of IOAM, agreed upon by all devices of the city (RFC 9197, 4.3)."""
PORT = 49863
MOST_HOPS = 20
_IOAM, _PREALLOCATED = 0x31, 0
_HOP_LIMIT_AND_NODE = 0x800000
"""What a device writes: one byte of hop limit, three of its number (RFC 9197, 4.4.2, bit 0)."""
_OPTION = struct.Struct("!BBBB")
_TRACE = struct.Struct("!HHI")
_IPV6_RECVHOPOPTS, _IPV6_HOPOPTS, _IPV6_RTHDR = 53, 54, 57


def options() -> bytes:
    """The hop-by-hop header with room for the numbers; the kernel writes its first byte."""
    room = 4 * MOST_HOPS
    head = struct.pack("!BBBB", 0, (16 + room) // 8 - 1, 1, 0)  # PadN of two bytes: the option begins at a fourth
    option = _OPTION.pack(_IOAM, 2 + _TRACE.size + room, 0, _PREALLOCATED)
    return head + option + _TRACE.pack(NAMESPACE, 1 << 11 | MOST_HOPS, _HOP_LIMIT_AND_NODE << 8) + bytes(room)


def numbers(header: bytes) -> Optional[List[int]]:
    """The devices that wrote into a hop-by-hop header, in the order in which it passed them; None when it is none."""
    if len(header) != len(options()) or _OPTION.unpack_from(header, 4)[0] != _IOAM:
        return None
    left = _TRACE.unpack_from(header, 8)[1] & 0x7F
    words = [struct.unpack_from("!I", header, 16 + 4 * at)[0] & 0xFFFFFF for at in range(left, MOST_HOPS)]
    return words[::-1]  # each writes in front of the one before it


def routing(segments: List[str]) -> bytes:
    """A segment routing header (RFC 8754, 2) for segments in the order of travel."""
    last = len(segments) - 1
    head = struct.pack("!BBBBBBH", 0, 2 * len(segments), 4, last, last, 0, 0)
    return head + b"".join(socket.inet_pton(socket.AF_INET6, one) for one in reversed(segments))


def enable(settings: Dict[str, Any]) -> None:
    """Let the kernel write this device's number into probes that come in by lines, those of others too."""
    run(["ip", "ioam", "namespace", "add", str(NAMESPACE)])  # it may be there already
    must(["sysctl", "-q", f"net.ipv6.ioam6_id={settings['node']}"])
    for port in settings["ports"]:
        if port["kind"] == "link":
            must(["sysctl", "-q", f"net.ipv6.conf.{port['interface']}.ioam6_enabled=1"])


class Probes:
    """Sends a probe to each far end now and then, and knows which way the last one took there."""

    def __init__(self, settings: Dict[str, Any]) -> None:
        self._source: str = settings["source"]
        self._own: int = settings["node"]
        self._far: Dict[str, Tuple[int, socket.socket]] = {}
        self.ways: Dict[str, List[int]] = {}
        self._answers = self._socket(PORT)
        self._answers.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVHOPOPTS, 1)
        for name, far in settings["far"].items():
            one = self._socket(0)
            one.setsockopt(socket.IPPROTO_IPV6, _IPV6_HOPOPTS, options())
            one.setsockopt(socket.IPPROTO_IPV6, _IPV6_RTHDR, routing([far["locator"], self._source]))
            self._far[name] = far["node"], one

    def _socket(self, port: int) -> socket.socket:
        made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        made.bind((self._source, port))
        return made

    def send(self) -> None:
        """A probe to each far end; one that cannot leave is as good as one that is lost."""
        for name, (_, one) in self._far.items():
            try:
                one.sendto(name.encode(), (self._source, PORT))
            except OSError:
                self.ways.pop(name, None)

    def hear(self) -> Dict[str, List[int]]:
        """Ways that are others than before, by far end: the numbers of the devices from here to there."""
        changed: Dict[str, List[int]] = {}
        while True:
            try:
                told, more, _, where = self._answers.recvmsg(256, 1024)
            except OSError:
                return changed
            name = told.decode(errors="replace")
            header = next((data for level, kind, data in more if kind == _IPV6_HOPOPTS), b"")
            passed = numbers(header)
            if where[0] != self._source or name not in self._far or passed is None:
                continue
            far = self._far[name][0]
            way = [self._own, *passed[: passed.index(far) + 1]] if far in passed else []
            if way and self.ways.get(name) != way:
                self.ways[name] = changed[name] = way

    def close(self) -> None:
        """Let go of everything."""
        for one in (self._answers, *(made for _, made in self._far.values())):
            os.close(one.detach())
