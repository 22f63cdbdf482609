"""FlexE as OIF has it (OIF-FLEXE-02.1): groups of equal PHYs, calendar slots, clients, shared slots.

Everything that speaks of slots asks here: the rules of the design, the planner, and the proof.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

SLOT_GBPS = 5
"""A calendar slot; 20 of them make the calendar of a 100G instance, 10 that of a 50G one."""
PHY_GBPS = (50, 100, 200, 400)
"""What a PHY of a group may run at; all PHYs of a group run at the same rate."""
LEAST_FLEXE_GBPS = 50
"""Slower links have no calendar."""
LAST_CLIENT = 0xFFFE
"""Client numbers are 16 bits long; 0 stands for an unused slot and 0xffff for one that cannot be used."""
LAST_GROUP = 0xFFFFE
"""Group numbers are 20 bits long; 0 and the last one name no group."""
KEPT_SLOTS = 1
"""Slots of a group that no slice gets: IS-IS, BFD, BGP and services without a slice need some way to go."""


@dataclass(frozen=True, slots=True)
class Group:
    """The PHYs of a link, bonded.

    Attributes:
        phys: How many.
        phy_gbps: The rate of each.
    """

    phys: int
    phy_gbps: int

    @property
    def instances(self) -> int:
        """FlexE instances: one per 100 Gbit/s of a PHY; a 50G PHY has one, of half the slots."""
        return self.phys * max(1, self.phy_gbps // 100)

    @property
    def slots(self) -> int:
        """5G slots of the whole group."""
        return self.phys * self.phy_gbps // SLOT_GBPS


def group_of(rate_gbps: int, phys: int | None = None) -> Group | None:
    """The group of a link; None when OIF has none of that rate.

    Args:
        rate_gbps: Of the link.
        phys: How many PHYs share it; None takes as few as can be.
    """
    counts = [phys] if phys is not None else [1, 2]  # an 800G link is two PHYs of 400G: 02.1 has none of 800G
    for count in counts:
        if rate_gbps % count == 0 and rate_gbps // count in PHY_GBPS:
            return Group(count, rate_gbps // count)
    return None


def slots_of(rate_gbps: int) -> int:
    """Whole 5G slots of a link of that rate; 0 where it is too slow to have any."""
    return rate_gbps // SLOT_GBPS if rate_gbps >= LEAST_FLEXE_GBPS else 0


def slots_for(mbps: float) -> int:
    """Whole slots that so many Mbit/s take."""
    return math.ceil(round(mbps / (1000 * SLOT_GBPS), 9))


def parts_of_slot(granule: float) -> int:
    """Into how many sub-slots a slot is cut."""
    return int(Fraction(SLOT_GBPS) / Fraction(granule))


def legal(gbps: float, granule: float) -> bool:
    """Whether a client may have that rate: sub-slots of one slot, or whole slots (NetEngine: 1, 2, 3, 4, 5n)."""
    step = SLOT_GBPS if gbps >= SLOT_GBPS else granule
    return gbps > 0 and Fraction(gbps) % Fraction(step) == 0


def nearest(gbps: float, granule: float) -> tuple[float, float]:
    """The next rate below that a client may have (0: none) and the next above."""
    step = Fraction(SLOT_GBPS if gbps >= SLOT_GBPS else granule)
    below = Fraction(gbps) // step * step
    return float(below), float(below + step)


def size_of(gbps: float, granule: float) -> int:
    """The sub-slots that a client of a legal rate takes."""
    return int(Fraction(gbps) / Fraction(granule))


def slots_needed(sizes: Iterable[int], parts: int) -> int:
    """The fewest slots that hold clients of these sizes (in sub-slots, `parts` to a slot).

    Small clients keep within one slot, as hardware wants it. First fit decreasing finds the fewest slots for 4 and 5
    parts (a test compares it with all ways there are).
    """
    whole, fine = 0, []
    for size in sizes:
        if size >= parts:
            whole += size // parts
        else:
            fine.append(size)
    room: list[int] = []
    for size in sorted(fine, reverse=True):
        at = next((number for number, free in enumerate(room) if free >= size), None)
        if at is None:
            room.append(parts - size)
        else:
            room[at] -= size
    return whole + len(room)


def largest(sizes: list[int], slots: int, granule: float) -> float:
    """The largest rate in Gbit/s that one more client could have beside clients of these sizes; 0 when none."""
    parts = parts_of_slot(granule)
    free = slots - slots_needed(sizes, parts)
    if free > 0:
        return float(free * SLOT_GBPS)
    for size in range(parts - 1, 0, -1):
        if slots_needed([*sizes, size], parts) <= slots:
            return float(Fraction(granule) * size)
    return 0.0
