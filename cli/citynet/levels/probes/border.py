"""Knocking at a domain's border from the other domain, and the records that the border keeps."""

from __future__ import annotations

import datetime as dt
import secrets
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from citynet.errors import DeviceError
from citynet.levels.bench import CannotMeasureError
from citynet.levels.labels import answered, is_fenced
from citynet.levels.measurements import Attempt, FlowRecord, Sweep
from citynet.levels.probes.noticing import clock
from citynet.levels.targets import SWEPT_TCP, SWEPT_UDP, border_addresses, guards, outside_hosts, permits
from citynet.levels.text import t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.levels.bench import Bench
    from citynet.plan.model import Device, Guard, GuardRule, Host, Plan

MAX_OUTSIDE = 4
MAX_TARGETS = 8
WAIT_S = 2.5
RECORDS_FILE = "/var/log/citynet/flows.json"
RECORD_WAIT_S = 60.0
SENT_WAIT_S = 10.0
"""For a flow that must pass: three times a lost SYN is sent again (RFC 6298: after 1, 3 and 7 s)."""
FLOW_BYTES = 1000
TCP = 6
FIRST_PORT, LAST_PORT = 42000, 60000
_NO_BORDER = t(
    "the plan has no interconnect in this domain, so there is no border to judge",
    "规划中该域没有互联点，没有可评估的边界",
)


@dataclass(frozen=True, slots=True)
class Aim:
    """What is knocked at from outside: hosts and border addresses of one domain, and the flows that may pass.

    `rules` are those of its guards, each with whether the guarded port asks for an identifier.
    """

    plan: Plan
    inside: list[Host]
    targets: dict[str, str]
    rules: list[tuple[GuardRule, bool]]

    def ports(self, protocol: str, usual: tuple[int, ...]) -> list[int]:
        """The usual ports and those that some rule names."""
        return sorted({*usual, *(port for rule, _ in self.rules if rule.protocol == protocol for port in rule.ports)})

    def allows(self, source: str, destination: str, protocol: str, port: int) -> bool:
        """Whether a flow without an identifier of its own may pass: a guard lets it, and any fence there."""
        fences = {fenced for rule, fenced in self.rules if permits(rule, source, destination, protocol, port)}
        return False in fences or (True in fences and _is_labelled(self.plan, source, destination, protocol, port))

    def flows(self) -> list[tuple[str, int]]:
        """Protocols and ports."""
        tcp = [("tcp", port) for port in self.ports("tcp", SWEPT_TCP)]
        return [*tcp, *(("udp", port) for port in self.ports("udp", SWEPT_UDP)), ("icmp", 0)]


def aim_at(plan: Plan, domain: str) -> Aim:
    """Everything in a domain that an outsider could aim at; hosts that some rule names come first."""
    rules = [(rule, is_fenced(device, guard)) for device, guard in guards(plan, domain) for rule in guard.rules]
    named = {address for rule, _ in rules if rule.inward for address in rule.destinations}
    hosts = [host for host in plan.hosts.values() if host.domain == domain]
    hosts.sort(key=lambda host: not {host.address(4), host.address(6)} & named)
    inside = hosts[:MAX_TARGETS]
    targets = {host.address(version): host.name for host in inside for version in (4, 6)}
    return Aim(plan, inside, {**targets, **border_addresses(plan, domain)}, rules)


def measure_sweep(bench: Bench, domain: str) -> None:
    """Every kind of flow from every outside host to every address inside, with listeners behind the ports."""
    borders = guards(bench.plan, domain)
    outside = outside_hosts(bench.plan, domain)[:MAX_OUTSIDE]
    if not borders or not outside:
        raise CannotMeasureError(_NO_BORDER)
    aim = aim_at(bench.plan, domain)
    sweep = Sweep([device.name for device, _ in borders], [host.name for host in outside])
    sources = {host.name: host for host in outside}
    heard: set[Heard] = set()
    with _listening(bench, aim, heard):
        bench.access.each(sources, lambda name: sweep.attempts.extend(_knock(bench, sources[name], aim)))
        for device, guard in borders:
            sweep.attempts += _from_the_line(bench, device, guard, aim)
    for attempt in sweep.attempts:
        if attempt.answer == "silent" and Heard.of(attempt) in heard:
            attempt.answer = "heard"
    sweep.attempts.sort(key=lambda item: (item.source, item.destination, item.protocol, item.port))
    bench.put(domain, "sweep", sweep)


