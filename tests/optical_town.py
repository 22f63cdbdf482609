"""A small optical network made by hand: four sites in a ring with a chord, and a clock that only moves when told."""

from __future__ import annotations

import heapq
import itertools
from typing import TYPE_CHECKING

from citynet.lab.optics.light import Light
from citynet.lab.optics.model import Base, Fibre, Leg, Section, Settings, Sip, Steps, Times
from citynet.lab.optics.sensing import Sensing
from citynet.platforms.tapi import identifiers
from citynet.platforms.tapi.orders import Order, Route

if TYPE_CHECKING:
    from collections.abc import Callable

CITY = "town"
TIMES = {
    "diamond": Times(20.0, 800.0, restores=True, permanent=True),
    "gold": Times(20.0, 800.0, restores=True, permanent=False),
    "silver": Times(20.0, 1500.0, restores=True, permanent=False),
    "copper": Times(20.0, 0.0, restores=False, permanent=False),
    "unprotected": Times(20.0, 0.0, restores=False, permanent=False),
}
RING = (("ab", "a", "b"), ("bc", "b", "c"), ("cd", "c", "d"), ("da", "d", "a"), ("ac", "a", "c"))


class HandClock:
    """Time that stands still until `advance`."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0
        self._waiting: list[tuple[float, int, Callable[[], None]]] = []
        self._number = itertools.count()

    def now(self) -> float:
        return self.time

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        heapq.heappush(self._waiting, (self.time + delay_s, next(self._number), call))

    def advance(self, seconds: float) -> None:
        end = self.time + seconds
        while self._waiting and self._waiting[0][0] <= end:
            self.time, _, call = heapq.heappop(self._waiting)
            call()
        self.time = end


class Town:
    """The network, its clock, and every line state that was told so far."""

    def __init__(self, lines: int = 0, slots: int = 64, **settings: float) -> None:
        self.clock = HandClock()
        self.told: list[tuple[float, str, str]] = []
        self.base = Base(
            CITY,
            {name: _fibre(name, a, b) for name, a, b in RING},
            TIMES,
            first_slot=0,
            slots=slots,
            sips={sip.uuid: sip for site in "abcd" for sip in _sips(site, max(lines, 4))},
            nodes={site: identifiers.identifier(CITY, "node", site) for site in "abcd"},
            settings=Settings(**settings),
        )
        self.light = Light(self.base, self.clock, self._hear)
        self.sensing = Sensing(self.light)

    def plan(self, order: Order) -> Order:
        """Make an order one of the plan's: its line is known, its ways keep their slots."""
        names = {identifiers.link(CITY, name): name for name in self.base.fibres}
        self.base.lines[order.uuid] = order.name
        self.base.planned[order.uuid] = [
            Leg(route.role, (Section(f"{order.name}/{route.role}", tuple(names[link] for link in route.links), 0, 8),))
            for route in order.routes
        ]
        return order

    def line(self, name: str) -> str:
        """The state that was told last."""
        states = [(at, state) for at, line, state in self.told if line == name]
        return max(states, key=lambda told: told[0])[1] if states else ""

    def told_of(self, name: str, since: float) -> list[tuple[float, str]]:
        """States of a line from a point in time on, in ms after it."""
        return [(round((at - since) * 1000, 3), state) for at, line, state in self.told if line == name and at >= since]

    def sense(self, seconds: float) -> None:
        """Let time pass with the sensors at work."""
        step = self.base.settings.sample_ms / 1000
        for _ in range(round(seconds / step)):
            self.clock.advance(step)
            self.sensing.sample()

    def kinds(self, name: str) -> list[str]:
        return [event.kind for event in self.light.log if event.subject == name]

    def _hear(self, steps: Steps) -> None:
        for step in steps.in_order():
            at = self.clock.now() + step["after_ms"] / 1000
            self.told += [(at, line, state) for line, state in step["lines"].items()]


def _sips(site: str, count: int) -> list[Sip]:
    return [sip_at(site, number) for number in range(count)]


def sip_at(site: str, number: int = 0) -> Sip:
    return Sip(identifiers.identifier(CITY, "sip", site, str(number)), site, f"{site}:eth{number}", "government")


def order(
    name: str, level: str, ends: str = "ac", working: str = "ac", protection: str = "", number: int = 0, **more: object
) -> Order:
    """An order between two sites; routes are fibre names with a blank between them."""
    ways = {"working": working, "protection": protection}
    routes = tuple(
        Route(role, tuple(identifiers.link(CITY, fibre) for fibre in way.split()), (f"duct-{role}",))
        for role, way in ways.items()
        if way
    )
    values: dict[str, object] = {
        "name": name,
        "uuid": identifiers.identifier(CITY, "service", name),
        "mark": CITY,
        "rate_gbps": 100.0,
        "protection_class": level,
        "sips": (sip_at(ends[0], number).uuid, sip_at(ends[1], number).uuid),
        "topology": identifiers.topology(CITY),
        "routes": routes,
        "diversity": ("duct-1", "duct-2") if protection else (),
    }
    return Order(**(values | more))  # type: ignore[arg-type]


def _fibre(name: str, a: str, b: str) -> Fibre:
    return Fibre(name, a, b, 40.0, (10.0, 10.5), frozenset({f"fibre:{name}"}), 196.0)
