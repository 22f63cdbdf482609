"""Known-bad flows at the guards and exits of a domain, and how long the sentry there takes to raise its alarm.

What is sent are opening segments (TCP SYN) at a port that no rule of the guard opens, with the address of a host on the
other side, by the far border itself or from the internet: no guard or fence elsewhere stops them.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from citynet.levels.bench import CannotMeasureError
from citynet.levels.probes.noticing import Meant
from citynet.levels.text import t
from citynet.levels.trusted import Alarmed

if TYPE_CHECKING:
    from citynet.levels.bench import Bench
    from citynet.plan.model import Device, Guard, Host, Plan, Watch

MORE = 3
"""Tries beyond those that make a scan: one may be lost."""
_FIRST_PORT = 20
_NO_BORDER = t("the domain has neither interconnect nor exit", "该域既无互联点也无出口")
_NO_SENTRY = t("no sentry looks at an interconnect or exit of this domain", "该域的互联点和出口均未部署哨兵")


@dataclass(frozen=True, slots=True)
class _Aim:
    """What is sent: by a node, from one of its VRFs, with a source that may be another's."""

    sender: str
    vrf: str
    source: str
    source_name: str
    destination: str
    port: int


def measure_alarmed(bench: Bench, domain: str) -> None:
    """Every guard and exit of the domain, all at once."""
    places = [
        (device, guard)
        for device in bench.plan.devices.values()
        if device.domain == domain
        for guard in (*device.guards, *device.exits)
    ]
    if not places:
        raise CannotMeasureError(_NO_BORDER)
    if not any(_watch(device, guard) for device, guard in places):
        raise CannotMeasureError(_NO_SENTRY)
    found: list[Alarmed] = []
    bench.together(partial(_one, bench, *place, found) for place in places)
    bench.put(domain, "alarmed", sorted(found, key=lambda one: (one.device, one.guard)))


def _watch(device: Device, guard: Guard) -> Watch | None:
    watches = device.sentry.watches if device.sentry else []
    return next((one for one in watches if one.name == guard.interconnect), None)


def _one(bench: Bench, device: Device, guard: Guard, found: list[Alarmed]) -> None:
    watch = _watch(device, guard)
    aim = aimed(bench.plan, device, guard, watch) if watch else None
    one = Alarmed(device.name, guard.interconnect, watch is not None)
    found.append(one)
    if watch is None or aim is None:
        return
    one.source, one.destination, one.tries = aim.source_name, aim.destination, watch.attempts + MORE
    meant = Meant(device.name, "intrusion", {"watch": watch.name, "source": aim.source})
    meant.let_pass(bench)
    asked = _sent(aim, one.tries)
    if told := meant.provoked(bench, lambda: bench.access.ask(aim.sender, "labelled", asked)):
        one.alarm_s, one.said = told[0], told[1]["reason"]


def _sent(aim: _Aim, count: int) -> dict[str, object]:
    packet = {
        "source": aim.source,
        "destination": aim.destination,
        "protocol": "tcp",
        "port": aim.port,
        "word": "",
        "option": "",
        "header": 0,
    }
    return {"packet": packet, "count": count, "first": 0, "vrf": aim.vrf}


def aimed(plan: Plan, device: Device, guard: Guard, watch: Watch) -> _Aim | None:
    """What can be sent at a guard; None where no host is on one of its sides."""
    used = {port for rule in guard.rules for port in rule.ports}
    port = next(number for number in range(_FIRST_PORT, 65536) if number not in used)
    near = device.port(guard.port)
    if watch.kind == "exit":
        out = plan.hosts[near.peer]
        own = next((address for address in watch.own if ":" in address), "")
        return _Aim(out.name, "", out.address(6), out.name, own, port) if own else None
    start, end = _host(plan, watch.far), _host(plan, watch.near)
    if start is None or end is None:
        return None
    vrf = plan.devices[near.peer].port(near.peer_port).vrf
    return _Aim(near.peer, vrf, start.address(6), start.name, end.address(6), port)


def _host(plan: Plan, prefixes: list[str]) -> Host | None:
    blocks = [ipaddress.IPv6Network(one) for one in prefixes if ":" in one]
    hosts = (plan.hosts[name] for service in plan.services.values() for name in service.hosts)
    return next((one for one in hosts if any(ipaddress.IPv6Address(one.address(6)) in b for b in blocks)), None)
