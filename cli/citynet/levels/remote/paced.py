"""Datagrams of even spacing: `send` them until standard input ends, or `receive` them and report phase by phase.

Every datagram carries its number, its flow and the time at which it was sent. In a lab both ends read one clock, so
that the difference is the delay of one direction; on two machines only its changes mean anything.

The receiver reports a phase for every line that it reads: as soon as a whole run of datagrams has come without a gap,
or when the time given is up.
"""

from __future__ import annotations

import json
import os
import select
import socket
import struct
import sys
import time
from collections import deque
from itertools import pairwise
from typing import Any

HEAD = struct.Struct("!IHxxQ")
"""Number, flow, time of sending in nanoseconds."""
SO_TIMESTAMPNS = 35  # include/uapi/asm-generic/socket.h: the kernel's time of arrival comes with each datagram
SO_RCVBUFFORCE = 33  # the same file: a receive buffer above the system's limit
BEHIND_NS = 20_000_000
SPEC = struct.Struct("@ll")


def family(address: str) -> socket.AddressFamily:
    """IPv4 or IPv6."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def told() -> bool:
    """Whether standard input has something to read (its end counts)."""
    return bool(select.select([sys.stdin], [], [], 0)[0])


def send(asked: dict[str, Any]) -> None:
    """Send every flow's datagram at each tick.

    A tick that comes late is sent late. Behind by more than a moment, the whole schedule moves: on a machine that
    cannot keep up, catching up would leave nothing of it for anybody else. Numbers go on, so it is no loss.
    """
    flows = []
    for number, target in enumerate(asked["targets"]):
        sock = socket.socket(family(target["address"]), socket.SOCK_DGRAM)
        sock.bind(("", target.get("source_port", 0)))
        sock.connect((target["address"], target["port"]))
        flows.append((number, sock))
    spacing, fill = int(asked["interval_ms"] * 1e6), b"c" * max(0, asked.get("bytes", 0) - HEAD.size)
    most = asked.get("count", 0) or int(asked["limit_s"] * 1e9 / spacing)
    start, done = time.monotonic_ns(), 0
    while done < most and not (done % 64 == 0 and told()):
        wait = start + done * spacing - time.monotonic_ns()
        if wait > 0:
            time.sleep(wait / 1e9)
        elif wait < -BEHIND_NS:
            start -= wait
        for number, sock in flows:
            try:
                sock.send(HEAD.pack(done, number, time.time_ns()) + fill)
            except OSError:  # no route just now, or a full queue: this one is lost
                continue
        done += 1
    sys.stdout.write(json.dumps({"sent": done}) + "\n")


class Phase:
    """What came of one flow since the last report."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.came: list[tuple[int, int, int]] = []
        self.run = self._since = 0

    def begin(self, since: int) -> None:
        """Count a run anew, of datagrams that arrive from this time on (nanoseconds).

        On a machine that is late, what arrived before still waits in the socket: that says nothing of now.
        """
        self.run, self._since = 0, since

    def add(self, number: int, sent: int, arrived: int) -> None:
        """One datagram; `run` counts those in a row, by number and without a gap."""
        follows = not self.came or number == self.came[-1][0] + 1
        self.run = self.run + 1 if follows and arrived >= self._since else 0
        self.came.append((number, sent, arrived))

    def report(self, interval_ms: float) -> dict[str, Any]:
        """Losses, gaps, delays and pauses in milliseconds."""
        ordered = sorted({item[0]: item for item in reversed(self.came)}.values())
        found = outages(ordered, self.first, interval_ms)
        delays = sorted((arrived - sent) / 1e6 for _, sent, arrived in ordered)
        pauses = [(b[1] - a[1]) / 1e6 - (b[0] - a[0]) * interval_ms for a, b in pairwise(ordered)]
        span = ordered[-1][0] - self.first + 1 if ordered else 0
        return {
            "sent": span,
            "received": len(ordered),
            "duplicates": len(self.came) - len(ordered),
            "outages_ms": [round(gap, 1) for gap in found[:200]],
            "longest_outage_ms": round(max(found, default=0.0), 1),
            "delay_ms": [round(part(delays, share), 3) for share in (0.0, 0.5, 0.99, 1.0)],
            "pause_ms": round(max(pauses, default=0.0), 1),
        }


def outages(ordered: list[tuple[int, int, int]], first: int, interval_ms: float) -> list[float]:
    """Gaps in which datagrams were lost, by the sender's clock: from the last that came to the next that came."""
    found = []
    if ordered and ordered[0][0] > first:
        found.append((ordered[0][0] - first) * interval_ms)
    for (low, before, _), (high, after, _) in pairwise(ordered):
        if high > low + 1:
            found.append(max((after - before) / 1e6, (high - low - 1) * interval_ms))
    return found


def part(ordered: list[float], share: float) -> float:
    """The value below which that share of the values lies; 0 without values."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class Receiver:
    """Reads every flow that comes to one port."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.interval_ms = asked["interval_ms"]
        self.sockets = []
        for address in ("0.0.0.0", "::"):  # noqa: S104 - whatever address the host has
            sock = socket.socket(family(address), socket.SOCK_DGRAM)
            if ":" in address:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
            sock.settimeout(0)
            sock.bind((address, asked["port"]))
            self.sockets.append(sock)
        self.phases = {flow: Phase(0) for flow in range(asked["flows"])}

    def read(self, wait_s: float) -> None:
        """Take in what has come."""
        ready, _, _ = select.select(self.sockets, [], [], wait_s)
        for sock in ready:
            while True:
                try:
                    data, more, _, _ = sock.recvmsg(HEAD.size, 64)
                except BlockingIOError:
                    break
                number, flow, sent = HEAD.unpack(data)
                seconds, nanos = SPEC.unpack(more[0][2][: SPEC.size])
                self.phases[flow].add(number, sent, seconds * 10**9 + nanos)

    def phase(self, until_s: float, run: int) -> dict[str, Any]:
        """Read until every flow has come without a gap for `run` datagrams, then tell and start anew."""
        deadline = time.monotonic() + until_s
        for phase in self.phases.values():
            phase.begin(time.time_ns())
        while time.monotonic() < deadline and not self.steady(run):
            self.read(0.02)
        answer = {
            "steady": self.steady(run),
            "flows": [self.phases[flow].report(self.interval_ms) for flow in sorted(self.phases)],
        }
        for flow, old in self.phases.items():
            self.phases[flow] = Phase(max((item[0] for item in old.came), default=old.first - 1) + 1)
        return answer

    def steady(self, run: int) -> bool:
        """Whether every flow flows."""
        return all(phase.run >= run for phase in self.phases.values())


def receive(asked: dict[str, Any]) -> None:
    """Report a phase for each line on standard input, until that ends."""
    receiver, lines, text = Receiver(asked), deque[str](), b""
    sys.stdout.write(json.dumps({"listening": True}) + "\n")
    sys.stdout.flush()
    while True:
        receiver.read(0.02)
        if told():
            data = os.read(sys.stdin.fileno(), 4096)
            if not data:
                return
            *whole, text = (text + data).split(b"\n")
            lines.extend(line.decode() for line in whole)
        while lines:
            wanted = json.loads(lines.popleft())
            sys.stdout.write(json.dumps(receiver.phase(wanted["until_s"], wanted["run"])) + "\n")
            sys.stdout.flush()


def main() -> None:
    """Send or receive."""
    asked = json.loads(sys.argv[1])
    (send if "targets" in asked else receive)(asked)


if __name__ == "__main__":
    main()