@dataclass(frozen=True, slots=True)
class Heard:
    """A flow that a listener inside heard, answered or not, in the words of an attempt."""

    source: str
    destination: str
    protocol: str
    port: int

    @classmethod
    def of(cls, attempt: Attempt) -> Heard:
        """The flow of an attempt."""
        return cls(attempt.source, attempt.destination, attempt.protocol, attempt.port)


@contextmanager
def _listening(bench: Bench, aim: Aim, heard: set[Heard]) -> Iterator[None]:
    """Listeners on every port tried, on every host inside; afterwards, what they heard."""
    asked = {"tcp": aim.ports("tcp", SWEPT_TCP), "udp": aim.ports("udp", SWEPT_UDP)}
    names = _names(bench.plan)
    listeners = {host.name: bench.access.start(host.name, "answer", asked) for host in aim.inside}
    try:
        for listener in listeners.values():
            listener.line()
        yield
    finally:
        for name, listener in listeners.items():
            for protocol, port, sender in listener.finish() or []:
                place = bench.plan.hosts[name].address(6 if ":" in sender else 4)
                heard.add(Heard(names.get(sender, sender), f"{name} ({place})", protocol, port))


def _names(plan: Plan) -> dict[str, str]:
    """Who sends from an address: hosts, and border devices from their end of an interconnect."""
    found = {host.address(version): host.name for host in plan.hosts.values() for version in (4, 6)}
    return found | {
        guard.peer: plan.devices[device.port(guard.port).peer].name
        for device in plan.devices.values()
        for guard in device.guards
    }


def _from_the_line(bench: Bench, device: Device, guard: Guard, aim: Aim) -> list[Attempt]:
    """UDP from the far end of the interconnect itself, where no guard of the other domain helps.

    Only what is heard inside counts: the far border's own rules would drop an answer.
    """
    near = device.port(guard.port)
    vrf = bench.plan.devices[near.peer].port(near.peer_port).vrf
    targets = [address for address in aim.targets if ":" in address]
    attempts = [
        {"destination": address, "protocol": "udp", "port": port, "vrf": vrf}
        for address in targets
        for port in aim.ports("udp", SWEPT_UDP)
    ]
    answers = bench.access.ask(near.peer, "knock", {"attempts": attempts, "wait_s": 1.0})
    return [
        Attempt(
            near.peer,
            f"{aim.targets[item['destination']]} ({item['destination']})",
            "udp",
            item["port"],
            item["answer"],
            aim.allows(guard.peer, item["destination"], "udp", item["port"]),
        )
        for item in answers
    ]


def _knock(bench: Bench, source: Host, aim: Aim) -> list[Attempt]:
    asked = {"targets": list(aim.targets), "flows": aim.flows(), "wait_s": WAIT_S}
    return [
        _patiently(bench, source, attempt, aim) if attempt.allowed and attempt.answer == "silent" else attempt
        for attempt in _attempts(source, bench.access.ask(source.name, "knock", asked, 120), aim)
    ]


def _patiently(bench: Bench, source: Host, attempt: Attempt, aim: Aim) -> Attempt:
    """An allowed flow once more, alone: among hundreds of attempts its packets may have been late."""
    address = next(place for place, name in aim.targets.items() if attempt.destination == f"{name} ({place})")
    again = {"destination": address, "protocol": attempt.protocol, "port": attempt.port}
    asked = {"attempts": [again], "wait_s": 2 * WAIT_S}
    return _attempts(source, bench.access.ask(source.name, "knock", asked), aim)[0]


def _attempts(source: Host, answers: list[dict[str, Any]], aim: Aim) -> list[Attempt]:
    found = []
    for item in answers:
        address, protocol, port = item["destination"], item["protocol"], item["port"]
        own = source.address(6 if ":" in address else 4)
        allowed = aim.allows(own, address, protocol, port)
        name = f"{aim.targets[address]} ({address})"
        found.append(Attempt(source.name, name, protocol, port, item["answer"], allowed))
    return found


