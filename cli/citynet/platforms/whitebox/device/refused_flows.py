"""Refused packets put together to flows: a line for each when it has ended, in bounded memory."""

from __future__ import annotations

import ipaddress
import json
from functools import lru_cache
from typing import TYPE_CHECKING, Dict, Iterator, List, NamedTuple, Tuple

if TYPE_CHECKING:
    from .packet_ends import Ends

IDLE_US, LONGEST_US = 10_000_000, 60_000_000
"""A flow has ended when nothing came for so long; one that goes on is told so often."""
MOST = 4096
"""Flows that are held at a time; the one that is silent for longest ends when there is no room."""


class Place(NamedTuple):
    """Who refused a flow, why, and by which interfaces it came and was to leave (empty: not decided yet)."""

    policy: str
    rule: str
    came_by: str
    leaves_by: str


class _Load:
    """What came of a flow, and when."""

    __slots__ = ("first", "last", "octets", "packets")

    def __init__(self, moment: int) -> None:
        self.first = self.last = moment
        self.packets = self.octets = 0


class Flows:
    """Flows that have not ended, the one that is silent for longest first."""

    def __init__(self) -> None:
        self._open: Dict[Tuple[Place, Ends], _Load] = {}

    def add(self, place: Place, ends: Ends, octets: int, moment: int) -> List[bytes]:
        """A packet; lines of the flows that had to make room for it."""
        if not (_has_ways(ends.source) and _has_ways(ends.destination)):
            return []
        key = place, ends
        load = self._open.pop(key, None)
        made_room = [] if load or len(self._open) < MOST else [self._end(next(iter(self._open)))]
        load = load or _Load(moment)
        load.packets += 1
        load.octets += octets
        load.last = max(load.last, moment)
        self._open[key] = load
        return made_room

    def ended(self, now: int) -> List[bytes]:
        """Lines of the flows that have ended by now (µs), or went on for long."""
        return [self._end(key) for key in list(self._over(now))]

    def end_all(self) -> List[bytes]:
        """Lines of all flows."""
        return [self._end(key) for key in list(self._open)]

    def __len__(self) -> int:
        """How many have not ended."""
        return len(self._open)

    def _over(self, now: int) -> Iterator[Tuple[Place, Ends]]:
        for key, load in self._open.items():
            if now - load.last >= IDLE_US or now - load.first >= LONGEST_US:
                yield key

    def _end(self, key: Tuple[Place, Ends]) -> bytes:
        load = self._open.pop(key)
        values = {
            **key[0]._asdict(),
            **key[1]._asdict(),
            "start": load.first,
            "end": load.last,
            "packets": load.packets,
            "octets": load.octets,
        }
        return json.dumps(values, separators=(",", ":")).encode() + b"\n"


@lru_cache(maxsize=4096)
def _has_ways(text: str) -> bool:
    """Whether packets from or to an address are forwarded at all: neighbours' own talk crosses nothing."""
    address = ipaddress.ip_address(text)
    return not (address.is_link_local or address.is_multicast or address.is_unspecified or address.is_loopback)
