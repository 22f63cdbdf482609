"""Wuhan's rings with every line diamond: two cuts one after the other, over the lab's own light."""

from __future__ import annotations

import itertools
import shutil
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
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("wuhan")
    shutil.copytree(ROOT / "labs/wuhan/design", folder / "design")
    for light in (folder / "design").glob("*.yml"):
        assert "\noptical:" not in light.read_text()
    (folder / "design/9-light.yml").write_text("optical: {protection: diamond}\n")
    return build.build(folder).plan


@pytest.mark.parametrize("ring", RINGS)
def test_every_diamond_service_survives_two_cuts_on_a_ring(plan: Plan, ring: str) -> None:
    clock = HandClock()
    light = Light(base.of_plan(plan), clock, lambda _: None)
    for order in orders.of_plan(plan):
        light.add(circuit_of(light, bodies.service(order)))
    assert len(light.circuits) == 128
    fibres = [name for name in light.base.fibres if name.startswith(ring)]
    for first, second in itertools.pairwise(fibres):
        for fibre in (first, second):
            light.cut(fibre)
            clock.advance(2)
            down = [circuit.name for circuit in light.circuits.values() if circuit.selected is None]
            assert not down, (first, second)
            assert not any(fibre in circuit.selected.fibres for circuit in light.circuits.values())
        for fibre in (first, second):
            light.repair(fibre)
        clock.advance(60)
        assert {circuit.selected.role for circuit in light.circuits.values()} == {"working"}


def test_an_island_is_dark_and_nothing_else_is(plan: Plan) -> None:
    clock = HandClock()
    light = Light(base.of_plan(plan), clock, lambda _: None)
    for order in orders.of_plan(plan):
        light.add(circuit_of(light, bodies.service(order)))
    for fibre in ("hankou-1", "hankou-4"):  # both ways out of the ring
        light.cut(fibre)
        clock.advance(2)
    outward = {line.name for line in plan.lines.values() if {"hankou-1", "hankou-4"} & set(line.fibres)}
    assert {circuit.name for circuit in light.circuits.values() if circuit.selected is None} == outward
