"""Paths: is there one, and what takes it away?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import rustworkx

from citynet.design.links import all_links
from citynet.design.rules.registry import rule, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.errors import Problem


@rule("domain-path", "sites", "devices", "links", "rings", "meshes", "stars")
def domain_path(design: Design) -> Iterator[Problem]:
    """Any two sites of a domain have a path between them inside the domain.

    What cannot be reached inside the domain cannot be reached: the other domain is no way round.
    """
    city = design.city
    for domain in city.domains:
        names = [name for name, device in city.devices.items() if device.domain == domain and device.site in city.sites]
        parts = _components(names, [(joined.a, joined.b) for joined in all_links(city)])
        if len(parts) > 1:
            main = max(parts, key=len)
            for part in parts:
                if part is not main:
                    device = min(part)
                    yield design.source.problem(
                        ("devices", device),
                        f"domain {domain} has no path between site '{city.devices[device].site}' ({device}) "
                        f"and site '{city.devices[min(main)].site}' ({min(main)})",
                        "one connected network per domain",
                    )


@rule("fibre-path", "sites", "fibres", "devices", "links", "rings", "meshes", "stars")
def fibre_path(design: Design) -> Iterator[Problem]:
    """A link between two sites rides fibres that join them.

    Without `fibres` it takes the shortest way by length; then there must be one.
    """
    city = design.city
    graph = [(f.between[0], f.between[1]) for f in city.fibres.values()]
    part_of = {site: number for number, part in enumerate(_components(list(city.sites), graph)) for site in part}
    for joined in all_links(city):
        loc, one, other, fibres = joined.loc, joined.a, joined.b, joined.fibres
        if one not in city.devices or other not in city.devices:
            continue
        a, b = city.devices[one].site, city.devices[other].site
        if a not in part_of or b not in part_of:
            continue
        if part_of[a] != part_of[b]:
            yield design.source.problem(
                loc,
                f"no fibre leads from site '{a}' to site '{b}' for the link {one} - {other}",
                "fibres between the sites",
            )
        elif fibres and all(f in city.fibres for f in fibres) and not _joins(design, fibres, a, b):
            yield design.source.problem(
                (*loc, "fibres"),
                f"the fibres of the link {one} - {other} do not join '{a}' and '{b}'",
                "fibres in order, end to end",
            )


def _joins(design: Design, fibres: list[str], start: str, end: str) -> bool:
    here = start
    for name in fibres:
        ends = design.city.fibres[name].between
        if here not in ends:
            return False
        here = ends[1] if here == ends[0] else ends[0]
    return here == end


@warning("single-device", "sites", "devices", "links", "rings", "meshes", "stars")
def single_device(design: Design) -> Iterator[Problem]:
    """No single device holds a domain together.

    Every level asks that any two sites survive the loss of any one device (report, table 3-2, reliability and
    resilience; the level checks measure it). Give what hangs on the device a second way around it.
    """
    for domain, graph in _domains(design):
        for node in sorted(rustworkx.articulation_points(graph), key=lambda node: str(graph[node])):
            name = graph[node]
            yield design.source.problem(
                ("devices", name),
                f"without '{name}' domain {domain} falls apart",
                "a way around every device",
                "link what hangs on it to a second device",
            )


@warning("single-link", "sites", "devices", "links", "rings", "meshes", "stars")
def single_link(design: Design) -> Iterator[Problem]:
    """No single link holds a domain together.

    Every level asks that any two sites survive the loss of any one link (report, table 3-2, reliability and resilience;
    the level checks measure it). Give one side of the link a second way.
    """
    places = {frozenset((joined.a, joined.b)): joined.loc for joined in all_links(design.city)}
    for domain, graph in _domains(design):
        for ends in sorted(tuple(sorted(graph[node] for node in bridge)) for bridge in rustworkx.bridges(graph)):
            yield design.source.problem(
                places[frozenset(ends)],
                f"without the link {ends[0]} - {ends[1]} domain {domain} falls apart",
                "a way around every link",
                "a second link from one side to the other",
            )


def _domains(design: Design) -> Iterator[tuple[str, rustworkx.PyGraph[str, None]]]:
    """The devices and links of each domain."""
    joined = [(link.a, link.b) for link in all_links(design.city)]
    for domain in design.city.domains:
        names = [name for name, device in design.city.devices.items() if device.domain == domain]
        yield domain, _graph(names, joined)


def _graph(names: list[str], edges: list[tuple[str, str]]) -> rustworkx.PyGraph[str, None]:
    graph: rustworkx.PyGraph[str, None] = rustworkx.PyGraph(multigraph=False)
    index = dict(zip(names, graph.add_nodes_from(names), strict=True))
    graph.add_edges_from_no_data([(index[a], index[b]) for a, b in edges if a in index and b in index and a != b])
    return graph


def _components(names: list[str], edges: list[tuple[str, str]]) -> list[set[str]]:
    graph = _graph(names, edges)
    return [{graph[node] for node in part} for part in rustworkx.connected_components(graph)]
