"""What slices keep apart: a neighbour that wants too much, a resize while traffic runs, and what TCP gets of a slice.

A figure of delay says little where one processor does everybody's work. So each is taken over bare lines and over lines
of a designed delay, and beside it stands the same load inside one host, where it touches no line at all.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from citynet.lab import Lab, faults
from citynet.levels.bench import Bench
from citynet.levels.probes.paced import PacedFlow, paced
from citynet.levels.targets import HostPair, far_pairs
from citynet.plan.model import PlannedSlice
from figures import room
from figures.flows import NotCarriedError
from figures.table import Figure

SHARE = 0.8
"""How much of its slice the probe takes."""
TIMES = 10
"""How often its rate the neighbour sends."""
PROBES = 5000
LINE_MS = 5.0
"""Delay of a line in each direction; two lines there and back make 20 ms."""
MOST_GROWTH = 10.0
LEAST_EFFICIENCY = 90.0
TCP_S = 20
HEADERS = 14 + 40 + 24 + 20 + 8
"""Of a probe on a line: Ethernet, outer IPv6, segment routing header of one segment (RFC 8754), IPv4, UDP."""
PORT = 5301


@dataclass
class Sliced:
    """A slice and two hosts in it."""

    slice: PlannedSlice
    pair: HostPair

    def bytes_at(self, share: float) -> int:
        """The size of a datagram's payload with which one a millisecond takes that share of the slice."""
        return int(self.slice.lab_mbps * share * 1000 / 8) - HEADERS


def two(bench: Bench) -> tuple[Sliced, Sliced]:
    """Two slices between the same devices, the larger first."""
    found: dict[tuple[str, str], dict[str, Sliced]] = {}
    for domain in bench.domains:
        for pair in far_pairs(bench.plan, domain):
            name = bench.plan.services[pair.source.service].slice
            ends = (pair.source.device, pair.destination.device)
            if name:
                found.setdefault(ends, {}).setdefault(name, Sliced(bench.plan.slices[name], pair))
    for by_name in found.values():
        if len(by_name) > 1:
            first, second, *_ = sorted(by_name.values(), key=lambda one: -one.slice.lab_mbps)
            return first, second
    raise NotCarriedError("no two slices between the same devices")


@contextmanager
def delayed(names: list[str], delay_ms: float) -> Iterator[None]:
    """A delay on some lines, in each direction."""
    lab = Lab.load(os.environ["CITYNET_LAB_INSIDE"])
    try:
        for name in names if delay_ms else []:
            faults.apply(lab, "impair", name, delay_ms=delay_ms)
        yield
    finally:
        for name in names if delay_ms else []:
            faults.undo(lab, "impair", name)


@contextmanager
def loaded(bench: Bench, pair: HostPair, mbps: float, *, inside: bool = False) -> Iterator[None]:
    """UDP from a host to another, or to itself, that does not care what arrives."""
    server = pair.source if inside else pair.destination
    address = "127.0.0.1" if inside else pair.destination.address(4)
    bench.access.run(server.name, f"iperf3 -s -D -p {PORT} -I /run/iperf3.pid")
    words = f"iperf3 -c {address} -p {PORT} -u -b {mbps}M -l 1400 -t 600"
    bench.access.run(pair.source.name, f"nohup {words} >/dev/null 2>&1 & echo $! >/run/load.pid")
    try:
        bench.access.run(pair.source.name, "until ss -nu | grep -q :5301; do sleep 0.1; done", 20)
        yield
    finally:
        bench.access.run(pair.source.name, "kill $(cat /run/load.pid) || true")
        bench.access.run(server.name, "kill $(tr -d '\\0' </run/iperf3.pid) || true")


def neighbour_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """A slice at 80 % of its rate beside one that is offered ten times its own."""
    quiet, loud = two(bench)
    for delay_ms in (0.0, LINE_MS):
        with delayed(quiet.slice.lines, delay_ms):
            yield from _beside(bench, runs, quiet, loud, f"lines of {delay_ms:g} ms" if delay_ms else "bare lines")


