"""What would give a lit path the dB that it lacks: another mode, a shorter way, a regenerator, an amplifier."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from citynet.plan.optical.light import LightError, Stretch
from citynet.plan.optical.routing import Choice
from citynet.plan.optical.trunks import Load, carries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.optical.demands import Demand
    from citynet.plan.optical.graph import Route
    from citynet.plan.optical.judging import Judged
    from citynet.plan.optical.routing import Router
    from citynet.plan.optical.trunks import NamedMode

WAYS = 6
"""Ways that are judged in search of a better one."""


class Lacking(NamedTuple):
    """A demand whose route has too little light for a mode."""

    demand: Demand
    route: Route
    mode: NamedMode


def remedies(judged: Judged, router: Router, lacking: Lacking, modes: list[NamedMode]) -> str:
    """Everything that GNPy confirms would help, in a sentence; what was looked for in vain is not named."""
    demand, route, mode = lacking
    found = [
        *_other_mode(judged, demand, route, modes),
        *_other_way(judged, router, route, mode),
        *_regenerator(judged, router, route, mode),
        *_amplifier(judged, route, mode),
    ]
    return "; ".join(found) or "shorter spans, better amplifiers, or a mode that needs less"


def _other_mode(judged: Judged, demand: Demand, route: Route, modes: list[NamedMode]) -> Iterator[str]:
    """Modes that pass here but carry less than is asked for."""
    slower = [mode for mode in modes if not carries(mode, Load(demand.name, demand.client))]
    for mode in sorted(slower, key=lambda mode: -mode.mode.rate_gbps):
        missing = judged.missing_db(route, mode.mode)
        if missing <= 0:
            yield f"mode '{mode.name}' has {-missing:.2f} dB to spare here, at {mode.mode.rate_gbps} Gbit/s"
            return


def _other_way(judged: Judged, router: Router, route: Route, mode: NamedMode) -> Iterator[str]:
    """Ways that pass, of which the design's `fibres` are none."""
    for way in itertools.islice(router.graph.ways(route.sites[0], route.sites[-1]), WAYS):
        if way.fibres != route.fibres and judged.passes(Choice(way), mode):
            yield f"the way over {'+'.join(way.fibres)} ({way.length_km:g} km) passes"
            return


def _regenerator(judged: Judged, router: Router, route: Route, mode: NamedMode) -> Iterator[str]:
    """The site where a regenerator leaves the worse half best off."""
    best: tuple[float, str] | None = None
    for place in range(1, len(route.fibres)):
        halves = (
            router.graph.route(route.sites[0], route.fibres[:place]),
            router.graph.route(route.sites[place], route.fibres[place:]),
        )
        missing = max(judged.missing_db(half, mode.mode) for half in halves)
        if missing <= 0 and (best is None or missing < best[0]):
            best = missing, route.sites[place]
    if best is not None:
        yield f"a regenerator at '{best[1]}' would do"


def _amplifier(judged: Judged, route: Route, mode: NamedMode) -> Iterator[str]:
    """An amplifier in the middle of the longest span, when that is enough."""
    way = judged.turned(route)
    number, place = max(
        ((n, p) for n, stretch in enumerate(way) for p in range(len(stretch.spans))),
        key=lambda item: way[item[0]].spans[item[1]][1],
    )
    spans = way[number].spans
    length, loss = spans[place]
    half = (length / 2, loss / 2 + judged.judge.optical.connector_db)
    way[number] = Stretch(way[number].kind, (*spans[:place], half, half, *spans[place + 1 :]))
    try:
        gsnr = judged.judge.gsnr_db(way, mode.mode)
    except LightError:
        return
    if gsnr >= judged.need_db(mode.mode):
        yield f"an amplifier in the middle of the {length:g} km span of fibre '{route.fibres[number]}' would do"
