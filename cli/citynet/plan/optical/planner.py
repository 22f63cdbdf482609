"""Design → optical plan: demands into groups, groups into trunks, trunks into light."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.errors import InputError, Problem
from citynet.plan.optical import gnpy_library, result
from citynet.plan.optical.demands import demands
from citynet.plan.optical.graph import FibreGraph
from citynet.plan.optical.judging import Judged
from citynet.plan.optical.light import Judge, LightError
from citynet.plan.optical.lighting import Lamp, NoLightError, width_of
from citynet.plan.optical.refusals import no_choice, no_mode, no_slots
from citynet.plan.optical.routing import Router
from citynet.plan.optical.spans import optical_fibre, stretch_of
from citynet.plan.optical.spectrum import Spectrum
from citynet.plan.optical.trunks import NamedMode, Trunk, trunks_of

if TYPE_CHECKING:
    from citynet.design.model import Design
    from citynet.design.types import Optical
    from citynet.plan.builder import Builder
    from citynet.plan.model import OpticalFibre, OpticalPlan
    from citynet.plan.optical.demands import Demand, Group
    from citynet.plan.optical.routing import Choice

CEILINGS = (0.5, 0.75, 1.0)
"""Shares of the band that are filled one after the other: a way around is better than the upper end of a full fibre."""
SLOTS_PER_THZ = 160
"""Slots of 6.25 GHz."""


def plan_optical(design: Design, optical: Optical, builder: Builder) -> OpticalPlan:
    """The optical plan of a design; lines get the fibres of their working paths.

    Raises:
        InputError: Every demand that cannot be lit, with what would help.
        LackingError: GNPy is not installed.
    """
    gnpy_library.need_gnpy()
    return _Planner.of(design, optical, builder).plan()


@dataclass(slots=True)
class _Planner:
    design: Design
    optical: Optical
    builder: Builder
    judged: Judged
    router: Router
    lamp: Lamp
    problems: list[Problem] = field(default_factory=list)

    @classmethod
    def of(cls, design: Design, optical: Optical, builder: Builder) -> _Planner:
        graph, fibres = FibreGraph(), design.city.fibres
        for name, fibre in fibres.items():
            graph.add(name, fibre.between[0], fibre.between[1], fibre.length_km, fibre.risk_groups)
        judged = Judged(
            Judge(optical),
            {name: stretch_of(fibre, optical) for name, fibre in fibres.items()},
            {name: fibre.between[0] for name, fibre in fibres.items()},
            {name: list(fibre.risk_groups) for name, fibre in fibres.items()},
        )
        first = round((optical.band.first_thz - 193.1) * SLOTS_PER_THZ)
        last = round((optical.band.last_thz - 193.1) * SLOTS_PER_THZ)
        lamp = Lamp(Spectrum(last - first), first, judged, builder.lock)
        return cls(design, optical, builder, judged, Router(graph), lamp)

    def plan(self) -> OpticalPlan:
        fibres = self._fibres()
        wanted = list(demands(self.design.city, self.optical, self.builder))
        groups: dict[Group, list[Demand]] = {}
        for demand in wanted:
            groups.setdefault(demand.group, []).append(demand)
        trunks: list[tuple[Trunk, list[Choice]]] = []
        for group in sorted(groups, key=lambda group: group.name):
            trunks += self._trunks(group, groups[group])
        self._light(trunks)
        if self.problems:
            raise InputError(self.problems)
        return result.assemble(self.design, self.builder, self.lamp, fibres, [trunk for trunk, _ in trunks])

    def _fibres(self) -> dict[str, OpticalFibre]:
        found = {}
        for name, fibre in self.design.city.fibres.items():
            try:
                found[name] = optical_fibre(name, fibre, self.optical, self.judged.judge)
            except LightError as error:
                problem = self.design.source.problem(
                    ("fibres", name),
                    f"GNPy finds no amplifiers for fibre '{name}': {error}",
                    "spans that an amplifier of `optical.amplifiers` makes up for",
                    "put line amplifiers into it with `amplifiers_km`",
                )
                self.problems.append(problem)
        if self.problems:
            raise InputError(self.problems)
        return found

    def _trunks(self, group: Group, wanted: list[Demand]) -> list[tuple[Trunk, list[Choice]]]:
        """The trunks of a group, each with the choices that its mode passes on."""
        choices = self.router.choices(group)
        if not choices:
            self.problems.append(no_choice(self.design, self.router, group, wanted))
            return []
        passing = {
            mode: [choice for choice in choices if self.judged.passes(choice, mode)] for mode in _modes(self.optical)
        }
        able = [mode for mode, passed in passing.items() if passed]
        trunks = trunks_of(group, wanted, able, self.optical, self.builder.lock) if able else None
        if trunks is None:
            self.problems.append(no_mode(self.design, self.judged, self.router, wanted, list(passing)))
            return []
        return [(trunk, passing[trunk.mode]) for trunk in trunks]

    def _light(self, trunks: list[tuple[Trunk, list[Choice]]]) -> None:
        """What the lock has light for first, then wishes, then the widest and longest: gaps suit the small."""

        def order(item: tuple[Trunk, list[Choice]]) -> tuple[bool, bool, float, str]:
            trunk, choices = item
            hops = sum(len(route.fibres) for _, route in choices[0].routes())
            return (
                not self.lamp.is_planned(trunk),
                trunk.group.frequency_thz is None,
                -hops * width_of(trunk),
                trunk.name,
            )

        for trunk, choices in sorted(trunks, key=order):
            try:
                self._light_one(trunk, choices)
            except NoLightError as error:
                self.problems.append(no_slots(self.design, self.lamp, trunk, error, trunks))

    def _light_one(self, trunk: Trunk, choices: list[Choice]) -> None:
        """As the lock has it; else low in the band on the shortest choice, around full fibres, then higher up."""
        had = self.router.choice(trunk.group, self.lamp.had(trunk))
        if had is not None and self.judged.passes(had, trunk.mode):
            with contextlib.suppress(NoLightError):
                self.lamp.light(trunk, [had])
                return
        if trunk.group.frequency_thz is not None:
            self.lamp.light(trunk, choices)
            return
        for ceiling in CEILINGS:
            with contextlib.suppress(NoLightError):
                self.lamp.light(trunk, choices, ceiling)
                return
            around = self.router.around(trunk.group, self.lamp.full(width_of(trunk), ceiling))
            passing = [choice for choice in around if self.judged.passes(choice, trunk.mode)]
            if passing:
                with contextlib.suppress(NoLightError):
                    self.lamp.light(trunk, passing, ceiling)
                    return
        self.lamp.light(trunk, choices)


def _modes(optical: Optical) -> list[NamedMode]:
    return [
        NamedMode(kind, name, mode)
        for kind, transceiver in optical.transceivers.items()
        for name, mode in transceiver.modes.items()
    ]
