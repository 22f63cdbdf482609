"""Send IPv6 packets with a data identifier, without one, or with any source; or say which of them come by.

Each packet holds a word by which it is known. `take`: the words to look for, until standard input has ended and
nothing comes any more.
"""

from __future__ import annotations

import ipaddress
import json
import math
import select
import socket
import struct
import sys
import time
from typing import Any

NUMBERS = {"tcp": 6, "udp": 17, "icmp": 58}
FIRST_PORT = 42000
_SO_BINDTODEVICE = 25
_SO_RCVBUFFORCE = 33  # <asm-generic/socket.h>: a receive buffer above the system's limit
_BUFFER = 8 << 20
_ETH_P_IPV6 = 0x86DD
_QUIET_S = 0.3
"""So long nothing comes before `take` ends: what was sent last may be on its way."""
_OUTGOING = 4
"""What this node sends itself: answers hold the word, too (packet(7), PACKET_OUTGOING)."""


def checksum(ends: bytes, protocol: int, content: bytes) -> bytes:
    """The Internet checksum with IPv6's pseudo header (RFC 8200, 8.1)."""
    whole = ends + struct.pack("!II", len(content), protocol) + content + b"\0" * (len(content) % 2)
    total = sum(struct.unpack(f"!{len(whole) // 2}H", whole))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF or 0xFFFF)


def payload(protocol: str, port: int, number: int, ends: bytes, word: bytes) -> bytes:
    """What opens a flow: a SYN, an echo request or a datagram, with a word in it."""
    own = FIRST_PORT + number
    if protocol == "tcp":
        head, place = struct.pack("!HHIIBBHHH", own, port, number, 0, 5 << 4, 2, 65535, 0, 0), 16
    elif protocol == "icmp":
        head, place = struct.pack("!BBHHH", 128, 0, 0, own, number), 2
    else:
        head, place = struct.pack("!HHHH", own, port, 8 + len(word), 0), 6
    value = checksum(ends, NUMBERS[protocol], head + word)
    return head[:place] + value + head[place + 2 :] + word


def packet(one: dict[str, Any], number: int) -> bytes:
    """A whole packet; `option` is the extension header as it stands in it, without its first octet."""
    ends = b"".join(ipaddress.IPv6Address(one[end]).packed for end in ("source", "destination"))
    content = payload(one["protocol"], one["port"], number, ends, one["word"].encode())
    first = NUMBERS[one["protocol"]]
    if one["option"]:
        content = bytes([first]) + bytes.fromhex(one["option"]) + content
        first = one["header"]
    return struct.pack("!IHBB", 6 << 28, len(content), first, 64) + ends + content


def send(asked: dict[str, Any]) -> dict[str, int]:
    """Send each packet some times."""
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as out:
        if asked.get("vrf"):
            out.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, asked["vrf"].encode())
        one = asked["packet"]
        for number in range(asked["count"]):
            out.sendto(packet(one, asked["first"] + number), (one["destination"], 0))
    return {"sent": asked["count"]}


def take(words: list[str]) -> dict[str, int]:
    """How many packets with each word came by."""
    found = dict.fromkeys(words, 0)
    known = [(word, word.encode()) for word in words]
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IPV6)) as ear:  # type: ignore[attr-defined,unused-ignore]
        ear.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
        sys.stdout.write("true\n")
        sys.stdout.flush()
        end = math.inf
        while time.monotonic() < end:
            wait_s = None if end == math.inf else max(0.0, end - time.monotonic())
            ready, _, _ = select.select([ear, sys.stdin] if wait_s is None else [ear], [], [], wait_s)
            known_one = ear in ready and _look(ear, known, found)
            if sys.stdin in ready or (known_one and wait_s is not None):
                end = time.monotonic() + _QUIET_S
    return found


def _look(ear: socket.socket, known: list[tuple[str, bytes]], found: dict[str, int]) -> bool:
    """Count the next packet; whether it has one of the words."""
    content, where = ear.recvfrom(65536)
    words = [word for word, mark in known if mark in content and where[2] != _OUTGOING]
    for word in words:
        found[word] += 1
    return bool(words)


def main() -> None:
    """Do what is asked."""
    asked = json.loads(sys.argv[1])
    answer = take(asked["take"]) if "take" in asked else send(asked)
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
