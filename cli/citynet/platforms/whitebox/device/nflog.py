"""Packets that the packet filter hands to a group (`log group N`, nfnetlink_log), read from the kernel.

The kernel gathers them for a second, or until a buffer is full; what a reader is too slow for is lost and counted by
the gaps in its numbers. Nothing is ever held up by that. Standard library only.
"""

from __future__ import annotations

import errno
import os
import socket
import struct
import time
from typing import Iterator, List, NamedTuple, Tuple

# linux/netfilter/nfnetlink.h, linux/netfilter/nfnetlink_log.h, linux/netlink.h
_NETLINK_NETFILTER = 12
_PACKET, _CONFIG = 4 << 8, 4 << 8 | 1
_ERROR = 2
_REQUEST_AND_ANSWER = 1 | 4
_CFG_COMMAND, _CFG_MODE, _CFG_FLAGS = 1, 2, 6
_BIND, _COPY_PACKETS, _NUMBERED = 1, 2, 1
_MARK, _MOMENT, _CAME_BY, _LEAVES_BY, _CONTENT, _NUMBER = 2, 3, 4, 5, 9, 12
_BUFFER = 1 << 20
_MOST_AT_ONCE = 1 << 16
_ATTRIBUTE = 0x3FFF


class Logged(NamedTuple):
    """A packet.

    Attributes:
        mark: Its mark (fwmark).
        came_by: Number of the interface by which it came; 0: none.
        leaves_by: That by which it was to leave; 0: not decided yet.
        moment: When it was seen, µs since 1970 UTC.
        content: Its first octets, from the IP header on.
    """

    mark: int
    came_by: int
    leaves_by: int
    moment: int
    content: bytes


class Log:
    """Listens to a group; the only one that may.

    Args:
        group: Its number.
        octets: How much of each packet is wanted.

    Raises:
        OSError: Somebody else listens, or this process may not.
    """

    def __init__(self, group: int, octets: int) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        self._socket.bind((0, 0))
        self._next = 0
        self.lost = 0
        """Packets that came faster than they were read."""
        wanted = _attribute(_CFG_COMMAND, bytes([_BIND])) + _attribute(_CFG_FLAGS, struct.pack("!H", _NUMBERED))
        wanted += _attribute(_CFG_MODE, struct.pack("!IBx", octets, _COPY_PACKETS))
        body = struct.pack("!BBH", socket.AF_UNSPEC, 0, group) + wanted
        self._socket.send(struct.pack("=IHHII", 16 + len(body), _CONFIG, _REQUEST_AND_ANSWER, 1, 0) + body)
        for kind, answer in _messages(self._socket.recv(_MOST_AT_ONCE)):
            code = -struct.unpack_from("=i", answer)[0] if kind == _ERROR else 0
            if code:
                raise OSError(code, os.strerror(code), f"nflog group {group}")
        self._socket.settimeout(0)

    def fileno(self) -> int:
        """What `select` waits for."""
        return self._socket.fileno()

    def read(self) -> List[Logged]:
        """What came since."""
        found: List[Logged] = []
        while True:
            try:
                data = self._socket.recv(_MOST_AT_ONCE)
            except BlockingIOError:
                return found
            except OSError as error:
                if error.errno != errno.ENOBUFS:  # the gap in the numbers says how many
                    raise
                continue
            for kind, body in _messages(data):
                if kind == _PACKET:
                    found.append(self._packet(body))

    def _packet(self, body: bytes) -> Logged:
        mark = came_by = leaves_by = 0
        moment, content = 0, b""
        for kind, value in _attributes(body[4:]):
            if kind == _MARK:
                mark = struct.unpack("!I", value)[0]
            elif kind == _CAME_BY:
                came_by = struct.unpack("!I", value)[0]
            elif kind == _LEAVES_BY:
                leaves_by = struct.unpack("!I", value)[0]
            elif kind == _MOMENT:
                seconds, rest = struct.unpack("!QQ", value)
                moment = seconds * 1_000_000 + rest
            elif kind == _CONTENT:
                content = value
            elif kind == _NUMBER:
                number = struct.unpack("!I", value)[0]
                self.lost += (number - self._next) & 0xFFFFFFFF
                self._next = (number + 1) & 0xFFFFFFFF
        return Logged(mark, came_by, leaves_by, moment or time.time_ns() // 1000, content)


def _attribute(kind: int, value: bytes) -> bytes:
    padding = b"\0" * (-len(value) % 4)
    return struct.pack("=HH", 4 + len(value), kind) + value + padding


def _messages(data: bytes) -> Iterator[Tuple[int, bytes]]:
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        if length < 16:
            return
        yield kind, data[at + 16 : at + length]
        at += (length + 3) & ~3


def _attributes(data: bytes) -> Iterator[Tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            return
        yield kind & _ATTRIBUTE, data[at + 4 : at + length]
        at += (length + 3) & ~3
