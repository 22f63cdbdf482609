"""Light for every trunk: a choice of ways that GNPy passes, and slots that nobody else has."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.plan.model import LitPath
from citynet.plan.model.optical import ANCHOR_THZ, SLOT_GHZ
from citynet.plan.optical import pins
from citynet.plan.optical.spectrum import Spare, first_free, run

if TYPE_CHECKING:
    from citynet.plan.lock import Lock
    from citynet.plan.optical.graph import Route
    from citynet.plan.optical.judging import Judged
    from citynet.plan.optical.routing import Choice
    from citynet.plan.optical.spectrum import Spectrum
    from citynet.plan.optical.trunks import Trunk

SUFFIX = {"working": "w", "protection": "p", "restoration": "r"}
WEAK = "copper"
"""The class whose light restoration may take."""


class NoLightError(Exception):
    """A trunk finds no slots.

    Attributes:
        holder: Name of the lit path that has the wavelength it asks for, or empty.
        fibre: Where they meet, or the fullest fibre of its shortest way.
    """

    def __init__(self, holder: str, fibre: str) -> None:
        self.holder, self.fibre = holder, fibre
        super().__init__(fibre)


@dataclass(slots=True)
class Lamp:
    """Lights trunks one after the other.

    Attributes:
        first_slot: The band's lower edge, in slots from 193.1 THz.
    """

    spectrum: Spectrum
    first_slot: int
    judged: Judged
    lock: Lock
    paths: dict[str, LitPath] = field(default_factory=dict)

    def light(self, trunk: Trunk, choices: list[Choice], ceiling: float = 1.0) -> list[LitPath]:
        """Light a trunk on the first choice that has free slots.

        Args:
            trunk: What to light.
            choices: Ways that its mode passes on.
            ceiling: The share of the band, from its lower edge, that new light may use.

        Raises:
            NoLightError: There are no slots left, or somebody else has the wavelength that it asks for.
        """
        for choice in choices:
            slots = self._slots(trunk, choice, int(ceiling * self.spectrum.slots))
            if slots is not None:
                return self._take(trunk, choice, slots)
        raise self._no_light(trunk, choices[0])

    def had(self, trunk: Trunk) -> dict[str, list[str]]:
        """The fibres that the lock has for a trunk, by role."""
        return {role: pins.known_way(self.lock, f"{trunk.name}-{suffix}") for role, suffix in SUFFIX.items()}

    def full(self, width: int, ceiling: float) -> frozenset[str]:
        """Fibres without that many free slots side by side below a share of the band."""
        spectrum, most = self.spectrum, int(ceiling * self.spectrum.slots)
        fibres = {*spectrum.lit, *spectrum.weak, *spectrum.spare}
        return frozenset(f for f in fibres if first_free(spectrum.used(f), most, width) is None)

    def is_planned(self, trunk: Trunk) -> bool:
        """Whether the lock has slots for it."""
        return pins.known_slot(self.lock, f"{trunk.name}-w") is not None

    def _slots(self, trunk: Trunk, choice: Choice, most: int) -> dict[str, int] | None:
        """First slots by role, from the band's edge, new ones below `most`; None when one of its paths finds none."""
        found: dict[str, int] = {}
        width = width_of(trunk)
        for role, route in choice.routes():
            taken = self._taken(trunk, choice, role, route)
            had = pins.known_slot(self.lock, f"{trunk.name}-{SUFFIX[role]}")
            if role == "working" and trunk.group.frequency_thz is not None:
                slot: int | None = wished(trunk.group.frequency_thz, width) - self.first_slot
                slot = slot if slot is not None and self.spectrum.is_free(taken, slot, width) else None
            elif had is not None and self.spectrum.is_free(taken, had - self.first_slot, width):
                slot = had - self.first_slot
            else:
                slot = first_free(taken, most, width)
            if slot is None:
                return None
            found[role] = slot
        return found

    def _taken(self, trunk: Trunk, choice: Choice, role: str, route: Route) -> int:
        if role != "restoration":
            return self.spectrum.taken(route.fibres)
        return self.spectrum.taken_for_spare(route.fibres, trunk.group.domain, choice.working.risks)

    def _take(self, trunk: Trunk, choice: Choice, slots: dict[str, int]) -> list[LitPath]:
        width, lit = width_of(trunk), []
        for role, route in choice.routes():
            name = f"{trunk.name}-{SUFFIX[role]}"
            if role == "restoration":
                mask = run(slots[role], width)
                self.spectrum.keep(route.fibres, Spare(name, trunk.group.domain, mask, choice.working.risks))
            else:
                weak = trunk.group.protection == WEAK
                self.spectrum.light(route.fibres, slots[role], width, weak=weak)
            pins.keep_way(self.lock, name, route.fibres)
            pins.keep_slot(self.lock, name, slots[role] + self.first_slot)
            path = self._path(name, role, trunk, route, slots[role] + self.first_slot)
            self.paths[name] = path
            lit.append(path)
        return lit

    def _path(self, name: str, role: str, trunk: Trunk, route: Route, slot: int) -> LitPath:
        gsnr, need = self.judged.gsnr_db(route, trunk.mode.mode), self.judged.need_db(trunk.mode.mode)
        way = self.judged.way(route)
        return LitPath(
            name=name,
            domain=trunk.group.domain,
            role=role,
            trunk=trunk.name,
            a=trunk.group.a,
            b=trunk.group.b,
            fibres=list(route.fibres),
            sites=list(route.sites),
            first_slot=slot,
            slots=width_of(trunk),
            transceiver=trunk.mode.transceiver,
            mode=trunk.mode.name,
            rate_gbps=trunk.mode.mode.rate_gbps,
            gsnr_db=gsnr,
            threshold_db=need,
            margin_db=round(gsnr - need, 2),
            length_km=route.length_km,
            delay_us=way.delay_us,
            risk_groups=way.risk_groups,
        )

    def _no_light(self, trunk: Trunk, choice: Choice) -> NoLightError:
        wish = trunk.group.frequency_thz
        if wish is not None:
            slot, fibres = wished(wish, width_of(trunk)), set(choice.working.fibres)
            for path in self.paths.values():
                common = [fibre for fibre in path.fibres if fibre in fibres]
                if common and path.first_slot < slot + width_of(trunk) and slot < path.first_slot + path.slots:
                    return NoLightError(path.name, common[0])
        return NoLightError("", self.spectrum.fullest(choice.working.fibres)[1])


def width_of(trunk: Trunk) -> int:
    """Slots that a trunk's mode takes; even, since widths are multiples of 12.5 GHz."""
    return round(trunk.mode.mode.spacing_ghz / SLOT_GHZ)


def wished(frequency_thz: float, width: int) -> int:
    """First slot of a lit path with that central frequency, from 193.1 THz."""
    return round((frequency_thz - ANCHOR_THZ) * 1000 / SLOT_GHZ) - width // 2
