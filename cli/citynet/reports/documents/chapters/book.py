"""What all chapters need: the atlas, the language, and how to refer to things."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.levels.features import LEVEL_TITLES
from citynet.reports.documents.markdown import Ready, code, escape, link, way
from citynet.reports.documents.pages import Chapter
from citynet.reports.documents.words import CHAPTERS, kind, say

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.levels.text import Language, Text
    from citynet.plan.model import PlannedDomain
    from citynet.reports.documents.atlas import Atlas
    from citynet.reports.documents.pages import Section

SHOWN = 40
"""Longer lists in one cell are cut."""


@dataclass(slots=True)
class Book:
    """The documents in one language."""

    atlas: Atlas
    language: Language

    def say(self, name: str, **values: object) -> str:
        """A word or sentence."""
        return say(name, self.language, **values)

    def kind(self, words: dict[str, Text], key: str) -> str:
        """The word of a role, kind or class."""
        return kind(words, key, self.language)

    def columns(self, *names: str) -> list[str]:
        """Headings of a table."""
        return [self.say(f"col_{name}") for name in names]

    def chapter(self, name: str, sections: list[Section]) -> Chapter:
        """A chapter of the contents page."""
        return Chapter(name, CHAPTERS[name].say(self.language), sections, "README", self.say("home"))

    def named(self, name: str, title: str) -> Ready:
        """A name with what people call it."""
        return Ready(f"{code(name)} {escape(title)}") if title else code(name)

    def domain(self, name: str) -> Ready:
        """A domain with its title."""
        domain = self.atlas.plan.domains.get(name)
        return self.named(name, domain.title if domain else "") if name else Ready("–")

    def level(self, domain: PlannedDomain) -> Ready:
        """A domain's target level with its word."""
        words = {level.value: title for level, title in LEVEL_TITLES.items()}
        return Ready(f"{escape(domain.level)} {escape(kind(words, domain.level, self.language))}")

    def device(self, page: str, name: str) -> Ready:
        """A device, linked to its sheet; a host as it is."""
        sheet = self.atlas.sheets.get(name)
        return link(name, way(page, sheet)) if sheet else code(name)

    def service(self, page: str, name: str) -> Ready:
        """A service, linked to its chapter."""
        if name not in self.atlas.plan.services:
            return code(name)
        return link(name, way(page, f"{self.atlas.service_path(name)}.md"))

    def some(self, texts: Iterable[str]) -> Ready:
        """Identifiers or addresses, cut when they are very many."""
        every = list(texts)
        shown = " ".join(code(text) for text in every[:SHOWN])
        if len(every) > SHOWN:
            shown += " " + escape(self.say("more", count=len(every) - SHOWN))
        return Ready(shown)


def measure(value: float | None) -> str:
    """A length, loss or delay without needless zeros; a dash for what nobody knows."""
    return "–" if value is None else f"{value:g}"
