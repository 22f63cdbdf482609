"""Why a device should not be taken out of service just now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import rustworkx as rx

from citynet.levels.graph import domain_graph
from citynet.proof.model import some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.plan.model import Device, Plan


def refusals(plan: Plan, node: str, others: Iterable[str] = ()) -> list[str]:
    """What would be cut off without a device, in words; empty when nothing is.

    Args:
        plan: The city's.
        node: The device.
        others: Devices of its domain that are out already.
    """
    device = plan.devices[node]
    gone = {node, *others} & set(plan.devices)
    return [
        *_hanging(plan, device, gone),
        *_severed(plan, device.domain, gone),
        *_pinned(plan, device.domain, gone),
        *_reflectors(plan, device, gone),
    ]


def _hanging(plan: Plan, device: Device, gone: set[str]) -> Iterator[str]:
    exits = {service.exit for service in plan.services.values()}
    alone = [host.name for host in plan.hosts.values() if device.name in host.devices and set(host.devices) <= gone]
    if hosts := [name for name in alone if name not in exits]:
        yield f"{some(hosts)} {'hangs' if len(hosts) == 1 else 'hang'} on it alone"
    for name in sorted(set(alone) & exits):
        yield f"the exit of {plan.hosts[name].service} to the internet is at it"
    for guard in device.guards:
        yield f"the interconnect {guard.interconnect} ends at it"


def _severed(plan: Plan, domain: str, gone: set[str]) -> Iterator[str]:
    """Services with two ends that live and no longer reach each other."""
    graph = domain_graph(plan, domain)
    left = graph.graph.copy()
    left.remove_nodes_from([graph.node[name] for name in gone if name in graph.node])
    part = {left[i]: number for number, nodes in enumerate(rx.connected_components(left)) for i in nodes}
    for service in plan.services.values():
        if service.domain != domain:
            continue
        homes = [(name, {part[home] for home in plan.hosts[name].devices if home in part}) for name in service.hosts]
        alive = [(name, parts) for name, parts in homes if parts]
        whole = set().union(*(parts for _, parts in alive))
        if len(whole) > 1 and any(
            not one & other and service.talk(a, b) for a, one in alive for b, other in alive if a < b
        ):
            yield f"service {service.name} would fall apart"


def _pinned(plan: Plan, domain: str, gone: set[str]) -> Iterator[str]:
    """Paths that drop what they carry rather than take another way, and have none without these devices."""
    for device in plan.devices.values():
        if device.domain != domain or device.name in gone:
            continue
        for path in device.paths:
            ways = [way.name.split(">") for way in (*path.primary, *path.backup)]
            if path.strict and path.far not in gone and all(gone & set(way) for way in ways):
                yield f"strict path {path.name} of {device.name} has no other way"


def _reflectors(plan: Plan, device: Device, gone: set[str]) -> Iterator[str]:
    reflectors = {
        name
        for name, one in plan.devices.items()
        if one.domain == device.domain and any(neighbour.client for neighbour in one.bgp.neighbors)
    }
    if device.name in reflectors and reflectors <= gone:
        yield "no other device of its domain reflects routes"
