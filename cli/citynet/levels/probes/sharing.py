"""What services feel of each other: a slice beside a full slice, a slice beside full best effort, a slice resized."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.levels.bench import CannotMeasureError
from citynet.levels.measurements import Beside, Resized
from citynet.levels.probes.paced import paced
from citynet.levels.targets import far_pairs
from citynet.levels.text import t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.levels.bench import Bench
    from citynet.levels.targets import HostPair
    from citynet.plan.model import PlannedSlice

VERSION = 4
SHARE = 0.8
"""What the probe takes of its slice."""
SLICE_TIMES, REST_TIMES = 10.0, 3.5
"""What the neighbour is offered, as a multiple of what it may take."""
PROBES = 3000
LOAD_BYTES, LOAD_PORT = 1400, 5301
_SERVER, _CLIENT = "/run/citynet-load.server", "/run/citynet-load.client"
_FILL_S, _WATCH_S = 2.0, 3.0
_HEADERS = 14 + 40 + 24 + 20 + 8
"""Of a datagram on a line: Ethernet, outer IPv6, segment routing header of one segment (RFC 8754), IPv4, UDP."""
_NO_TWO = t(
    "no two services in slices of their own lie between the same two devices",
    "没有两个各有切片的业务位于相同的两台设备之间",
)
_NO_REST = t(
    "no service in a slice lies between the same two devices as one without",
    "没有切片业务与无切片业务位于相同的两台设备之间",
)
_NO_SLICE = t("no service of this domain that has far hosts is in a slice", "该域没有具有远端主机的切片业务")


@dataclass(frozen=True, slots=True)
class Lane:
    """Two hosts of a service, and its slice if it has one."""

    pair: HostPair
    service: str
    slice: PlannedSlice | None

    @property
    def between(self) -> tuple[str, str]:
        """The devices at both ends."""
        return self.pair.source.device, self.pair.destination.device


def lanes(bench: Bench, domain: str) -> list[Lane]:
    """The domain's pairs of hosts behind different devices; the largest slice first, services without a slice last."""
    found = []
    for pair in far_pairs(bench.plan, domain):
        name = bench.plan.services[pair.source.service].slice
        found.append(Lane(pair, pair.source.service, bench.plan.slices[name] if name else None))
    return sorted(found, key=lambda lane: -(lane.slice.lab_mbps if lane.slice else 0.0))


def neighbours(bench: Bench, domain: str, *, sliced: bool) -> tuple[Lane, Lane]:
    """A service in a slice, and another one between the same devices: in another slice, or in none."""
    every = lanes(bench, domain)
    for quiet in (lane for lane in every if lane.slice):
        for loud in reversed(every):
            other = bool(loud.slice) == sliced and loud.slice != quiet.slice
            if other and loud.between == quiet.between:
                return quiet, loud
    raise CannotMeasureError(_NO_TWO if sliced else _NO_REST)


def measure_slices(bench: Bench, domain: str) -> None:
    """A slice at 80 % of its rate beside one that is offered ten times its own."""
    quiet, loud = neighbours(bench, domain, sliced=True)
    assert loud.slice
    bench.put(domain, "slices_beside", _beside(bench, quiet, loud, SLICE_TIMES * loud.slice.lab_mbps))


def measure_classes(bench: Bench, domain: str) -> None:
    """A slice beside best effort that is offered more than the lines leave to it."""
    quiet, loud = neighbours(bench, domain, sliced=False)
    left = [port.base_kbit for port in bench.plan.devices[loud.between[0]].sliced_ports]
    bench.put(domain, "classes", _beside(bench, quiet, loud, REST_TIMES * max(left) / 1000))


def _beside(bench: Bench, quiet: Lane, loud: Lane, mbps: float) -> Beside:
    assert quiet.slice
    ends = (loud.pair.source.name, loud.pair.destination.name)
    with paced(bench.access, quiet.pair, (VERSION,), packet_bytes=_bytes(quiet.slice)) as flow:
        flow.phase()
        (idle,) = flow.phase(run=PROBES)
        with loaded(bench, loud.pair, mbps):
            flow.watch(_FILL_S)
            before = _traffic(bench, *ends)
            (busy,) = flow.watch(_WATCH_S)
            after = _traffic(bench, *ends)
    return Beside(
        service=quiet.service,
        slice=quiet.slice.name,
        source=quiet.pair.source.name,
        destination=quiet.pair.destination.name,
        share=SHARE,
        idle=idle,
        busy=busy,
        neighbour=loud.service,
        neighbour_slice=loud.slice.name if loud.slice else "",
        offered_mbps=round(mbps, 1),
        sent_bytes=after[0] - before[0],
        delivered_bytes=after[1] - before[1],
    )


@contextmanager
def loaded(bench: Bench, pair: HostPair, mbps: float) -> Iterator[None]:
    """UDP from one host to another, whatever arrives of it."""
    server, client = pair.destination.name, pair.source.name
    bench.access.run(server, f"iperf3 -s -D -p {LOAD_PORT} -I {_SERVER}")
    words = f"iperf3 -c {pair.destination.address(VERSION)} -p {LOAD_PORT} -u -b {mbps:g}M -l {LOAD_BYTES} -t 600"
    bench.access.run(client, f"nohup {words} >/dev/null 2>&1 & echo $! >{_CLIENT}")
    try:
        bench.access.run(client, f"until ss -nu | grep -q :{LOAD_PORT}; do sleep 0.1; done", 20)
        yield
    finally:
        bench.access.run(client, f"kill $(cat {_CLIENT}) || true; rm -f {_CLIENT}")
        bench.access.run(server, f"kill $(tr -d '\\0' <{_SERVER}) || true; rm -f {_SERVER}")


def _traffic(bench: Bench, source: str, destination: str) -> tuple[int, int]:
    """Bytes that a host has sent, and bytes that another one has received, on their ports of services."""
    return _count(bench, source, "tx"), _count(bench, destination, "rx")


def _count(bench: Bench, host: str, way: str) -> int:
    port = bench.plan.hosts[host].port.name
    return int(bench.access.run(host, f"cat /sys/class/net/{port}/statistics/{way}_bytes"))


def _bytes(planned: PlannedSlice) -> int:
    """The payload with which a datagram a millisecond takes its share of the slice."""
    return int(planned.lab_mbps * SHARE * 1000 / 8) - _HEADERS


def measure_resize(bench: Bench, domain: str) -> None:
    """A slice doubled and halved again by deployments, while a probe takes 80 % of the smaller rate."""
    found = [lane for lane in lanes(bench, domain) if lane.slice]
    if not found:
        raise CannotMeasureError(_NO_SLICE)
    lane = found[-1]
    assert lane.slice
    small = lane.slice.bandwidth_gbps
    runs = []
    with paced(bench.access, lane.pair, (VERSION,), packet_bytes=_bytes(lane.slice)) as flow:
        for before, after in ((small, 2 * small), (2 * small, small)):
            flow.phase()
            done = bench.resize(lane.slice.name, after)
            (seen,) = flow.phase()
            runs.append(Resized(lane.slice.name, before, after, done.done, done.seconds, seen, done.why))
    bench.put(domain, "resized", runs)
