"""Any label → a name that a design accepts, and that nothing else has."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 40
"""What NAME_PATTERN of `design.types` allows."""
_OTHER = re.compile(r"[^a-z0-9]+")
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h", "ŧ": "t"}
)
"""Letters that Unicode does not take apart into a plain one and a mark (NFKD)."""


def folded(label: str) -> str:
    """`label` in lower-case ASCII letters and digits with '-' between words; empty when it has none."""
    plain = unicodedata.normalize("NFKD", label.lower().translate(_LETTERS))
    return _OTHER.sub("-", plain.encode("ascii", "ignore").decode().lower()).strip("-")


class Namer:
    """Gives out names that are valid and unique; the same labels in the same order get the same names.

    Args:
        stem: What a name begins with when its label gives none, or begins with a digit.
        limit: Longest name.
        taken: Names that are not to be given.
    """

    def __init__(self, stem: str, limit: int = LONGEST, taken: Iterable[str] = ()) -> None:
        self._stem, self._limit, self._taken = stem, limit, set(taken)
        self._next: dict[str, int] = {}

    def name(self, label: str) -> str:
        """A new name for a thing with this label."""
        base = folded(label)
        if base and not base[0].isalpha():
            base = f"{self._stem}-{base}"
        base = base[: self._limit].rstrip("-")
        if base and base not in self._taken:
            return self._given(base)
        return self._numbered(base or self._stem, first=2 if base else 1)

    def _numbered(self, base: str, first: int) -> str:
        number = self._next.get(base, first)
        while True:
            end = f"-{number}"
            name = base[: self._limit - len(end)].rstrip("-") + end
            number += 1
            if name not in self._taken:
                self._next[base] = number
                return self._given(name)

    def _given(self, name: str) -> str:
        self._taken.add(name)
        return name


def title(text: str, limit: int = 120) -> str:
    """`text` as a title: one line, nothing invisible."""
    shown = "".join(sign if unicodedata.category(sign)[0] not in "CZ" else " " for sign in text)
    return " ".join(shown.split())[:limit].rstrip()
