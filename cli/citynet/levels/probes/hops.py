"""Packets with an identifier, counted hop by hop; then a route over a device off their list, and the alarm."""

from __future__ import annotations

import datetime as dt
import json
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import permutations
from typing import TYPE_CHECKING, Any

from citynet.design.windows import minute_of
from citynet.errors import DeviceError
from citynet.lab.waiting import until
from citynet.levels.bench import CannotMeasureError
from citynet.levels.probes.admission import STATE as ACCESS_STATE
from citynet.levels.probes.noticing import Meant, clock
from citynet.levels.targets import equal_cost_ports
from citynet.levels.text import t
from citynet.levels.trusted import Hopped, Passed, Strayed
from citynet.plan.fences.testing import Packet, follow
from citynet.plan.fences.words import option
from citynet.plan.model import PortKind
from citynet.tracing.hops import flows
from citynet.tracing.states import STATE, together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.levels.bench import Bench
    from citynet.plan.model import Device, DeviceTrace, Host, Plan, PlannedService, Port
    from citynet.tracing.hops import Flow
    from citynet.tracing.states import Traced

COUNT = 200
PORT = 40300
_COUNTED_S, _MOST_PERIODS = 20.0, 60
_NO_TRACING = t("the design asks for no tracing of identifiers (tracing)", "设计未启用标识逐跳追踪（tracing）")
_NO_FLOW = t(
    "no two hosts of this domain can send data with an identifier that devices between them see",
    "该域没有两台主机可发送沿途设备可见的带标识数据",
)


@dataclass(frozen=True, slots=True)
class Carried:
    """What is sent: from a host to one at another device, with a number; `astray` leads off the list of it."""

    start: Host
    end: Host
    number: int
    astray: Port | None


def measure_hopped(bench: Bench, domain: str) -> None:
    """One flow: as it goes, and off its list where there is a device for that."""
    devices = {name: device for name, device in bench.plan.devices.items() if device.domain == domain}
    if not any(device.trace for device in devices.values()):
        raise CannotMeasureError(_NO_TRACING)
    told = [one for one in carried(bench.plan, domain) if _may_send(bench, one)]
    if not told:
        raise CannotMeasureError(_NO_FLOW)
    one = next((one for one in told if one.astray), told[0])
    found = _count(bench, one)
    if one.astray is not None:
        found.strayed = _stray(bench, one, one.astray)
    bench.put(domain, "hopped", [found])


def carried(plan: Plan, domain: str) -> Iterator[Carried]:
    """Flows that can be sent in a domain now; those whose way no device sees, as they are encrypted, are none."""
    for service in plan.services.values():
        if service.domain != domain or service.kind != "l3vpn":
            continue
        for start, end in permutations([plan.hosts[name] for name in service.hosts], 2):
            first = plan.devices[start.device]
            if end.device in start.devices or not service.talk(start.name, end.name) or _hidden(first, service):
                continue
            for one in first.trace.identifiers if first.trace else ():
                if one.here and _is_right(plan, start, end, one.number):
                    yield Carried(start, end, one.number, _astray(plan, first, plan.devices[end.device], one.number))


def _hidden(device: Device, service: PlannedService) -> bool:
    """Whether packets are encrypted, or take a path of the design, whatever IS-IS says."""
    encrypted = any(one.service == service.name for one in device.protections)
    return encrypted or any(one.service == service.name for one in device.steering)


def _is_right(plan: Plan, start: Host, end: Host, number: int) -> bool:
    """Whether fences let it pass now; without any, whether the edge gives it or the host has a right to it."""
    known = next((one for one in plan.identifiers.values() if one.number == number), None)
    if known is not None and plan.fences:
        return follow(plan, Packet(start, end, known, minute_of(dt.datetime.now(dt.UTC)))).passes
    tags = plan.devices[start.device].tags
    given = any(tag.service == start.service and tag.identifier == number for tag in tags)
    return given or (known is not None and start.participant in known.participants)


def _astray(plan: Plan, first: Device, last: Device, number: int) -> Port | None:
    """A port towards a device that is not on the list, and from which IS-IS leads on without coming back."""
    for port in first.ports:
        if port.kind is not PortKind.LINK or port.peer == last.name:
            continue
        far = plan.devices[port.peer]
        listed = {one.number: one.here for one in far.trace.identifiers} if far.trace else {}
        ahead = {far.port(name).peer for name in equal_cost_ports(plan, far.name, last.name)}
        if listed.get(number) is False and ahead and first.name not in ahead:
            return port
    return None


def _may_send(bench: Bench, one: Carried) -> bool:
    """Whether its right has the identifier, where the service asks for access."""
    if not bench.plan.services[one.start.service].access:
        return True
    told = json.loads(bench.access.run(one.start.device, f"cat {ACCESS_STATE} 2>/dev/null || echo '{{}}'"))
    on = [it for it in told.get("sessions", ()) if it["open"] and it["user"] == one.start.name]
    return any(it["identifiers"] is None or one.number in it["identifiers"] for it in on)


