"""Ways for a service that has lost one: what was planned for it first, else a new one through spare slots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.lab.optics.model import FAR_KM, Leg, Section
from citynet.lab.optics.routing import shortest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from citynet.lab.optics.model import Base, Circuit, Fibre
    from citynet.lab.optics.spectrum import Spectrum


def planned(base: Base, circuit: Circuit) -> list[Leg]:
    """Ways that the plan keeps ready for a circuit and that are not lit for it: dark until they are needed."""
    return [leg for leg in base.planned.get(circuit.uuid, []) if leg not in circuit.legs]


def find(base: Base, spectrum: Spectrum, circuit: Circuit, shun: Collection[str], apart: Leg | None) -> Leg | None:
    """A free way that touches none of the fibres to `shun` and, with `apart`, no risk of that way."""
    risks = _risks(base, apart)
    for leg in _candidates(base, spectrum, circuit, shun, risks):
        if spectrum.fits(leg):
            return leg
    return None


def _risks(base: Base, apart: Leg | None) -> frozenset[str]:
    if apart is None:
        return frozenset()
    return frozenset().union(*(base.fibres[name].risks for name in apart.fibres))


def _candidates(
    base: Base, spectrum: Spectrum, circuit: Circuit, shun: Collection[str], risks: frozenset[str]
) -> Iterator[Leg]:
    def usable(fibre: Fibre) -> bool:
        return fibre.name not in shun and not fibre.risks & risks

    for leg in planned(base, circuit):
        if all(usable(base.fibres[name]) for name in leg.fibres):
            yield leg
    way = shortest(base.fibres, circuit.site_a, circuit.site_b, usable, base.reaches.get(circuit.uuid, FAR_KM))
    if way:
        owner = f"{circuit.share}~{'+'.join(way)}"
        held = spectrum.held(owner)
        first = held.first_slot if held else spectrum.first_fit(way, circuit.slots)
        if first is not None:
            yield Leg("detour", (Section(owner, tuple(way), first, circuit.slots),))
