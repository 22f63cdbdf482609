"""A line's interface goes out of use as soon as its port has no light.

Routing hears of an interface by its operational state. Linux tells that of a port, and of what is stacked on a port, at
once; that of a bridge, which a line's interface is, up to a second later (it takes such news together). BFD would be
the first to see a cut then, after three of its intervals. So the port is watched here, and the interface above it is
called dormant (RFC 2863) the moment the light goes; with the light that ends again. What is true a second later Linux
says by itself.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import errno
import socket
import struct
import threading
from pathlib import Path
from typing import Dict, Iterator, Optional, Tuple

_RTMGRP_LINK, _RTM_NEWLINK, _RTM_SETLINK, _NLM_F_REQUEST = 1, 16, 19, 1  # <linux/rtnetlink.h>, <linux/netlink.h>
_IFLA_IFNAME, _IFLA_OPERSTATE, _IFF_LOWER_UP = 3, 16, 1 << 16  # <linux/if_link.h>, <linux/if.h>
DORMANT, UP = 5, 6
"""Operational states (IF_OPER_DORMANT, IF_OPER_UP)."""
_HEAD, _LINK, _ATTRIBUTE = struct.Struct("=IHHII"), struct.Struct("=BxHiII"), struct.Struct("=HH")
_LIMIT = 1 << 16


class Carrier:
    """Watches ports in a thread of its own, which begins with the first of them."""

    def __init__(self) -> None:
        self._interfaces: Dict[str, str] = {}
        self._light: Dict[str, bool] = {}
        self._socket: Optional[socket.socket] = None

    def follow(self, port: str, interface: str) -> None:
        """Let an interface go with the light of a port from now on."""
        self._interfaces[port] = interface
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
                self._socket.bind((0, _RTMGRP_LINK))
                threading.Thread(target=self._run, name="carrier", daemon=True).start()
        except OSError:  # lines do without: BFD sees a cut, too
            return
        self._note(port, lit=_lit(port))

    def leave(self, port: str) -> None:
        """No more."""
        self._interfaces.pop(port, None)
        self._light.pop(port, None)

    def _run(self) -> None:
        while self._socket is not None:
            try:
                found = dict(lights(self._socket.recv(_LIMIT)))
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    return
                found = {port: _lit(port) for port in list(self._interfaces)}  # there was more than could be heard
            for port, lit in found.items():
                self._note(port, lit=lit)

    def _note(self, port: str, *, lit: bool) -> None:
        interface = self._interfaces.get(port)
        if interface is None or self._light.get(port) == lit or self._socket is None:
            return
        self._light[port] = lit
        try:
            self._socket.send(order(socket.if_nametoindex(interface), UP if lit else DORMANT))
        except OSError:
            return  # it is gone


def order(index: int, state: int) -> bytes:
    """What gives an interface an operational state; Linux heeds it only where it may be true.

    Args:
        index: Of the interface.
        state: `DORMANT`, which only an interface that is up becomes, or `UP`, which only a dormant one becomes.
    """
    attribute = _ATTRIBUTE.pack(_ATTRIBUTE.size + 1, _IFLA_OPERSTATE) + bytes([state, 0, 0, 0])
    link = _LINK.pack(socket.AF_UNSPEC, 0, index, 0, 0) + attribute
    return _HEAD.pack(_HEAD.size + len(link), _RTM_SETLINK, _NLM_F_REQUEST, 0, 0) + link


def lights(data: bytes) -> Iterator[Tuple[str, bool]]:
    """The interfaces of which a message tells, by name, and whether each has light."""
    while len(data) >= _HEAD.size:
        length, kind, _, _, _ = _HEAD.unpack_from(data)
        message, data = data[_HEAD.size : length], data[max(length + 3 & ~3, _HEAD.size) :]
        if kind == _RTM_NEWLINK and len(message) >= _LINK.size:
            _, _, _, flags, _ = _LINK.unpack_from(message)
            name = _name(message[_LINK.size :])
            if name:
                yield name, bool(flags & _IFF_LOWER_UP)


def _name(attributes: bytes) -> str:
    while len(attributes) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(attributes)
        if kind == _IFLA_IFNAME:
            return attributes[_ATTRIBUTE.size : length].rstrip(b"\0").decode("ascii", "replace")
        attributes = attributes[max(length + 3 & ~3, _ATTRIBUTE.size) :]
    return ""


def _lit(port: str) -> bool:
    """Whether a port has light; one that is down or gone has none."""
    try:
        return Path(f"/sys/class/net/{port}/carrier").read_text(encoding="ascii").strip() == "1"
    except OSError:
        return False
