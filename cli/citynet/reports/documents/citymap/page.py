"""The page of the map, whole in one file: data, words, style and scripts; nothing is asked from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from citynet.reports.documents.citymap.data import map_data
from citynet.reports.documents.citymap.words import map_words

if TYPE_CHECKING:
    from citynet.levels.text import Language
    from citynet.reports.documents.atlas import Atlas

SCRIPTS = ("map-model.js", "map-draw.js", "map-ui.js")
# What could end a script element or begin a comment in it, and line ends that JSON allows and JavaScript once did not.
_IN_SCRIPT = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "<>&\u2028\u2029"})


def map_page(atlas: Atlas, language: Language) -> str:
    """The page; `language` is the one it opens in."""
    script, style = asset("\n".join(part(name) for name in SCRIPTS)), asset(part("map.css"))
    return (
        _environment()
        .get_template("map.html.j2")
        .render(
            title=atlas.plan.title or atlas.plan.city,
            lang=language,
            words=map_words(language),
            script=script,
            style=style,
            script_hash=_hash(script),
            style_hash=_hash(style),
            data=embedded(
                {**map_data(atlas), "language": language, "words": {"zh": map_words("zh"), "en": map_words("en")}}
            ),
        )
    )


def embedded(value: Any) -> Markup:
    """JSON that no element around it can be ended by."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).translate(_IN_SCRIPT)
    return Markup(text)  # noqa: S704 - `<`, `>` and `&` are escaped in it


def asset(text: str) -> Markup:
    """One of our own files, as it is, between line ends."""
    return Markup(f"\n{text}")  # noqa: S704 - ours, nothing of a design in it


@cache
def part(name: str) -> str:
    """A file of this package."""
    return files("citynet.reports.documents.citymap").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """By it the page's own policy (CSP level 3) lets this script or style run, and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("citynet.reports.documents", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
