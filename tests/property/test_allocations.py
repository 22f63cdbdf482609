"""Any sequence of edits keeps every surviving allocation, and no number is ever two's."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_interface, ip_network
from pathlib import Path

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from towns import Edit, Fact, Town, allocations, apply, edits, histories, towns

from citynet import build
from citynet.errors import InputError
from citynet.plan import codec
from citynet.plan.model import Plan

PROFILE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Home:
    """A design's folder, planned again and again."""

    def __init__(self, folder: Path) -> None:
        self.design, self.lock = folder / "design.yml", folder / "citynet.lock"

    def plan(self, town: Town) -> Plan:
        """Plan it as `citynet plan` does; one that is full before anything happened is no example."""
        self.design.write_text(town.text(), encoding="utf-8")
        try:
            return build.plan_and_lock(self.design)[0]
        except InputError:
            assume(not town.tight or self.lock.exists())
            raise


@contextmanager
def home() -> Iterator[Home]:
    with tempfile.TemporaryDirectory() as folder:
        yield Home(Path(folder))


def steps(here: Home, town: Town, changes: list[Edit]) -> Iterator[dict[Fact, str]]:
    """What is allocated after each edit; an edit that a full pool refuses changes nothing and is left out."""
    yield allocations(here.plan(town))
    for change in changes:
        after, before = apply(town, change), here.lock.read_bytes()
        try:
            plan = here.plan(after)
        except InputError:
            if not town.tight:
                raise
            assert here.lock.read_bytes() == before
            continue
        town = after
        yield allocations(plan)


@settings(PROFILE, max_examples=120)
@given(history=histories())
def test_what_survives_keeps_its_number(history: tuple[Town, list[Edit]]) -> None:
    with home() as here:
        before: dict[Fact, str] = {}
        for now in steps(here, *history):
            survivors = before.keys() & now.keys()
            assert {fact: now[fact] for fact in survivors} == {fact: before[fact] for fact in survivors}
            before = now


@settings(PROFILE, max_examples=120)
@given(history=histories())
def test_no_number_is_held_by_two(history: tuple[Town, list[Edit]]) -> None:
    with home() as here:
        for now in steps(here, *history):
            holders: dict[tuple[str, str, str], Fact] = {}
            for fact, number in now.items():
                assert holders.setdefault((fact[0], fact[1], number), fact) == fact


@settings(PROFILE, max_examples=60)
@given(
    town=towns(tight=True), changes=st.lists(edits(["add-device", "add-end", "remove-end"]), min_size=6, max_size=16)
)
def test_every_end_lies_in_the_blocks_of_its_service(town: Town, changes: list[Edit]) -> None:
    with home() as here:
        for now in steps(here, town, changes):
            for (kind, _, *owner), address in now.items():
                if kind.startswith("subnet"):
                    network = ip_interface(address).network
                    assert any(
                        network.subnet_of(block)
                        for block in map(ip_network, town.blocks(owner[0]))
                        if block.version == network.version
                    )


@settings(PROFILE, max_examples=120)
@given(history=histories())
def test_what_an_edit_releases_rests_for_a_plan(history: tuple[Town, list[Edit]]) -> None:
    with home() as here:
        before: dict[Fact, str] = {}
        for now in steps(here, *history):
            released = {(*fact[:2], number) for fact, number in before.items() if fact not in now}
            new = {(*fact[:2], number) for fact, number in now.items() if fact not in before}
            assert released.isdisjoint(new)
            before = now


@settings(PROFILE, max_examples=60)
@given(town=towns(), changes=st.lists(edits(), max_size=8), seed=st.integers(0, 99))
def test_same_input_same_bytes_whatever_the_order_of_the_lock(town: Town, changes: list[Edit], seed: int) -> None:
    with home() as here:
        for _ in steps(here, town, changes):
            pass
        lock = here.lock.read_text(encoding="utf-8")
        first = codec.dumps(build.plan(here.design)[0])
        header, *lines = lock.splitlines()
        random.Random(seed).shuffle(lines)
        here.lock.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        plan, again = build.plan(here.design)
        assert codec.dumps(plan) == first
        assert again.text() == lock


@settings(PROFILE, max_examples=60)
@given(town=towns(tight=False), change=edits(), others=st.lists(edits(), max_size=4))
def test_what_comes_back_gets_its_number_back(town: Town, change: Edit, others: list[Edit]) -> None:
    with home() as here:
        before = allocations(here.plan(town))
        for _ in steps(here, town, [change, *others]):
            pass
        assert allocations(here.plan(town)) == before


@settings(PROFILE, max_examples=40)
@given(town=towns(), seed=st.integers(0, 9999))
def test_planning_again_changes_nothing(town: Town, seed: int) -> None:
    with home() as here:
        before, lock = allocations(here.plan(town)), here.lock.read_bytes()
        town.seed = seed
        assert allocations(here.plan(town)) == before
        assert here.lock.read_bytes() == lock
