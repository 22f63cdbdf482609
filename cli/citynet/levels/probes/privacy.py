"""Encryption as it runs: captures on every line between sites, what encrypts, changes of keys, a silent key server."""

from __future__ import annotations

import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from citynet.errors import DeviceError
from citynet.levels.bench import CannotMeasureError
from citynet.levels.measurements import parse
from citynet.levels.probes.paced import paced
from citynet.levels.sealing import Captured, Marked, Outage, Rotated, Seals, Wire
from citynet.levels.targets import far_pairs
from citynet.levels.text import t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.levels.access import Running
    from citynet.levels.bench import Bench
    from citynet.levels.targets import HostPair
    from citynet.plan.model import Line, Plan, PlannedService

MARK_PORT = 40100
COUNT = 20
VERSIONS = (4, 6)
LONGEST_ROTATION_S = 120
"""Keys that live longer are not waited for: a change is ordered."""
LEAST_OUTAGE_S, LONGEST_OUTAGE_S = 20, 60
SERVER_ALARM = "key server"
"""What a key agent calls it when its key server does not answer."""
_LATE_S = 15.0
_PAIRS_TRIED = 12
_LOOK_S = 0.5
_NO_LINES = t("no line of this domain leaves a machine room", "该域没有离开机房的线路")
_NO_SERVICE = t("no service of this domain has hosts at two devices", "该域没有任何业务的主机位于两台设备")
_NO_QUANTUM = t("nothing of this domain has keys from QKD", "该域没有使用 QKD 密钥的线路或隧道")


@dataclass(frozen=True, slots=True)
class Aimed:
    """A marked flow: of a service or an application of it, between two hosts."""

    flow: str
    mark: str
    pair: HostPair
    protocol: str
    port: int


def lines_outside(plan: Plan, domain: str) -> list[Line]:
    """The lines between devices that leave a machine room and have an end in a domain."""
    found = []
    for line in plan.lines.values():
        ends = [plan.devices.get(end.node) for end in (line.a, line.b)]
        if None not in ends and ends[0].site != ends[1].site and domain in {end.domain for end in ends if end}:  # type: ignore[union-attr]
            found.append(line)
    return found


def aims(plan: Plan, domain: str) -> list[Aimed]:
    """A flow for every service of a domain with hosts at two devices, and for every application of it."""
    first: dict[str, HostPair] = {}
    for pair in far_pairs(plan, domain):
        first.setdefault(pair.source.service, pair)
    run = secrets.token_hex(4)
    return [
        Aimed(flow, f"<{run}:{number}:{domain}>", first[service.name], protocol, port)
        for number, (service, flow, protocol, port) in enumerate(_flows(plan, domain))
        if service.name in first
    ]


def _flows(plan: Plan, domain: str) -> Iterator[tuple[PlannedService, str, str, int]]:
    for service in plan.services.values():
        if service.domain == domain:
            yield service, service.name, "udp", MARK_PORT
            for one in service.applications:
                yield service, f"{service.name}.{one.name}", one.protocol, one.ports[0]


class Capture:
    """Every line between sites of a domain is looked at, until `finish`.

    Attributes:
        flows: The marked payload that was sent meanwhile.
    """

    def __init__(self, bench: Bench, domain: str, stack: ExitStack) -> None:
        self._bench = bench
        self._lines, self._aimed = lines_outside(bench.plan, domain), aims(bench.plan, domain)
        if not self._lines:
            raise CannotMeasureError(_NO_LINES)
        if not self._aimed:
            raise CannotMeasureError(_NO_SERVICE)
        self._marks = [one.mark for one in self._aimed]
        ears = _ears(bench.plan, self._lines)
        self._ears = {name: _ear(bench, stack, name, ear, self._marks) for name, ear in ears.items()}
        _listen(bench, stack, self._aimed)
        self.flows: list[Marked] = []

    def send(self) -> None:
        """Marked payload of every service there and back, one after the other: a host has one program on each port."""
        for one in self._aimed:
            self.flows += _send(self._bench, one)

    def finish(self) -> Captured:
        """What was seen."""
        seen = {name: ear.finish() for name, ear in self._ears.items()}
        return Captured([_wire(self._bench.plan, line, seen, self._marks) for line in self._lines], self.flows)


def measure_captured(bench: Bench, domain: str) -> None:
    """Marked payload of every service both ways, while every line between sites is looked at."""
    with ExitStack() as stack:
        capture = Capture(bench, domain, stack)
        capture.send()
        bench.put(domain, "captured", capture.finish())


