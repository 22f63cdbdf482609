"""Isolation: the domains meet at guarded interconnects and nowhere else; services are apart within a domain.

Everything is read from the plan's data: lines, ports, VRFs, guards, neighbours; how the planner came to them plays
no part.
"""

from __future__ import annotations

from collections import defaultdict
from ipaddress import ip_interface, ip_network
from itertools import combinations
from typing import TYPE_CHECKING

import rustworkx as rx

from citynet.plan.model import PortKind
from citynet.proof.layer3 import prove_layer3
from citynet.proof.model import Refutation, judged, not_applicable, some

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from citynet.plan.model import Device, Guard, Line, Plan, Vrf, VrfPeer
    from citynet.proof.model import Result


def prove_isolation(plan: Plan) -> Iterator[Result]:
    """ISO-01 to ISO-05 of every pair of domains, ISO-06 to ISO-08 of every domain."""
    claims: tuple[tuple[str, Callable[[Plan, set[str]], list[Refutation]], int, str], ...] = (
        ("ISO-01", _ways, len(plan.lines), "lines"),
        ("ISO-02", _interconnects, sum(line.kind is PortKind.INTERCONNECT for line in plan.lines.values()), "lines"),
        ("ISO-03", _rules, sum(len(guard.rules) for _, guard in _guards(plan)), "rules"),
        ("ISO-04", _routes, len(plan.devices), "devices"),
        ("ISO-05", _numbers, len(plan.devices), "devices"),
    )
    pairs = list(combinations(plan.domains, 2))
    for one, other in pairs:
        for claim, find, count, unit in claims:
            result = judged(claim, f"{one} ↔ {other}", count, find(plan, {one, other}), unit=unit)
            if claim == "ISO-01" and (both := _in_both(plan, {one, other})):
                result.notes.append(
                    f"participants with hosts in both, whose own networks no plan can see: {some(both)}"
                )
            yield result
    if not pairs:
        yield from (not_applicable(claim, "-", "one domain only") for claim, *_ in claims)
    for domain in plan.domains:
        services = sum(service.domain == domain for service in plan.services.values())
        yield judged("ISO-06", domain, services, list(_services(plan, domain)), unit="services")
        yield from prove_layer3(plan, domain)


def _domain(plan: Plan, node: str) -> str:
    """The domain of a device or host; empty for a name that is neither."""
    found = plan.devices.get(node) or plan.hosts.get(node)
    return found.domain if found else ""


def _guards(plan: Plan) -> list[tuple[Device, Guard]]:
    return [(device, guard) for device in plan.devices.values() for guard in device.guards]


def _joints(plan: Plan) -> Iterator[tuple[str, str, str]]:
    """Everything that joins two nodes, and how: lines, and ports whether or not a line knows of them."""
    for line in plan.lines.values():
        if line.kind is not PortKind.INTERCONNECT:
            yield line.a.node, line.b.node, f"{line.kind} line {line.name}"
    for device in plan.devices.values():
        for port in device.ports:
            if port.kind is not PortKind.INTERCONNECT:
                yield device.name, port.peer, f"port {device.name}:{port.name}"
    for host in plan.hosts.values():
        yield from ((host.name, device, f"host {host.name}") for device in host.devices)
        yield from ((host.name, port.peer, f"port {host.name}:{port.name}") for port in host.ports)


def _in_both(plan: Plan, domains: set[str]) -> list[str]:
    found: dict[str, set[str]] = defaultdict(set)
    for host in plan.hosts.values():
        found[host.participant].add(host.domain)
    return sorted(name for name, seen in found.items() if domains <= seen)


def _ways(plan: Plan, domains: set[str]) -> list[Refutation]:
    """ISO-01: without the interconnect lines, no connected part has nodes of both domains."""
    graph: rx.PyGraph[str, str] = rx.PyGraph(multigraph=True)
    names = [*plan.devices, *plan.hosts]
    index = dict(zip(names, graph.add_nodes_from(names), strict=True))
    across = []
    for a, b, how in _joints(plan):
        if a not in index or b not in index:
            continue
        if {_domain(plan, a), _domain(plan, b)} == domains:
            across.append((how, a, b))
        graph.add_edge(index[a], index[b], how)
    found = [
        Refutation(how, f"joins {a} of {_domain(plan, a)} and {b} of {_domain(plan, b)}", advice="take it away")
        for how, a, b in across
    ]
    if found:
        return found
    for part in rx.connected_components(graph):  # by way of something that is in neither domain
        first = {domain: node for node in sorted(part) if (domain := _domain(plan, graph[node])) in domains}
        if set(first) == domains:
            start, end = sorted(first.values())
            way = rx.dijkstra_shortest_paths(graph, start, target=end)[end]
            found.append(Refutation(graph[start], "a way: " + " – ".join(graph[node] for node in way)))
    return found


