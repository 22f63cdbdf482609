"""One domain as a graph of devices and links, with what fails together and where the services are."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

import rustworkx as rx

from citynet.plan.model import PortKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from citynet.plan.model import Line, Plan

NOTHING: frozenset[int] = frozenset()


@dataclass(slots=True)
class Harm:
    """What a failure does to services: those severed, and devices that lie on the small side."""

    services: list[str]
    part: list[str]
    pair: tuple[str, str]


@dataclass(slots=True, eq=False)
class _Walk:
    """A search that has come this far."""

    nodes: list[int]
    open: list[int]
    over: bool = False


@dataclass(slots=True)
class Network:
    """Devices and links by number: what the searches work on.

    Attributes:
        names: The device of each node.
        ends: The two nodes of each edge.
        lines: The line of each edge.
        beside: For each node its edges, each with the node at the other end.
        graph: The same for rustworkx; the weight of an edge is its number.
        fibres: The edges that each fibre carries.
        groups: The edges that are in each risk group, by their fibres or by themselves.
        carriers: The nodes that carry each service: those its hosts hang on, and borders where it is joined.
        homes: Of services with dual-homed sites: the nodes that each end hangs on.
        at: The services that each node carries.
        base: The connected component of each node with everything up.
    """

    domain: str
    level: str
    names: list[str]
    ends: list[tuple[int, int]]
    lines: list[str]
    beside: list[list[tuple[int, int]]]
    graph: rx.PyGraph[int, int]
    fibres: dict[str, frozenset[int]]
    groups: dict[str, frozenset[int]]
    carriers: dict[str, frozenset[int]]
    homes: dict[str, list[frozenset[int]]] = field(default_factory=dict)
    at: dict[int, list[str]] = field(default_factory=dict)
    base: list[int] = field(default_factory=list)

    def split(self) -> dict[str, list[int]]:
        """Services whose devices do not all reach each other with everything up, with one device of each part."""
        found = {}
        for service, nodes in self.carriers.items():
            parts = {self.base[node]: node for node in sorted(nodes, reverse=True)}
            if len(parts) > 1 and not self._joined(service, []):
                found[service] = sorted(parts.values())
        return found

    def parts(self, cut: Collection[int], dead: int = -1) -> list[list[int]]:
        """What is cut off when those edges, or that node, are gone: every part but the last of its component.

        From each end of what is gone a search sets out; all go on in turn, one step each, and those that meet go
        on as one. The last one need not finish, so the cost is that of the parts cut off, not of the network.
        """
        starts: dict[int, list[int]] = defaultdict(list)
        touched = {node for edge in cut for node in self.ends[edge]}
        if dead >= 0:
            touched |= {other for _, other in self.beside[dead]}
        for node in sorted(touched - {dead}):
            starts[self.base[node]].append(node)
        return [part for nodes in starts.values() for part in self._apart(nodes, cut, dead)]

    def _apart(self, starts: list[int], cut: Collection[int], dead: int) -> list[list[int]]:
        turns = deque(_Walk([node], [node]) for node in starts)
        owner = {walk.nodes[0]: walk for walk in turns}
        left, finished = len(turns), []
        while left > 1:
            walk = turns.popleft()
            if walk.over:
                continue
            if not walk.open:
                finished.append(walk.nodes)
                left -= 1
                continue
            mine = walk
            for edge, other in self.beside[walk.open.pop()]:
                if edge in cut or other == dead:
                    continue
                met = owner.get(other)
                if met is None:
                    owner[other] = mine
                    mine.nodes.append(other)
                    mine.open.append(other)
                elif met is not mine:
                    mine = _join(mine, met, owner)
                    left -= 1
            if mine is walk:  # else the one it went over to has a turn already
                turns.append(walk)
        return finished

    def harm(self, cut: Collection[int], dead: int = -1, *, ignore: Collection[str] = ()) -> Harm | None:
        """The services that lose a pair of live devices when those edges, or that node, are gone; None if none do."""
        hurt: dict[str, list[int]] = {}
        parts = self.parts(cut, dead)
        for part in parts:
            inside = Counter(service for node in part for service in self.at.get(node, ()))
            for service, count in inside.items():
                nodes = self.carriers[service]
                if service not in ignore and count < len(nodes) - (dead in nodes):
                    hurt.setdefault(service, part)
        for service in [name for name in hurt if self._joined(name, parts, dead)]:
            del hurt[service]
        if not hurt:
            return None
        services = sorted(hurt)
        part = min(hurt.values(), key=len)
        return Harm(services, sorted(self.names[node] for node in part), self._pair(services[0], hurt, dead))

    def _joined(self, service: str, parts: list[list[int]], dead: int = -1) -> bool:
        """Whether any two live ends of a service with dual-homed sites have homes that reach each other still."""
        if service not in self.homes:
            return False
        of_node = {node: number for number, part in enumerate(parts, 1) for node in part}
        ends = [{(self.base[node], of_node.get(node, 0)) for node in home - {dead}} for home in self.homes[service]]
        return all(one & other for one, other in combinations([end for end in ends if end], 2))

    def _pair(self, service: str, hurt: dict[str, list[int]], dead: int) -> tuple[str, str]:
        part, nodes = set(hurt[service]), self.carriers[service]
        near, far = min(nodes & part), min(nodes - part - {dead})
        return self.names[near], self.names[far]


def _join(one: _Walk, other: _Walk, owner: dict[int, _Walk]) -> _Walk:
    if len(one.nodes) < len(other.nodes):
        one, other = other, one
    for node in other.nodes:
        owner[node] = one
    one.nodes += other.nodes
    one.open += other.open
    other.over = True
    return one


def network_of(plan: Plan, domain: str) -> Network:
    """The network of one domain: links between two of its devices that run IS-IS on both ports."""
    names = [name for name, device in plan.devices.items() if device.domain == domain]
    index = {name: number for number, name in enumerate(names)}
    talking = {
        (name, interface.port) for name in names for interface in plan.devices[name].underlay.interfaces
    }  # IS-IS elsewhere would be no way for packets
    used = [line for line in plan.lines.values() if _carries(line, index, talking)]
    ends = [(index[line.a.node], index[line.b.node]) for line in used]
    beside: list[list[tuple[int, int]]] = [[] for _ in names]
    for edge, (a, b) in enumerate(ends):
        beside[a].append((edge, b))
        beside[b].append((edge, a))
    of_fibre = {name: fibre.risk_groups for name, fibre in plan.fibres.items()}
    return _finish(
        Network(
            domain,
            plan.domains[domain].level,
            names,
            ends,
            [line.name for line in used],
            beside,
            _graph(names, dict(enumerate(ends))),
            _together(line.fibres for line in used),
            _together(
                {*line.risk_groups, *(g for fibre in line.fibres for g in of_fibre.get(fibre, ()))} for line in used
            ),
            _carriers(plan, domain, index),
            _homes(plan, domain, index),
        )
    )


def _carries(line: Line, index: dict[str, int], talking: set[tuple[str, str]]) -> bool:
    ends = ((line.a.node, line.a.port), (line.b.node, line.b.port))
    return (
        line.kind is PortKind.LINK
        and line.a.node != line.b.node
        and all(end[0] in index and end in talking for end in ends)
    )


def _graph(names: list[str], ends: dict[int, tuple[int, int]]) -> rx.PyGraph[int, int]:
    graph: rx.PyGraph[int, int] = rx.PyGraph(multigraph=True)
    graph.add_nodes_from(range(len(names)))
    graph.add_edges_from([(a, b, edge) for edge, (a, b) in ends.items()])
    return graph


def _finish(network: Network) -> Network:
    network.base = [0] * len(network.names)
    for number, part in enumerate(rx.connected_components(network.graph)):
        for node in part:
            network.base[node] = number
    for service, nodes in network.carriers.items():
        for node in nodes:
            network.at.setdefault(node, []).append(service)
    return network


def _together(names: Iterable[Iterable[str]]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for edge, these in enumerate(names):
        for name in these:
            found[name].add(edge)
    return {name: frozenset(found[name]) for name in sorted(found)}


def _carriers(plan: Plan, domain: str, index: dict[str, int]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {
        name: {index[device] for host in service.hosts if (device := plan.hosts[host].device) in index}
        for name, service in plan.services.items()
        if service.domain == domain
    }
    for name, number in index.items():
        for vrf in plan.devices[name].vrfs:
            if vrf.service in found:
                found[vrf.service].add(number)
    return {name: frozenset(nodes) for name, nodes in found.items()}


def _homes(plan: Plan, domain: str, index: dict[str, int]) -> dict[str, list[frozenset[int]]]:
    """The homes of each end of the services that have dual-homed ones; a border counts as one more end."""
    dual = {host.service for host in plan.hosts.values() if host.homing and host.domain == domain}
    found: dict[str, list[frozenset[int]]] = {name: [] for name in sorted(dual)}
    for name in found:
        hosts = [plan.hosts[host] for host in plan.services[name].hosts]
        found[name] = [frozenset(index[device] for device in host.devices if device in index) for host in hosts]
    for name, number in index.items() if found else ():
        for vrf in plan.devices[name].vrfs:
            if vrf.service in found and (vrf.gateways or any(not peer.port for peer in vrf.peers)):
                found[vrf.service].append(frozenset({number}))
    return found
