"""Ranges in names: `gov-agg[01-13]` stands for gov-agg01 … gov-agg13.

Leading zeros of the first number set the width. One range a name; several texts of one stanza count in step.
"""

from __future__ import annotations

import re

_RANGE = re.compile(r"\[(\d{1,5})-(\d{1,5})\]")
LIMIT = 10_000
"""Longest range accepted: a city has some 10,000 devices, a slip of the finger has more."""


class RangeError(ValueError):
    """The range runs backwards, is too long, or stands twice in one name."""


def span(text: str) -> int:
    """How many names `text` stands for; 0 when it has no range.

    Raises:
        RangeError: The range cannot be expanded.
    """
    if "[" not in text:
        return 0
    found = _RANGE.findall(text)
    if not found:
        return 0
    if len(found) > 1:
        raise RangeError(f"'{text}' has two ranges")
    first, last = (int(number) for number in found[0])
    if last < first:
        raise RangeError(f"the range in '{text}' runs backwards")
    if last - first + 1 > LIMIT:
        raise RangeError(f"the range in '{text}' stands for more than {LIMIT} names")
    return last - first + 1


def pick(text: str, index: int) -> str:
    """The name number `index` (from 0) of the range in `text`; `text` itself when it has none."""

    def number(match: re.Match[str]) -> str:
        return str(int(match[1]) + index).zfill(len(match[1]))

    return _RANGE.sub(number, text) if "[" in text else text


def expand(text: str) -> list[str]:
    """All names that `text` stands for, in order."""
    return [pick(text, index) for index in range(span(text))] or [text]
