"""Measurements that break something on purpose; they mend it, and wait for the network."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from citynet.errors import DeviceError
from citynet.levels.bench import CannotMeasureError, Deployment
from citynet.levels.graph import domain_graph
from citynet.levels.measurements import Crash, FaultRun, Restore, Stream, WrongKey, parse
from citynet.levels.probes.calm import carrying_port
from citynet.levels.targets import far_pairs, links, rings_true
from citynet.levels.text import t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.levels.access import Running
    from citynet.levels.bench import Bench
    from citynet.levels.targets import HostPair

INTERVAL_MS = 2.0
STREAM_LIMIT_S = 100
HEAL_S = 15.0
CRASHED_DAEMON = "isisd"
WATCH_S = 3.0
KEY_WAIT_S = 60.0
SETTLE_CRASH_S = 90.0
NO_WAY_ROUND = t(
    "no two hosts have a second way round a line or router that carries them",
    "没有任何两台主机之间存在绕过承载线路或路由器的第二条路径",
)


@dataclass(slots=True)
class Flow:
    """A running probe stream and where it goes."""

    pair: HostPair
    running: Running
    port: str
    carried: float

    def finish(self) -> Stream:
        """Stop the stream and give what it saw."""
        found = self.running.finish()
        return parse(Stream, {"source": self.pair.source.name, "destination": self.pair.destination.name, **found})


@contextmanager
def streaming(bench: Bench, domain: str, *, spare: str) -> Iterator[Flow]:
    """A stream between two hosts whose first line (`spare` = line) or next router (`device`) is spare."""
    for pair in far_pairs(bench.plan, domain)[:12]:
        asked = {"address": pair.destination.address(4), "interval_ms": INTERVAL_MS, "limit_s": STREAM_LIMIT_S}
        running = bench.access.start(pair.source.name, "stream", asked)
        try:
            if not running.line()["running"]:
                continue
            port, carried = carrying_port(bench, pair.source.device)
            target = _beyond(bench, pair, port, spare)
            if _expendable(bench, pair, target, spare):
                yield Flow(pair, running, port, carried)
                return
        finally:
            if running.process.poll() is None:
                running.finish()
    raise CannotMeasureError(NO_WAY_ROUND)


def _beyond(bench: Bench, pair: HostPair, port: str, spare: str) -> str:
    leads = bench.plan.devices[pair.source.device].port(port)
    return leads.line if spare == "line" else leads.peer


def _expendable(bench: Bench, pair: HostPair, target: str, spare: str) -> bool:
    if spare == "device" and bench.plan.devices[target].guards:
        return False
    return rings_true(bench.plan, pair, target)


def measure_cut(bench: Bench, domain: str) -> None:
    """Cut the line that carries a stream."""
    with streaming(bench, domain, spare="line") as flow:
        line = _beyond(bench, flow.pair, flow.port, "line")
        bench.faults.apply("cut", line)
        try:
            reach = bench.reach(domain, until_s=HEAL_S)
        finally:
            mended = time.monotonic()
            bench.faults.undo("cut", line)
        stream = flow.finish()
    ends = bench.plan.lines[line]
    recovered = bench.settle([ends.a.node, ends.b.node])
    bench.put(
        domain,
        "cut",
        FaultRun(
            "cut", line, flow.carried, stream, reach, None if recovered is None else round(time.monotonic() - mended, 1)
        ),
    )


@dataclass(slots=True)
class Killed:
    """A router that was killed and started again; `lost` = configuration files taken from it before."""

    run: FaultRun
    lost: int
    started: float

    @property
    def node(self) -> str:
        """The router."""
        return self.run.target


def kill(bench: Bench, domain: str) -> Killed:
    """Kill the router that carries a stream and start it again, on request without its configuration."""
    with streaming(bench, domain, spare="device") as flow:
        node = _beyond(bench, flow.pair, flow.port, "device")
        lost = _lose_configuration(bench, node) if bench.wants("restore") else 0
        bench.access.forget(node)
        bench.faults.apply("kill", node)
        try:
            reach = bench.reach(domain, without=node, until_s=HEAL_S)
            stream = flow.finish()
        finally:
            started = time.monotonic()
            bench.faults.undo("kill", node)
    return Killed(FaultRun("kill", node, flow.carried, stream, reach), lost, started)


def restore_all(bench: Bench, killed: dict[str, Killed]) -> None:
    """Deploy the routers that lost their configuration, all in one run, and wait until every domain is whole."""
    empty = {}
    for one in killed.values():
        empty[one.node] = not bench.access.upload([one.node]) and _is_empty(bench, one.node)
    lost = [one.node for one in killed.values() if one.lost]
    deployment = bench.deploy(lost) if lost else Deployment(done=True, seconds=0.0)
    bench.together(
        partial(bench.attempt, domain, ("kill", "restore"), partial(_finish, one, empty[one.node], deployment))
        for domain, one in killed.items()
    )


def _finish(one: Killed, empty: bool, deployment: Deployment, bench: Bench, domain: str) -> None:  # noqa: FBT001
    whole = _whole_again(bench, one.node)
    took = round(time.monotonic() - one.started, 1) if whole else None
    one.run.recovered_s = took
    bench.put(domain, "kill", one.run)
    if one.lost:
        done, why = deployment.done, deployment.why
        bench.put(domain, "restore", Restore(one.node, one.lost, empty, done, deployment.seconds, took, why))


def _lose_configuration(bench: Bench, node: str) -> int:
    files = " ".join(bench.files[node])
    return len(bench.access.run(node, f"rm -vf {files}").splitlines())


def _is_empty(bench: Bench, node: str) -> bool:
    return not bench.access.run(node, "pidof isisd bgpd || true").strip()


def _whole_again(bench: Bench, node: str) -> bool:
    peers = {port.peer for port in links(bench.plan.devices[node])}
    peers |= {neighbor.name for neighbor in bench.plan.devices[node].bgp.neighbors}
    return bench.settle([node, *sorted(peers)]) is not None


def measure_wrong_isis(bench: Bench, domain: str) -> None:
    """A wrong key on an IS-IS interface whose line can be done without."""
    graph = domain_graph(bench.plan, domain)
    for line in (item for item in graph.failures if item.kind == "line"):
        if not graph.severed(line):
            end = bench.plan.lines[line.name].a
            neighbor = bench.plan.devices[end.node].port(end.port).peer
            found = _wrong_key(
                bench, end.node, {"protocol": "isis", "port": bench.plan.devices[end.node].interface(end.port)}
            )
            bench.put(domain, "wrong_isis", WrongKey(end.node, neighbor, "IS-IS", **found))
            return
    raise CannotMeasureError(
        t("every line of this domain is the only one of some site", "该域每条线路都是某个站点的唯一线路")
    )


def measure_wrong_bgp(bench: Bench, domain: str) -> None:
    """A wrong password on an iBGP session of a device that has another."""
    for device in reversed(bench.plan.devices.values()):
        if device.domain == domain and len(device.bgp.neighbors) > 1 and not device.guards:
            peer = device.bgp.neighbors[0]
            found = _wrong_key(bench, device.name, {"protocol": "bgp", "address": peer.address})
            bench.put(domain, "wrong_bgp", WrongKey(device.name, peer.name, "BGP", **found))
            return
    raise CannotMeasureError(t("no device of this domain has two BGP sessions", "该域没有具有两个 BGP 会话的设备"))


def _wrong_key(bench: Bench, node: str, which: dict[str, str]) -> dict[str, Any]:
    asked = {**which, "watch_s": WATCH_S, "until_s": KEY_WAIT_S}
    found: dict[str, Any] = bench.access.ask(node, "wrongkey", asked, 2 * KEY_WAIT_S + WATCH_S + 30)
    if not found.pop("same_configuration"):
        raise DeviceError({node: "the running configuration is not what it was before the wrong key"})
    return found


def measure_crash(bench: Bench, domain: str) -> None:
    """Kill the routing daemon of the router that carries a stream."""
    with streaming(bench, domain, spare="device") as flow:
        node = _beyond(bench, flow.pair, flow.port, "device")
        old = int(bench.access.run(node, f"pidof -s {CRASHED_DAEMON}").strip())
        target = f"{node}:{CRASHED_DAEMON}"
        bench.faults.apply("daemon", target)
        asked = {**bench.planned_neighbours(node), "until_s": SETTLE_CRASH_S, "daemon": CRASHED_DAEMON, "not_pid": old}
        try:
            found = bench.access.ask(node, "settle", asked, SETTLE_CRASH_S + 30)
            bench.reach(domain, until_s=HEAL_S, count=2)
            stream = flow.finish()
        finally:
            bench.faults.undo("daemon", target)
    bench.put(domain, "crash", Crash(node, CRASHED_DAEMON, found["restarted_s"], found["settled_s"], stream))
