"""The spectrum chart: a row for each fibre, a bar for each lit path at its place in the band."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.plan.model.optical import ANCHOR_THZ, SLOT_GHZ
from citynet.reports.documents.pictures.draw import FONTS
from citynet.reports.documents.pictures.model import DOMAIN_FILL, DOMAIN_STROKE, INK, NEUTRAL, PAPER, SOFT
from citynet.reports.documents.pictures.svg import element, number, text, titled
from citynet.reports.documents.words import say

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.levels.text import Language
    from citynet.plan.model import LitPath, OpticalPlan, Plan

LEFT, TOP, RIGHT, ROW, WIDE = 190.0, 92.0, 24.0, 13.0, 960.0
MOST_ROWS = 400
"""Of more fibres those are drawn that carry most; a taller picture nobody scrolls through."""
TICK_THZ = 0.5
LOOKS = {"working": 1.0, "protection": 0.5, "restoration": 0.0}
"""How filled the bars of each role are; restoration is an outline, since nothing is lit there."""
NAME = 26
"""Letters of a fibre's name that fit before its row."""


def spectrum_chart(plan: Plan, language: Language, origin: str) -> str:
    """The SVG document; the plan must have an optical base."""
    optical = plan.optical
    if optical is None:
        raise ValueError("a city without an optical base has no spectrum")
    on = paths_on(optical)
    rows = _rows(optical, on)
    height = TOP + len(rows) * ROW + 78
    width = LEFT + WIDE + RIGHT
    title = say("spectrum", language)
    parts = [
        element("title", {}, [text(title)]),
        element("rect", {"width": width, "height": height, "fill": PAPER}),
        _text(24, 34, title, font_size=19, font_weight="bold"),
        _text(24, 54, _figures(optical, len(rows), language), fill=SOFT),
        *_axis(optical, TOP + len(rows) * ROW),
        *(part for place, fibre in enumerate(rows) for part in _row(optical, fibre, on[fibre], TOP + place * ROW)),
        *_legend(plan, TOP + len(rows) * ROW + 34, language),
        _text(width - 16, height - 10, origin, font_size=10, fill=SOFT, text_anchor="end"),
    ]
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "width": width,
        "height": height,
        "viewBox": f"0 0 {number(width)} {number(height)}",
        "role": "img",
        "font_family": FONTS,
        "font_size": 12,
        "fill": INK,
    }
    return element("svg", attributes, [f"\n{part}" for part in parts if part] + ["\n"]) + "\n"


def paths_on(optical: OpticalPlan) -> dict[str, list[LitPath]]:
    """The lit paths on each fibre, by frequency."""
    found: dict[str, list[LitPath]] = {name: [] for name in optical.fibres}
    for path in sorted(optical.lit_paths.values(), key=lambda path: (path.first_slot, path.name)):
        for fibre in path.fibres:
            found[fibre].append(path)
    return found


def _rows(optical: OpticalPlan, on: dict[str, list[LitPath]]) -> list[str]:
    """All fibres in the design's order, or of very many those that carry most."""
    if len(optical.fibres) <= MOST_ROWS:
        return list(optical.fibres)
    return sorted(optical.fibres, key=lambda name: (-sum(path.slots for path in on[name]), name))[:MOST_ROWS]


def _figures(optical: OpticalPlan, rows: int, language: Language) -> str:
    use = optical.spectrum
    told = say(
        "spectrum_use",
        language,
        highest=use.highest_used,
        slots=use.slots,
        bound=use.lower_bound,
        fibre=use.fullest_fibre or "–",
    )
    left = len(optical.fibres) - rows
    return told + (" · " + say("spectrum_left", language, count=left) if left else "")


def _at(optical: OpticalPlan, slot: float) -> float:
    return LEFT + (slot - optical.spectrum.first_slot) / optical.spectrum.slots * WIDE


def _axis(optical: OpticalPlan, bottom: float) -> Iterator[str]:
    """Frequencies above, with a line down through all rows."""
    first, count = optical.spectrum.first_slot, optical.spectrum.slots
    step = round(TICK_THZ * 1000 / SLOT_GHZ)
    for slot in range(-(-first // step) * step, first + count + 1, step):
        x = _at(optical, slot)
        yield element("line", {"x1": x, "y1": TOP - 6, "x2": x, "y2": bottom, "stroke": "#d5dae0"})
        yield _text(x, TOP - 10, f"{ANCHOR_THZ + slot * SLOT_GHZ / 1000:.1f}", font_size=11, text_anchor="middle")
    yield _text(LEFT + WIDE, TOP - 24, "THz", font_size=11, fill=SOFT, text_anchor="end")


def _row(optical: OpticalPlan, fibre: str, paths: list[LitPath], y: float) -> Iterator[str]:
    shown = fibre if len(fibre) <= NAME else fibre[: NAME - 1] + "…"
    yield titled("g", fibre, [_text(LEFT - 8, y + ROW - 4, shown, font_size=10, text_anchor="end")])
    yield element("rect", {"x": LEFT, "y": y + 1, "width": WIDE, "height": ROW - 2, "fill": "#f3f5f7"})
    for path in paths:
        yield titled("g", _told(path), [_bar(path, _at(optical, path.first_slot), _width(optical, path), y)])


def _width(optical: OpticalPlan, path: LitPath) -> float:
    return path.slots / optical.spectrum.slots * WIDE


def _bar(path: LitPath, x: float, width: float, y: float) -> str:
    fill, stroke = DOMAIN_FILL.get(path.domain, NEUTRAL), DOMAIN_STROKE.get(path.domain, INK)
    look: dict[str, object] = {"fill": fill, "fill_opacity": f"{LOOKS[path.role]:g}", "stroke": stroke}
    dash = "3 2" if path.role == "restoration" else ""
    box: dict[str, object] = {"x": x + 0.4, "y": y + 1.5, "width": max(width - 0.8, 0.6), "height": ROW - 3}
    return element("rect", {**box, **look, "stroke_width": "0.7", "stroke_dasharray": dash})


def _told(path: LitPath) -> str:
    return (
        f"{path.name} · {path.frequency_thz:.5f} THz · {path.slots * SLOT_GHZ:g} GHz · {path.transceiver} {path.mode} "
        f"· {path.a} – {path.b} · {path.length_km:g} km · GSNR {path.gsnr_db:g} dB (+{path.margin_db:g})"
    )


def _legend(plan: Plan, y: float, language: Language) -> Iterator[str]:
    x = 24.0
    for name, domain in plan.domains.items():
        for role, opacity in LOOKS.items():
            box: dict[str, object] = {
                "x": x,
                "y": y - 9,
                "width": 22,
                "height": 10,
                "fill": DOMAIN_FILL.get(name, NEUTRAL),
            }
            look = {"fill_opacity": f"{opacity:g}", "stroke": DOMAIN_STROKE.get(name, INK)}
            yield element("rect", {**box, **look, "stroke_dasharray": "3 2" if role == "restoration" else ""})
            words = f"{domain.title or name} · {say(f'light_{role}', language)}"
            yield _text(x + 28, y, words)
            x += 40 + sum(12 if ord(letter) > 0x2E7F else 6.9 for letter in words)
            if x > LEFT + WIDE - 150:
                x, y = 24.0, y + 20


def _text(x: float, y: float, words: str, **look: object) -> str:
    return element("text", {"x": x, "y": y, **look}, [text(words)]) if words else ""
