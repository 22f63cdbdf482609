"""Places in the calendar of a FlexE group: who has which slot, and who keeps it.

A place is a number: twenty times the slot, plus the offset inside it in quarters of 1 Gbit/s, which both kinds of
sub-slots (1 and 1.25 Gbit/s) divide. Whole slots may lie anywhere, so nothing can break them into pieces; sub-slots of
a client share one slot, so small clients are put where least is left, and when that is not enough, they are packed
anew in the other calendar. So a client finds place whenever the rules said that there is room.
"""

from __future__ import annotations

from citynet.design.flexe import parts_of_slot

QUARTERS = 20
"""Places of a slot in quarters of 1 Gbit/s."""


class _Calendar:
    def __init__(self, slots: int, parts: int, avoid: set[int]) -> None:
        self._parts, self._step = parts, QUARTERS // parts
        self._taken: list[set[int]] = [set() for _ in range(slots)]
        self._avoid = avoid

    def free(self, place: int, *, whole: bool) -> bool:
        """Whether a place is one of this calendar's and nobody has it."""
        slot, offset = divmod(place, QUARTERS)
        if slot >= len(self._taken) or offset % self._step or (whole and offset):
            return False
        return not self._taken[slot] if whole else offset not in self._taken[slot]

    def take(self, place: int, *, whole: bool) -> int:
        """Mark a place as taken."""
        slot, offset = divmod(place, QUARTERS)
        self._taken[slot] |= set(range(0, QUARTERS, self._step)) if whole else {offset}
        return place

    def whole(self) -> int | None:
        """The lowest slot that is free, rather one that nobody had before."""
        free = [QUARTERS * slot for slot, taken in enumerate(self._taken) if not taken]
        return min(free, key=lambda place: (place in self._avoid, place), default=None)

    def parts(self, count: int) -> list[int] | None:
        """So many sub-slots of one slot, of the one where least is left (best fit)."""
        room = [(self._parts - len(taken), slot) for slot, taken in enumerate(self._taken) if len(taken) < self._parts]
        fitting = [(left, slot) for left, slot in room if left >= count]
        if not fitting:
            return None
        slot = min(fitting)[1]
        offsets = [o for o in range(0, QUARTERS, self._step) if o not in self._taken[slot]]
        return [QUARTERS * slot + offset for offset in offsets[:count]]


def assign(
    sizes: dict[str, int], held: dict[str, list[int]], slots: int, granule: float, spare: set[int] | None = None
) -> dict[str, list[int]]:
    """Places for every client.

    Args:
        sizes: Sub-slots that each client wants; from a whole slot on, a multiple of one.
        held: The places that clients have; one that keeps its size keeps its places, one that grows keeps what it has.
        slots: Of the group, less those that no client gets.
        granule: Of a sub-slot, in Gbit/s.
        spare: Places that clients which are gone had; given away last.

    Raises:
        ValueError: There is no room; the rules of the design let that not come to pass.
    """
    parts = parts_of_slot(granule)
    for kept in (held, {name: places for name, places in held.items() if sizes.get(name, 0) >= parts}):
        calendar = _Calendar(slots, parts, spare or set())
        found = _place(calendar, sizes, kept, parts)
        if found is not None:
            return found
    raise ValueError("clients do not fit into the group")


def _place(
    calendar: _Calendar, sizes: dict[str, int], held: dict[str, list[int]], parts: int
) -> dict[str, list[int]] | None:
    found: dict[str, list[int]] = {}
    for name, size in sizes.items():  # those that are there stay where they are
        found[name] = _kept(calendar, held.get(name, []), size, parts)
    for name, size in sizes.items():
        while size >= parts and len(found[name]) < size // parts:
            place = calendar.whole()
            if place is None:
                return None
            found[name].append(calendar.take(place, whole=True))
    fine = {name: size for name, size in sizes.items() if size < parts and not found[name]}
    for name in sorted(fine, key=lambda name: -fine[name]):
        places = calendar.parts(fine[name])
        if places is None:
            return None
        found[name] = [calendar.take(place, whole=False) for place in places]
    return {name: sorted(places) for name, places in found.items()}


def _kept(calendar: _Calendar, places: list[int], size: int, parts: int) -> list[int]:
    """What a client keeps of its places: as many whole slots as it wants, or its sub-slots if their number is right."""
    if size >= parts:
        stay = [place for place in sorted(places) if calendar.free(place, whole=True)][: size // parts]
        return [calendar.take(place, whole=True) for place in stay]
    stay = sorted(places)[:size]
    one_slot = len({place // QUARTERS for place in stay}) == 1
    if len(stay) < size or not one_slot or not all(calendar.free(place, whole=False) for place in stay):
        return []
    return [calendar.take(place, whole=False) for place in stay]
