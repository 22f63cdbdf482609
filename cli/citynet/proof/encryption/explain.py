"""What protects data on each hop between two ends, by which row of the table, and whether it is what is due."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import rustworkx as rx

from citynet.errors import InputError, Problem, did_you_mean
from citynet.plan.handling import path_of, slice_of
from citynet.plan.model import PlannedBinding, PortKind
from citynet.proof.encryption.crossing import rule_flaws, services_at
from citynet.proof.encryption.due import of_line, of_service
from citynet.proof.encryption.lines import leaves, line_flaws, of_end, site_of
from citynet.proof.encryption.services import flow_flaws, flows, of_device, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import (
        Device,
        Guard,
        GuardRule,
        KeyAgent,
        Line,
        Plan,
        PlannedIdentifier,
        PlannedService,
        Protection,
    )
    from citynet.proof.encryption.due import Due, Part

CLEAR = "in the clear"
ROOM = "in the clear inside the machine room, by design"


@dataclass(frozen=True, slots=True)
class Hop:
    """One line on the way.

    Attributes:
        line: Its name in the plan.
        kind: `attachment`, `link` or `interconnect`.
        sites: The sites that it joins, or the one that it stays in.
        protection: What encrypts it, or that nothing does.
        keys: Where its keys come from.
        light: What encrypts the light beneath; nothing does yet.
        below: Why it is weaker than is due; empty when it is not.
    """

    line: str
    kind: str
    sites: list[str]
    protection: str
    keys: str
    light: str
    below: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Seal:
    """What encrypts packets from end to end in one domain.

    Attributes:
        of: The packets: `service`, the application and its ports, or the data identifier.
        data_class: The class of their data.
        row: The row of the table of grades that decided.
        grade: Light, strong or full; empty without any.
        protection: Method and suites.
        keys: Where the keys come from.
        post_quantum: What makes the key exchange safe from quantum computers.
        below: Why it is weaker than is due; empty when it is not.
    """

    of: str
    data_class: str
    row: str
    grade: str
    protection: str
    keys: str
    post_quantum: str
    below: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stretch:
    """The way through one domain: its lines one after the other, and the tunnels over all of them.

    `path` and `slice` are told of packets with one data identifier; empty without any.
    """

    domain: str
    level: str
    service: str
    devices: list[str]
    hops: list[Hop]
    seals: list[Seal]
    path: str = ""
    slice: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """From one end to the other.

    Attributes:
        start: One end: a host or device.
        end: The other one.
        stretches: The way, domain by domain.
        flows: What a guard lets cross; empty inside one domain.
        weaker_beyond: Which of that goes on with less than its data are due.
    """

    start: str
    end: str
    stretches: list[Stretch]
    flows: list[str] = field(default_factory=list)
    weaker_beyond: list[str] = field(default_factory=list)

    @property
    def below(self) -> list[str]:
        """Whatever is weaker than is due."""
        lines = [what for one in self.stretches for hop in one.hops for what in hop.below]
        return [
            *lines,
            *(what for one in self.stretches for seal in one.seals for what in seal.below),
            *self.weaker_beyond,
        ]

    def as_dict(self) -> dict[str, Any]:
        """The way as JSON-ready values."""
        return {**dataclasses.asdict(self), "below": self.below}


def explain(
    plan: Plan, one: str, other: str, service: str = "", identifier: PlannedIdentifier | None = None
) -> list[Way]:
    """What protects data between two hosts, devices or participants.

    Args:
        plan: What `citynet plan` decided.
        one: A host, device or participant.
        other: Another one.
        service: Look at this service only; at all of them when empty.
        identifier: Look at packets with this data identifier only.

    Raises:
        InputError: A name leads nowhere, or no data travel between the two.
    """
    ends = [_ends(plan, name, place) for name, place in ((one, "A"), (other, "B"))]
    if service and service not in plan.services:
        raise InputError(
            [
                Problem(
                    "--service",
                    0,
                    f"no service '{service}'",
                    "a service of the design",
                    did_you_mean(service, plan.services),
                )
            ]
        )
    ways = [way for a in ends[0] for b in ends[1] for way in _ways(plan, a, b, service, identifier)]
    if not ways:
        what = f"no data travel between '{one}' and '{other}'" + (f" in service '{service}'" if service else "")
        raise InputError([Problem("A B", 0, what, "two ends of one service, or joined by an interconnect")])
    return ways


def _ends(plan: Plan, name: str, place: str) -> list[str]:
    if name in plan.hosts or name in plan.devices:
        return [name]
    found = [host.name for host in plan.hosts.values() if host.participant == name]
    if not found:
        known = [*plan.hosts, *plan.devices, *plan.participants]
        what = f"nothing is called '{name}'"
        raise InputError([Problem(place, 0, what, "a host, device or participant", did_you_mean(name, known))])
    return found


def _ways(plan: Plan, a: str, b: str, wanted: str, data: PlannedIdentifier | None) -> Iterator[Way]:
    """The ways between two hosts or devices."""
    if a == b:
        return
    devices = [_device(plan, name) for name in (a, b)]
    if devices[0].domain == devices[1].domain:
        common = [one for one in _common(plan, a, b, devices) if not wanted or one.name == wanted]
        for service in common:
            yield Way(a, b, [_stretch(plan, service, (a, devices[0]), (b, devices[1]), data)])
        if not common and not wanted and a in plan.devices and b in plan.devices:  # its lines alone
            yield Way(a, b, [_stretch(plan, None, (a, devices[0]), (b, devices[1]), data)])
        return
    yield from _across(plan, a, b, wanted, data)


def _device(plan: Plan, name: str) -> Device:
    return plan.devices[plan.hosts[name].device if name in plan.hosts else name]


def _common(plan: Plan, a: str, b: str, devices: list[Device]) -> Iterator[PlannedService]:
    """The services that two ends are both in."""
    hosts = [plan.hosts[name] for name in (a, b) if name in plan.hosts]
    pair = (min(device.name for device in devices), max(device.name for device in devices))
    for service in plan.services.values():
        if service.domain != devices[0].domain or any(host.service != service.name for host in hosts):
            continue
        if len(hosts) == 2 and not service.talk(a, b):
            continue
        if pair in pairs(plan, service) or (pair[0] == pair[1] and hosts):
            yield service


def _across(plan: Plan, a: str, b: str, wanted: str, data: PlannedIdentifier | None) -> Iterator[Way]:
    """Ways from a host of one domain to one of the other, by interconnects whose guard lets something cross."""
    for device in plan.devices.values():
        for guard in device.guards:
            sides = services_at(plan, device, guard)
            if sides is None or device.domain != _device(plan, a).domain:
                continue
            near, far = sides
            if not (_is_in(plan, a, near) and _is_in(plan, b, far)) or (wanted and wanted not in {near.name, far.name}):
                continue
            port = device.port(guard.port)
            beyond = plan.devices[port.peer]
            passed = [rule for rule in guard.rules if _lets(plan, rule, a, b)]
            if not passed:
                continue
            mine = _stretch(plan, near, (a, _device(plan, a)), (device.name, device), data)
            joint = Stretch("", "", "", [device.name, beyond.name], [_hop(plan, plan.lines[port.line])], [])
            theirs = _stretch(plan, far, (beyond.name, beyond), (b, _device(plan, b)), data)
            weaker = _weaker(plan, guard, (device, near), (beyond, far), {rule.name for rule in passed})
            yield Way(a, b, [mine, joint, theirs], [_flow(rule) for rule in passed], weaker)


def _weaker(
    plan: Plan, guard: Guard, here: tuple[Device, PlannedService], there: tuple[Device, PlannedService], rules: set[str]
) -> list[str]:
    """What a guard lets cross and one of both sides carries on with less than its data are due."""
    found = []
    for (device, near), (_, far) in ((here, there), (there, here)):
        for one in device.guards:
            if one.interconnect == guard.interconnect:
                passed = [rule for rule in one.rules if rule.name in rules]
                found += [flaw.what for rule in passed for flaw in rule_flaws(plan, device, rule, near, far)]
    return list(dict.fromkeys(found))


def _is_in(plan: Plan, name: str, service: PlannedService) -> bool:
    if name in plan.hosts:
        return plan.hosts[name].service == service.name
    return any(vrf.service == service.name for vrf in plan.devices[name].vrfs)


def _lets(plan: Plan, rule: GuardRule, a: str, b: str) -> bool:
    """Whether a rule passes a flow between two ends; a device stands for all hosts on it."""
    ends = [{address.split("/")[0] for host in _hosts(plan, name) for address in host} for name in (a, b)]
    sides = [{*rule.sources}, {*rule.destinations}]
    return any(ends[0] & one and ends[1] & other for one, other in (sides, sides[::-1]))


def _hosts(plan: Plan, name: str) -> list[list[str]]:
    return [host.addresses for host in plan.hosts.values() if name in (host.name, *host.devices)]


def _flow(rule: GuardRule) -> str:
    ports = f" {', '.join(map(str, rule.ports))}" if rule.ports else ""
    return f"{rule.name}: {rule.protocol}{ports}"


def _stretch(
    plan: Plan,
    service: PlannedService | None,
    start: tuple[str, Device],
    end: tuple[str, Device],
    data: PlannedIdentifier | None,
) -> Stretch:
    (a, first), (b, last) = start, end
    number = data.number if data else 0
    devices = _path(plan, service, first, last, number)
    hops = [_hop(plan, line) for line in _attachment(plan, a, first)]
    hops += [_hop(plan, _line_between(plan, one, other)) for one, other in pairwise(devices)]
    hops += [_hop(plan, line) for line in _attachment(plan, b, last)]
    seals = []
    if service is not None and first is not last:
        seals = [_seal(plan, service, one, due, (first, last)) for one, due in _flows(plan, service, data)]
    level = plan.domains[first.domain].encryption
    found = Stretch(first.domain, level, service.name if service else "", devices, hops, seals)
    if data is None or service is None:
        return found
    path = path_of(first, last, service.name, number)
    return dataclasses.replace(
        found, path=path.policy if path else "", slice=slice_of(plan, first, service.name, number)
    )


def _flows(plan: Plan, service: PlannedService, data: PlannedIdentifier | None) -> list[tuple[Part | None, Due]]:
    """What of a service has encryption of its own, or what packets with one identifier have."""
    if data is None:
        return list(flows(plan, service))
    found = (one for one in service.bindings if one.number == data.number)
    part = next(found, None) or PlannedBinding(data.name, data.number, data.data_class)
    return [(part, of_service(plan, service, part))]


def _attachment(plan: Plan, name: str, device: Device) -> list[Line]:
    """The line that a host hangs on; none of a device."""
    host = plan.hosts.get(name)
    return [plan.lines[port.line] for port in host.ports if port.peer == device.name] if host else []


def _path(plan: Plan, service: PlannedService | None, first: Device, last: Device, identifier: int) -> list[str]:
    """The devices on the way: those of the identifier's or the service's path, or of IS-IS's shortest one."""
    chosen = path_of(first, last, service.name, identifier) if service is not None else None
    if chosen is not None:
        return chosen.primary[0].name.split(">")
    graph: rx.PyGraph[str, int] = rx.PyGraph()
    names = [device.name for device in plan.devices.values() if device.domain == first.domain]
    index = dict(zip(names, graph.add_nodes_from(names), strict=True))
    for line in plan.lines.values():
        if line.kind is PortKind.LINK and line.a.node in index and line.b.node in index:
            graph.add_edge(index[line.a.node], index[line.b.node], line.metric)
    found = rx.dijkstra_shortest_paths(graph, index[first.name], index[last.name], weight_fn=float)
    nodes = found[index[last.name]] if first is not last else [index[first.name]]
    return [graph[node] for node in nodes]


