"""Which hosts, lines and routers of a plan the probes and faults are aimed at."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import rustworkx as rx

from citynet.levels.graph import domain_graph
from citynet.plan.model import PortKind

if TYPE_CHECKING:
    from citynet.plan.model import Device, Guard, GuardRule, Host, Plan, Port

ALL_PAIRS = 200
"""Up to so many pairs of hosts every pair is tried; beyond, each host tries its next neighbours in the list."""

SWEPT_TCP = (21, 22, 23, 25, 53, 80, 179, 443, 830, 2601, 2605, 3306, 5201, 8080, 8443, 9000)
SWEPT_UDP = (53, 123, 161, 514, 3784, 4784, 4789, 5201, 8443)


@dataclass(frozen=True, slots=True)
class HostPair:
    """Two hosts of one service behind different devices."""

    source: Host
    destination: Host


def pairs(plan: Plan, domain: str) -> list[HostPair]:
    """Every ordered pair of hosts of each service of a domain; thinned out evenly when there are very many.

    Services that are fenced have none: nothing passes there without an identifier, and that is checked as such.
    """
    found = []
    for service in plan.services.values():
        if service.domain != domain or service.fenced:
            continue
        hosts = [plan.hosts[name] for name in service.hosts]
        count = len(hosts)
        reach = count - 1 if count * (count - 1) <= ALL_PAIRS else max(1, ALL_PAIRS // count)
        found += [
            HostPair(one, other)
            for i, one in enumerate(hosts)
            for other in (hosts[(i + step) % count] for step in range(1, reach + 1))
            if service.talk(one.name, other.name)
        ]
    return found


def apart_pairs(plan: Plan, domain: str) -> list[HostPair]:
    """Ordered pairs of spokes of one service, which must not reach each other; the next ones of each in the list."""
    return [
        HostPair(plan.hosts[one], plan.hosts[other])
        for service in plan.services.values()
        if service.domain == domain and not service.fenced
        for i, one in enumerate(service.spokes)
        for other in (service.spokes[(i + step) % len(service.spokes)] for step in (1, 2))
        if other != one
    ]


def far_pairs(plan: Plan, domain: str) -> list[HostPair]:
    """Pairs behind different devices, the farthest apart first."""
    graph = domain_graph(plan, domain)
    apart = [pair for pair in pairs(plan, domain) if pair.source.device != pair.destination.device]
    return sorted(apart, key=lambda pair: -graph.hops(pair.source.device, pair.destination.device))


def nodes(plan: Plan) -> dict[str, Device | Host]:
    """Every device and host by name."""
    return {**plan.devices, **plan.hosts}


def links(device: Device) -> list[Port]:
    """The ports that lead to other devices of the domain."""
    return [port for port in device.ports if port.kind is PortKind.LINK]


def equal_cost_ports(plan: Plan, source: str, destination: str) -> list[str]:
    """The source's ports that lie on a shortest way to the destination, by the plan's metrics."""
    device = plan.devices[source]
    members = {name: other for name, other in plan.devices.items() if other.domain == device.domain}
    graph: rx.PyDiGraph[str, int] = rx.PyDiGraph()
    index = dict(zip(members, graph.add_nodes_from(list(members)), strict=True))
    for name, other in members.items():
        for interface in other.underlay.interfaces:
            graph.add_edge(index[name], index[other.port(interface.port).peer], interface.metric)
    graph.reverse()
    lengths = dict(rx.dijkstra_shortest_path_lengths(graph, index[destination], float))
    lengths[index[destination]] = 0.0
    metric = {interface.port: interface.metric for interface in device.underlay.interfaces}
    ways = {
        port.name: metric[port.name] + lengths[index[port.peer]]
        for port in links(device)
        if port.name in metric and index[port.peer] in lengths
    }
    best = min(ways.values(), default=0.0)
    return [name for name, length in ways.items() if length == best]


def balanced_pairs(plan: Plan, domain: str) -> list[HostPair]:
    """Pairs of hosts with equal-cost ways between their devices, one for each pair of devices."""
    found: dict[tuple[str, str], HostPair] = {}
    for pair in far_pairs(plan, domain):
        ends = (pair.source.device, pair.destination.device)
        if ends not in found and len(equal_cost_ports(plan, *ends)) > 1:
            found[ends] = pair
    return list(found.values())


def rings_true(plan: Plan, pair: HostPair, without: str) -> bool:
    """Whether the plan leaves a way between two hosts without a device or line."""
    graph = domain_graph(plan, pair.source.domain)
    return without not in {pair.source.device, pair.destination.device} and graph.connected(
        pair.source.device, pair.destination.device, [without]
    )


def guards(plan: Plan, domain: str) -> list[tuple[Device, Guard]]:
    """The guarded border ports of a domain."""
    return [(device, guard) for device in plan.devices.values() if device.domain == domain for guard in device.guards]


def outside_hosts(plan: Plan, domain: str) -> list[Host]:
    """Hosts of the other domain that have a way to this domain's border: those of the service it joins.

    Hosts that a rule names come first.
    """
    found = []
    for device, guard in guards(plan, domain):
        far = plan.devices[device.port(guard.port).peer]
        services = {vrf.service for vrf in far.vrfs if any(peer.name == device.name for peer in vrf.peers)}
        hosts = [host for host in plan.hosts.values() if host.service in services and host.domain == far.domain]
        named = {address for rule in guard.rules if rule.inward for address in rule.sources}
        found += sorted(hosts, key=lambda host: not {host.address(4), host.address(6)} & named)
    return found


def permits(rule: GuardRule, source: str, destination: str, protocol: str, port: int) -> bool:
    """Whether a guard's rule lets a flow in."""
    return (
        rule.inward
        and rule.protocol == protocol
        and (protocol == "icmp" or port in rule.ports)
        and _within(source, rule.sources)
        and _within(destination, rule.destinations)
    )


def _within(address: str, blocks: list[str]) -> bool:
    place = ipaddress.ip_address(address)
    return any(place in ipaddress.ip_network(block, strict=False) for block in blocks)


def border_addresses(plan: Plan, domain: str) -> dict[str, str]:
    """Addresses of the domain's border devices, with the device's name: every one an outsider could aim at."""
    found = {}
    for device, _ in guards(plan, domain):
        found[device.underlay.loopback] = device.name
        for port in device.ports:
            for address in port.addresses:
                found[address.split("/")[0]] = device.name
    return found
