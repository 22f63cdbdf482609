"""Look at every frame of some interfaces until standard input ends: its kind, and whether it shows what was marked.

Where this device decrypts a packet (ESP), the kernel lets it come in once more by the same interface, readable: that is
no frame of the line. So interfaces within MACsec are asked for what goes out, at both ends of a line.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import sys
from typing import Any

EVERYTHING = 0x0003
IPV4, IPV6, VLANS = 0x0800, 0x86DD, (0x8100, 0x88A8)
ROUTING, ESP, ENCAPSULATED = 43, 50, {4, 41, 143}
HOP_BY_HOP, FRAGMENT, DESTINATION = 0, 44, 60
OUTGOING = 4
"""Of what a socket says of a frame: it goes out (PACKET_OUTGOING, <linux/if_packet.h>)."""
SO_RCVBUFFORCE = 33  # <asm-generic/socket.h>: a receive buffer above the system's limit
_BUFFER = 8 << 20
_FRAME = 65536
_EXAMPLES = 4


class Seen:
    """What one interface carried.

    Attributes:
        frames: How many.
        kinds: How many of each EtherType, as hexadecimal text.
        examples: From where to where the first few of each EtherType went.
        plain: In how many frames each mark can be read.
        esp: In how many IPv6 packets ESP is what comes next.
    """

    def __init__(self, marks: list[str]) -> None:
        self.frames = self.esp = 0
        self.kinds: dict[str, int] = {}
        self.examples: dict[str, list[str]] = {}
        self.plain = dict.fromkeys(marks, 0)
        self._marks = {mark: mark.encode() for mark in marks}

    def look(self, frame: bytes) -> None:
        """Count a frame."""
        kind, at = ethertype(frame)
        self.frames += 1
        name = f"{kind:#06x}"
        self.kinds[name] = self.kinds.get(name, 0) + 1
        if self.kinds[name] <= _EXAMPLES:
            self.examples.setdefault(name, []).append(ends(frame, kind, at))
        for mark, value in self._marks.items():
            if value in frame:
                self.plain[mark] += 1
        if kind == IPV6 and next_header(frame[at:]) == ESP:
            self.esp += 1

    def told(self) -> dict[str, Any]:
        """All of it."""
        return {
            "frames": self.frames,
            "kinds": self.kinds,
            "examples": self.examples,
            "plain": self.plain,
            "esp": self.esp,
        }


def ethertype(frame: bytes) -> tuple[int, int]:
    """The kind of a frame behind its VLAN tags, and where its payload begins."""
    at = 12
    while len(frame) >= at + 2:
        (kind,) = struct.unpack_from("!H", frame, at)
        if kind not in VLANS:
            return kind, at + 2
        at += 4
    return 0, len(frame)


def ends(frame: bytes, kind: int, at: int) -> str:
    """From where to where a frame goes, and the packet in it where that can be read: no content."""
    words = [f"{frame[6:12].hex(':')} > {frame[:6].hex(':')}"]
    if kind == IPV6 and len(frame) >= at + 40:
        source, destination = (socket.inet_ntop(socket.AF_INET6, frame[at + b : at + b + 16]) for b in (8, 24))
        words.append(f"{source} > {destination}, next header {frame[at + 6]}")
    if kind == IPV4 and len(frame) >= at + 20:
        source, destination = (socket.inet_ntop(socket.AF_INET, frame[at + b : at + b + 4]) for b in (12, 16))
        words.append(f"{source} > {destination}, protocol {frame[at + 9]}")
    return ", ".join(words)


def next_header(packet: bytes) -> int:
    """What comes behind an IPv6 packet's headers of routing and options, and within tunnels without any; -1: none."""
    while len(packet) >= 40:
        kind, at = packet[6], 40
        while kind in (HOP_BY_HOP, ROUTING, DESTINATION, FRAGMENT) and len(packet) >= at + 8:
            length = 8 if kind == FRAGMENT else 8 * (packet[at + 1] + 1)
            kind, at = packet[at], at + length
        if kind != 41:
            return kind
        packet = packet[at:]
    return -1


def main() -> None:
    """Listen until told to stop."""
    asked = json.loads(sys.argv[1])
    seen: dict[int, Seen] = {}
    sockets: dict[int, socket.socket] = {}
    names: dict[int, str] = {}
    outward = {*asked["outgoing"]}
    for name in (*asked["interfaces"], *asked["outgoing"]):
        # Of no kind yet: one with a kind takes frames of every interface until it is bound, and keeps them (packet(7)).
        one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        one.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, _BUFFER)
        one.bind((name, EVERYTHING))
        one.settimeout(0.0)
        sockets[one.fileno()], names[one.fileno()] = one, name
        seen[one.fileno()] = Seen(asked["marks"])
    poller = select.poll()
    for handle in (*sockets, sys.stdin.fileno()):
        poller.register(handle, select.POLLIN)
    sys.stdout.write(json.dumps({"listening": sorted(names.values())}) + "\n")
    sys.stdout.flush()
    ended = False
    while not ended:
        for handle, _ in poller.poll():
            if handle not in sockets:
                ended = not sys.stdin.buffer.read1(4096)  # type: ignore[union-attr]
                continue
            drain(sockets[handle], seen[handle], outward=names[handle] in outward)
    for handle, one in sockets.items():
        drain(one, seen[handle], outward=names[handle] in outward)
    sys.stdout.write(json.dumps({names[handle]: one.told() for handle, one in seen.items()}) + "\n")


def drain(one: socket.socket, seen: Seen, *, outward: bool) -> None:
    """Count all frames that wait, or those of them that go out."""
    while True:
        try:
            frame, place = one.recvfrom(_FRAME)
        except OSError:  # nothing more, or the interface went down: others may be up
            return
        if not outward or place[2] == OUTGOING:
            seen.look(frame)


if __name__ == "__main__":
    main()
