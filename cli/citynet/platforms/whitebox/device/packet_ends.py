"""What stands in the headers of a packet: its ends, its protocol, and a data identifier wherever one is."""

from __future__ import annotations

import ipaddress
import struct
from typing import NamedTuple, Optional, Tuple

ICMP, ICMPV6 = 1, 58
_PORTS = frozenset({6, 17, 33, 132, 136})
_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION = 0, 43, 44, 51, 60
_MOST_HEADERS = 8
_PAD = 0


class Ends(NamedTuple):
    """A packet as a record tells of it; ports are None without any, type and code for all but ICMP, identifier 0."""

    source: str
    destination: str
    protocol: int
    source_port: Optional[int]
    destination_port: Optional[int]
    icmp_type: Optional[int]
    icmp_code: Optional[int]
    identifier: int


def read(content: bytes, option: int, size: int) -> Optional[Tuple[Ends, int]]:
    """The ends of a packet and its length in octets, as its IP header has it; None when it is no IP.

    Args:
        content: Its first octets.
        option: Type of the option that holds an identifier.
        size: Octets of an identifier; 0 where there are none.
    """
    version = content[0] >> 4 if content else 0
    if version == 4 and len(content) >= 20:
        return _version_4(content)
    if version == 6 and len(content) >= 40:
        return _version_6(content, option, size)
    return None


def _version_4(content: bytes) -> Tuple[Ends, int]:
    start, protocol = (content[0] & 0xF) * 4, content[9]
    length, fragment = struct.unpack_from("!H2xH", content, 2)
    ports = _of_payload(protocol, b"" if fragment & 0x1FFF else content[start:])
    source, destination = (str(ipaddress.IPv4Address(content[at : at + 4])) for at in (12, 16))
    return Ends(source, destination, protocol, *ports, 0), length


def _version_6(content: bytes, option: int, size: int) -> Tuple[Ends, int]:
    source, destination = (str(ipaddress.IPv6Address(content[at : at + 16])) for at in (8, 24))
    protocol, at, identifier, first = content[6], 40, 0, True
    for _ in range(_MOST_HEADERS):
        if protocol not in (_HOP_BY_HOP, _ROUTING, _FRAGMENT, _AUTHENTICATION, _DESTINATION) or at + 8 > len(content):
            break
        unit = 4 if protocol == _AUTHENTICATION else 8
        length = 8 if protocol == _FRAGMENT else (content[at + 1] + (2 if unit == 4 else 1)) * unit
        if protocol in (_HOP_BY_HOP, _DESTINATION) and not identifier:
            identifier = _identifier(content[at + 2 : at + length], option, size)
        if protocol == _FRAGMENT and struct.unpack_from("!H", content, at + 2)[0] & 0xFFF8:
            first = False
        protocol, at = content[at], at + length
    ports = _of_payload(protocol, content[at:] if first else b"")
    return Ends(source, destination, protocol, *ports, identifier), 40 + struct.unpack_from("!H", content, 4)[0]


def _identifier(options: bytes, option: int, size: int) -> int:
    """The first identifier among the options of a header; 0 when there is none."""
    at = 0
    while size and at < len(options):
        if options[at] == _PAD:
            at += 1
            continue
        if at + 2 > len(options):
            return 0
        length = options[at + 1]
        if options[at] == option and length == size and at + 2 + size <= len(options):
            return int.from_bytes(options[at + 2 : at + 2 + size], "big")
        at += 2 + length
    return 0


def _of_payload(protocol: int, payload: bytes) -> Tuple[Optional[int], Optional[int], Optional[int], Optional[int]]:
    """Ports, type and code; 0 where a protocol has such, and they are in another fragment."""
    if protocol in _PORTS:
        ports = struct.unpack_from("!HH", payload) if len(payload) >= 4 else (0, 0)
        return ports[0], ports[1], None, None
    if protocol in (ICMP, ICMPV6):
        kind, code = (payload[0], payload[1]) if len(payload) >= 2 else (0, 0)
        return None, None, kind, code
    return None, None, None, None
