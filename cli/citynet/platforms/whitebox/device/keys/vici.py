"""A small client of strongSwan's control interface (VICI, src/libcharon/plugins/vici/README.md of strongSwan 6.1).

Values of what it sends may be keys: errors quote what the daemon says, never what was sent.

Standard library only, Python 3.9 and later; the `vici` package of strongSwan does the same, but is not in Debian.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from typing import Any, Dict, List, Tuple, Union

from .base import Trouble

PATHS = ("/run/charon.vici", "/var/run/charon.vici")
Value = Union[str, bytes, List[Any], Dict[str, Any]]
_REQUEST, _RESPONSE, _UNKNOWN, _REGISTER, _CONFIRM, _EVENT = 0, 1, 2, 3, 5, 7
_SECTION, _SECTION_END, _PAIR, _LIST, _ITEM, _LIST_END = 1, 2, 3, 4, 5, 6
_LIMIT_S = 5.0
_LARGEST = 512 * 1024


def encode(message: Dict[str, Value]) -> bytes:
    """A message as it goes over the socket."""
    found = bytearray()
    for name, value in message.items():
        if isinstance(value, dict):
            found += bytes((_SECTION,)) + _name(name) + encode(value) + bytes((_SECTION_END,))
        elif isinstance(value, list):
            items = b"".join(bytes((_ITEM,)) + _blob(one) for one in value)
            found += bytes((_LIST,)) + _name(name) + items + bytes((_LIST_END,))
        else:
            found += bytes((_PAIR,)) + _name(name) + _blob(value)
    return bytes(found)


def decode(data: bytes) -> Dict[str, Any]:
    """A message from the socket; values are text."""
    found, end = _section(data, 0)
    if end != len(data):
        raise Trouble("IKE daemon: a message with something after its end")
    return found


def _name(text: str) -> bytes:
    raw = text.encode()
    return bytes((len(raw),)) + raw


def _blob(value: Any) -> bytes:
    raw = value if isinstance(value, bytes) else str(value).encode()
    return struct.pack("!H", len(raw)) + raw


def _section(data: bytes, at: int) -> Tuple[Dict[str, Any], int]:
    found: Dict[str, Any] = {}
    while at < len(data):
        kind = data[at]
        at += 1
        if kind == _SECTION_END:
            return found, at
        name, at = _take(data, at, "!B")
        if kind == _SECTION:
            found[name], at = _section(data, at)
        elif kind == _PAIR:
            found[name], at = _take(data, at, "!H")
        elif kind == _LIST:
            found[name], at = _items(data, at)
        else:
            raise Trouble("IKE daemon: a message that cannot be read")
    return found, at


def _items(data: bytes, at: int) -> Tuple[List[str], int]:
    found = []
    while at < len(data) and data[at] == _ITEM:
        value, at = _take(data, at + 1, "!H")
        found.append(value)
    return found, at + 1


def _take(data: bytes, at: int, length: str) -> Tuple[str, int]:
    start = at + struct.calcsize(length)
    try:
        size = struct.unpack_from(length, data, at)[0]
    except struct.error:
        raise Trouble("IKE daemon: a message that ends too soon") from None
    if start + size > len(data):
        raise Trouble("IKE daemon: a message that ends too soon")
    return data[start : start + size].decode(errors="replace"), start + size


class Vici:
    """A connection to the daemon. What it says of itself, once listened to, comes by `events`."""

    def __init__(self, path: str = "") -> None:
        found = path or next((one for one in PATHS if os.path.exists(one)), PATHS[0])
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(_LIMIT_S)
        self._events: List[Tuple[str, Dict[str, Any]]] = []
        try:
            self._socket.connect(found)
        except OSError as error:
            self._socket.close()
            raise Trouble(f"the IKE daemon does not run ({found}: {error.strerror})") from None

    def close(self) -> None:
        """End it."""
        self._socket.close()

    def fileno(self) -> int:
        """Readable when the daemon says something by itself."""
        return self._socket.fileno()

    def call(self, command: str, message: Dict[str, Value]) -> Dict[str, Any]:
        """Let the daemon do something; its answer. Trouble has its words when it could not."""
        self._send(bytes((_REQUEST,)) + _name(command) + encode(message))
        answer = self._answer(command)
        if answer.get("success") == "no":
            raise Trouble(f"IKE daemon, {command}: {answer.get('errmsg') or 'refused'}")
        return answer

    def stream(self, command: str, event: str, message: Dict[str, Value]) -> List[Dict[str, Any]]:
        """All events of a kind that a command brings before it ends."""
        self.listen(event)
        try:
            self._send(bytes((_REQUEST,)) + _name(command) + encode(message))
            self._answer(command)
        finally:
            self._send(bytes((_REGISTER + 1,)) + _name(event))
            self._confirmed(event)
        found = [told for name, told in self._events if name == event]
        self._events = [one for one in self._events if one[0] != event]
        return found

    def listen(self, event: str) -> None:
        """From now on be told of an event."""
        self._send(bytes((_REGISTER,)) + _name(event))
        self._confirmed(event)

    def events(self) -> List[Tuple[str, Dict[str, Any]]]:
        """What was told since; waits for nothing."""
        waiting = select.poll()  # select() has no place for descriptors above 1023
        waiting.register(self._socket, select.POLLIN)
        while waiting.poll(0):
            self._keep(self._packet(time.monotonic() + _LIMIT_S))
        found, self._events = self._events, []
        return found

    def _answer(self, command: str) -> Dict[str, Any]:
        packet = self._until((_RESPONSE, _UNKNOWN))
        if packet[0] == _UNKNOWN:
            raise Trouble(f"IKE daemon: {command} is not known to it")
        return decode(packet[1:])

    def _confirmed(self, event: str) -> None:
        if self._until((_CONFIRM, 6))[0] != _CONFIRM:
            raise Trouble(f"IKE daemon: it knows no event {event}")

    def _until(self, kinds: Tuple[int, ...]) -> bytes:
        """The next packet of some kinds; events on the way are kept."""
        deadline = time.monotonic() + _LIMIT_S
        while True:
            packet = self._packet(deadline)
            if packet[0] in kinds:
                return packet
            self._keep(packet)

    def _keep(self, packet: bytes) -> None:
        if packet[0] == _EVENT:
            size = packet[1]
            self._events.append((packet[2 : 2 + size].decode(), decode(packet[2 + size :])))

    def _packet(self, deadline: float) -> bytes:
        size = struct.unpack("!I", self._exactly(4, deadline))[0]
        if not 0 < size <= _LARGEST:
            raise Trouble("IKE daemon: a packet of no possible length")
        return self._exactly(size, deadline)

    def _exactly(self, size: int, deadline: float) -> bytes:
        found = bytearray()
        while len(found) < size:
            try:
                self._socket.settimeout(max(deadline - time.monotonic(), 0.001))
                piece = self._socket.recv(size - len(found))
            except socket.timeout:
                raise Trouble("the IKE daemon does not answer") from None
            except OSError as error:
                raise Trouble(f"the IKE daemon is gone: {error.strerror}") from None
            if not piece:
                raise Trouble("the IKE daemon is gone")
            found += piece
        return bytes(found)

    def _send(self, packet: bytes) -> None:
        try:
            self._socket.settimeout(_LIMIT_S)
            self._socket.sendall(struct.pack("!I", len(packet)) + packet)
        except OSError as error:
            raise Trouble(f"the IKE daemon is gone: {error.strerror}") from None
