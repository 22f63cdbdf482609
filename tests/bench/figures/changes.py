"""Routers drained on purpose, and a service with a path of its own whose line falls silent."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator

from citynet.lab import Lab
from citynet.levels.bench import Bench
from citynet.levels.targets import far_pairs
from citynet.platforms.whitebox.device.path_agent import STATE
from figures import room
from figures.flows import NotCarriedError, broken, carried, ends, note
from figures.table import Figure

SWITCH_MS = 200.0
HALF = 5000
"""Datagrams after each half of a drain: 10,000 together."""


def drain_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """The router that carries a flow is drained, and taken back into service."""
    lab = Lab.load(os.environ["CITYNET_LAB_INSIDE"])
    out = Figure("drain", "lost while a router is drained, of 5,000 or more", "packets", most=0)
    back = Figure("drain", "lost while it is taken back, of 5,000 or more", "packets", most=0)
    for run in range(runs):
        with carried(bench, (4, 6)[run % 2]) as at:
            for figure, words in ((out, []), (back, ["--undo"])):
                at.flow.phase()
                room.citynet("drain", at.router, str(lab.design_dir), "--lab", lab.name, "--quiet", *words)
                (seen,) = at.flow.phase(run=HALF, until_s=60)
                figure.add(seen.lost, seen.pause_ms)
    yield from (out, back)


def path_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """A silent line under a service that takes a path of its own, which probes watch."""
    domain = steered_domain(bench)
    figure = Figure("path", "path switched on probe loss, line silent", most=SWITCH_MS)
    for run in range(runs):
        with carried(bench, (4, 6)[run % 2], domain) as at:
            on_its_path(bench, domain)
            note(figure, broken(bench, at, [("silent", at.lines[1])], ends(bench, at.lines[1]))[0])
    yield figure


def steered_domain(bench: Bench) -> str:
    """The domain whose farthest hosts are of a service with a path."""
    for domain in bench.domains:
        pair = far_pairs(bench.plan, domain)[0]
        for steering in getattr(bench.plan.devices[pair.source.device], "steering", ()):
            if steering.service == pair.source.service and not steering.number:
                return domain
    raise NotCarriedError("the farthest hosts of no domain are of a service with a path of its own")


def on_its_path(bench: Bench, domain: str) -> None:
    """See that the agent has put the flow on a path; otherwise IS-IS alone would be measured."""
    pair = far_pairs(bench.plan, domain)[0]
    device = bench.plan.devices[pair.source.device]
    told = json.loads(bench.access.run(device.name, f"cat {STATE}"))["paths"]
    for steering in device.steering:
        if steering.service == pair.source.service and not steering.number:
            for to in steering.to:
                if not told[to.path]["active"]:
                    raise NotCarriedError(f"{device.name}: path {to.path} is down")


CASES: dict[str, Callable[[Bench, int], Iterator[Figure]]] = {"drain": drain_cases, "path": path_cases}
