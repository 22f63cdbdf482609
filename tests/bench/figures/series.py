"""The fault series on Wuhan's light: a ring cut twice, a cut restored, a tap, a bend, repairs; with times.

In the largest cut-out of labs/wuhan that deploys within minutes, or with `--lab` in a lab of the whole.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from citynet.lab import Lab
from citynet.lab.optics import controller
from citynet.levels.bench import Bench
from figures import lights
from figures.lights import Watch
from figures.table import Figure

RINGS = ("hankou", "hanyang", "wuchang", "north")
SWITCH_MS, RESTORED_S, MOVED_S = 50.0, 2.0, 5.0
WHOLE = 4


def rings(at: Lab) -> list[list[str]]:
    """The fibres of each ring that the lab has whole, in order."""
    names = controller.state(at)["fibres"]
    found = [[name for name in names if name.startswith(f"{ring}-")] for ring in RINGS]
    return [fibres for fibres in found if len(fibres) >= WHOLE]


def two_cuts(bench: Bench, _runs: int) -> Iterator[Figure]:
    """Any two fibres of a ring, one after the other: which diamond services and which hosts lose each other."""
    at = lights.lab()
    dark = Figure("two-cuts", "services of class diamond without light, after either cut", "services", most=0)
    switched = Figure("two-cuts", "lines dark until switched, by the lab's clock", most=SWITCH_MS)
    lost = Figure("two-cuts", "pings lost between hosts of both domains with both cut", "pings", most=0)
    for pair in [pair for fibres in rings(at) for pair in itertools.combinations(fibres, 2)]:
        lights.whole(at)
        for fibre in pair:
            watch = Watch.begin(at)
            bench.faults.apply("cut", fibre)
            events = watch.settled()
            tell(bench, events)
            if any(event["kind"] == "switched" for event in events):
                switched.add(watch.switched_ms())
            now = [one for one in lights.circuits(at).values() if one["class"] == "diamond"]
            dark.add(sum(not one["up"] for one in now))
        reached = [one for domain in bench.domains for one in bench.reach(domain, count=2)]
        lost.add(sum(one.sent - one.received for one in reached))
        words = f"{sum(one['up'] for one in now)} of {len(now)} diamond services run"
        sent = sum(one.sent for one in reached)
        bench.notify(
            f"{clock()}  {' and '.join(pair)} cut: {words}; {sent - lost.values[-1]:.0f} of {sent} pings answered"
        )
    repaired(bench, at)
    yield from (dark, switched, lost)


def suspects(bench: Bench, _runs: int) -> Iterator[Figure]:
    """A fibre is tapped, and another one bends: services leave it."""
    at = lights.lab()
    moved = Figure("suspect fibre", "the last service has left it", "s", most=MOVED_S)
    for kind, fibre in (("tap", "hankou-2"), ("bend", "hankou-3")):
        lights.whole(at)
        watch, services = Watch.begin(at), lights.riders(at, fibre)
        bench.faults.apply(kind, fibre)
        moved.add(watch.wait("moved", services))
        tell(bench, watch.settled())
    repaired(bench, at)
    yield moved


def restored(bench: Bench, _runs: int) -> Iterator[Figure]:
    """The service of class silver loses its only lit way."""
    at = lights.lab()
    lights.whole(at)
    silver = next(name for name, one in lights.circuits(at).items() if one["class"] == "silver")
    figure = Figure("restored", f"{silver} (silver) is restored", "s", most=RESTORED_S)
    watch = Watch.begin(at)
    bench.faults.apply("cut", lights.circuits(at)[silver]["way"][-1])
    figure.add(watch.wait("restored", [silver]))
    tell(bench, watch.settled())
    repaired(bench, at)
    yield figure


def repaired(bench: Bench, at: Lab) -> None:
    """Everything repaired, and told."""
    watch = Watch.begin(at)
    lights.whole(at)
    tell(bench, watch.settled())


def tell(bench: Bench, events: list[dict[str, Any]]) -> None:
    """What happened, in order; the services to which the same happened at once on one line."""
    groups: list[list[dict[str, Any]]] = []
    for event in events:
        if groups and groups[-1][0]["kind"] == event["kind"] and event["at"] - groups[-1][0]["at"] < 0.1:
            groups[-1].append(event)
        else:
            groups.append([event])
    for group in groups:
        first = group[0]
        who = first["subject"] if len(group) == 1 else f"{len(group)} services, first {first['subject']}"
        bench.notify(f"{clock(first['at'])}  {first['kind']:<10} {who}: {first['text']}")


def clock(at: float | None = None) -> str:
    """A time of day, in ms."""
    when = dt.datetime.now(dt.UTC) if at is None else dt.datetime.fromtimestamp(at, dt.UTC)
    return when.strftime("%H:%M:%S.%f")[:-3]


CASES: dict[str, Callable[[Bench, int], Iterator[Figure]]] = {
    "two-cuts": two_cuts,
    "restored": restored,
    "suspects": suspects,
}
