"""Probe flows whose way is known, and what befalls them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from citynet.levels.bench import Bench
from citynet.levels.measurements import Paced
from citynet.levels.probes.calm import carrying_port
from citynet.levels.probes.paced import PacedFlow, paced
from citynet.levels.targets import HostPair, far_pairs
from figures.table import Figure

LEAST_CARRIED = 0.9
TRIES = 5


class NotCarriedError(Exception):
    """No flow crossed what was to be broken: the run would have proved nothing."""


@dataclass
class Carried:
    """A running flow and the first two lines of its way, each with the device and port that sends it there."""

    flow: PacedFlow
    sends: list[tuple[str, str]]
    lines: list[str]

    @property
    def router(self) -> str:
        """The router behind the first line."""
        return self.sends[1][0]


def pair_of(bench: Bench, domain: str = "government") -> HostPair:
    """The two hosts that lie farthest apart."""
    return far_pairs(bench.plan, domain)[0]


@contextmanager
def carried(bench: Bench, version: int, domain: str = "government") -> Iterator[Carried]:
    """A flow of one IP version over a router in the middle, as soon as it keeps to one way."""
    pair = pair_of(bench, domain)
    with paced(bench.access, pair, (version,)) as flow:
        for _ in range(TRIES):
            flow.phase()
            sends, trouble = way(bench, pair.source.device)
            if not trouble:
                break
        else:
            raise NotCarriedError(trouble)
        yield Carried(flow, sends, [bench.plan.devices[node].port(port).line for node, port in sends])


def way(bench: Bench, node: str) -> tuple[list[tuple[str, str]], str]:
    """The first two devices and ports of the way that most of the traffic takes, and what speaks against it."""
    sends = []
    for _ in range(2):
        port, share = carrying_port(bench, node)
        if share < LEAST_CARRIED:
            return sends, f"{node} sends only {100 * share:.0f} % by {port}"
        sends.append((node, port))
        node = bench.plan.devices[node].port(port).peer
    return sends, ""


def ends(bench: Bench, line: str) -> list[str]:
    """The two devices that a line joins."""
    return [bench.plan.lines[line].a.node, bench.plan.lines[line].b.node]


def far_port(bench: Bench, line: str, node: str) -> str:
    """The port of a line's other end, as `NODE:PORT`."""
    (end,) = [end for end in (bench.plan.lines[line].a, bench.plan.lines[line].b) if end.node != node]
    return f"{end.node}:{end.port}"


def note(figure: Figure, seen: Paced) -> None:
    """The longest gap of a phase."""
    figure.add(seen.longest_outage_ms, seen.pause_ms)


def broken(bench: Bench, at: Carried, faults: list[tuple[str, str]], whole: list[str]) -> tuple[Paced, Paced]:
    """Some faults at once while a flow runs, and their end: what the flow saw of either.

    `whole` are the devices whose neighbours must all be back before the second phase ends.
    """
    at.flow.phase()
    try:
        for kind, target in faults:
            bench.faults.apply(kind, target)
        (out,) = at.flow.phase()
    finally:
        for kind, target in reversed(faults):
            bench.faults.undo(kind, target)
    bench.access.upload([target for kind, target in faults if kind == "kill"])
    bench.settle(whole)
    (back,) = at.flow.phase()
    return out, back


@contextmanager
def otherwise(bench: Bench, nodes: list[str], commands: list[str]) -> Iterator[None]:
    """Other settings of FRR on some devices, and its written configuration again afterwards."""
    words = " ".join(f"-c '{command}'" for command in ["configure terminal", *commands])
    for node in nodes:
        bench.access.run(node, f"vtysh {words}")
    try:
        yield
    finally:
        for node in nodes:
            bench.access.run(node, "vtysh -b")
        bench.settle(nodes)
