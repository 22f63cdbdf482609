"""What broken and suspect fibres cost the services that ride on them, in a ring of four sites with light."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from citynet.levels.bench import Bench
from citynet.levels.measurements import Paced
from citynet.levels.probes.paced import paced
from citynet.levels.targets import HostPair, pairs
from figures import lights
from figures.flows import note
from figures.table import Figure

SWITCH_MS, RESTORED_S, MOVED_S, LOSS_PERCENT = 50.0, 2.0, 5.0, 0.1
VERSION = 6
WATCHED_S = {"tap": 5.0, "bend": 8.0}
DIAMOND, SILVER, FIBRE = "left--right", "left--low", "sw"


def ends(bench: Bench, source: str, destination: str) -> HostPair:
    """The pair of hosts of those names."""
    return next(
        pair
        for pair in pairs(bench.plan, "government")
        if (pair.source.name, pair.destination.name) == (source, destination)
    )


def switch_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """A line of class diamond loses its light, and then the way that it switched to."""
    at = lights.lab()
    which = ("first", "second")
    figures = [Figure("switch", f"1+1, {word} cut: longest gap of a probe", most=SWITCH_MS) for word in which]
    clocks = [Figure("switch", f"the same by the lab's clock, {word} cut", most=SWITCH_MS) for word in which]
    for _ in range(runs):
        lights.whole(at)
        with paced(bench.access, ends(bench, "west-1", "east-1"), (VERSION,)) as flow:
            flow.phase()
            for figure, clock in zip(figures, clocks, strict=True):
                watch = lights.Watch.begin(at)
                bench.faults.apply("cut", lights.circuits(at)[DIAMOND]["way"][0])
                watch.wait("switched", [DIAMOND])
                clock.add(watch.switched_ms())
                watch.wait("protected" if figure is figures[0] else "unprotected", [DIAMOND])
                note(figure, flow.phase()[0])
    lights.whole(at)
    yield from (*figures, *clocks)


def restoration_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """A fibre with some thirty services of class silver is cut."""
    at = lights.lab()
    lights.whole(at)
    count = len(lights.riders(at, FIBRE, "silver"))
    controller = Figure("restoration", f"{count} services on one fibre: the last is restored", "s", most=RESTORED_S)
    lines = Figure("restoration", "their lines have light again, by the lab's clock", "s", most=RESTORED_S)
    traffic = Figure("restoration", "longest gap of a probe over one of them, IP's recovery with it", "s")
    for _ in range(runs):
        lights.whole(at)
        with paced(bench.access, ends(bench, "west-1", "south-1"), (VERSION,)) as flow:
            flow.phase()
            watch, hurt = lights.Watch.begin(at), lights.riders(at, FIBRE, "silver")
            bench.faults.apply("cut", FIBRE)
            controller.add(watch.wait("restored", hurt))
            (seen,) = flow.phase()
            lines.add(watch.lasted_s())
            traffic.add(seen.longest_outage_ms / 1000, seen.pause_ms)
    lights.whole(at)
    yield from (controller, lines, traffic)


def suspect_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """A fibre with some thirty services is tapped, or bends slowly; they leave it."""
    at = lights.lab()
    lights.whole(at)
    count = len(lights.riders(at, FIBRE))
    for kind in ("tap", "bend"):
        alarm = Figure(kind, f"{kind}: alarm", "s")
        moved = Figure(kind, f"{kind}: the last of {count} services has left the fibre", "s", most=MOVED_S)
        loss = Figure(kind, f"{kind}: probe loss in {WATCHED_S[kind]:g} s", "%", most=LOSS_PERCENT)
        for _ in range(runs):
            lights.whole(at)
            with paced(bench.access, ends(bench, "west-1", "south-1"), (VERSION,)) as flow:
                flow.phase()
                watch, services = lights.Watch.begin(at), lights.riders(at, FIBRE)
                bench.faults.apply(kind, FIBRE)
                seen: Paced = flow.watch(WATCHED_S[kind])[0]
                alarm.add(watch.wait("alarm", [FIBRE]))
                moved.add(watch.wait("moved", services))
                loss.add(100 * seen.lost / seen.sent, seen.pause_ms)
        yield from (alarm, moved, loss)
    lights.whole(at)


CASES: dict[str, Callable[[Bench, int], Iterator[Figure]]] = {
    "switch": switch_cases,
    "restoration": restoration_cases,
    "suspect": suspect_cases,
}
