"""Packets that try a fence: each shape of `citynet.plan.fences.shapes` as bytes. Standard library only."""

from __future__ import annotations

import ipaddress
import struct

HBH, FRAGMENT, ROUTING, DESTINATION, NONE = 0, 44, 43, 60, 59
UDP, IPV6, GRE, ESP = 17, 41, 47, 50


def label(number: int) -> bytes:
    return struct.pack("!BBI", 3, 4, number)


def options(after: int, *parts: bytes) -> bytes:
    """An extension header of options; its length must come out as a multiple of 8."""
    body = b"".join(parts)
    assert (2 + len(body)) % 8 == 0
    return struct.pack("!BB", after, (2 + len(body)) // 8 - 1) + body


def packets(source: str, target: str, number: int, port: int = 9999) -> dict[str, bytes]:
    """One packet of every shape, with a UDP datagram that says which shape it is."""
    ends = [ipaddress.IPv6Address(text).packed for text in (source, target)]

    def udp(word: str) -> bytes:
        content = word.encode()
        head = struct.pack("!HHHH", 4000, port, 8 + len(content), 0)
        return head[:6] + checksum(ends, head + content) + content

    def whole(first: int, payload: bytes, length: int | None = None) -> bytes:
        size = len(payload) if length is None else length
        return struct.pack("!IHBB", 6 << 28, size, first, 64) + ends[0] + ends[1] + payload

    one, pad4 = label(number), b"\x01\x02\0\0"
    routing = struct.pack("!BBBBI", UDP, 0, 4, 0, 0)
    fragment = struct.pack("!BBHI", UDP, 0, 0, 7)
    inner = whole(UDP, udp("ip6-tunnel"))
    return {
        "labelled": whole(DESTINATION, options(UDP, one) + udp("labelled")),
        "labelled-hop": whole(HBH, options(UDP, one) + udp("labelled-hop")),
        "untagged": whole(UDP, udp("untagged")),
        "second-option": whole(DESTINATION, options(UDP, pad4, one, pad4) + udp("second-option")),
        "second-header": whole(
            HBH, options(DESTINATION, b"\x01\x04\0\0\0\0") + options(UDP, one) + udp("second-header")
        ),
        "both-headers": whole(HBH, options(DESTINATION, one) + options(UDP, one) + udp("both-headers")),
        "repeated": whole(DESTINATION, options(UDP, one, label(number + 1), b"\x01\0") + udp("repeated")),
        "padded": whole(DESTINATION, options(UDP, one, b"\x01\x06" + b"\0" * 6) + udp("padded")),
        "wrong-length": whole(
            DESTINATION, options(UDP, b"\x03\x08" + struct.pack("!I", number) + b"\0" * 4, pad4) + udp("wrong-length")
        ),
        "routing-first": whole(
            ROUTING, struct.pack("!BBBBI", DESTINATION, 0, 4, 0, 0) + options(UDP, one) + udp("routing-first")
        ),
        "routing-next": whole(DESTINATION, options(ROUTING, one) + routing + udp("routing-next")),
        "routing-only": whole(ROUTING, routing + udp("routing-only")),
        "fragment-first": whole(
            FRAGMENT, struct.pack("!BBHI", DESTINATION, 0, 1, 8) + options(UDP, one) + udp("fragment-first")
        ),
        "fragment-next": whole(
            HBH, options(FRAGMENT, one) + fragment[:2] + b"\0\x01" + fragment[4:] + udp("frag-next")
        ),
        "fragment-later": whole(FRAGMENT, struct.pack("!BBHI", UDP, 0, 64, 9) + b"fragment-later!!"),
        "jumbo": whole(HBH, options(UDP, struct.pack("!BBI", 0xC2, 4, 70_000)) + udp("jumbo"), 0),
        "ip6-tunnel": whole(IPV6, inner),
        "tagged-tunnel": whole(DESTINATION, options(IPV6, one) + inner),
        "gre": whole(GRE, b"\0\0\x86\xdd" + inner),
        "tagged-gre": whole(DESTINATION, options(GRE, one) + b"\0\0\x86\xdd" + inner),
        "tagged-esp": whole(DESTINATION, options(ESP, one) + b"\0" * 32),
        "nothing-next": whole(DESTINATION, options(NONE, one)),
    }


def checksum(ends: list[bytes], segment: bytes) -> bytes:
    """The checksum of UDP over its pseudo header (RFC 8200, 8.1)."""
    data = ends[0] + ends[1] + struct.pack("!II", len(segment), UDP) + segment + b"\0" * (len(segment) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", (~total & 0xFFFF) or 0xFFFF)
