"""What an SSH server offers, as it says itself in its first packet (RFC 4253, sections 4.2, 6 and 7.1)."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

PORT = 22
_KEXINIT = 20
_COOKIE = 16
_LARGEST = 35000
_BANNER = b"SSH-2.0-citynet\r\n"
_SERVER_TO_CLIENT_CIPHERS = 3


def ciphers(address: str, timeout_s: float = 40.0) -> list[str]:
    """The ciphers that a server offers for what it sends; empty when it does not speak SSH.

    Raises:
        OSError: It cannot be reached.
    """
    with socket.create_connection((address, PORT), timeout=timeout_s) as sock, sock.makefile("rb") as stream:
        sock.sendall(_BANNER)
        try:
            return _offered(_first_packet(stream))
        except ConnectionError:
            return []  # hung up on our greeting: no SSH server


def _first_packet(stream: BinaryIO) -> bytes:
    """What follows the server's greeting, which other lines may precede."""
    while line := stream.readline(_LARGEST):
        if line.startswith(b"SSH-"):
            break
    length = int.from_bytes(stream.read(4), "big")
    return stream.read(length) if 0 < length <= _LARGEST else b""


def _offered(packet: bytes) -> list[str]:
    """The names in the KEXINIT packet, after its padding length, type and cookie."""
    if len(packet) < 2 or packet[1] != _KEXINIT:
        return []
    place = 2 + _COOKIE
    names = b""
    for _ in range(_SERVER_TO_CLIENT_CIPHERS + 1):
        size = int.from_bytes(packet[place : place + 4], "big")
        names = packet[place + 4 : place + 4 + size]
        place += 4 + size
    return [name for name in names.decode("ascii", "replace").split(",") if name]
