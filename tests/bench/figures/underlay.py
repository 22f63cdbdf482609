"""What a broken line or router costs the traffic that crosses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from citynet.levels.bench import Bench
from figures.flows import broken, carried, ends, far_port, note, otherwise
from figures.table import Figure

CUT_MS, SILENT_MS, KILL_MS = 60.0, 350.0, 350.0
WHERE = ("at the ingress", "one router on")


def line_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """The line next to the ingress router, and the line behind that: cut, or silent."""
    for kind, words, most in (("cut", "line cut, light lost", CUT_MS), ("silent", "line silent both ways", SILENT_MS)):
        for number, where in enumerate(WHERE):
            out = Figure(kind, f"{words}, {where}", most=most)
            back = Figure(kind, f"the same line mended, {where}", most=most)
            for run in range(runs):
                with carried(bench, (4, 6)[run % 2]) as at:
                    seen = broken(bench, at, [(kind, at.lines[number])], ends(bench, at.lines[number]))
                    note(out, seen[0])
                    note(back, seen[1])
            yield out
            yield back


def one_way_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """A line that loses one direction only: the flow's, or the other."""
    with_flow = Figure("one way", "line silent in the flow's direction", most=SILENT_MS)
    against = Figure("one way", "line silent in the other direction", most=SILENT_MS)
    for run in range(runs):
        for figure in (with_flow, against):
            with carried(bench, (4, 6)[run % 2]) as at:
                node, port = at.sends[1]
                deaf = far_port(bench, at.lines[1], node) if figure is with_flow else f"{node}:{port}"
                note(figure, broken(bench, at, [("deaf", deaf)], ends(bench, at.lines[1]))[0])
    yield with_flow
    yield against


def router_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """A router on the way loses its power, or stands still with its lights on."""
    for kind, words in (("kill", "router killed"), ("hang", "router stands still, light on")):
        out = Figure(kind, words, most=KILL_MS)
        back = Figure(kind, "the same router back")
        for run in range(runs):
            with carried(bench, (4, 6)[run % 2]) as at:
                if kind == "kill":
                    bench.access.forget(at.router)
                whole = [at.router, at.sends[0][0]]
                seen = broken(bench, at, [(kind, at.router)], whole)
                note(out, seen[0])
                note(back, seen[1])
        yield out
        yield back


def slow_cases(bench: Bench, _runs: int) -> Iterator[Figure]:
    """The same faults as they are without the settings that make them short; one run each, they take long."""
    members = [name for name, device in bench.plan.devices.items() if device.domain == "government"]
    silent = Figure("silent", "without BFD, IS-IS hold time alone", beside="line silent both ways")
    with carried(bench, 6) as at:
        node, port = at.sends[1]
        far, _, far_end = far_port(bench, at.lines[1], node).partition(":")
        with (
            otherwise(bench, [node], [f"interface {port}", "no isis bfd"]),
            otherwise(bench, [far], [f"interface {far_end}", "no isis bfd"]),
        ):
            note(silent, broken(bench, at, [("silent", at.lines[1])], ends(bench, at.lines[1]))[0])
    yield silent
    cut = Figure("cut", "with FRR's own SPF timers", beside="line cut, one router on")
    with otherwise(bench, members, ["router isis CITY", "no spf-delay-ietf"]), carried(bench, 6) as at:
        note(cut, broken(bench, at, [("cut", at.lines[1])], ends(bench, at.lines[1]))[0])
    yield cut


CASES: dict[str, Callable[[Bench, int], Iterator[Figure]]] = {
    "line": line_cases,
    "one-way": one_way_cases,
    "router": router_cases,
    "slow": slow_cases,
}