def _beside(bench: Bench, runs: int, quiet: Sliced, loud: Sliced, where: str) -> Iterator[Figure]:
    lost = Figure("slices", f"lost of {PROBES:,} at 80 % beside 10 ×, {where}", "packets", most=0)
    idle = Figure("slices", f"idle delay, median, {where}")
    busy = Figure("slices", f"delay beside 10 ×, median, {where}")
    more = Figure("slices", f"median delay against idle, {where}", "%", most=MOST_GROWTH)
    high = Figure("slices", f"99 % delay against idle, {where}", "%")
    own = Figure("slices", f"median against idle, load in one host, {where}", "%", beside="the neighbour's load")
    mbps = TIMES * loud.slice.lab_mbps
    for _ in range(runs):
        with paced(bench.access, quiet.pair, (4,), packet_bytes=quiet.bytes_at(SHARE)) as flow:
            before = _phase(flow)
            with loaded(bench, loud.pair, mbps):
                flow.phase()
                (during,) = flow.phase(run=PROBES, until_s=60)
            with loaded(bench, loud.pair, mbps, inside=True):
                flow.phase()
                (alone,) = flow.phase(run=PROBES, until_s=60)
        lost.add(during.lost, during.pause_ms)
        idle.add(before[1])
        busy.add(during.delay_ms[1])
        for figure, part, of in ((more, 1, during), (high, 2, during), (own, 1, alone)):
            figure.add(100 * (of.delay_ms[part] / before[part] - 1))
    yield from (lost, idle, busy, more, high, own)


def _phase(flow: PacedFlow) -> list[float]:
    """Delays with nothing else going on."""
    flow.phase()
    (seen,) = flow.phase(run=PROBES, until_s=60)
    return seen.delay_ms


def resize_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """A slice doubled and halved again by deployments, while a stream takes 80 % of the smaller rate."""
    small = two(bench)[1]
    lab = Lab.load(os.environ["CITYNET_LAB_INSIDE"])
    grow = Figure("slices", "lost while the slice is doubled", "packets", most=0)
    shrink = Figure("slices", "lost while it is halved again", "packets", most=0)
    with tempfile.TemporaryDirectory(prefix="citynet-figures-") as folder, _copied(lab, Path(folder)) as design:
        for _ in range(runs):
            with paced(bench.access, small.pair, (4,), packet_bytes=small.bytes_at(SHARE)) as flow:
                for figure, gbps in ((grow, 2 * small.slice.bandwidth_gbps), (shrink, small.slice.bandwidth_gbps)):
                    flow.phase()
                    _resize(design, small.slice.name, gbps)
                    room.citynet("deploy", str(design), "--lab", lab.name, "--quiet")
                    (seen,) = flow.phase()
                    figure.add(seen.lost, seen.pause_ms)
    yield from (grow, shrink)


@contextmanager
def _copied(lab: Lab, folder: Path) -> Iterator[Path]:
    """A copy of the lab's design, secrets and all, that can be changed."""
    copy = folder / "design"
    shutil.copytree(lab.design_dir, copy, ignore=shutil.ignore_patterns("build"))
    yield copy


def _resize(design: Path, name: str, gbps: float) -> None:
    for file in (*design.glob("*.yml"), *design.glob("design/*.yml")):
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        if isinstance(content, dict) and name in content.get("slices", {}):
            content["slices"][name]["bandwidth_gbps"] = gbps
            file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")


def efficiency_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """What one TCP flow gets of a slice over a path of 20 ms there and back."""
    figure = Figure("slices", "goodput of one TCP flow at 20 ms, of the slice", "%", least=LEAST_EFFICIENCY)
    for one in two(bench):
        with delayed(one.slice.lines, LINE_MS):
            for _ in range(runs):
                figure.add(100 * goodput_mbps(bench, one.pair) / one.slice.lab_mbps)
    yield figure


def goodput_mbps(bench: Bench, pair: HostPair) -> float:
    """The rate at which the far end got a TCP flow's data, the first three seconds (slow start) left out."""
    bench.access.run(pair.destination.name, f"iperf3 -s -D -1 -p {PORT}")
    bench.access.run(pair.destination.name, f"until ss -ltn | grep -q :{PORT}; do sleep 0.1; done", 20)
    words = f"iperf3 -c {pair.destination.address(4)} -p {PORT} -t {TCP_S} -O 3 -J --get-server-output"
    answer = json.loads(bench.access.run(pair.source.name, words, TCP_S + 60))
    return float(answer["end"]["sum_received"]["bits_per_second"]) / 1e6


CASES: dict[str, Callable[[Bench, int], Iterator[Figure]]] = {
    "neighbour": neighbour_cases,
    "resize": resize_cases,
    "efficiency": efficiency_cases,
}
