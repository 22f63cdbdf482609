"""Routes under GNPy's eyes: which modes pass where, by how much, and what would help where none does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.design.fibres import DELAY_US_PER_KM

if TYPE_CHECKING:
    from citynet.design.types import Mode
    from citynet.plan.optical.graph import Route
    from citynet.plan.optical.light import Judge, Stretch
    from citynet.plan.optical.routing import Choice
    from citynet.plan.optical.trunks import NamedMode


@dataclass(frozen=True, slots=True)
class WayFacts:
    """What a lit path takes over from its fibres."""

    delay_us: float
    risk_groups: list[str]


@dataclass(slots=True)
class Judged:
    """GSNR of routes, each asked for once.

    Attributes:
        stretches: Of each fibre, from its first site to its second.
        first_sites: Of each fibre.
        groups: Risk groups of each fibre, without the fibre itself.
    """

    judge: Judge
    stretches: dict[str, Stretch]
    first_sites: dict[str, str]
    groups: dict[str, list[str]]
    _known: dict[tuple[tuple[str, ...], str], float] = field(default_factory=dict)

    def gsnr_db(self, route: Route, mode: Mode) -> float:
        """GSNR in 0.1 nm of the worst channel under full load, in the worse direction, to 0.01 dB."""
        key = (route.fibres, f"{mode.baud_gbd}/{mode.spacing_ghz}/{mode.roll_off}/{mode.tx_osnr_db}")
        if (known := self._known.get(key)) is None:
            known = self._known[key] = round(self.judge.gsnr_db(self.turned(route), mode), 2)
        return known

    def turned(self, route: Route) -> list[Stretch]:
        """The stretches of a route in its direction."""
        return [
            self.stretches[fibre] if self.first_sites[fibre] == site else self.stretches[fibre].reversed()
            for fibre, site in zip(route.fibres, route.sites[:-1], strict=True)
        ]

    def need_db(self, mode: Mode) -> float:
        """What a mode needs, with the design's margin."""
        return round(mode.osnr_db + self.judge.optical.system_margin_db, 2)

    def missing_db(self, route: Route, mode: Mode) -> float:
        """What a route lacks for a mode; none or less when it passes."""
        return round(self.need_db(mode) - self.gsnr_db(route, mode), 2)

    def passes(self, choice: Choice, mode: NamedMode) -> bool:
        """Whether every path of a choice has what the mode needs."""
        return all(self.missing_db(route, mode.mode) <= 0 for _, route in choice.routes())

    def way(self, route: Route) -> WayFacts:
        """Delay and risk groups of a route."""
        groups = sorted({group for fibre in route.fibres for group in self.groups[fibre]})
        return WayFacts(round(route.length_km * DELAY_US_PER_KM, 1), groups)
