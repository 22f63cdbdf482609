"""Chapters made of sections, cut into pages that no viewer chokes on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.reports.documents.markdown import Ready, link, ready, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from citynet.levels.text import Language

ROWS = 1000
"""Rows of tables on one page."""
BYTES = 400_000
"""What the tables of one page may weigh; web viewers of Markdown show no more than about 512 kB."""


@dataclass(slots=True)
class Section:
    """A heading, words before the table, the table, words or pictures after it; any of them may be missing."""

    title: str = ""
    before: list[str] = field(default_factory=list)
    headings: Sequence[str] = ()
    rows: list[Sequence[object]] = field(default_factory=list)
    depth: int = 2


@dataclass(slots=True)
class Chapter:
    """A chapter; its first page is `name`.md, the next `name`-2.md and so on. `parent` is where its pages lead back."""

    name: str
    title: str
    sections: list[Section]
    parent: str = "README"
    parent_title: str = ""


@dataclass(slots=True)
class Page:
    """One file of a chapter."""

    path: str
    title: str
    body: Ready
    turns: Ready
    parent: Ready


def page_path(name: str, number: int) -> str:
    """The file of a chapter's page, counted from 1."""
    return f"{name}.md" if number == 1 else f"{name}-{number}.md"


def pages(chapter: Chapter, language: Language, nothing: str) -> Iterator[Page]:
    """The pages of a chapter."""
    bodies, starts = _bodies(chapter, "（续）" if language == "zh" else " (continued)", nothing)
    names = [page_path(chapter.name.rpartition("/")[2], number) for number in range(1, len(bodies) + 1)]
    if len(bodies) > 1:
        bodies[0] = Ready(_starts(starts, names) + bodies[0])
    up = "../" * chapter.name.count("/")
    for number, body in enumerate(bodies, 1):
        turns = [
            f"**{other}**" if other == number else link(str(other), name, plain=True)
            for other, name in enumerate(names, 1)
            if other in {1, len(names)} or abs(other - number) <= 4
        ]
        yield Page(
            page_path(chapter.name, number),
            chapter.title if number == 1 else f"{chapter.title} {number}/{len(bodies)}",
            body,
            Ready(" · ".join(turns) if len(bodies) > 1 else ""),
            link(chapter.parent_title, f"{up}{chapter.parent}.md", plain=True) if chapter.parent_title else Ready(),
        )


def _starts(starts: list[tuple[str, int]], names: list[str]) -> str:
    """Where the sections of a long chapter begin."""
    lines = [f"- {link(title, names[page - 1], plain=True)} · {page}" for title, page in starts]
    return "\n".join(lines) + "\n\n" if lines else ""


def _bodies(chapter: Chapter, continued: str, nothing: str) -> tuple[list[Ready], list[tuple[str, int]]]:
    """The sections, packed into pages of at most `ROWS` rows and about `BYTES`; and on which page each begins."""
    bodies: list[Ready] = []
    starts: list[tuple[str, int]] = []
    parts: list[str] = []
    rows_here = bytes_here = 0
    for section in chapter.sections:
        for index, (text, rows, size) in enumerate(_pieces(section, nothing)):
            if parts and (rows_here + rows > ROWS or bytes_here + size > BYTES):
                bodies.append(Ready("\n\n".join(parts)))
                parts, rows_here, bytes_here = [], 0, 0
            if section.title and not index:
                starts.append((section.title, len(bodies) + 1))
            if section.title:
                title = Ready(f"{'#' * section.depth} ") + ready(section.title) + (continued if index else "")
                parts.append(title)
            if text:
                parts.append(text)
            rows_here, bytes_here = rows_here + rows, bytes_here + size
    bodies.append(Ready("\n\n".join(parts)))
    return bodies, starts


def _pieces(section: Section, nothing: str) -> Iterator[tuple[str, int, int]]:
    """The text of a section in pieces that each fit a page, with their rows and bytes."""
    before = "\n\n".join(section.before)
    if not section.headings:
        yield before, 0, len(before.encode())
        return
    if not section.rows:
        yield "\n\n".join(filter(None, [before, nothing])), 1, len(before.encode())
        return
    for start, stop in _cuts(section.rows):
        text = table(section.headings, section.rows[start:stop])
        whole = "\n\n".join(filter(None, [before if start == 0 else "", text]))
        yield whole, stop - start, len(whole.encode())


def _cuts(rows: list[Sequence[object]]) -> Iterator[tuple[int, int]]:
    start = size = 0
    for number, row in enumerate(rows):
        weight = sum(len(str(cell)) for cell in row) * 2
        if number > start and (number - start >= ROWS or size + weight > BYTES):
            yield start, number
            start, size = number, 0
        size += weight
    yield start, len(rows)