def _interconnects(plan: Plan, domains: set[str]) -> list[Refutation]:
    """ISO-02: both ends of an interconnect line are guarded border ports, one in each domain."""
    found: list[Refutation] = []
    guarded = defaultdict(list)
    for device, guard in _guards(plan):
        guarded[device.name, guard.port].append(guard)
    used = set()
    for line in plan.lines.values():
        if line.kind is PortKind.INTERCONNECT:
            found += _interconnect_ends(plan, line, domains, guarded)
            used |= {(end.node, end.port) for end in (line.a, line.b)}
    for device in plan.devices.values():
        if device.domain in domains:
            found += [
                Refutation(
                    f"port {device.name}:{port.name}",
                    "is an interconnect port of no interconnect line",
                    advice="take it away",
                )
                for port in device.ports
                if port.kind is PortKind.INTERCONNECT and (device.name, port.name) not in used
            ]
    return found


def _interconnect_ends(
    plan: Plan, line: Line, domains: set[str], guarded: dict[tuple[str, str], list[Guard]]
) -> Iterator[Refutation]:
    subject = f"interconnect line {line.name}"
    if {_domain(plan, line.a.node), _domain(plan, line.b.node)} != domains:
        yield Refutation(subject, "does not join one device of each domain")
    for end in (line.a, line.b):
        device, where = plan.devices.get(end.node), f"{end.node}:{end.port}"
        if device is None:
            yield Refutation(subject, f"ends at {end.node}, which is no device")
            continue
        if device.role != "border":
            yield Refutation(subject, f"ends at {device.name}, a device of role {device.role}", advice="use a border")
        port = next((port for port in device.ports if port.name == end.port), None)
        guards = guarded[end.node, end.port]
        if len(guards) != 1:
            yield Refutation(
                subject,
                f"port {where} has {len(guards) or 'no'} guard{'s' if guards else ''}",
                advice="one default-deny guard on exactly that port",
            )
        if port is None or port.kind is not PortKind.INTERCONNECT or port.line != line.name:
            yield Refutation(subject, f"port {where} does not lead to it")
        elif guards and (not port.vrf or guards[0].vrf != port.vrf):
            yield Refutation(subject, f"port {where} is in VRF '{port.vrf}', its guard in VRF '{guards[0].vrf}'")


def _rules(plan: Plan, domains: set[str]) -> list[Refutation]:
    """ISO-03: a rule's addresses are those of hosts of the near and the far service, on the right sides."""
    hosts: dict[str, set[str]] = defaultdict(set)
    for host in plan.hosts.values():
        hosts[host.service] |= {address.split("/")[0] for address in host.addresses}
    found = []
    for device, guard in _guards(plan):
        if device.domain not in domains:
            continue
        subject = f"guard {device.name}:{guard.port}"
        near, far = _service_at(plan, device, guard.port), _far_service(plan, device, guard.port)
        if not near or not far:
            found.append(Refutation(subject, f"joins no two services (near '{near}', far '{far}')"))
            continue
        for rule in guard.rules:
            sides = (far, near) if rule.inward else (near, far)
            for service, addresses, word in zip(sides, (rule.sources, rule.destinations), ("from", "to"), strict=True):
                if strange := [address for address in addresses if address not in hosts[service]]:
                    what = f"rule {rule.name} passes {word} {some(strange)}, no host of {service}"
                    found.append(Refutation(subject, what, services=[near, far], advice="name hosts only"))
                if not addresses:  # an empty list would match everybody
                    found.append(Refutation(subject, f"rule {rule.name} passes {word} anybody", services=[near, far]))
    return found


def _service_at(plan: Plan, device: Device | None, port: str) -> str:
    """The service that a port is in; empty when it is in none or not in one of its own domain."""
    for name, ports in _memberships(device) if device else ():
        service = plan.services.get(name)
        if port in ports and service and device and service.domain == device.domain:
            return name
    return ""


def _memberships(device: Device) -> Iterator[tuple[str, list[str]]]:
    """Every service on a device with its ports (those that a VLAN is on, not the interface of the VLAN)."""
    yield from ((vrf.service, vrf.ports) for vrf in device.vrfs)
    of = {port.interface: port.name for port in device.ports}
    yield from ((circuit.service, [of.get(circuit.interface, "")]) for circuit in device.vpws)
    yield from ((evi.service, [of.get(name, "") for name in evi.interfaces]) for evi in device.evpn)


