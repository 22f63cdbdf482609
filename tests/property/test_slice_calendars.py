"""Slots of a FlexE group: whoever fits finds place, whoever is there stays, and nobody shares what is whole."""

from __future__ import annotations

import itertools
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from citynet.design.flexe import largest, legal, nearest, parts_of_slot, size_of, slots_needed
from citynet.plan.calendar import QUARTERS, assign

GRANULES = st.sampled_from([1.0, 1.25, 5.0])


@cache
def fewest(sizes: tuple[int, ...], parts: int) -> int:
    """The fewest slots for small clients, by trying all ways: some set of clients shares the slot of the first."""
    if not sizes:
        return 0
    first, rest = sizes[0], sizes[1:]
    best = len(sizes)
    for count in range(len(rest) + 1):
        for chosen in set(itertools.combinations(range(len(rest)), count)):
            if first + sum(rest[index] for index in chosen) <= parts:
                left = tuple(size for index, size in enumerate(rest) if index not in chosen)
                best = min(best, 1 + fewest(tuple(sorted(left)), parts))
    return best


@given(st.sampled_from([4, 5]), st.data())
def test_no_packing_needs_fewer_slots(parts: int, data: st.DataObject) -> None:
    sizes = data.draw(st.lists(st.integers(1, parts - 1), max_size=9))
    assert slots_needed(sizes, parts) == fewest(tuple(sorted(sizes)), parts)


@st.composite
def changes(draw: st.DrawFn) -> tuple[float, int, list[dict[str, int]]]:
    """Clients that come, go and are resized, never more at a time than fit."""
    granule, slots = draw(GRANULES), draw(st.integers(1, 12))
    parts = parts_of_slot(granule)
    sizes = st.integers(1, 5).map(lambda n: n * parts) | st.integers(1, max(1, parts - 1))
    clients: dict[str, int] = {}
    steps = []
    for name in draw(st.lists(st.sampled_from("abcdefghijkl"), max_size=25)):
        wanted = {**clients, name: draw(sizes)}
        if draw(st.booleans()):
            wanted.pop(name)
        if slots_needed(wanted.values(), parts) <= slots:
            clients = wanted
            steps.append(dict(clients))
    return granule, slots, steps


@given(changes())
def test_who_fits_finds_place_and_who_is_there_stays(case: tuple[float, int, list[dict[str, int]]]) -> None:
    granule, slots, steps = case
    parts = parts_of_slot(granule)
    before: dict[str, int] = {}
    held: dict[str, list[int]] = {}
    for sizes in steps:
        places = assign(sizes, {name: held[name] for name in sizes if name in held}, slots, granule)
        units: set[tuple[int, int]] = set()
        for name, size in sizes.items():
            mine = {
                (place // QUARTERS, offset)
                for place in places[name]
                for offset in (range(0, QUARTERS, QUARTERS // parts) if size >= parts else [place % QUARTERS])
            }
            assert len(mine) == size
            assert not units & mine
            units |= mine
            assert size >= parts or len({slot for slot, _ in mine}) == 1
            if size >= parts and before.get(name, 0) >= parts:  # resized or not: what it keeps stays where it was
                fewer = min(len(held[name]), len(places[name]))
                assert len(set(held[name]) & set(places[name])) == fewer
        assert all(slot < slots for slot, _ in units)
        before, held = sizes, places


@given(st.floats(0.01, 500, allow_nan=False), GRANULES)
def test_the_nearest_rates_are_legal(gbps: float, granule: float) -> None:
    below, above = nearest(gbps, granule)
    assert below <= gbps < above
    assert legal(above, granule)
    assert below == 0 or legal(below, granule)


@given(st.sampled_from([1.0, 1.25, 5.0]), st.lists(st.integers(1, 30), max_size=8), st.integers(1, 40))
def test_the_largest_rate_fits_and_the_next_does_not(granule: float, wanted: list[int], slots: int) -> None:
    parts = parts_of_slot(granule)
    sizes = [size if size < parts else size // parts * parts for size in wanted]
    best = largest(sizes, slots, granule)
    if best:
        assert slots_needed([*sizes, size_of(best, granule)], parts) <= slots
    assert slots_needed([*sizes, size_of(nearest(best, granule)[1], granule)], parts) > slots
