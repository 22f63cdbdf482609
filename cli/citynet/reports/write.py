"""All forms of a scorecard, as files of one folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.files import write_whole
from citynet.reports.html import html
from citynet.reports.junit import junit
from citynet.reports.plain import as_csv, as_json, as_markdown

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.levels.model import Scorecard
    from citynet.levels.text import Language

LANGUAGES: tuple[Language, ...] = ("zh", "en")


def write_all(card: Scorecard, folder: Path, language: Language) -> dict[str, Path]:
    """Write every form; the page in both languages. `html` is the chosen language's."""
    forms = {
        "json": ("scorecard.json", as_json(card)),
        "junit": ("junit.xml", junit(card)),
        "csv": ("scorecard.csv", as_csv(card, language)),
        "markdown": ("scorecard.md", as_markdown(card, language)),
    }
    for each in LANGUAGES:
        forms[f"html-{each}"] = (f"scorecard.{each}.html", html(card, each))
    written = {}
    for kind, (name, text) in forms.items():
        write_whole(folder / name, text)
        written[kind] = folder / name
    written["html"] = written[f"html-{language}"]
    return written