@dataclass(frozen=True, slots=True)
class SentFlow:
    """An allowed TCP flow through a border, and the hosts that send and answer it; `sent`: the border's time (UTC)."""

    border: str
    sender: str
    answerer: str
    source: str
    source_port: int
    destination: str
    destination_port: int
    sent: str = ""


def send_recorded_flows(bench: Bench, domain: str) -> list[SentFlow]:
    """Send one allowed TCP flow through each border port; they are looked up later."""
    borders = guards(bench.plan, domain)
    if not borders:
        raise CannotMeasureError(_NO_BORDER)
    flows = [flow for device, guard in borders if (flow := _flow(bench, device, guard)) is not None]
    if not flows:
        raise CannotMeasureError(
            t(
                "no guard rule allows a TCP flow that needs no identifier, so none can be sent",
                "没有规则放行无需标识的 TCP 流，无法发送测试流",
            )
        )
    return [_send(bench, flow) for flow in flows]


def _send(bench: Bench, flow: SentFlow) -> SentFlow:
    listener = bench.access.start(flow.answerer, "answer", {"tcp": [flow.destination_port], "udp": []})
    attempt = {
        "destination": flow.destination,
        "protocol": "tcp",
        "port": flow.destination_port,
        "source_port": flow.source_port,
        "bytes": FLOW_BYTES,
        "abort": True,
    }
    try:
        opened = listener.line()
        if flow.destination_port not in opened["tcp"]:
            raise DeviceError({flow.answerer: f"something else listens at TCP port {flow.destination_port}"})
        sent = dt.datetime.fromtimestamp(clock(bench, flow.border), dt.UTC).isoformat()
        answer = bench.access.ask(flow.sender, "knock", {"attempts": [attempt], "wait_s": SENT_WAIT_S})[0]["answer"]
    finally:
        listener.finish()
    if answer != "open":
        raise DeviceError({flow.sender: f"the allowed flow to {flow.destination}:{flow.destination_port} is {answer}"})
    return replace(flow, sent=sent)


def _flow(bench: Bench, device: Device, guard: Guard) -> SentFlow | None:
    """A TCP flow that a guard lets pass; at a fenced port one to which the edge gives an identifier."""
    names = {host.address(version): host.name for host in bench.plan.hosts.values() for version in (4, 6)}
    # A port per border and run: the record of an earlier run must not be taken for this one's.
    own = FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT)
    for rule, version in product(guard.rules, (4, 6)):
        ends = [next((one for one in side if one in names and _version(one) == version), None) for side in _sides(rule)]
        if rule.protocol != "tcp" or ends[0] is None or ends[1] is None:
            continue
        source, destination, port = ends[0], ends[1], rule.ports[0]
        if not is_fenced(device, guard) or _is_labelled(bench.plan, source, destination, "tcp", port):
            return SentFlow(device.name, names[source], names[destination], source, own, destination, port)
    return None


def _sides(rule: GuardRule) -> tuple[list[str], list[str]]:
    return rule.sources, rule.destinations


def _version(address: str) -> int:
    return 6 if ":" in address else 4


def _is_labelled(plan: Plan, source: str, destination: str, protocol: str, port: int) -> bool:
    """Whether the edge gives a flow and its answers identifiers that fences let pass now; IPv4 has no place for it."""
    hosts = {host.address(6): host for host in plan.hosts.values()}
    start, end = hosts.get(source), hosts.get(destination)
    return start is not None and end is not None and answered(plan, start, end, protocol, port)


def collect_records(bench: Bench, domain: str, flows: list[SentFlow]) -> None:
    """Wait for the border's records of the flows sent before."""
    found: list[FlowRecord] = []
    for flow in flows:
        wanted: dict[str, Any] = {
            "source": flow.source,
            "source_port": flow.source_port,
            "destination": flow.destination,
            "destination_port": flow.destination_port,
        }
        asked = {"flows": [wanted], "file": RECORDS_FILE, "until_s": RECORD_WAIT_S}
        record = bench.access.ask(flow.border, "records", asked, RECORD_WAIT_S + 30)[0]["record"]
        found.append(
            FlowRecord(
                border=flow.border,
                protocol=TCP,
                carried_bytes=2 * FLOW_BYTES,
                found=bool(record),
                record=record,
                **wanted,
            )
        )
    bench.put(domain, "records", found)