def _far_service(plan: Plan, device: Device, port: str) -> str:
    for item in device.ports:
        if item.name == port:
            return _service_at(plan, plan.devices.get(item.peer), item.peer_port)
    return ""


def _routes(plan: Plan, domains: set[str]) -> list[Refutation]:
    """ISO-04: VRFs are of the own domain; IS-IS and iBGP stay inside; a VRF has peers at guarded ports only."""
    found: list[Refutation] = []
    importers: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for device in plan.devices.values():
        if device.domain in domains:
            for vrf in device.vrfs:
                importers[vrf.rt][device.domain].append(device.name)
            found += _inside(plan, device)
            found += _peers(plan, device)
    for rt, by_domain in importers.items():
        if len(by_domain) > 1:
            where = "; ".join(f"{domain} at {some(names, 2)}" for domain, names in sorted(by_domain.items()))
            found.append(Refutation(f"route target {rt}", f"is imported in both domains: {where}", advice="one each"))
    return found


def _inside(plan: Plan, device: Device) -> Iterator[Refutation]:
    for vrf in device.vrfs:
        service = plan.services.get(vrf.service)
        if service is None or service.domain != device.domain:
            what = f"carries VRF {vrf.name} of service {vrf.service}, which is not of {device.domain}"
            yield Refutation(f"device {device.name}", what, services=[vrf.service])
    for neighbour in device.bgp.neighbors:
        far = plan.devices.get(neighbour.name)
        if far is None or far.domain != device.domain or far.underlay.loopback != neighbour.address:
            what = f"has iBGP neighbour {neighbour.name} ({neighbour.address}), no loopback of {device.domain}"
            yield Refutation(f"device {device.name}", what)
    kinds = {port.name: port.kind for port in device.ports}
    for interface in device.underlay.interfaces:
        if kinds.get(interface.port) is not PortKind.LINK:
            what = f"runs IS-IS on {interface.port}, which is no port of a link"
            yield Refutation(f"device {device.name}", what)


def _peers(plan: Plan, device: Device) -> Iterator[Refutation]:
    guarded = {(guard.port, guard.vrf): guard for guard in device.guards}
    for vrf in device.vrfs:
        sources = {guarded[port, vrf.name].peer for port in vrf.ports if (port, vrf.name) in guarded}
        sources |= {peer.address for peer in vrf.peers if _is_site(plan, device, vrf, peer)}
        for peer in vrf.peers:
            if peer.address not in sources:
                what = f"VRF {vrf.name} learns routes from {peer.name} ({peer.address}) through no guarded port"
                yield Refutation(f"device {device.name}", what, services=[vrf.service], advice="guard that port")
        for port in device.ports:
            far = plan.devices.get(port.peer)
            if port.name in vrf.ports and far and (port.name, vrf.name) not in guarded:
                what = f"VRF {vrf.name} has port {port.name} towards device {far.name} without a guard"
                yield Refutation(f"device {device.name}", what, services=[vrf.service], advice="guard that port")


def _is_site(plan: Plan, device: Device, vrf: Vrf, peer: VrfPeer) -> bool:
    """Whether a neighbour is a host of the same service, at the end of the port it is heard on, and kept to its own."""
    host = plan.hosts.get(peer.name)
    far = next((port for port in host.ports if port.peer == device.name), None) if host else None
    return (
        host is not None
        and far is not None
        and host.service == vrf.service
        and far.peer_port == peer.port
        and peer.port in vrf.ports
        and bool(peer.prefixes)
        and {str(ip_interface(address).network) for address in host.addresses} == set(peer.prefixes)
    )


def _numbers(plan: Plan, domains: set[str]) -> list[Refutation]:
    """ISO-05: locator blocks do not overlap, every number lies in its own domain's, and keys and AS differ."""
    found = []
    one, other = (plan.domains[name] for name in sorted(domains))
    blocks = {domain.name: ip_network(domain.locators) for domain in (one, other)}
    if blocks[one.name].overlaps(blocks[other.name]):
        found.append(Refutation("locator blocks", f"{one.locators} and {other.locators} overlap", advice="move one"))
    if one.asn == other.asn:
        found.append(Refutation("AS numbers", f"both domains are AS {one.asn}", advice="one each"))
    owner: dict[tuple[str, str], Device] = {}
    for device in plan.devices.values():
        if device.domain not in domains:
            continue
        if not ip_network(device.srv6.prefix).subnet_of(blocks[device.domain]):  # type: ignore[arg-type]
            what = f"locator {device.srv6.prefix} is not of {device.domain}"
            found.append(Refutation(f"device {device.name}", what))
        for kind, value in _owned(device):
            first = owner.setdefault((kind, value), device)
            shared = kind in ("IS-IS key", "BGP key")
            if first is not device and (first.domain != device.domain or not shared):
                found.append(Refutation(f"device {device.name}", f"has {kind} {value}, as {first.name} has"))
    return found


