"""Protected paths: whether something that fails as one lies on every way between two ends; pairs that share nothing.

Whether two ways exist that share no risk group is NP-hard to decide in general (J. Q. Hu, "Diverse routing in optical
mesh networks", IEEE Trans. Commun. 51 (3), 2003), so the verdict rests on what can be decided: a device, fibre or risk
group that severs the pair is on every way of it, hence every two ways share it. That none does is necessary for two
disjoint ways and not always sufficient; so examples of such ways are looked for too, and counted.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import rustworkx as rx

from citynet.proof.model import Result, Verdict, judged, not_applicable

if TYPE_CHECKING:
    from citynet.proof.network import Network
    from citynet.proof.reachability import Searched

MOST_EXAMPLES = 50
TRIES = 12
DEARER = 8.0
"""A link of the first way that is in the way of the second costs that much more at the next try."""
FORBIDDEN = 1e12


def prove_risk(network: Network, seen: Searched) -> Result:
    """RISK-01 of one domain; at L1 as information only."""
    pairs = example_pairs(network)
    if not pairs:
        return not_applicable("RISK-01", network.domain, "no service has ends on two devices")
    refutations = [*seen.devices(), *seen.fibres(), *seen.groups()]
    count = len(network.names) + len(network.fibres) + len(network.groups)
    result = judged("RISK-01", network.domain, count, refutations, unit="devices, fibres and risk groups")
    if network.level < "L2":
        shared = f"{len(refutations)} would be shared" if refutations else "nothing is shared"
        result = not_applicable("RISK-01", network.domain, f"L2 asks for it, the domain's level is {network.level}")
        result.notes.append(f"for information: {shared} by all ways of a pair, in {count} looked at")
    found = [disjoint(network, *pair) for pair in pairs]
    with_two = sum(ways is not None for ways in found)
    result.notes.append(
        f"two ways that share no device, fibre or risk group: found for {with_two} of {len(pairs)} pairs tried"
    )
    missing = [pair for pair, ways in zip(pairs, found, strict=True) if ways is None]
    if missing and result.verdict is Verdict.PROVEN:
        names = ", ".join(f"{network.names[a]} – {network.names[b]}" for a, b in missing[:4])
        result.notes.append(f"none found, though nothing single is shared: {names}")
    return result


def example_pairs(network: Network) -> list[tuple[int, int]]:
    """The first and the last device of each service, up to `MOST_EXAMPLES` pairs."""
    pairs = {(min(nodes), max(nodes)) for nodes in network.carriers.values() if len(nodes) > 1}
    return sorted(pairs)[:MOST_EXAMPLES]


def disjoint(network: Network, start: int, end: int) -> tuple[list[int], list[int]] | None:
    """Two ways, as edges, that share no device but their ends, no fibre and no risk group; None when none was found."""
    cost = [1.0] * len(network.ends)
    together = _together(network)
    for _ in range(TRIES):
        first = _way(network, start, end, cost)
        if not first:
            return None
        second_cost = cost.copy()
        for edge in _spoilt(network, first, together, start, end):
            second_cost[edge] = FORBIDDEN
        second = _way(network, start, end, second_cost)
        clash = [edge for edge in second if second_cost[edge] >= FORBIDDEN]
        if not clash:
            return first, second
        for edge in set(first) & _spoilt(network, clash, together, start, end):
            cost[edge] *= DEARER
    return None


def _together(network: Network) -> dict[int, list[frozenset[int]]]:
    found: dict[int, list[frozenset[int]]] = {}
    for edges in (*network.fibres.values(), *network.groups.values()):
        for edge in edges:
            found.setdefault(edge, []).append(edges)
    return found


def _spoilt(
    network: Network, way: list[int], together: dict[int, list[frozenset[int]]], start: int, end: int
) -> set[int]:
    """The edges that a second way must not use: those on its devices, fibres and risk groups."""
    spoilt = set(way).union(*(edges for edge in way for edges in together.get(edge, ())))
    inner = {node for edge in way for node in network.ends[edge]} - {start, end}
    return spoilt.union(*({edge for edge, _ in network.beside[node]} for node in inner))


def _way(network: Network, start: int, end: int, cost: list[float]) -> list[int]:
    """The cheapest way, as edges; empty when there is none."""
    paths = rx.dijkstra_shortest_paths(network.graph, start, target=end, weight_fn=cost.__getitem__)
    if end not in paths:
        return []
    nodes = list(paths[end])
    return [
        min((edge for edge, far in network.beside[a] if far == b), key=cost.__getitem__) for a, b in pairwise(nodes)
    ]
