"""Writing SVG: elements as text, everything escaped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_XML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"})
# What XML 1.0 has no way to write (section 2.2), and line breaks, which have no place in a label.
_NOT_XML = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u2028\u2029]+")


def text(value: str) -> str:
    """A text or the value of an attribute, escaped."""
    return _NOT_XML.sub(" ", value).translate(_XML)


def number(value: float) -> str:
    """A coordinate: one decimal, no trailing zero."""
    shown = f"{value:.1f}"
    return shown.removesuffix(".0")


def element(name: str, attributes: dict[str, object], inside: Iterable[str] = ()) -> str:
    """An element; `_` in the name of an attribute stands for `-`. `inside` is SVG already."""
    written = "".join(
        f' {key.replace("_", "-")}="{number(value) if isinstance(value, (int, float)) else text(str(value))}"'
        for key, value in attributes.items()
        if value != ""
    )
    body = "".join(inside)
    return f"<{name}{written}>{body}</{name}>" if body else f"<{name}{written}/>"


def titled(name: str, tip: str, inside: Iterable[str]) -> str:
    """A group with a tooltip that screen readers read too."""
    return element(name, {}, [element("title", {}, [text(tip)]), *inside])
