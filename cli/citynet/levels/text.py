"""Sentences in both languages of a scorecard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True)
class Text:
    """The same sentence in English and Chinese; names and numbers are the same in both."""

    en: str
    zh: str = ""

    def __str__(self) -> str:
        """The English sentence."""
        return self.en

    def say(self, language: Language) -> str:
        """The sentence in one language; English where there is no Chinese one."""
        return self.zh or self.en if language == "zh" else self.en


def t(en: str, zh: str = "") -> Text:
    """Short for `Text`."""
    return Text(en, zh)
