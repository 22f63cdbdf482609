"""Every link of a city, however it was written: rings, meshes and stars unrolled."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.design.source import Loc
    from citynet.design.types import City, Mesh, Ring, Star


class Joined(NamedTuple):
    """Two devices joined by a link, and the place in the design that says so."""

    loc: Loc
    a: str
    b: str
    metric: int
    rate_gbps: int
    fibres: list[str]
    phys: int | None = None
    group: int | None = None
    trust: int = 1
    delay_us: float | None = None


def all_links(city: City) -> Iterator[Joined]:
    """Links first, then rings, meshes and stars, each in the order of the design."""
    for number, link in enumerate(city.links):
        yield Joined(
            ("links", number),
            a=link.between[0],
            b=link.between[1],
            metric=link.metric,
            rate_gbps=link.rate_gbps,
            fibres=link.fibres,
            phys=link.phys,
            group=link.flexe_group,
            trust=link.trust,
            delay_us=link.delay_us,
        )
    for name, ring in city.rings.items():
        yield from _joined(("rings", name), ring, along(ring.devices, closed=ring.closed))
    for name, mesh in city.meshes.items():
        yield from _joined(("meshes", name), mesh, itertools.combinations(mesh.devices, 2))
    for name, star in city.stars.items():
        pairs = ((device, hub) for device in star.devices for hub in star.hubs)
        yield from _joined(("stars", name), star, pairs)


def along(names: list[str], *, closed: bool) -> list[tuple[str, str]]:
    """Neighbours in a row, and last and first too when it is closed and has more than two."""
    pairs = list(itertools.pairwise(names))
    if closed and len(names) > 2:
        pairs.append((names[-1], names[0]))
    return pairs


def _joined(loc: Loc, of: Ring | Mesh | Star, pairs: Iterable[tuple[str, str]]) -> Iterator[Joined]:
    for one, other in pairs:
        yield Joined(loc, one, other, of.metric, of.rate_gbps, [], of.phys, trust=of.trust)
