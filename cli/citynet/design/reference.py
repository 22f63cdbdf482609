"""The reference page of the design language: from the same descriptions as the JSON Schema, in Markdown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.design.schema import described, resolved, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.schema import Language, Node


LONGEST_NAME = 40
"""Characters that most names may have; what is shorter is said."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One mapping of keys: its path in a design (`*` for a name), the name of its type, the type."""

    path: str
    name: str
    node: Node

    @property
    def heading(self) -> str:
        """The path; of a section its name alone."""
        return re.sub(r"^(\w+)(\.\*|\[\])$", r"\1", self.path)


def markdown(language: Language = "en") -> str:
    """The whole page."""
    return "\n\n".join([texts(language)["head"].strip(), *_Page(language).parts()]) + "\n"


def chapters(defs: dict[str, Node]) -> list[Chapter]:
    """Every type that has keys, in the order of the sections; one that stands in several places is told at the first.

    The shortest path counts as the first.
    """
    found: dict[str, Chapter] = {}
    waiting = [Chapter("", "City", defs["City"])]
    for chapter in waiting:  # grows while it is read, so that short paths come first
        if chapter.name not in found:
            found[chapter.name] = chapter
            waiting += _inside(chapter, defs)
    sections = ["", *defs["City"]["properties"]]
    return sorted(found.values(), key=lambda chapter: sections.index(re.split(r"\W", chapter.path)[0]))


def _inside(chapter: Chapter, defs: dict[str, Node]) -> Iterator[Chapter]:
    for key, child in chapter.node["properties"].items():
        path, inner = _below(f"{chapter.path}.{key}".removeprefix("."), child)
        if "$ref" in inner and "properties" in resolved(inner, defs):
            yield Chapter(path, inner["$ref"].rpartition("/")[2], resolved(inner, defs))


def _below(path: str, node: Node) -> tuple[str, Node]:
    """What a mapping or list holds, and its path."""
    for part in node.get("anyOf", []):
        if part != {"type": "null"}:
            return _below(path, part)
    if "patternProperties" in node:
        (node,) = node["patternProperties"].values()
        return f"{path}.*", node
    if isinstance(node.get("additionalProperties"), dict):
        return f"{path}.*", node["additionalProperties"]
    return (f"{path}[]", node["items"]) if "items" in node else (path, node)


class _Page:
    def __init__(self, language: Language) -> None:
        self.words: dict[str, str] = texts(language)["words"]
        self.defs = described(language)
        self.chapters = {chapter.name: chapter for chapter in chapters(self.defs)}

    def parts(self) -> Iterator[str]:
        for chapter in self.chapters.values():
            yield f"{self.heading(chapter)}\n\n{_text(chapter.node['description'])}"
            yield self.table(chapter)
            yield from self.values(chapter)
            if chapter.name in texts("examples"):
                yield f"```yaml\n{texts('examples')[chapter.name].strip()}\n```"

    def heading(self, chapter: Chapter) -> str:
        if not chapter.path:
            return f"## {self.words['sections']}"
        return f"{'###' if '.' in chapter.heading else '##'} `{chapter.heading}`"

    def table(self, chapter: Chapter) -> str:
        rows = [
            "| " + " | ".join(self.words[word] for word in ("key", "type", "default", "meaning")) + " |",
            "|---|---|---|---|",
        ]
        for key, node in self.keys(chapter):
            cells = (f"`{key}`", self.kind(node), self.default(chapter, key, node), _text(node["description"]))
            rows.append("| " + " | ".join(cells) + " |")
        return "\n".join(rows)

    def keys(self, chapter: Chapter) -> list[tuple[str, Node]]:
        """The keys of a type; in entries those first that must be there."""
        keys, required = list(chapter.node["properties"].items()), chapter.node.get("required", ())
        if not chapter.path or "profile" in chapter.node["properties"]:
            return keys
        return sorted(keys, key=lambda item: item[0] not in required)

    def values(self, chapter: Chapter) -> Iterator[str]:
        """The meanings of the values of an enum, where the type stands that it belongs to."""
        for key, node in chapter.node["properties"].items():
            enum = resolved(node, self.defs)
            if "enumDescriptions" in enum and self.owner(enum) == chapter.name:
                pairs = zip(enum["enum"], enum["enumDescriptions"], strict=True)
                items = [f"- `{value}`: {meaning}" for value, meaning in pairs]
                yield f"`{key}`: {_text(enum['description'])}\n\n" + "\n".join(items)

    def owner(self, enum: Node) -> str:
        owners = [
            chapter.name
            for chapter in self.chapters.values()
            for node in chapter.node["properties"].values()
            if resolved(node, self.defs) is enum
        ]
        return min(owners, key=lambda name: self.chapters[name].path.count("."))

    def default(self, chapter: Chapter, key: str, node: Node) -> str:
        if key in chapter.node.get("required", ()):
            known = "profile" in chapter.node["properties"]
            return self.words["required_or_profile" if known else "required"]
        value = node.get("default")
        if value in (None, ""):
            return "–"
        return f"`{str(value).lower() if isinstance(value, bool) else value}`"

    def kind(self, node: Node) -> str:
        """A type in plain words."""
        for part in node.get("anyOf", []):
            if part != {"type": "null"}:
                return self.kind(part)
        if "$ref" in node:
            name = node["$ref"].rpartition("/")[2]
            return self.link(name) if name in self.chapters else self.kind(self.defs[name])
        if "const" in node:
            return f"`{node['const']}`"
        if "enum" in node:
            return ", ".join(f"`{value}`" for value in node["enum"])
        return getattr(self, f"_{node['type']}")(node)  # type: ignore[no-any-return] # one of the methods below

    def link(self, name: str) -> str:
        heading = self.chapters[name].heading
        return f"[`{heading}`](#{_anchor(heading)})"

    def _object(self, node: Node) -> str:
        return self.words["mapping"].format(self.kind(_below("", node)[1]))

    def _array(self, node: Node) -> str:
        least, most = node.get("minItems", 0), node.get("maxItems")
        word = "list_exactly" if least == most else "list_least" if least else "list"
        return self.words[word].format(self.kind(node["items"]), least)

    def _string(self, node: Node) -> str:
        length = re.search(r",(\d+)", node.get("pattern", ""))
        if length and int(length[1]) < LONGEST_NAME - 1:
            return self.words["short_name"].format(int(length[1]) + 1)
        return self.words[node.get("format", "name" if length else "text")]

    def _boolean(self, _: Node) -> str:
        return "`true`, `false`"

    def _integer(self, node: Node) -> str:
        return self._number(node)

    def _number(self, node: Node) -> str:
        kind = self.words[node["type"]]
        if "minimum" in node and "maximum" in node:
            return f"{kind}, {self.words['between'].format(node['minimum'], node['maximum'])}"
        limits = [
            self.words[word].format(node[word]) for word in ("minimum", "exclusiveMinimum", "maximum") if word in node
        ]
        return f"{kind}, {', '.join(limits)}" if limits else kind


def _text(text: str) -> str:
    """A description as Markdown, on one line."""
    return re.sub(r"\s*\n\s*", " ", text).replace("|", "\\|")


def _anchor(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
