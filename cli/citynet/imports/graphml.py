"""GraphML as the Internet Topology Zoo publishes it, or draws it in yEd → a topology."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.imports import graphml_reader, measures
from citynet.imports.report import Report, Where
from citynet.imports.topology import Span, Spot, Topology

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.imports.graphml_reader import Element

_YES, _NO = {"1", "1.0", "true"}, {"0", "0.0", "false"}


def read(files: list[Path], report: Report) -> Topology | None:
    """Read one GraphML file; None when that cannot be, which the report then tells."""
    if len(files) != 1:
        report.wrong(Where(str(files[1])), "is one file too many", "one GraphML file")
        return None
    graph = graphml_reader.read(files[0], report)
    if graph is None:
        return None
    file = files[0]
    about = graph.of("graph")[0]
    topology = Topology(file.stem, about.get("network", "label"))
    ends = {end for edge in graph.of("edge", "hyperedge") for end in edge.ends}
    external = _spots(topology, graph.of("node"), ends, str(file), report)
    directed = about.attributes.get("edgedefault") == "directed"
    _Edges(topology, external, str(file), report, directed=directed).add(graph.of("edge", "hyperedge"))
    if not topology.spots:
        report.wrong(Where(str(file)), "holds no nodes that can be taken over", "nodes of the network itself")
    return topology


def _spots(topology: Topology, nodes: list[Element], ends: set[str], file: str, report: Report) -> set[str]:
    """Take the nodes over; returns the keys of those that were left out on purpose."""
    external = set()
    lines: dict[str, int] = {}
    for node in nodes:
        key, where = node.attributes.get("id", ""), Where(file, node.line)
        label = node.get("label", "nodelabel", "geocode_name") or key
        if not key:
            report.faulty(where, "a node has no 'id'", "an id for each node")
        elif key in lines:
            report.faulty(where, f"node '{key}' stands twice", "each id once", f"first in line {lines[key]}")
        elif node.get("internal").lower() in _NO:
            report.leave(where, f"node '{label}' is external (Internal = {node.get('internal')})")
            external.add(key)
        elif node.has_graph and key not in ends:
            report.leave(where, f"node '{label}' only groups others")
            external.add(key)
        else:
            place = measures.place(
                node.data.get("latitude"), node.data.get("longitude"), f"node '{label}'", where, report
            )
            junction = node.get("hyperedge").lower() in _YES
            if junction and label in {"None", key}:
                label = "junction"
            topology.spots[key] = Spot(key, label, where, place, junction)
        lines.setdefault(key, node.line)
    return external


class _Edges:
    """Turns edges into spans."""

    def __init__(self, topology: Topology, external: set[str], file: str, report: Report, *, directed: bool) -> None:
        self.topology, self.external, self.file, self.report = topology, external, file, report
        self.directed = directed
        self.seen: dict[tuple[str, str], tuple[Span, bool]] = {}

    def add(self, edges: list[Element]) -> None:
        """Take all edges over."""
        for edge in edges:
            if edge.kind == "hyperedge":
                self.hyperedge(edge)
            else:
                self.edge(edge)

    def edge(self, edge: Element) -> None:
        """An edge becomes a span, unless one of its ends is missing or it joins what is joined already."""
        where = Where(self.file, edge.line)
        if not self.leads(edge.ends, "an edge", where):
            return
        one, other = edge.ends
        if one == other:
            self.report.faulty(where, f"an edge joins node '{one}' to itself", "two nodes")
            return
        said = edge.get("linklabel", "label", "edgelabel") or f"{edge.get('linkspeed')} {edge.get('linkspeedunits')}"
        speed = measures.speed_gbps(edge.data.get("linkspeedraw"), said)
        span = Span(one, other, where, rate_gbps=speed)
        first, reversed_too = self.seen.setdefault(span.ends, (span, False))
        if first is span:
            self.topology.spans.append(span)
            return
        if self.directed and first.a == other and not reversed_too:
            self.seen[span.ends] = (first, True)  # the other direction of the same
        else:
            self.report.leave(where, f"an edge joins '{one}' and '{other}' again, as in line {first.where.line}")
        first.rate_gbps = max((rate for rate in (first.rate_gbps, speed) if rate is not None), default=None)

    def hyperedge(self, edge: Element) -> None:
        """A hyperedge becomes a junction with a span to each of its ends."""
        where = Where(self.file, edge.line)
        if not self.leads(edge.ends, "a hyperedge", where):
            return
        key = f"\nhyperedge {len(self.topology.spots)}"  # no id of a node holds a line break
        label = edge.get("label", "linklabel") or edge.attributes.get("id") or "junction"
        self.topology.spots[key] = Spot(key, label, where, junction=True)
        self.topology.spans += [Span(key, end, where) for end in dict.fromkeys(edge.ends)]

    def leads(self, ends: list[str], what: str, where: Where) -> bool:
        """Whether all ends are taken over; an end that is none is a fault, an external one is not."""
        missing = [end for end in ends if end not in self.topology.spots and end not in self.external]
        for end in missing:
            said = f"{what} leads to '{end}', which is no node" if end else f"{what} names no node at one end"
            self.report.faulty(where, said, "the id of a node")
        gone = [end for end in ends if end in self.external]
        if gone and not missing:
            self.report.leave(where, f"{what} leads to '{gone[0]}', which is left out")
        return bool(ends) and not missing and not gone