def _owned(device: Device) -> Iterator[tuple[str, str]]:
    """What a device shares with nobody; its keys with its own domain only."""
    yield "loopback", device.underlay.loopback
    yield "locator", device.srv6.prefix
    yield "router identifier", device.underlay.router_id
    yield "IS-IS NET", device.underlay.net
    yield "management address", device.management
    yield "IS-IS key", device.underlay.secret
    yield "BGP key", device.bgp.secret


def _services(plan: Plan, domain: str) -> Iterator[Refutation]:
    """ISO-06: what routes, tables and ports a service has, no other has."""
    mine = [service for service in plan.services.values() if service.domain == domain]
    yield from _shared((rt, service.name) for service in mine for rt in (service.rt, service.spoke_rt) if rt)
    by_name = {service.name: service for service in mine}
    for device in plan.devices.values():
        if device.domain != domain:
            continue
        for name, kind, rt in _imports(device):
            planned = by_name.get(name)
            if planned and rt not in {planned.rt, planned.spoke_rt}:
                what = f"{kind} of {name} imports {rt}, not {planned.rt}"
                yield Refutation(f"device {device.name}", what, services=[name])
        owner: dict[tuple[str, str], str] = {}
        for service, what, value in _own(device):
            first = owner.setdefault((what, value), service)
            if first != service:
                both = f"{what} {value} serves both {first} and {service}"
                yield Refutation(f"device {device.name}", both, services=[first, service])
    yield from _circuits(plan, domain)
    yield from _misplaced(plan, domain)


def _misplaced(plan: Plan, domain: str) -> Iterator[Refutation]:
    for host in plan.hosts.values():
        if host.domain != domain:
            continue
        for name, port in zip(host.devices, host.ports, strict=True):
            if _service_at(plan, plan.devices.get(name), port.peer_port) != host.service:
                what = f"hangs on {name}:{port.peer_port}, which is not in {host.service}"
                yield Refutation(f"host {host.name}", what, services=[host.service])


def _imports(device: Device) -> Iterator[tuple[str, str, str]]:
    """The service, holder and route target of everything that takes routes in."""
    for vrf in device.vrfs:
        yield from ((vrf.service, f"VRF {vrf.name}", rt) for rt in sorted({vrf.rt, *vrf.imports}))
    yield from ((evi.service, f"VNI {evi.vni}", evi.rt) for evi in device.evpn)


def _own(device: Device) -> Iterator[tuple[str, str, str]]:
    """What a service has on a device for itself: the service, what it is, its value."""
    for vrf in device.vrfs:
        yield from ((vrf.service, *one) for one in (("VRF", vrf.name), ("table", str(vrf.table)), ("RD", vrf.rd)))
    for evi in device.evpn:
        yield from ((evi.service, *one) for one in (("VNI", str(evi.vni)), ("EVPN RD", evi.rd)))
    for circuit in device.vpws:
        yield circuit.service, "SID", circuit.sid
    for name, ports in _memberships(device):
        yield from ((name, "port", port) for port in ports)


def _circuits(plan: Plan, domain: str) -> Iterator[Refutation]:
    """Point to point: a SID has one end, and each end sends to that of the other end of its own service."""
    ends: dict[str, tuple[str, str]] = {}
    mine = [device for device in plan.devices.values() if device.domain == domain]
    for device in mine:
        for circuit in device.vpws:
            first = ends.setdefault(circuit.sid, (device.name, circuit.service))
            if first != (device.name, circuit.service):
                what = f"SID {circuit.sid} is that of {first[1]} on {first[0]} too"
                yield Refutation(f"device {device.name}", what, services=[first[1], circuit.service])
    for device in mine:
        for circuit in device.vpws:
            if ends.get(circuit.remote) != (circuit.peer, circuit.service) or circuit.peer == device.name:
                what = f"{circuit.service} sends frames to {circuit.remote}, no SID of its end on {circuit.peer}"
                yield Refutation(f"device {device.name}", what, services=[circuit.service])


def _shared(items: Iterable[tuple[str, str]]) -> Iterator[Refutation]:
    users = defaultdict(list)
    for rt, service in items:
        users[rt].append(service)
    for rt, services in users.items():
        if len(services) > 1:
            yield Refutation(f"route target {rt}", f"is that of {some(services)}", services=services, advice="one each")
