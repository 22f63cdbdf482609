"""Where nodes go: as on a map when they have coordinates, by rustworkx's layouts when not. The same every time."""

from __future__ import annotations

import math
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

import rustworkx

if TYPE_CHECKING:
    from collections.abc import Sequence

    from citynet.reports.documents.pictures.model import Node, Picture

SEED = 20260101
"""Any fixed number: the spring layout starts from it."""
MARGIN = 90.0
TOP = 70.0
ROW = 64.0
MANY = 100
"""Kamada-Kawai costs n³; beyond so many nodes the spring layout serves."""


def lay_out(picture: Picture) -> None:
    """Give every node of a picture its place, and the picture its size (without the legend)."""
    nodes = list(picture.nodes.values())
    placed = [node for node in nodes if node.latlon is not None]
    rest = [node for node in nodes if node.latlon is None]
    spot = 96.0 if len(nodes) <= 60 else 74.0
    width = min(max(940.0, spot * math.sqrt(len(nodes)) * 1.9), 2600.0)
    if placed:
        height = _by_place(placed, width)
        _apart(placed, spot * 0.62, (MARGIN, TOP + 20, width - MARGIN, height - 20))
        if rest:
            picture.caption_at = (MARGIN / 2, height + 14)
            height = _in_rows(rest, width, height + 40)
    else:
        height = max(420.0, width * 0.62)
        if len(nodes) == 1:
            nodes[0].x, nodes[0].y = width / 2, height / 2
        else:
            _by_links(picture, nodes, width, height)
            _apart(nodes, spot * 0.62, (MARGIN, TOP + 20, width - MARGIN, height - 20))
    picture.width, picture.height = width, height
    _round_others(picture)


