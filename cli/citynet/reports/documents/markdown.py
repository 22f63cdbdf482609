"""Markdown that nothing from a design can break out of: whatever is not `Ready` is escaped when it is put in place."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# HTML entities rather than backslashes: every renderer of Markdown reads them, in tables too.
_ENTITIES = {ord(mark): f"&#{ord(mark)};" for mark in "\\`*_[]{}<>|~&$"}
_SPECIAL = re.compile(r"[\\`*_\[\]{}<>|~&$\x00-\x1f\x7f-\x9f\u2028\u2029]|://|^\s*[-+=#]|^\s*\d+[.)]|^\s|\s$")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\s]+")
# What would begin a list, a heading or a rule at the start of a line; numbers below zero would not.
_BLOCK_START = re.compile(r"^(?:[-+](?=\s|$)|--|=|#|\d+[.)](?=\s|$))")
_PLAIN_CODE = re.compile(r"^[^`|\x00-\x1f\x7f-\x9f\u2028\u2029<>&]+$")


class Ready(str):
    """Text that is Markdown already."""

    __slots__ = ()


def escape(text: str) -> Ready:
    """The text as one line that shows as it is; line breaks and control characters become spaces."""
    if not _SPECIAL.search(text):
        return Ready(text)
    line = _CONTROL.sub(" ", text).strip().translate(_ENTITIES).replace("://", ":&#47;&#47;")
    return Ready(f"&#{ord(line[0])};{line[1:]}" if _BLOCK_START.match(line) else line)


def ready(value: object) -> Ready:
    """What a template puts in place: `Ready` text as it is, anything else escaped."""
    if isinstance(value, Ready):
        return value
    return escape(value if isinstance(value, str) else str(value))


def code(text: str) -> Ready:
    """An identifier or an address in code style; nothing for nothing."""
    if not text:
        return Ready()
    return Ready(f"`{text}`") if _PLAIN_CODE.match(text) else escape(text)


def codes(texts: Iterable[str]) -> Ready:
    """Several of them."""
    return Ready(" ".join(code(text) for text in texts))


def link(text: str, target: str, *, plain: bool = False) -> Ready:
    """A link to a file of these documents; the text is an identifier unless `plain`."""
    return Ready(f"[{escape(text) if plain else code(text)}]({target})")


def picture(text: str, target: str) -> Ready:
    """A picture with its description."""
    return Ready(f"![{escape(text)}]({target})")


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> Ready:
    """A table; cells that are not `Ready` are escaped."""
    lines = ["| " + " | ".join(map(ready, headings)) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(map(ready, row)) + " |" for row in rows]
    return Ready("\n".join(lines))


@cache
def _up(folder: str, target_folder: str) -> str:
    way = posixpath.relpath(target_folder or ".", folder or ".")
    return "" if way == "." else way + "/"


def way(page: str, target: str) -> str:
    """The relative address of a file, seen from a page; both are paths below one folder."""
    folder, _, name = target.rpartition("/")
    return _up(page.rpartition("/")[0], folder) + name
