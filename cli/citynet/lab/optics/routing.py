"""Finding a way through what still has light."""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from citynet.lab.optics.model import Fibre


def shortest(
    fibres: Mapping[str, Fibre], start: str, goal: str, usable: Callable[[Fibre], bool], reach_km: float
) -> list[str] | None:
    """Names of the fibres of the shortest way within reach; None when there is none. Equal ones: by name."""
    doors: dict[str, list[tuple[str, Fibre]]] = {}
    for fibre in fibres.values():
        if usable(fibre):
            doors.setdefault(fibre.a, []).append((fibre.b, fibre))
            doors.setdefault(fibre.b, []).append((fibre.a, fibre))
    best: dict[str, float] = {}
    ahead: list[tuple[float, tuple[str, ...], str]] = [(0.0, (), start)]
    while ahead:
        length, way, place = heapq.heappop(ahead)
        if place == goal:
            return list(way)
        if place in best:
            continue
        best[place] = length
        for other, fibre in doors.get(place, ()):
            if other not in best and length + fibre.length_km <= reach_km:
                heapq.heappush(ahead, (length + fibre.length_km, (*way, fibre.name), other))
    return None


def sites_along(fibres: Mapping[str, Fibre], way: Sequence[str], start: str) -> list[str] | None:
    """The sites that a way passes from `start` on, both ends among them; None when it does not hang together."""
    sites = [start]
    for name in way:
        fibre = fibres[name]
        if sites[-1] not in {fibre.a, fibre.b}:
            return None
        sites.append(fibre.b if sites[-1] == fibre.a else fibre.a)
    return sites


def ordered(fibres: Mapping[str, Fibre], names: Sequence[str], start: str) -> list[str] | None:
    """The same fibres in the order in which they lead on from `start`; None when they are no way."""
    left = list(names)
    place, way = start, []
    while left:
        onward = [name for name in left if place in {fibres[name].a, fibres[name].b}]
        if len(onward) != 1:
            return None
        name = onward[0]
        left.remove(name)
        way.append(name)
        place = fibres[name].b if fibres[name].a == place else fibres[name].a
    return way
