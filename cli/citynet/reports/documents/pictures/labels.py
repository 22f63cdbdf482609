"""Where labels go: each beside its node, on the side where it covers least."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from citynet.reports.documents.pictures.model import text_width

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.reports.documents.pictures.model import Edge, Node, Picture

SIZE = 12.0
SMALL = 10.0
_CELL = 48.0
_ON_NODE, _ON_LABEL, _ON_LINE, _OUTSIDE = 8.0, 8.0, 1.0, 30.0

Box = tuple[float, float, float, float]


class _Taken:
    """What is drawn already, in cells, so that a look at one spot is a look at few things."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[tuple[Box, float, str]]] = {}

    def add(self, box: Box, weight: float, owner: str = "") -> None:
        for cell in _cells(box):
            self._cells.setdefault(cell, []).append((box, weight, owner))

    def cost(self, box: Box, owner: str = "") -> float:
        """How much of what is there the box would cover."""
        hit: set[tuple[Box, float, str]] = set()
        for cell in _cells(box):
            hit.update(item for item in self._cells.get(cell, ()) if item[2] != owner and _meet(item[0], box))
        return sum(weight for _, weight, _ in hit)


def _cells(box: Box) -> Iterator[tuple[int, int]]:
    for column in range(int(box[0] // _CELL), int(box[2] // _CELL) + 1):
        for row in range(int(box[1] // _CELL), int(box[3] // _CELL) + 1):
            yield column, row


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def place_labels(picture: Picture) -> None:
    """Place the labels of edges, then those of nodes."""
    taken = _Taken()
    for node in picture.nodes.values():
        half = half_width(node) + 2
        taken.add((node.x - half, node.y - node.size - 2, node.x + half, node.y + node.size + 2), _ON_NODE, node.key)
    for number, edge in enumerate(picture.edges):
        for x, y in along(picture, edge):
            taken.add((x - 2, y - 2, x + 2, y + 2), _ON_LINE, f"edge {number}")
    for number, edge in enumerate(picture.edges):
        if edge.label:
            _place_on_edge(picture, edge, taken, f"edge {number}")
    for node in picture.nodes.values():
        if node.label:
            _place_at_node(picture, node, taken)


def half_width(node: Node) -> float:
    """Half the width of a node's shape in pixels."""
    return max(node.size, text_width(node.inside, SIZE) / 2 + 10) if node.shape == "box" else node.size


def along(picture: Picture, edge: Edge) -> list[tuple[float, float]]:
    """Points of an edge, some 14 pixels apart."""
    a, b = picture.nodes[edge.a], picture.nodes[edge.b]
    steps = max(2, int(math.hypot(b.x - a.x, b.y - a.y) // 14))
    return [point(a, b, edge.bend, step / steps) for step in range(1, steps)]


def control(a: Node, b: Node, bend: float) -> tuple[float, float]:
    """The control point of the quadratic curve that bows by `bend` pixels in its middle."""
    length = math.hypot(b.x - a.x, b.y - a.y) or 1.0
    return (a.x + b.x) / 2 - (b.y - a.y) / length * bend * 2, (a.y + b.y) / 2 + (b.x - a.x) / length * bend * 2


def point(a: Node, b: Node, bend: float, share: float) -> tuple[float, float]:
    """The point of an edge at a share of its way."""
    cx, cy = control(a, b, bend)
    back = 1 - share
    return (
        back * back * a.x + 2 * back * share * cx + share * share * b.x,
        back * back * a.y + 2 * back * share * cy + share * share * b.y,
    )


def _place_on_edge(picture: Picture, edge: Edge, taken: _Taken, owner: str) -> None:
    a, b = picture.nodes[edge.a], picture.nodes[edge.b]
    half = text_width(edge.label, SMALL) / 2 + 1
    best = None
    for share in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74):
        x, y = point(a, b, edge.bend, share)
        box = (x - half, y - SMALL * 0.6, x + half, y + SMALL * 0.6)
        cost = taken.cost(box, owner)
        if best is None or cost < best[0]:
            best = (cost, x, y, box)
        if cost == 0:
            break
    assert best is not None
    edge.label_at = (best[1], best[2] + SMALL * 0.35)
    taken.add(best[3], _ON_LABEL)


def _place_at_node(picture: Picture, node: Node, taken: _Taken) -> None:
    wide, high = text_width(node.label, SIZE), SIZE
    side, up = half_width(node) + 4, node.size + 4
    lean = node.size * 0.72 + 3
    spots = (
        (node.x + side, node.y + 4, "start"),
        (node.x - side, node.y + 4, "end"),
        (node.x, node.y - up, "middle"),
        (node.x, node.y + up + high - 2, "middle"),
        (node.x + lean, node.y - lean + 2, "start"),
        (node.x - lean, node.y - lean + 2, "end"),
        (node.x + lean, node.y + lean + 7, "start"),
        (node.x - lean, node.y + lean + 7, "end"),
    )
    best = None
    for x, base, anchor in spots:
        left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[anchor]
        box = (left - 1, base - high + 1, left + wide + 1, base + 3)
        outside = box[0] < 4 or box[2] > picture.width - 4
        cost = taken.cost(box, node.key) + _OUTSIDE * outside
        if best is None or cost < best[0]:
            best = (cost, x, base, anchor, box)
        if cost == 0:
            break
    assert best is not None
    node.label_at, node.anchor = (best[1], best[2]), best[3]
    taken.add(best[4], _ON_LABEL)
