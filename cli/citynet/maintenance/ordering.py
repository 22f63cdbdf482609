"""In which steps a device's metrics must rise so that no packet loops while its neighbours change their minds.

When a router disappears from the shortest ways at once, each other router turns to its new way in its own time, and
two of them may send a packet to each other until both have turned (micro-loop, RFC 5715). If the metrics of all links
out of the device rise by a little at a time, those farthest from it turn first (P. Francois, M. Shand, O. Bonaventure,
"Disruption free topology reconfiguration in OSPF networks", INFOCOM 2007; F. Clad et al., "Graceful convergence in
link-state IP networks", IEEE/ACM Trans. Netw. 22 (1), 2014). A step is small enough when, towards every destination,
the next hops before and after it together form no cycle: then any mix of old and new tables is free of loops.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from citynet.plan.model import Plan

    Arcs = Mapping[str, Mapping[str, int]]

MOST_DEVICES = 1500
"""Beyond, working out the order takes minutes: the metrics rise in one step."""


def arcs_of(plan: Plan, domain: str) -> dict[str, dict[str, int]]:
    """The IS-IS metric from each device of a domain to each neighbour; the least of parallel links."""
    arcs: dict[str, dict[str, int]] = {name: {} for name, one in plan.devices.items() if one.domain == domain}
    for name, out in arcs.items():
        device = plan.devices[name]
        peers = {port.name: port.peer for port in device.ports}
        for interface in device.underlay.interfaces:
            peer = peers[interface.port]
            out[peer] = min(out.get(peer, interface.metric), interface.metric)
    return arcs


def steps(arcs: Arcs, node: str) -> list[int]:
    """What to add to the metrics of all links out of the node, step by step, until nobody goes through it.

    Args:
        arcs: The metric from each router to each neighbour.
        node: The router to leave; where there is no way around it, it stays on the way.
    """
    ways = [way for way in (_Towards(arcs, node, target) for target in arcs if target != node) if way.turning]
    turning = sorted({threshold for way in ways for threshold in way.turning.values()})
    if not turning:
        return []
    if len(arcs) > MOST_DEVICES:
        return [turning[-1] + 1]
    marks = sorted({mark for threshold in turning for mark in (threshold, threshold + 1)} - {0})
    found = [0]
    while found[-1] < marks[-1]:
        ahead = [mark for mark in marks if mark > found[-1]]
        found.append(_farthest(ways, found[-1], ahead))
    return found[1:]


def _farthest(ways: list[_Towards], now: int, ahead: list[int]) -> int:
    """The largest step that is safe; the smallest one always is: routers that turn at the same cost are apart."""
    low, high = 0, len(ahead) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if all(way.safe(now, ahead[middle]) for way in ways):
            low = middle
        else:
            high = middle - 1
    return ahead[low]


@dataclass(slots=True)
class _Towards:
    """The ways of all routers to one destination, through the node and around it.

    Attributes:
        turning: For each router that goes through the node, by how much the node may become dearer before it no
            longer does: at that very sum it uses both ways.
    """

    turning: dict[str, int]
    _through: dict[str, list[str]]
    _around: dict[str, list[str]]
    _fixed: dict[str, list[str]]

    def __init__(self, arcs: Arcs, node: str, target: str) -> None:
        around = _distances(arcs, target, {node})
        to_node = _distances(arcs, node, set())
        beyond = min((metric + around.get(peer, math.inf) for peer, metric in arcs[node].items()), default=math.inf)
        self.turning = {}
        for router, distance in to_node.items():
            left = around.get(router, math.inf) - distance - beyond
            if router not in (node, target) and 0 <= left < math.inf:
                self.turning[router] = int(left)
        self._through = {router: _hops(arcs, router, to_node) for router in self.turning}
        self._around = {router: _hops(arcs, router, around, {node}) for router in around if router != target}
        self._fixed = {
            node: [peer for peer, metric in arcs[node].items() if metric + around.get(peer, math.inf) == beyond]
        }

    def _next(self, router: str, low: int, high: int) -> Iterable[str]:
        """Next hops of a router while the sum is anything between two values."""
        if router in self._fixed:
            return self._fixed[router]
        if router not in self.turning:
            return self._around.get(router, ())
        hops: set[str] = set()
        if self.turning[router] >= low:
            hops.update(self._through[router])
        if self.turning[router] <= high:
            hops.update(self._around.get(router, ()))
        return hops

    def safe(self, low: int, high: int) -> bool:
        """Whether old and new next hops together form no cycle."""
        done: set[str] = set()
        for start in self.turning:
            if start in done:
                continue
            trail, on_trail = [(start, iter(self._next(start, low, high)))], {start}
            while trail:
                router, hops = trail[-1]
                hop = next(hops, None)
                if hop is None:
                    trail.pop()
                    on_trail.discard(router)
                    done.add(router)
                elif hop in on_trail:
                    return False
                elif hop not in done:
                    trail.append((hop, iter(self._next(hop, low, high))))
                    on_trail.add(hop)
        return True


def _distances(arcs: Arcs, target: str, without: set[str]) -> dict[str, float]:
    """How far every router is from a target (E. W. Dijkstra, 1959); the way back costs what its own arcs say."""
    back: dict[str, list[tuple[str, int]]] = {}
    for router, out in arcs.items():
        if router not in without:
            for peer, metric in out.items():
                back.setdefault(peer, []).append((router, metric))
    found: dict[str, float] = {}
    queue: list[tuple[float, str]] = [(0, target)]
    while queue:
        distance, router = heapq.heappop(queue)
        if router in found or router in without:
            continue
        found[router] = distance
        for peer, metric in back.get(router, ()):
            if peer not in found:
                heapq.heappush(queue, (distance + metric, peer))
    return found


def _hops(arcs: Arcs, router: str, distance: Mapping[str, float], without: Iterable[str] = ()) -> list[str]:
    return [
        peer
        for peer, metric in arcs[router].items()
        if peer not in without and metric + distance.get(peer, math.inf) == distance[router]
    ]