def _count(bench: Bench, one: Carried) -> Hopped:
    """Send from the beginning of a period on, and read the periods since."""
    trace = bench.plan.devices[one.start.device].trace
    assert trace is not None
    word = f"<{secrets.token_hex(6)}>"
    ear = bench.access.start(one.end.name, "labelled", {"take": [word]})
    try:
        ear.line()
        now = clock(bench, one.start.device)
        first = int(now // trace.period_s) + 1
        time.sleep(first * trace.period_s - now)  # what others sent before must not be counted with it
        _send(bench, one, trace, word)
    finally:
        arrived = int(ear.finish()[word])
    traced = _traced(bench, one, trace, first)
    own = [flow for flow in flows(bench.plan, traced.counted) if flow.entered == one.start.device]
    found = Hopped(
        one.number, one.start.name, one.end.name, one.start.device, one.end.device, COUNT, arrived, silent=traced.silent
    )
    found.hops = [passed for flow in own for passed in _passed(bench.plan, flow, one.number)]
    return found


def _send(bench: Bench, one: Carried, trace: DeviceTrace, word: str) -> None:
    packet = {
        "source": one.start.address(6),
        "destination": one.end.address(6),
        "protocol": "udp",
        "port": PORT,
        "word": word,
        "option": option(trace, one.number)[1:].hex(),
        "header": trace.headers[0],
    }
    bench.access.ask(one.start.name, "labelled", {"packet": packet, "count": COUNT, "first": 0, "vrf": ""})


def _traced(bench: Bench, one: Carried, trace: DeviceTrace, first: int) -> Traced:
    """What all devices of the domain counted since a period, once the entry tells of everything and all of the next.

    A device tells a period when it is over, one that is busy later than others; after some time that is no excuse. What
    entered at the end of a period may be counted farther on in the next one.
    """
    names = [name for name, device in bench.plan.devices.items() if device.domain == one.start.domain]
    told: list[Traced] = []
    entered: list[int] = []

    def whole() -> bool:
        states: dict[str, dict[str, Any]] = {}
        bench.access.each(names, lambda name: states.update({name: _state(bench, name, first)}))
        told.append(together(states, one.number, trace.period_s, _MOST_PERIODS))
        if any(state and not state["periods"] for state in states.values()):
            return False
        counted = told[-1].counted.items()
        if sum(sum(v) for at, v in counted if at.device == one.start.device and at.way == "in") >= COUNT:
            entered.append(told[-1].end)
        return bool(entered) and told[-1].end > entered[0]

    until(whole, _COUNTED_S + 2 * trace.period_s, 0.5)
    return told[-1]


def _state(bench: Bench, name: str, first: int) -> dict[str, Any]:
    try:
        text = bench.access.run(name, f"cat {STATE} 2>/dev/null || true").strip()
        state: dict[str, Any] = json.loads(text) if text else {}
    except (DeviceError, ValueError):
        return {}
    return {**state, "periods": [one for one in state.get("periods", ()) if one[0] >= first]}


def _passed(plan: Plan, flow: Flow, number: int) -> Iterator[Passed]:
    for hop in flow.hops:
        trace = plan.devices[hop.device].trace
        listed = {one.number: one.here for one in trace.identifiers} if trace else {}
        lost = (hop.lost or 0) + sum(leg.lost or 0 for leg in hop.legs)
        yield Passed(hop.device, hop.packets, lost, hop.lost is not None, listed.get(number, False))


def _stray(bench: Bench, one: Carried, port: Port) -> Strayed:
    """A route of the ingress device over the device that is not on the list, for as long as the alarm takes."""
    trace = bench.plan.devices[one.start.device].trace
    assert trace is not None
    found = Strayed(port.peer, one.start.device, None)
    meant = Meant(port.peer, "offpath", {"identifier": one.number})
    meant.let_pass(bench)
    with _route(bench, one, port):
        if told := meant.provoked(bench, lambda: _send(bench, one, trace, "astray")):
            found.alarm_s, found.names, found.said = told[0], told[1]["subject"], told[1]["reason"]
    return found


@contextmanager
def _route(bench: Bench, one: Carried, port: Port) -> Iterator[None]:
    """The way over a port to where packets leave, before that of IS-IS, for as long."""
    here, far, last = one.start.device, bench.plan.devices[port.peer], bench.plan.devices[one.end.device]
    links = json.loads(bench.access.run(far.name, f"ip -6 -j addr show dev {far.interface(port.peer_port)} scope link"))
    via = next(told["local"] for link in links for told in link.get("addr_info", ()))
    words = f"{last.srv6.prefix} via {via} dev {port.interface} metric 1"
    bench.access.run(here, f"ip -6 route add {words}")
    try:
        yield
    finally:
        bench.access.run(here, f"ip -6 route del {words}")
