"""What each service may load each link with: IS-IS shortest paths, equal-cost ways sharing evenly, hose-model demand.

The demand of a service is a hose (N. G. Duffield et al., "A flexible model for resource management in virtual private
networks", SIGCOMM 1999): each end sends and receives up to `bandwidth_mbps`, with whom it likes. The load of a link
in one direction is bounded by what those who may send over it send at most, and by what those who may receive over it
receive at most, each times the largest share of its traffic that goes this way. Where routing is a tree that bound is
reached, in general it may not be.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import rustworkx as rx

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from citynet.plan.model import Plan
    from citynet.proof.network import Network

    Shares = dict[int, NDArray[np.float64]]

FALLBACK_METRIC = 10


@dataclass(slots=True)
class Demand:
    """What the ends of one service on each device send and receive at most, in Mbit/s."""

    service: str
    nodes: list[int]
    mbps: NDArray[np.float64]


@dataclass(slots=True)
class Loads:
    """Mbit/s by arc (twice the edge's number, plus one from its second end to its first) and service."""

    of: dict[int, dict[str, float]] = field(default_factory=lambda: defaultdict(dict))

    def total(self, arc: int) -> float:
        """All services together."""
        return sum(self.of[arc].values()) if arc in self.of else 0.0


def demands(plan: Plan, network: Network) -> list[Demand]:
    """Services that plan for bandwidth and have ends on two devices; a border counts as one more end."""
    index = {name: node for node, name in enumerate(network.names)}
    found = []
    for name, nodes in network.carriers.items():
        service = plan.services[name]
        if service.bandwidth_mbps and len(nodes) > 1:
            ends: dict[int, int] = defaultdict(int)
            for host in service.hosts:
                if plan.hosts[host].device in index:
                    ends[index[plan.hosts[host].device]] += 1
            order = sorted(nodes)
            rates = [float(service.bandwidth_mbps * max(1, ends[node])) for node in order]
            found.append(Demand(name, order, np.array(rates)))
    return found


class TooLongError(Exception):
    """The work allowed was used up."""


class Routing:
    """Shortest ways in one domain, as IS-IS computes them, with everything up or without some links."""

    def __init__(self, plan: Plan, network: Network) -> None:
        self._ends = network.ends
        self._metric = _metrics(plan, network)
        self._towards: rx.PyDiGraph[int, int] = rx.PyDiGraph(multigraph=True)
        self._towards.add_nodes_from(range(len(network.names)))
        arcs = [(b, a, 2 * edge) for edge, (a, b) in enumerate(network.ends)]
        arcs += [(a, b, 2 * edge + 1) for edge, (a, b) in enumerate(network.ends)]
        self._towards.add_edges_from(arcs)  # each arc backwards: distances are asked for towards one node
        self._out: list[list[tuple[int, int]]] = [
            [(2 * edge + (self._ends[edge][0] != node), other) for edge, other in row]
            for node, row in enumerate(network.beside)
        ]
        self._sweep = _from_the_middle(network)
        self._gone = -1
        self._distances: dict[int, NDArray[np.float64]] = {}
        self._allowed = math.inf

    def allow(self, microseconds: float) -> None:
        """Let it work that long, counted in steps and not by the clock, so that every run ends alike."""
        self._allowed = microseconds

    def _work(self, microseconds: float) -> None:
        self._allowed -= microseconds
        if self._allowed < 0:
            raise TooLongError

    def prepare(self, targets: Iterable[int], gone: int = -1) -> None:
        """Work out the distances towards many nodes side by side, and forget others (R. Bellman, 1958).

        rustworkx takes one node after the other, with a call of ours for every edge: ten times as long for thousands.

        Raises:
            TooLongError: The work allowed was used up.
        """
        wanted, metric = sorted(set(targets)), self._metrics_without(gone)
        far = np.full((len(self._out), len(wanted)), math.inf)
        far[wanted, range(len(wanted))] = 0.0
        changed = True
        while changed:
            changed = False
            self._work(2 * len(metric) * (2.5 + len(wanted) / 500))
            for node in (*self._sweep, *reversed(self._sweep)):  # inwards after outwards: few rounds suffice
                best = far[node]
                for arc, other in self._out[node]:
                    best = np.minimum(best, far[other] + metric[arc])
                if (best < far[node]).any():
                    far[node] = best
                    changed = True
        self._gone = gone
        self._distances = {node: far[:, column] for column, node in enumerate(wanted)}

    def distances(self, node: int, gone: int = -1) -> list[float]:
        """The distance of every node to that one, without edge `gone`."""
        if gone == self._gone and node in self._distances:
            return list(self._distances[node])
        metric = self._metrics_without(gone)
        self._work(0.15 * len(metric))
        found = [math.inf] * len(self._out)
        found[node] = 0.0
        for other, distance in rx.dijkstra_shortest_path_lengths(self._towards, node, metric.__getitem__).items():
            found[other] = distance
        return found

    def _metrics_without(self, gone: int) -> list[float]:
        if gone < 0:
            return self._metric
        metric = self._metric.copy()
        metric[2 * gone] = metric[2 * gone + 1] = math.inf
        return metric

    def spread(self, target: int, sources: list[int], distance: list[float], gone: int = -1) -> Shares:
        """The share of each source's traffic to the target that every arc carries."""
        share: dict[int, NDArray[np.float64]] = {}
        queue: list[tuple[float, int]] = []
        for number, source in enumerate(sources):
            if source != target and distance[source] < math.inf:
                share[source] = np.zeros(len(sources))
                share[source][number] = 1.0
                heapq.heappush(queue, (-distance[source], source))
        used: Shares = {}
        while queue:
            far, node = heapq.heappop(queue)
            hops = [
                (arc, other)
                for arc, other in self._out[node]
                if arc >> 1 != gone and self._metric[arc] + distance[other] == -far
            ]
            part = share.pop(node) / len(hops)
            self._work(3.0 + (4.0 + len(sources) / 200) * len(hops))
            for arc, other in hops:
                used[arc] = part
                if other == target:
                    continue
                if other in share:
                    share[other] = share[other] + part
                else:
                    share[other] = part
                    heapq.heappush(queue, (-distance[other], other))
        return used

    def bound(self, demand: Demand, gone: int = -1) -> dict[int, float]:
        """The most that a service may load each arc with, in Mbit/s.

        Args:
            demand: The service's.
            gone: An edge that failed; -1 when none did.

        Raises:
            TooLongError: The work allowed was used up.
        """
        received: dict[int, float] = defaultdict(float)
        largest: dict[int, NDArray[np.float64]] = {}
        for number, target in enumerate(demand.nodes):
            distance = self.distances(target, gone)
            for arc, part in self.spread(target, demand.nodes, distance, gone).items():
                received[arc] += float(demand.mbps[number] * part.max())
                known = largest.get(arc)
                largest[arc] = part if known is None else np.maximum(known, part)
        return {arc: min(most, float(largest[arc] @ demand.mbps)) for arc, most in received.items()}


def _from_the_middle(network: Network) -> list[int]:
    """All nodes, from the one with most links outwards."""
    if not network.names:
        return []
    hub = max(range(len(network.names)), key=lambda node: len(network.beside[node]))
    order = [node for layer in rx.bfs_layers(network.graph, [hub]) for node in layer]
    return order + sorted(set(range(len(network.names))) - set(order))


def _metrics(plan: Plan, network: Network) -> list[float]:
    """The metric of every arc: that of the IS-IS interface which sends."""
    of_port = {
        (name, interface.port): interface.metric
        for name in network.names
        for interface in plan.devices[name].underlay.interfaces
    }
    return [
        float(of_port.get((end.node, end.port), FALLBACK_METRIC))
        for line in network.lines
        for end in (plan.lines[line].a, plan.lines[line].b)
    ]
