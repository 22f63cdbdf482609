"""What the other end of a line says in the clear about its keys: their names (CKN), in EAPOL-MKA frames.

Anybody on the line can send such frames, and what names them true (the ICV) needs the very key that is asked for. So a
name is only a hint: it is remembered while it is repeated, told at most so often, and never changes what is in use.
"""

from __future__ import annotations

import socket
import struct
from typing import Collection, Dict, List, Optional

ETHERTYPE = 0x888E
_GROUP = bytes.fromhex("0180c2000003")
"""The PAE group address (IEEE 802.1X-2020, table 11-1)."""
_MKA = 5
"""EAPOL packet type (IEEE 802.1X-2020, table 11-3)."""
_SOL_PACKET, _ADD_MEMBERSHIP, _MULTICAST = 263, 1, 0  # <linux/if_packet.h>
_ETHERNET, _EAPOL, _FIXED = 14, 4, 28
"""Bytes of the headers before the basic parameter set, and of what comes before the CKN in it (figure 11-8)."""
_MOST_NAMES, _MOST_FRAMES = 4096, 64
_FRESH_S = 7.0
"""A peer sends every 2 s (MKA hello time) and is gone after 6 s (MKA life time)."""
_REPEATED = 2
_AGAIN_S = 5.0
_GIVEN_UP_S = 60.0


def name_in(frame: bytes) -> bytes:
    """The CKN of an EAPOL-MKA frame; empty when it is none, or not whole."""
    body = frame[_ETHERNET + _EAPOL :]
    if len(frame) < _ETHERNET + _EAPOL + 4 or frame[12:14] != ETHERTYPE.to_bytes(2, "big") or frame[15] != _MKA:
        return b""
    length = (body[2] & 0x0F) << 8 | body[3]
    name = body[4 + _FIXED : 4 + length]
    whole = length > _FIXED and len(body) >= 4 + length and len(name) <= 32
    return name if whole else b""


class _Seen:
    """A name that was heard."""

    def __init__(self, now: float) -> None:
        self.first = self.last = now
        self.times = 0
        self.asked = 0
        self.next_ask = now


class Names:
    """The names that are heard on a line, as many as there is room for."""

    def __init__(self) -> None:
        self._seen: Dict[bytes, _Seen] = {}

    def heard(self, name: bytes, now: float) -> None:
        """Remember one; when there is no room those that are known stay, so no flood drives the peer's name out."""
        if name not in self._seen:
            if len(self._seen) >= _MOST_NAMES:
                self._seen = {one: seen for one, seen in self._seen.items() if now - seen.last < _FRESH_S}
            if len(self._seen) >= _MOST_NAMES:
                return
            self._seen[name] = _Seen(now)
        seen = self._seen[name]
        seen.times += 1
        seen.last = now

    def present(self, now: float) -> List[bytes]:
        """The names in use just now."""
        return [name for name, seen in self._seen.items() if now - seen.last < _FRESH_S]

    def unknown(self, known: Collection[bytes], now: float) -> List[bytes]:
        """A name that it is worth to ask for: repeated, not asked for lately; the one that was asked for least."""
        worth = [
            (seen.asked, -seen.times, name)
            for name, seen in self._seen.items()
            if name not in known and now - seen.last < _FRESH_S and seen.times >= _REPEATED and now >= seen.next_ask
        ]
        if not worth:
            return []
        name = min(worth)[2]
        seen = self._seen[name]
        seen.asked += 1
        # Who has the key answers at once; a name that is nobody's is asked for ever more seldom.
        seen.next_ask = now + min(_AGAIN_S * seen.asked**2, _GIVEN_UP_S)
        return [name]


class Listener:
    """Hears EAPOL-MKA frames on a port."""

    def __init__(self, port: str) -> None:
        self.names = Names()
        self._port = port
        self._socket: Optional[socket.socket] = None

    def _open(self) -> Optional[socket.socket]:
        if self._socket is None:
            found = socket.socket(
                socket.AF_PACKET, socket.SOCK_RAW, 0
            )  # with a kind it would hear every port till bound
            try:
                found.bind((self._port, ETHERTYPE))
                index = socket.if_nametoindex(self._port)
                member = struct.pack("iHH8s", index, _MULTICAST, len(_GROUP), _GROUP)
                found.setsockopt(_SOL_PACKET, _ADD_MEMBERSHIP, member)
                found.settimeout(0)
            except OSError:  # the port is not there (yet)
                found.close()
                return None
            self._socket = found
        return self._socket

    def fileno(self) -> int:
        """What becomes readable when a frame has come; -1 while there is no port."""
        listening = self._open()
        return listening.fileno() if listening is not None else -1

    def read(self, now: float) -> None:
        """Take in what has come; a flood is cut short, and what is left of it comes next time."""
        listening = self._open()
        for _ in range(_MOST_FRAMES):
            try:
                frame = listening.recv(1600) if listening is not None else b""
            except BlockingIOError:
                return
            except OSError:  # the port went down or away
                self.close()
                return
            if name := name_in(frame):
                self.names.heard(name, now)

    def close(self) -> None:
        """Hear nothing any more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
