"""Fibres as light sees them: spans between amplifiers, and the amplifiers as GNPy sets them."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

from citynet.design.fibres import DELAY_US_PER_KM
from citynet.plan.model import OpticalFibre, PlannedAmplifier, Span
from citynet.plan.optical.light import Stretch

if TYPE_CHECKING:
    from citynet.design.types import Fibre, Optical
    from citynet.plan.optical.light import Judge


def stretch_of(fibre: Fibre, optical: Optical) -> Stretch:
    """The stretch from the fibre's first site to its second."""
    kind = optical.fibre_kinds[fibre.kind]
    marks = [0.0, *amplifier_places(fibre, optical), fibre.length_km]
    spans = []
    for start, end in itertools.pairwise(marks):
        length = end - start
        if fibre.loss_db is not None:
            loss = fibre.loss_db * length / fibre.length_km
        else:
            loss = length * kind.loss_db_per_km + 2 * optical.connector_db
        spans.append((round(length, 3), round(loss, 3)))
    return Stretch(fibre.kind, tuple(spans))


def amplifier_places(fibre: Fibre, optical: Optical) -> list[float]:
    """Where line amplifiers stand, in km: as the design says, or evenly where a fibre is longer than a span."""
    if fibre.amplifiers_km:
        return sorted(fibre.amplifiers_km)
    count = math.ceil(fibre.length_km / optical.max_span_km)
    return [round(fibre.length_km * number / count, 3) for number in range(1, count)]


def optical_fibre(name: str, fibre: Fibre, optical: Optical, judge: Judge) -> OpticalFibre:
    """The fibre of the plan.

    Raises:
        LightError: GNPy finds no amplifiers for it.
    """
    stretch = stretch_of(fibre, optical)
    there, back = judge.amplifiers(stretch), judge.amplifiers(stretch.reversed())
    marks = [0.0, *amplifier_places(fibre, optical), fibre.length_km]
    sites = [fibre.between[0], *[""] * (len(marks) - 2), fibre.between[1]]
    amplifiers = [
        PlannedAmplifier(f"{name}-{number}", kind, mark, site, gain, back_gain)
        for number, (mark, site, (kind, gain), (_, back_gain)) in enumerate(
            zip(marks, sites, there, reversed(back), strict=True)
        )
    ]
    return OpticalFibre(
        name,
        fibre.between[0],
        fibre.between[1],
        fibre.length_km,
        round(fibre.length_km * DELAY_US_PER_KM, 1),
        [Span(length, loss) for length, loss in stretch.spans],
        amplifiers,
        list(fibre.risk_groups),
    )
