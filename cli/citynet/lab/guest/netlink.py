"""The two things that light needs of the kernel, without starting a process for them (which takes 40 ms here).

Messages as in linux/rtnetlink.h, linux/if_link.h and linux/tc_act/tc_gact.h; each is acknowledged.
"""

from __future__ import annotations

import os
import socket
import struct

_NLMSG_ERROR = 2
_RTM_NEWLINK, _RTM_NEWACTION = 16, 48
_REQUEST, _ACK, _REPLACE, _CREATE = 0x1, 0x4, 0x100, 0x400
_IFF_UP = 1
_TCA_ACT_TAB, _TCA_ACT_KIND, _TCA_ACT_OPTIONS, _TCA_GACT_PARMS = 1, 1, 2, 2
_PASS, _DROP = 3, 2  # TC_ACT_PIPE: on to the next action; TC_ACT_SHOT
_HEADER = struct.Struct("=IHHII")


class Netlink:
    """A socket to the kernel of this machine."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind((0, 0))
        self._number = 0

    def send(self, messages: list[tuple[int, int, bytes]]) -> list[str]:
        """Send messages (type, flags, body) in this order; what the kernel did not like of them."""
        first = self._number + 1
        for kind, flags, body in messages:
            self._number += 1
            header = _HEADER.pack(_HEADER.size + len(body), kind, flags | _REQUEST | _ACK, self._number, 0)
            self._socket.send(header + body)
        return self._answers(first, len(messages))

    def _answers(self, first: int, count: int) -> list[str]:
        errors = []
        while count:
            data = self._socket.recv(1 << 16)
            while data:
                length, kind, _, number, _ = _HEADER.unpack_from(data)
                if kind == _NLMSG_ERROR and number >= first:
                    count -= 1
                    code = struct.unpack_from("=i", data, _HEADER.size)[0]
                    if code:
                        errors.append(os.strerror(-code))
                data = data[(length + 3) & ~3 :]
        return errors


def link(name: str, *, up: bool) -> tuple[int, int, bytes]:
    """Bring an interface up or down; raises OSError when there is none of that name."""
    body = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, socket.if_nametoindex(name), _IFF_UP if up else 0, _IFF_UP)
    return _RTM_NEWLINK, 0, body


def gate(index: int, *, open_: bool) -> tuple[int, int, bytes]:
    """Let packets pass that come to the action of that number, or drop them."""
    parameters = struct.pack("=IIiii", index, 0, _PASS if open_ else _DROP, 0, 0)
    options = _attribute(_TCA_ACT_OPTIONS, _attribute(_TCA_GACT_PARMS, parameters))
    action = _attribute(1, _attribute(_TCA_ACT_KIND, b"gact\0") + options)
    body = struct.pack("=BxH", socket.AF_UNSPEC, 0) + _attribute(_TCA_ACT_TAB, action)
    return _RTM_NEWACTION, _REPLACE | _CREATE, body


def _attribute(kind: int, value: bytes) -> bytes:
    padding = b"\0" * (-len(value) % 4)
    return struct.pack("=HH", len(value) + 4, kind) + value + padding