def _line_between(plan: Plan, one: str, other: str) -> Line:
    both = [
        line
        for line in plan.lines.values()
        if line.kind is PortKind.LINK and {line.a.node, line.b.node} == {one, other}
    ]
    return min(both, key=lambda line: line.metric)


def _hop(plan: Plan, line: Line) -> Hop:
    sites = list(dict.fromkeys(site_of(plan, end.node) for end in (line.a, line.b)))
    light = "none: the light beneath is not encrypted" if line.fibres else ""
    one = of_end(plan, line.a) or of_end(plan, line.b)
    if one is None:
        what = CLEAR if leaves(plan, line) else ROOM
        return Hop(line.name, str(line.kind), sites, what, "", light, _below(plan, line))
    agent = plan.devices[line.a.node].keys
    keys = f"vault: CAK from {one.secret}"
    if one.source == "qkd":
        keys = f"QKD: CAK from the key servers, its key ID is the CKN{_every(agent)}"
    opened = ", open while it has no key" if one.open else ", closed without a key"
    return Hop(line.name, str(line.kind), sites, f"MACsec {one.cipher}{opened}", keys, light, _below(plan, line))


def _below(plan: Plan, line: Line) -> list[str]:
    due = of_line(plan, line)
    return line_flaws(plan, line, due) if due is not None and leaves(plan, line) else []


