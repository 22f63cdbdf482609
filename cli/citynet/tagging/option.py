"""The IPv6 option that carries a data identifier, and how a socket is told to send it.

No number is assigned yet (draft-li-6man-apn-ipv6-encap), so type, header and length are settings: the design's
`data_identifiers`. The kernel puts the header into every packet of the socket, and into those of the connections that
a listening socket accepts (RFC 3542, sections 4 and 8).
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

Header = Literal["destination", "hop-by-hop"]

_SOCKET_OPTIONS = {"destination": socket.IPV6_DSTOPTS, "hop-by-hop": socket.IPV6_HOPOPTS}
LENGTHS = (32, 64, 128)
"""Lengths of an identifier in bits."""
TYPES = range(2, 256)
"""Types of an option: 0 and 1 are padding (RFC 8200, section 4.2)."""
_PADN = 1


@dataclass(frozen=True, slots=True)
class Tag:
    """A data identifier, and how packets carry it.

    Attributes:
        identifier: The identifier, 1 to 2 to the power of `bits`, less 1.
        option: Type of the IPv6 option. Its two high bits say what a receiver does that does not know it; of types up
            to 63 it skips the option, of others it drops the packet (RFC 8200, section 4.2).
        header: The extension header with the option as its first: "destination" or "hop-by-hop".
        bits: Length of the identifier in bits.
    """

    identifier: int
    option: int = 3
    header: Header = "destination"
    bits: int = 32

    def problems(self) -> Iterator[str]:
        """What is wrong with it, each with what would be right."""
        if self.bits not in LENGTHS:
            yield f"an identifier of {self.bits} bits, expected {', '.join(map(str, LENGTHS))}"
        elif not 0 < self.identifier < 1 << self.bits:
            yield f"identifier {self.identifier}, expected 1 to {(1 << self.bits) - 1} ({self.bits} bits)"
        if self.option not in TYPES:
            yield f"option type {self.option}, expected {TYPES[0]} to {TYPES[-1]}"
        if self.header not in _SOCKET_OPTIONS:
            yield f"header '{self.header}', expected {' or '.join(_SOCKET_OPTIONS)}"

    def __post_init__(self) -> None:
        """Refuse what no packet can carry."""
        if wrong := list(self.problems()):
            raise ValueError("; ".join(wrong))

    @property
    def payload(self) -> bytes:
        """The option with its padding: all of the header but its first two bytes."""
        option = bytes([self.option, self.bits // 8]) + self.identifier.to_bytes(self.bits // 8, "big")
        missing = -(2 + len(option)) % 8  # a header's length is a multiple of 8 bytes; PadN fills it (4 bytes or none)
        return option + (bytes([_PADN, missing - 2]) + bytes(missing - 2) if missing else b"")

    @property
    def data(self) -> bytes:
        """The extension header; the kernel fills in the first byte, the next header."""
        return bytes([0, (2 + len(self.payload)) // 8 - 1]) + self.payload

    def set_on(self, sock: socket.socket) -> None:
        """Have a socket's packets carry the identifier.

        Args:
            sock: An IPv6 socket.

        Raises:
            PermissionError: The caller has not the capability CAP_NET_RAW where the socket's network is.
            OSError: The socket cannot carry the header.
        """
        sock.setsockopt(socket.IPPROTO_IPV6, _SOCKET_OPTIONS[self.header], self.data)


def carries_any(sock: socket.socket) -> bool:
    """Whether the packets of an IPv6 socket carry destination or hop-by-hop options."""
    return any(sock.getsockopt(socket.IPPROTO_IPV6, number, 8) for number in _SOCKET_OPTIONS.values())


def tag_socket(
    sock: socket.socket, identifier: int, *, option: int = 3, header: Header = "destination", bits: int = 32
) -> None:
    """Have the packets of an IPv6 socket carry a data identifier; connections that it accepts do so too.

    Args:
        sock: The socket, before it is connected or listens, so that the first packets carry it too.
        identifier: The identifier.
        option: Type of the IPv6 option.
        header: The extension header that holds it.
        bits: Length of the identifier.

    Raises:
        ValueError: No packet can carry that, or the socket is no IPv6 one.
        PermissionError: The program has not the capability CAP_NET_RAW.
    """
    if sock.family != socket.AF_INET6:
        raise ValueError(f"a socket of {sock.family.name}, expected AF_INET6: only IPv6 packets carry identifiers")
    Tag(identifier, option, header, bits).set_on(sock)
