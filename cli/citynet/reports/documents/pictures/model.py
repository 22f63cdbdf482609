"""What a picture is before it becomes SVG: nodes and edges in pixels, in no language."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from citynet.levels.text import Text

INK = "#16202c"
SOFT = "#55606d"
LINE = "#6b7683"
PAPER = "#ffffff"
NEUTRAL = "#e3e7ec"

# Okabe and Ito's colours for all kinds of colour vision. The domains' two differ in lightness too (for grey prints),
# and wherever both are shown, in shape or dash.
DOMAIN_FILL = {"government": "#0072b2", "cross": "#f0b545"}
DOMAIN_INK = {"government": "#ffffff", "cross": "#16202c"}
DOMAIN_STROKE = {"government": "#00507d", "cross": "#8f5b00"}
HALOS = ("#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#f0e442", "#d55e00", "#0072b2", "#999999")
GUARD = "#a8321a"


@dataclass(slots=True)
class Node:
    """Something with a place.

    Attributes:
        key: Its name.
        label: What stands beside it.
        size: Half its height, in pixels.
        shape: disc, square, diamond or box (rounded, as wide as its `inside`).
        fills: One colour, or two for halves.
        inside: A few letters in it.
        tip: What a reader gets on pointing at it.
        latlon: Where it is, in degrees, or None.
        label_at: Left end and base line of the label, once placed.
        anchor: start, middle or end.
    """

    key: str
    label: str
    tip: Text
    size: float = 9
    shape: str = "disc"
    fills: tuple[str, ...] = (NEUTRAL,)
    stroke: str = INK
    inside: str = ""
    inside_ink: str = INK
    dashed: bool = False
    latlon: tuple[float, float] | None = None
    x: float = 0
    y: float = 0
    label_at: tuple[float, float] = (0, 0)
    anchor: str = "start"


@dataclass(slots=True)
class Edge:
    """Something between two nodes. `halo` is a wide colour beneath it; `bend` bows it sideways, in pixels."""

    a: str
    b: str
    tip: Text
    label: str = ""
    colour: str = LINE
    width: float = 1.6
    dash: str = ""
    halo: str = ""
    bend: float = 0
    label_at: tuple[float, float] = (0, 0)


@dataclass(slots=True)
class Mark:
    """One entry of a legend: a sample (a node or an edge) and its meaning."""

    text: Text
    node: Node | None = None
    edge: Edge | None = None


@dataclass(slots=True)
class Picture:
    """All of it. `notes` stand under the title."""

    title: Text
    nodes: dict[str, Node]
    edges: list[Edge]
    legend: list[Mark] = field(default_factory=list)
    notes: Sequence[Text] = ()
    caption_at: tuple[float, float] | None = None
    width: float = 0
    height: float = 0


def text_width(text: str, size: float) -> float:
    """About how wide a text is in pixels: an em for Chinese, 0.57 em for the rest."""
    return sum(size if ord(letter) > 0x2E7F else 0.57 * size for letter in text)


def clipped(text: str, ems: float) -> str:
    """The text, cut with an ellipsis where it is wider than so many ems."""
    if text_width(text, 1) <= ems:
        return text
    while text and text_width(text, 1) > ems - 1:
        text = text[:-1]
    return text.rstrip() + "…"
