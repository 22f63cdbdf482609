"""Wuhan's rings with every line diamond: two cuts one after the other, over the lab's own light."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from citynet import build
from citynet.lab.optics import base
from citynet.lab.optics.light import Light
from citynet.lab.optics.orders import circuit_of
from citynet.platforms.tapi import bodies, orders
from optical_town import HandClock
from tree import ROOT

if TYPE_CHECKING:
    from citynet.plan.model import Plan

pytest.importorskip("gnpy")
RINGS = ("hankou", "hanyang", "wuchang", "north")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build.plan(ROOT / "labs/wuhan")[0]


def lit(plan: Plan, clock: HandClock) -> Light:
    light = Light(base.of_plan(plan), clock, lambda _: None)
    for order in orders.of_plan(plan):
        light.add(circuit_of(light, bodies.service(order)))
    return light


def dark(light: Light) -> set[str]:
    return {one.name for one in light.circuits.values() if one.level == "diamond" and one.selected is None}


@pytest.mark.parametrize("ring", RINGS)
def test_every_diamond_service_survives_any_two_cuts_on_a_ring(plan: Plan, ring: str) -> None:
    clock = HandClock()
    light = lit(plan, clock)
    assert sum(one.level == "diamond" for one in light.circuits.values()) == 129
    fibres = [name for name in light.base.fibres if name.startswith(f"{ring}-")]
    for first, second in itertools.permutations(fibres, 2):
        for fibre in (first, second):
            light.cut(fibre)
            clock.advance(2)
            assert not dark(light), (first, second)
            ways = [one.selected for one in light.circuits.values() if one.selected is not None]
            assert not any(fibre in way.fibres for way in ways)
        for fibre in (first, second):
            light.repair(fibre)
        clock.advance(60)
        assert {one.selected.role for one in light.circuits.values()} == {"working"}


def test_an_island_is_dark_and_nothing_else_is(plan: Plan) -> None:
    clock = HandClock()
    light = lit(plan, clock)
    for fibre in ("hankou-1", "hankou-4", "tie-hankou-hanyang"):  # every way out of the ring
        light.cut(fibre)
        clock.advance(2)
    outward = {line.name for line in plan.lines.values() if {"hankou-1", "hankou-4"} & set(line.fibres)}
    assert dark(light) == outward
