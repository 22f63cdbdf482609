"""A picture as SVG, in one language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.reports.documents.pictures import labels
from citynet.reports.documents.pictures.model import INK, PAPER, SOFT, Edge, Node, text_width
from citynet.reports.documents.pictures.svg import element, number, text, titled
from citynet.reports.documents.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.levels.text import Language
    from citynet.reports.documents.pictures.model import Mark, Picture

FONTS = "'Noto Sans CJK SC','Noto Sans SC','PingFang SC','Microsoft YaHei','Segoe UI',Arial,sans-serif"
_LEGEND_ROW = 24.0


def draw(picture: Picture, language: Language, origin: str) -> str:
    """The SVG document.

    Args:
        picture: With all places decided.
        language: Of title, legend and tooltips.
        origin: A line at the bottom that says what it was made from.
    """
    legend, legend_height = _legend(picture, language)
    height = picture.height + legend_height + 34
    title = picture.title.say(language)
    parts = [
        element("title", {}, [text(title)]),
        element("rect", {"width": picture.width, "height": height, "fill": PAPER}),
        _text(24, 34, title, font_size=19, font_weight="bold"),
        _text(24, 54, " · ".join(note.say(language) for note in picture.notes), fill=SOFT),
        *(_caption(picture, language)),
        element("g", {"fill": "none", "stroke_linecap": "round"}, [_halo(picture, e) for e in picture.edges if e.halo]),
        element("g", {"fill": "none"}, [_edge(picture, edge, language) for edge in picture.edges]),
        element("g", {"stroke_width": 1.6}, [_node(node, language) for node in picture.nodes.values()]),
        *_edge_labels(picture),
        *_node_labels(picture),
        *legend,
        _text(picture.width - 16, height - 10, origin, font_size=10, fill=SOFT, text_anchor="end"),
    ]
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "width": picture.width,
        "height": height,
        "viewBox": f"0 0 {number(picture.width)} {number(height)}",
        "role": "img",
        "font_family": FONTS,
        "font_size": labels.SIZE,
        "fill": INK,
    }
    return element("svg", attributes, [f"\n{part}" for part in parts if part] + ["\n"]) + "\n"


def _text(x: float, y: float, words: str, **look: object) -> str:
    """A text with its look (attributes of SVG); nothing for nothing."""
    return element("text", {"x": x, "y": y, **look}, [text(words)]) if words else ""


def _caption(picture: Picture, language: Language) -> Iterator[str]:
    if picture.caption_at is not None:
        x, y = picture.caption_at
        line = {"x1": x, "y1": y - 16, "x2": picture.width - x, "y2": y - 16, "stroke": "#c5ccd4"}
        yield element("line", dict[str, object](line))
        yield _text(x, y, say("pic_without_place", language), fill=SOFT)


def _path(a: Node, b: Node, bend: float) -> str:
    start, end = f"M{number(a.x)} {number(a.y)}", f"{number(b.x)} {number(b.y)}"
    if not bend:
        return f"{start}L{end}"
    cx, cy = labels.control(a, b, bend)
    return f"{start}Q{number(cx)} {number(cy)} {end}"


def _halo(picture: Picture, edge: Edge) -> str:
    way = _path(picture.nodes[edge.a], picture.nodes[edge.b], edge.bend)
    return element("path", {"d": way, "stroke": edge.halo, "stroke_width": 9, "stroke_opacity": "0.55"})


def _edge(picture: Picture, edge: Edge, language: Language) -> str:
    way = _path(picture.nodes[edge.a], picture.nodes[edge.b], edge.bend)
    return titled("g", edge.tip.say(language), [_stroke(edge, way)])


def _stroke(edge: Edge, way: str) -> str:
    look: dict[str, object] = {"d": way, "stroke": edge.colour, "stroke_width": edge.width}
    return element("path", {**look, "stroke_dasharray": edge.dash})


def _node(node: Node, language: Language) -> str:
    return titled("g", node.tip.say(language), [*_shape(node), _inside(node)])


def _inside(node: Node) -> str:
    if not node.inside:
        return ""
    size = min(12.0, node.size * 1.25)
    return _text(node.x, node.y + size * 0.36, node.inside, font_size=size, fill=node.inside_ink, text_anchor="middle")


def _shape(node: Node) -> Iterator[str]:
    x, y, size = node.x, node.y, node.size
    look: dict[str, object] = {
        "fill": node.fills[0],
        "stroke": node.stroke,
        "stroke_dasharray": "3 2" if node.dashed else "",
    }
    if node.shape == "disc":
        if len(node.fills) > 1:
            ring = {"cx": x, "cy": y, "r": size}
            half = (
                f"M{number(x)} {number(y - size)}A{number(size)} {number(size)} 0 0 1 {number(x)} {number(y + size)}Z"
            )
            yield element("circle", {**ring, **look})
            yield element("path", {"d": half, "fill": node.fills[1]})
            core: dict[str, object] = {"cx": x, "cy": y, "r": size * 0.62, "fill": PAPER}
            yield element("circle", core)
        else:
            yield element("circle", {"cx": x, "cy": y, "r": size, **look})
    elif node.shape == "diamond":
        corners = ((x, y - size), (x + size, y), (x, y + size), (x - size, y))
        yield element("polygon", {"points": " ".join(f"{number(a)},{number(b)}" for a, b in corners), **look})
    else:
        side = labels.half_width(node)
        box = {"x": x - side, "y": y - size, "width": 2 * side, "height": 2 * size}
        yield element("rect", {**box, "rx": 6 if node.shape == "box" else 1.5, **look})


def _edge_labels(picture: Picture) -> Iterator[str]:
    look = {"font_size": labels.SMALL, "text_anchor": "middle", "stroke": PAPER, "stroke_width": 5}
    found = [_text(edge.label_at[0], edge.label_at[1], edge.label) for edge in picture.edges if edge.label]
    if found:
        yield element("g", {**look, "paint_order": "stroke", "fill": "#3d4854"}, found)


def _node_labels(picture: Picture) -> Iterator[str]:
    look = {"stroke": PAPER, "stroke_width": 3, "paint_order": "stroke", "stroke_linejoin": "round"}
    found = [
        _text(node.label_at[0], node.label_at[1], node.label, text_anchor="" if node.anchor == "start" else node.anchor)
        for node in picture.nodes.values()
        if node.label
    ]
    if found:
        yield element("g", dict(look), found)


def _legend(picture: Picture, language: Language) -> tuple[list[str], float]:
    """The legend below the picture, and its height."""
    x, y = 24.0, picture.height + 26
    parts = [element("line", {"x1": 24, "y1": y - 18, "x2": picture.width - 24, "y2": y - 18, "stroke": "#c5ccd4"})]
    for mark in picture.legend:
        words = mark.text.say(language)
        wide = 44 + text_width(words, 12) + 26
        if x > 24 and x + wide > picture.width - 24:
            x, y = 24.0, y + _LEGEND_ROW
        parts += _sample(mark, x, y)
        parts.append(_text(x + 44, y + 4, words))
        x += wide
    return parts, y - picture.height + 10


def _sample(mark: Mark, x: float, y: float) -> Iterator[str]:
    if mark.node is not None:
        mark.node.x, mark.node.y = x + 20, y
        yield element("g", {"stroke_width": 1.6}, [*_shape(mark.node), _inside(mark.node)])
    if mark.edge is not None:
        way = f"M{number(x + 3)} {number(y)}L{number(x + 37)} {number(y)}"
        if mark.edge.halo:
            halo: dict[str, object] = {"d": way, "stroke": mark.edge.halo, "stroke_width": 9}
            yield element("path", {**halo, "stroke_opacity": "0.55", "fill": "none"})
        yield element("g", {"fill": "none"}, [_stroke(mark.edge, way)])