@dataclass(slots=True)
class Ear:
    """What is listened to on a device: ports of lines, and what goes out within MACsec."""

    ports: list[str] = field(default_factory=list)
    within: list[str] = field(default_factory=list)


def _ears(plan: Plan, lines: list[Line]) -> dict[str, Ear]:
    """What to listen to: of each line the port at one end, and within MACsec both ends."""
    found: dict[str, Ear] = {}
    for line in lines:
        found.setdefault(line.a.node, Ear()).ports.append(line.a.port)
        for end in (line.a, line.b):
            port = plan.devices[end.node].port(end.port)
            if port.interface != port.name:
                found.setdefault(end.node, Ear()).within.append(port.interface)
    return found


def _ear(bench: Bench, stack: ExitStack, node: str, ear: Ear, marks: list[str]) -> Running:
    asked = {"interfaces": ear.ports, "outgoing": ear.within, "marks": marks}
    running = bench.access.start(node, "wire", asked)
    stack.callback(_end, running)
    running.line()
    return running


def _end(running: Running) -> None:
    if running.process.poll() is None:
        running.finish()


def _listen(bench: Bench, stack: ExitStack, aimed: list[Aimed]) -> None:
    ports: dict[str, dict[str, list[int]]] = {}
    for one in aimed:
        asked = ports.setdefault(one.pair.destination.name, {"tcp": [], "udp": []})
        asked[one.protocol] = sorted({*asked[one.protocol], one.port})
    for host, asked in ports.items():
        listener = bench.access.start(host, "answer", asked)
        stack.callback(_end, listener)
        listener.line()


def _send(bench: Bench, one: Aimed) -> list[Marked]:
    source, destination = one.pair.source, one.pair.destination
    flows = [
        {
            "address": destination.address(version),
            "protocol": one.protocol,
            "port": one.port,
            "mark": one.mark,
            "count": COUNT,
        }
        for version in VERSIONS
    ]
    back: list[int] = bench.access.ask(source.name, "marked", {"flows": flows}, 60 + 2 * COUNT)
    return [
        Marked(one.flow, one.mark, source.name, destination.name, version, one.protocol, one.port, COUNT, echoed)
        for version, echoed in zip(VERSIONS, back, strict=True)
    ]


def _wire(plan: Plan, line: Line, seen: dict[str, dict[str, Any]], marks: list[str]) -> Wire:
    outside = seen[line.a.node][line.a.port]
    found = Wire(line.name, line.a.node, line.a.port, outside["frames"], outside["kinds"], outside["plain"])
    found.examples = outside["examples"]
    ends = [(end.node, plan.devices[end.node].port(end.port)) for end in (line.a, line.b)]
    inside = [seen[node][port.interface] for node, port in ends if port.interface != port.name]
    if inside:
        found.within = {mark: sum(one["plain"][mark] for one in inside) for mark in marks}
    found.esp = sum(one["esp"] for one in inside or [outside])
    return found


def read_seals(bench: Bench, nodes: list[str]) -> dict[str, Seals]:
    """What encrypts on some devices; one that cannot be read is not among them."""
    found: dict[str, Seals] = {}

    def one(name: str) -> None:
        try:
            found[name] = parse(Seals, bench.access.ask(name, "seals", {"name": name}))
        except DeviceError:
            return

    bench.access.each(nodes, one)
    return dict(sorted(found.items()))


def measure_seals(bench: Bench, domain: str) -> None:
    """What encrypts on every device of a domain, and at the other ends of its lines."""
    bench.put(domain, "seals", read_seals(bench, _encrypting(bench.plan, domain)))


def _encrypting(plan: Plan, domain: str) -> list[str]:
    names = {name for name, device in plan.devices.items() if device.domain == domain}
    for line in lines_outside(plan, domain):
        names |= {line.a.node, line.b.node}
    return sorted(names)


def quantum_users(plan: Plan, domain: str) -> dict[str, list[str]]:
    """The lines and tunnels with keys from QKD by device, as its key agent calls them."""
    found: dict[str, list[str]] = {}
    for name, device in plan.devices.items():
        if device.domain == domain:
            users = [f"line {line.port}" for line in device.macsec if line.source == "qkd"]
            tunnels = [tunnel for one in device.protections if one.source == "qkd" for tunnel in one.tunnels]
            if users := users + [f"tunnel {tunnel.name}" for tunnel in tunnels]:
                found[name] = users
    return found


