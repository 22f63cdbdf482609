"""Ways that packets with data identifiers told of themselves, as this device is the end of their tunnel (IOAM6)."""

from __future__ import annotations

from typing import Dict, List, Tuple

from . import trace_probes

Way = Tuple[int, Tuple[int, ...]]
"""An identifier, and the numbers of the devices from the one where a packet entered to this one."""


def way_of(identifier: bytes, entry: int, trace: bytes, own: int) -> Way:
    """What a key of the kernel's table says; the device that reads wrote nothing yet."""
    header = trace_probes.options()
    passed = trace_probes.numbers(header[: len(header) - len(trace)] + trace) or []
    return int.from_bytes(identifier, "big"), (entry, *passed, own)


class Ways:
    """How many packets told of each way, and in which period last."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._before: Dict[Way, int] = {}
        self._told: Dict[Way, Tuple[int, int]] = {}

    def read(self, counted: Dict[Way, int], period: int) -> List[Tuple[Way, int]]:
        """Ways that no packet took in the periods that are kept, and how many packets did now."""
        fresh = []
        for way, packets in counted.items():
            before = self._before.get(way, 0)
            came = packets - before if packets >= before else packets  # the kernel's table lets go of what is oldest
            if came:
                total, last = self._told.get(way, (0, -self._kept))
                if last <= period - self._kept:
                    total = 0
                    fresh.append((way, came))
                self._told[way] = total + came, period
        self._before = counted
        self._told = {way: told for way, told in self._told.items() if told[1] > period - self._kept}
        return fresh

    def rows(self) -> List[Tuple[int, Tuple[int, ...], int, int]]:
        """Identifier, way, packets, and the period of the last one."""
        return [(*way, *told) for way, told in sorted(self._told.items())]
