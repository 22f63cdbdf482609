"""Zones and distances."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.distance import air_line_km
from citynet.design.rules.registry import rule, warning
from citynet.design.types import ZoneKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.errors import Problem

_SIZE = {kind: size for size, kind in enumerate(ZoneKind)}


@rule("zone")
def zones(design: Design) -> Iterator[Problem]:
    """A zone lies within a larger kind of zone.

    园区 in 区 in 市 in 省 in 境: `campus`, `district`, `city`, `province`, `country`. A fence around a zone holds all
    zones within it.
    """
    for name, zone in design.city.zones.items():
        outer = design.city.zones.get(zone.within) if zone.within else None
        if outer is not None and _SIZE[outer.kind] <= _SIZE[zone.kind]:
            yield design.source.problem(
                ("zones", name, "within"),
                f"zone '{name}' ({zone.kind}) lies within '{zone.within}' ({outer.kind})",
                "a larger kind of zone",
                "campus < district < city < province < country",
            )


@warning("fibre-length")
def fibre_length(design: Design) -> Iterator[Problem]:
    """A fibre is at least as long as the straight way between its sites.

    Latitude and longitude are easily swapped, and a length easily mistyped. Distances are great circles on WGS-84
    coordinates, with 1 % and 100 m to spare.
    """
    sites = design.city.sites
    for name, fibre in design.city.fibres.items():
        ends = [sites[site].place if site in sites else None for site in fibre.between]
        if ends[0] is None or ends[1] is None:
            continue
        straight = air_line_km((ends[0].lat, ends[0].lon), (ends[1].lat, ends[1].lon))
        if fibre.length_km * 1.01 + 0.1 < straight:
            yield design.source.problem(
                ("fibres", name, "length_km"),
                f"fibre '{name}' of {fibre.length_km:g} km joins sites {straight:.1f} km apart",
                "the length of its route",
                "are latitude and longitude in their places?",
            )