def flat(latlon: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Coordinates as kilometres east and south of their middle (equirectangular; a city is small)."""
    middle = ((min(lat for lat, _ in latlon) + max(lat for lat, _ in latlon)) / 2, _middle_lon(latlon))
    shrink = math.cos(math.radians(middle[0]))
    return [(_turn(lon - middle[1]) * 111.32 * shrink, (middle[0] - lat) * 110.57) for lat, lon in latlon]


def _turn(degrees: float) -> float:
    """The same angle between -180 and 180."""
    return (degrees + 180) % 360 - 180


def _middle_lon(latlon: Sequence[tuple[float, float]]) -> float:
    """The middle of the longitudes, on the side of the earth where they are: the widest gap lies outside."""
    found = sorted({lon % 360 for _, lon in latlon})
    gaps = [(after - before, before) for before, after in pairwise([*found, found[0] + 360])]
    gap, before = max(gaps)
    return _turn(before + gap + (360 - gap) / 2)


def _by_place(nodes: list[Node], width: float) -> float:
    """As on a map, with the crowded middle spread: the median node comes to half of the radius. Returns the height."""
    points = flat([node.latlon for node in nodes if node.latlon is not None])
    centre = (median(x for x, _ in points), median(y for _, y in points))
    polar = [(math.hypot(x - centre[0], y - centre[1]), math.atan2(y - centre[1], x - centre[0])) for x, y in points]
    far = max(radius for radius, _ in polar) or 1.0
    typical = median(radius for radius, _ in polar) / far
    power = min(1.0, max(0.4, math.log(0.5) / math.log(typical))) if 0 < typical < 0.5 else 1.0
    spread = [((r / far) ** power * math.cos(angle), (r / far) ** power * math.sin(angle)) for r, angle in polar]
    left, right = min(x for x, _ in spread), max(x for x, _ in spread)
    top, bottom = min(y for _, y in spread), max(y for _, y in spread)
    aspect = min(0.85, max(0.5, (bottom - top) / (right - left) if right > left else 0.5))
    height = TOP + (width - 2 * MARGIN) * aspect + 60
    for node, (x, y) in zip(nodes, spread, strict=True):
        node.x = MARGIN + _share(x, left, right) * (width - 2 * MARGIN)
        node.y = TOP + 30 + _share(y, top, bottom) * (height - TOP - 60)
    return height


def _share(value: float, low: float, high: float) -> float:
    return (value - low) / (high - low) if high > low else 0.5


def _by_links(picture: Picture, nodes: list[Node], width: float, height: float) -> None:
    graph = rustworkx.PyGraph(multigraph=False)
    index = dict(zip((node.key for node in nodes), graph.add_nodes_from([node.key for node in nodes]), strict=True))
    graph.add_edges_from([(index[edge.a], index[edge.b], 1.0) for edge in picture.edges if edge.a != edge.b])
    if len(nodes) <= MANY and rustworkx.is_connected(graph):
        found = rustworkx.kamada_kawai_layout(graph)
    else:
        found = rustworkx.spring_layout(graph, seed=SEED, num_iter=200, k=1.6 / math.sqrt(len(nodes)))
    points = [found[index[node.key]] for node in nodes]
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    top, bottom = min(y for _, y in points), max(y for _, y in points)
    used = min(1.0, 0.3 + 0.1 * len(nodes))  # two or three nodes need not be in far corners
    for node, (x, y) in zip(nodes, points, strict=True):
        node.x = round(width / 2 + (_share(x, left, right) - 0.5) * used * (width - 2 * MARGIN), 3)
        node.y = round(TOP + (height - TOP) / 2 + (_share(y, top, bottom) - 0.5) * used * (height - TOP - 60), 3)


def _in_rows(nodes: list[Node], width: float, top: float) -> float:
    """Side by side below the rest; returns the height with them."""
    step = 150.0
    columns = max(1, int((width - MARGIN) // step))
    for number, node in enumerate(nodes):
        node.x = MARGIN / 2 + step / 4 + number % columns * step
        node.y = top + number // columns * ROW
    return top + (len(nodes) - 1) // columns * ROW + 40


def _apart(nodes: list[Node], gap: float, box: tuple[float, float, float, float]) -> None:
    """Push near ones apart until each pair has `gap` pixels between, or it has been tried long enough."""
    for _ in range(120):
        if not _push(nodes, gap, box):
            return


def _push(nodes: list[Node], gap: float, box: tuple[float, float, float, float]) -> bool:
    cells: dict[tuple[int, int], list[int]] = {}
    for number, node in enumerate(nodes):
        cells.setdefault((int(node.x // gap), int(node.y // gap)), []).append(number)
    moved = False
    for number, node in enumerate(nodes):
        column, row = int(node.x // gap), int(node.y // gap)
        near = [
            other
            for dx in (-1, 0, 1)
            for dy in (-1, 0, 1)
            for other in cells.get((column + dx, row + dy), ())
            if other > number
        ]
        for other in near:
            moved |= _push_pair(node, nodes[other], gap, number)
    for node in nodes:
        node.x = round(min(max(node.x, box[0]), box[2]), 3)
        node.y = round(min(max(node.y, box[1]), box[3]), 3)
    return moved


def _push_pair(one: Node, other: Node, gap: float, number: int) -> bool:
    dx, dy = other.x - one.x, other.y - one.y
    distance = math.hypot(dx, dy)
    if distance >= gap - 0.5:
        return False
    if distance < 0.01:  # on one spot: any way out does, but always the same
        dx, dy, distance = math.cos(number * 2.4), math.sin(number * 2.4), 1.0
        short = gap / 2
    else:
        short = (gap - distance) / 2
    one.x, one.y = one.x - dx / distance * short, one.y - dy / distance * short
    other.x, other.y = other.x + dx / distance * short, other.y + dy / distance * short
    return True


def _round_others(picture: Picture) -> None:
    """Bow the edges that would run through a node they do not belong to."""
    for edge in picture.edges:
        a, b = picture.nodes[edge.a], picture.nodes[edge.b]
        length = math.hypot(b.x - a.x, b.y - a.y)
        if edge.bend or not length:
            continue
        for node in picture.nodes.values():
            along = ((node.x - a.x) * (b.x - a.x) + (node.y - a.y) * (b.y - a.y)) / length
            beside = ((b.x - a.x) * (node.y - a.y) - (b.y - a.y) * (node.x - a.x)) / length
            if node.size < along < length - node.size and abs(beside) < node.size + 3:
                edge.bend = (-1.0 if beside >= 0 else 1.0) * (node.size * 2 + 8 - abs(beside))
                break
