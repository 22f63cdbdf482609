"""Routers for a topology that has only places: one in each, its role by the number of its neighbours."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING

import rustworkx

from citynet.design.types import Role
from citynet.imports.topology import Box, Wire

if TYPE_CHECKING:
    from citynet.imports.report import Report
    from citynet.imports.topology import Topology

    Line = tuple[str, str, list[int]]

FEWEST_WITH_CORE = 4
"""Smaller networks have edge devices only."""
CORE_SHARE = 10
"""One router in so many is core, and two at least."""
AGGREGATION_NEIGHBOURS = 3
MOST_MESHED = 4
"""Ends of a junction that are joined each with each; more are joined in a ring."""
MOST_ENDS = 64
"""Most ends of a junction: no splice has more, and the time to look for ways through it grows with their square."""


def one_each(topology: Topology, report: Report) -> None:
    """Put a router into every spot that is no junction, and a wire along every span and through every junction."""
    pairs = _pairs(topology, report)
    neighbours: dict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        neighbours[one].add(other)
        neighbours[other].add(one)
    keys = [key for key, spot in topology.spots.items() if not spot.junction]
    ranked = sorted(keys, key=lambda key: -len(neighbours[key]))
    core = set(ranked[: max(2, len(keys) // CORE_SHARE)] if len(keys) >= FEWEST_WITH_CORE else ())
    for key in keys:
        spot, count = topology.spots[key], len(neighbours[key])
        role = Role.CORE if key in core else Role.AGGREGATION if count >= AGGREGATION_NEIGHBOURS else Role.EDGE
        said = "a role is chosen by the number of neighbours"
        topology.boxes[key] = Box(key, spot.label, key, role, spot.where, said)
    for (one, other), numbers in pairs.items():
        rates = [topology.spans[number].rate_gbps for number in numbers]
        rate = min((rate for rate in rates if rate is not None), default=None)
        topology.wires.append(Wire(one, other, numbers, topology.spans[numbers[0]].where, rate))


def _pairs(topology: Topology, report: Report) -> dict[tuple[str, str], list[int]]:
    """Spots that a wire joins → the spans it rides, in order from the first to the second."""
    pairs: dict[tuple[str, str], list[int]] = {}
    through: set[str] = set()
    for number, span in enumerate(topology.spans):
        junctions = [key for key in (span.a, span.b) if topology.spots[key].junction]
        through.update(junctions)
        if not junctions and (span.b, span.a) not in pairs:
            pairs.setdefault((span.a, span.b), [number])
    for one, other, numbers in _through(topology, through, report):
        if (other, one) not in pairs:
            pairs.setdefault((one, other), numbers)
    return pairs


def _through(topology: Topology, junctions: set[str], report: Report) -> list[Line]:
    """What lines through junctions join; junctions that touch are one."""
    graph = rustworkx.PyGraph(multigraph=True)
    index: dict[str, int] = {}
    for number, span in enumerate(topology.spans):
        if span.a in junctions or span.b in junctions:
            for key in (span.a, span.b):
                if key not in index:
                    index[key] = graph.add_node(key)
            graph.add_edge(index[span.a], index[span.b], number)
    inner = graph.subgraph([index[key] for key in index if key in junctions])
    lines: list[Line] = []
    for part in rustworkx.connected_components(inner):
        nodes = {index[inner[node]] for node in part}
        around = sorted({far for node in nodes for far in graph.neighbors(node)} - nodes)
        if len(around) > MOST_ENDS:
            where = min(topology.spots[graph[node]].where for node in nodes)
            report.faulty(where, f"a junction joins {len(around)} nodes", f"{MOST_ENDS} at most")
            continue
        one_junction = graph.subgraph([*sorted(nodes), *around], preserve_attrs=False)
        lines += _meet(one_junction, [graph[node] for node in around])
    return lines


def _meet(junction: rustworkx.PyGraph[str, int], ends: list[str]) -> list[Line]:
    """Lines between the ends of one junction, each the fewest spans long."""
    at = {junction[node]: node for node in junction.node_indices()}
    outer = {at[end] for end in ends}
    junction.remove_edges_from([(a, b) for a, b in junction.edge_list() if a in outer and b in outer])
    pairs = list(itertools.combinations(ends, 2)) if len(ends) <= MOST_MESHED else [*itertools.pairwise(ends)]
    if len(ends) > MOST_MESHED:
        pairs.append((ends[-1], ends[0]))
    lines = []
    for one, other in pairs:
        path = rustworkx.dijkstra_shortest_paths(junction, at[one], target=at[other])
        nodes = list(path[at[other]])
        numbers = [min(junction.get_all_edge_data(a, b)) for a, b in itertools.pairwise(nodes)]
        lines.append((one, other, numbers))
    return lines


def largest_part(topology: Topology, report: Report) -> None:
    """Leave out routers that have no path to most of the others: a domain is one network."""
    keys = [key for key, box in topology.boxes.items() if box.role is not Role.OPTICAL]
    graph = rustworkx.PyGraph(multigraph=True)
    index = dict(zip(keys, graph.add_nodes_from(keys), strict=True))
    graph.add_edges_from_no_data([(index[wire.a], index[wire.b]) for wire in topology.wires])
    parts = sorted((sorted(part) for part in rustworkx.connected_components(graph)), key=lambda p: (-len(p), p[:1]))
    for part in parts[1:]:
        for node in part:
            box = topology.boxes.pop(graph[node])
            report.leave(box.where, f"the router of '{box.label}' has no path to the {len(parts[0])} of the main part")
    topology.wires = [wire for wire in topology.wires if wire.a in topology.boxes and wire.b in topology.boxes]
