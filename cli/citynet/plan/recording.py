"""How borders note the data identifiers of flows: each gets a short number that fits a connection's mark twice.

Connection tracking keeps 32 bits for the packet filter to write into, and its records have them. Identifiers are up to
128 bits long, and the two directions of a flow have one each; so the mark holds short numbers. They are allocated
through the lock: a flow that ended before the design changed is still read rightly after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.plan.bindings import carried
from citynet.plan.model import RecordedIdentifier

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from citynet.design.types import City
    from citynet.plan.builder import Builder

BITS = 15
ANSWERS = 16
"""By how much the half of the answers is shifted."""
UNKNOWN = (1 << BITS) - 1
"""The note of an identifier that the plan does not know."""
SEVERAL = 1 << BITS
"""Beside a note: another identifier was seen later in the same direction of the flow."""
_POOL = "apn/note"


@dataclass(frozen=True, slots=True)
class Noted:
    """What a half of a mark says: the first identifier (0: none), whether it is unknown, whether others came later."""

    number: int
    unknown: bool
    several: bool


def read(mark: int, numbers: Mapping[int, int]) -> tuple[Noted, Noted]:
    """What a mark says of a flow and of its answers; `numbers` has the identifiers by their notes."""
    halves = (mark & 0xFFFF, mark >> ANSWERS & 0xFFFF)
    there, back = (_half(half & UNKNOWN, numbers, several=bool(half & SEVERAL)) for half in halves)
    return there, back


def _half(note: int, numbers: Mapping[int, int], *, several: bool) -> Noted:
    return Noted(numbers.get(note, 0), bool(note) and note not in numbers, several)


def plan_recording(city: City, builder: Builder) -> None:
    """Tell every border how to note the identifiers of the design."""
    borders = [device for device in builder.devices.values() if device.guards or device.exits]
    numbers = list(dict.fromkeys(_numbers(city, builder)))
    if not borders or not numbers:
        return
    recorded = [RecordedIdentifier(one, builder.lock.take(_POOL, str(one), 1, UNKNOWN - 1)) for one in numbers]
    for device in borders:
        device.recorded = recorded
        device.identifiers = carried(city)


def _numbers(city: City, builder: Builder) -> Iterable[int]:
    yield from (one.number for one in builder.identifiers.values())
    for service in city.services.values():
        yield from (tag.identifier for tag in service.tags)
        yield from (item.identifier for item in service.steering if item.identifier)
