"""Ways of a path: what probes say of each, and which a path takes.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import math
import socket
import struct
import time
from typing import Any, Dict, List, Optional, Tuple

HOP_LIMIT = 255
READY = 3
"""Replies in a row after which a path counts as good when there is none better."""
QUICK = 4
"""After a late probe the next go so many times as often, until one comes back or enough are lost."""
_IPV6_RTHDR = 57
_STAMP = struct.Struct("!IQHH28x")
_PADDING = struct.Struct("!BBH8sI")
"""Extra padding TLV (RFC 8972, 4.1) with what tells our probes from others: a number of this run, and the path's."""
_NTP = 2208988800


def routing_header(segments: List[str]) -> bytes:
    """A segment routing header (RFC 8754, 2) for segments in the order of travel; the last is the destination."""
    last = len(segments) - 1
    head = struct.pack("!BBBBBBH", 0, 2 * len(segments), 4, last, last, 0, 0)
    return head + b"".join(socket.inet_pton(socket.AF_INET6, segment) for segment in reversed(segments))


def probe_in(data: bytes) -> Optional[Tuple[bytes, int, int]]:
    """The run, the way's number and the sequence number of a probe; None when it is no probe."""
    if len(data) != _STAMP.size + _PADDING.size:
        return None
    _, _, _, run, number = _PADDING.unpack_from(data, _STAMP.size)
    return run, number, _STAMP.unpack_from(data)[0]


class Way:
    """One segment list, and what its probes say; paths with the same settings share it."""

    def __init__(self, settings: Dict[str, Any], number: int) -> None:
        self.name: str = settings["name"]
        self.hop_limit = HOP_LIMIT - settings["forwarders"]
        self.interval_s = settings["interval_ms"] / 1000.0
        self.missed: int = settings["missed"]
        self.hold_s = float(settings["hold_s"])
        # A probe is late after its way there and back, and three quarters of an interval on top for busy nodes.
        self.wait_s: float = 0.75 * self.interval_s + settings["round_trip_us"] / 1e6
        self.number = number
        self.up: Optional[bool] = None
        self.sent = self.received = self.detours = self.in_a_row = self.rtt_us = 0
        self.answered = -1
        self.good_since = self.due = self.settled_by = 0.0
        self.late_at = math.inf
        self._waiting: Dict[int, float] = {}
        self._socket: Optional[socket.socket] = None
        self._target = ("", 0)

    def open(self, probe: List[str], source: str, port: int) -> None:
        """Make the socket whose packets go along the path and back."""
        self._target = (source, port)
        self._socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind((source, 0))
        self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, HOP_LIMIT)
        self._socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_RTHDR, routing_header([*probe, source]))

    def start(self, now: float) -> None:
        """From now on it is probed."""
        self.due = now
        self.settled_by = now + self.wait_s + (self.missed + 1) * self.interval_s

    @property
    def wake(self) -> float:
        """When there is something to do next: a probe is due, or one becomes late."""
        return min(self.due, self.late_at)

    def tick(self, run: bytes, now: float) -> None:
        """Judge it and send the next probe, when it is time; a late device probes less, not all the time."""
        if now < self.wake:
            return
        step = self.interval_s
        if self.judge(now):
            step /= QUICK
            self.due = min(self.due, now)
        if now >= self.due:
            self.due = max(self.due + step, now + step / 2)
            self._waiting[self.sent] = now
            self._send(run)
            self.sent += 1
        pending = [at for sequence, at in self._waiting.items() if sequence > self.answered and not self._late(at, now)]
        self.late_at = min(pending, default=math.inf) + self.wait_s

    def _late(self, sent_at: float, now: float) -> bool:
        return now >= sent_at + self.wait_s

    def _send(self, run: bytes) -> None:
        stamp = int((time.time() + _NTP) * (1 << 32)) & ((1 << 64) - 1)
        packet = _STAMP.pack(self.sent & 0xFFFFFFFF, stamp, 0, self.number) + _PADDING.pack(0, 1, 12, run, self.number)
        try:
            if self._socket is not None:
                self._socket.sendto(packet, self._target)
        except OSError:  # no route at the moment: the probe is lost
            return

    def reply(self, sequence: int, hop_limit: int, now: float) -> None:
        """Take note of a probe that came back."""
        if sequence not in self._waiting:
            return
        if hop_limit != self.hop_limit:
            self.detours += 1
            return
        self.rtt_us = int((now - self._waiting.pop(sequence)) * 1e6)
        self.received += 1
        self.in_a_row = self.in_a_row + 1 if sequence == self.answered + 1 else 1
        if self.in_a_row == 1:
            self.good_since = now
        self.answered = max(self.answered, sequence)
        if self.answered == self.sent - 1:
            self.late_at = math.inf

    def judge(self, now: float) -> bool:
        """Up or down, from the probes that had time to come back; whether it is up and yet some are lost."""
        late = [sequence for sequence, at in self._waiting.items() if self._late(at, now)]
        lost = [sequence for sequence in late if sequence > self.answered]
        for sequence in late:
            if sequence < self.answered or sequence < self.sent - 2 * self.missed:
                del self._waiting[sequence]
        if lost:
            self.in_a_row = 0
        if len(lost) >= self.missed:
            self.up = False
        elif self.ready and (self.up is None or now - self.good_since >= self.hold_s):
            self.up = True
        return bool(self.up and lost)

    @property
    def ready(self) -> bool:
        """Whether it is good just now, if not yet for long."""
        return self.in_a_row >= READY


class Watched:
    """A path: its ways, primaries first, and those that are in use."""

    def __init__(self, settings: Dict[str, Any], ways: List[Way]) -> None:
        self.name: str = settings["name"]
        self.strict: bool = settings["strict"]
        self.weights: List[int] = settings["weights"]
        self.primaries: int = settings["primaries"]
        self.ways = ways
        self.active: Optional[List[int]] = None
        self.switches = 0
        self.switched_at = 0.0

    def choose(self, now: float) -> bool:
        """Choose the ways to use; whether the choice is another one."""
        primaries = self.ways[: self.primaries]
        if self.active is None and any(not way.up and now < way.settled_by for way in primaries):
            return False  # just started: a primary may still answer
        chosen = self._chosen()
        if chosen == self.active:
            return False
        self.switches += self.active is not None
        self.active, self.switched_at = chosen, time.time()
        return True

    def _chosen(self) -> List[int]:
        """All primaries that are up, else the backup, else what is good just now, else none."""
        primaries, backups = range(self.primaries), range(self.primaries, len(self.ways))
        for good in ([bool(way.up) for way in self.ways], [way.ready for way in self.ways]):
            for kind in (primaries, backups):
                found = [index for index in kind if good[index]]
                if found:
                    return found
        return []

    def state(self) -> Dict[str, Any]:
        """What is told of it."""
        ways = [
            {
                "name": way.name,
                "backup": index >= self.primaries,
                "up": bool(way.up),
                "sent": way.sent,
                "received": way.received,
                "detours": way.detours,
                "rtt_us": way.rtt_us,
            }
            for index, way in enumerate(self.ways)
        ]
        names = [self.ways[index].name for index in self.active or []]
        times = {"switches": self.switches, "switched_at": self.switched_at}
        return {"active": names, "strict": self.strict, **times, "ways": ways}