def measure_rotated(bench: Bench, domain: str) -> None:
    """The keys of all users, and again when each must have changed; meanwhile a datagram every millisecond."""
    users, rotate_s = _rotation(bench.plan, domain)
    pair = _pair(bench, domain)
    with paced(bench.access, pair, (6,)) as flow:
        flow.phase()
        before = read_seals(bench, sorted(users))
        start = time.monotonic()
        limit_s = _hasten(bench, sorted(users), rotate_s)
        after = _until(bench, sorted(users), limit_s, lambda now: _all_changed(users, before, now))
        (probe,) = flow.phase()
    bench.put(domain, "rotated", Rotated(round(time.monotonic() - start, 1), before, after, probe))


def _rotation(plan: Plan, domain: str) -> tuple[dict[str, list[str]], int]:
    users = quantum_users(plan, domain)
    agents = [plan.devices[name].keys for name in users]
    if not users:
        raise CannotMeasureError(_NO_QUANTUM)
    return users, max(agent.rotate_s for agent in agents if agent is not None)


def _hasten(bench: Bench, nodes: list[str], rotate_s: int) -> float:
    """How long to wait for other keys; they are ordered where the schedule would take too long."""
    if rotate_s <= LONGEST_ROTATION_S:
        return rotate_s + _LATE_S
    bench.access.each(nodes, lambda name: bench.access.ask(name, "rotate", {}))
    return LEAST_OUTAGE_S + _LATE_S


def _pair(bench: Bench, domain: str) -> HostPair:
    """Two hosts that reach each other over lines with keys from QKD, the farthest apart that do."""
    for pair in far_pairs(bench.plan, domain)[:_PAIRS_TRIED]:
        try:
            with paced(bench.access, pair, (6,)) as flow:
                flow.phase()
        except DeviceError:
            continue
        return pair
    raise CannotMeasureError(_NO_SERVICE)


def _until(bench: Bench, nodes: list[str], limit_s: float, done: Any) -> dict[str, Seals]:
    """Look again and again until something is so, or time is up."""
    end = time.monotonic() + limit_s
    while True:
        found = read_seals(bench, nodes)
        if done(found) or time.monotonic() >= end:
            return found
        time.sleep(_LOOK_S)


def _all_changed(users: dict[str, list[str]], before: dict[str, Seals], now: dict[str, Seals]) -> bool:
    return all(
        name in now
        and name in before
        and user in now[name].users
        and now[name].users[user].key_id != before[name].users[user].key_id
        and now[name].users[user].state == "up"
        for name, mine in users.items()
        for user in mine
        if name in before and user in before[name].users
    )


def measure_outage(bench: Bench, domain: str) -> None:
    """A key server that stops answering for longer than a key lives, and comes back."""
    users, rotate_s = _rotation(bench.plan, domain)
    server = next(one for one in bench.plan.key_servers.values() if {*one.devices} & {*users})
    asking = [name for name in server.devices if name in users]
    hold_s = min(max(LEAST_OUTAGE_S, rotate_s + 5), LONGEST_OUTAGE_S)
    pair = _pair(bench, domain)
    with paced(bench.access, pair, (6,)) as flow:
        flow.phase()
        before = read_seals(bench, asking)
        began, start = time.time(), time.monotonic()
        bench.faults.apply("kme", server.name)
        try:
            alarmed = _until(bench, asking, hold_s, lambda now: all(_alarm_s(now.get(n), began) for n in asking))
            time.sleep(max(0.0, hold_s - (time.monotonic() - start)))
            during = read_seals(bench, sorted(users))
        finally:
            seconds = time.monotonic() - start
            bench.faults.undo("kme", server.name)
        after = _until(
            bench,
            sorted(users),
            _hasten(bench, sorted(users), rotate_s),
            lambda now: (
                _all_changed({name: users[name] for name in asking}, before, now)
                and not any(one.alarms for one in now.values())
            ),
        )
        (probe,) = flow.phase()
    alarm_s = {name: _alarm_s(alarmed.get(name), began) or None for name in asking}
    bench.put(domain, "outage", Outage(server.name, asking, round(seconds, 1), alarm_s, during, after, probe))


def _alarm_s(seals: Seals | None, began: float) -> float:
    """Seconds from the beginning of an outage to a device's alarm about its key server; 0 when it has none yet."""
    alarms = [alarm for alarm in seals.alarms if alarm.name == SERVER_ALARM] if seals else []
    times = [alarm.since - began for alarm in alarms if alarm.since >= began]
    return round(max(min(times), 0.001), 3) if times else 0.0