def _every(agent: KeyAgent | None) -> str:
    return f", another every {agent.rotate_s} s" if agent else ""


def _seal(
    plan: Plan,
    service: PlannedService,
    part: Part | None,
    due: Due,
    ends: tuple[Device, Device],
) -> Seal:
    first, last = ends
    what = service.name
    if isinstance(part, PlannedBinding):
        what = f"{part.name}: identifier {part.number}"
    elif part is not None:
        what = f"{part.name}: {part.protocol} {', '.join(map(str, part.ports))}"
    pair = (min(first.name, last.name), max(first.name, last.name))
    below = [one.what for one in flow_flaws(service, part, due, plan, [pair])] if due.grade else []
    one = of_device(first, service, part, last.name)
    if one is None and part is not None and (rest := of_device(first, service, None, last.name)) is not None:
        return Seal(what, due.data_class, due.reason, rest.grade, f"as all of {service.name}", "", "", below)
    if one is None:
        return Seal(what, due.data_class, due.reason, "", f"{CLEAR} but for its lines", "", "", below)
    return Seal(what, due.data_class, due.reason, one.grade, _suites(one), _keys(one, first), _post_quantum(one), below)


def _suites(one: Protection) -> str:
    replay = f"replay window {one.replay_window}"
    if one.method == "sm4":
        cipher, digest = one.esp.split("/")
        return f"ESP with {cipher} and {digest} ({one.integrity_bits} bits), {replay}"
    return f"IKEv2 {one.ike}, ESP {one.esp} ({one.integrity_bits} bits), {replay}"


def _keys(one: Protection, device: Device) -> str:
    if one.method == "sm4":
        return f"QKD{_every(device.keys)}" if one.source == "qkd" else "vault"
    return f"certificates, PPK from QKD (RFC 8784){_every(device.keys)}" if one.ppk else "certificates"


def _post_quantum(one: Protection) -> str:
    if one.method == "sm4":
        return "no key exchange: symmetric keys from QKD" if one.source == "qkd" else "no key exchange: symmetric keys"
    means = [word for word, there in (("ML-KEM-768 (RFC 9370)", one.ml_kem), ("PPK", one.ppk)) if there]
    return " and ".join(means) or "none"
