"""All documents of a plan, written into a folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from citynet import __version__
from citynet.errors import InputError, Problem
from citynet.files import alone_in
from citynet.reports.documents.atlas import make_atlas
from citynet.reports.documents.chapters.addresses import address_plan
from citynet.reports.documents.chapters.book import Book
from citynet.reports.documents.chapters.devices import Sheets, devices
from citynet.reports.documents.chapters.encryption import encryption, encrypts
from citynet.reports.documents.chapters.interconnects import interconnects
from citynet.reports.documents.chapters.lines import lines
from citynet.reports.documents.chapters.optical import CHART, optical
from citynet.reports.documents.chapters.overview import counts, overview
from citynet.reports.documents.chapters.places import places
from citynet.reports.documents.chapters.services import one_service, services
from citynet.reports.documents.chapters.topology import pictures, topology
from citynet.reports.documents.citymap.page import map_page
from citynet.reports.documents.folder import put
from citynet.reports.documents.markdown import Ready, code, escape, link, ready, table
from citynet.reports.documents.pages import pages
from citynet.reports.documents.pictures.draw import draw
from citynet.reports.documents.pictures.spectrum import spectrum_chart
from citynet.reports.documents.words import ABOUT, CHAPTERS, COUNTED, LABELS, say

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from citynet.levels.text import Language
    from citynet.plan.model import Plan
    from citynet.reports.documents.pages import Chapter

_LANGUAGE_NAMES: dict[Language, str] = {"zh": "中文", "en": "English"}
_SHORT = 16
"""Hexadecimal digits of the design's digest that pictures carry; the documents carry all."""


@dataclass(slots=True)
class Written:
    """What was written: the folder, and the digest (SHA-256) of each file below it."""

    folder: Path
    files: dict[str, str] = field(default_factory=dict)


def write_documents(plan: Plan, folder: Path, languages: tuple[Language, ...]) -> Written:
    """Write the low-level design of a city.

    Args:
        plan: What it is made from, and nothing else: the same plan gives the same bytes.
        folder: Where it goes; made when missing. Files in it that are not ours stay as they are.
        languages: One folder each.

    Raises:
        InputError: A file of somebody else is in the way, or the folder cannot be written.
    """
    about = {"city": plan.city, "citynet": __version__, "design_digest": plan.design_digest}
    try:
        with alone_in(folder):
            return Written(folder, put(folder, documents(plan, languages), about))
    except OSError as error:
        problem = Problem(str(folder), 0, f"cannot write there: {error.strerror}", "a folder that may be written")
        raise InputError([problem]) from error


def documents(plan: Plan, languages: tuple[Language, ...]) -> Iterator[tuple[str, str]]:
    """Path and text of every document."""
    atlas = make_atlas(plan)
    yield "README.md", _index(plan, languages)
    yield "map.html", map_page(atlas, languages[0])
    drawn = list(pictures(atlas))
    for language in languages:
        origin = f"citynet {__version__} · {plan.design_digest[:_SHORT]}"
        for path, picture in drawn:
            yield f"{language}/{path}", draw(picture, language, origin)
        if plan.optical is not None:
            yield f"{language}/{CHART}", spectrum_chart(plan, language, origin)
        for path, text in _book(Book(atlas, language)):
            yield f"{language}/{path}", text


def _book(book: Book) -> Iterator[tuple[str, str]]:
    template = _environment().get_template("page.md.j2")
    words = {name: text.say(book.language) for name, text in LABELS.items()}
    made = _made(book.atlas.plan, book.language)
    yield "README.md", _readme(book, words, made)
    for chapter in _chapters(book):
        for page in pages(chapter, book.language, words["nothing"]):
            yield page.path, template.render(page=page, w=words, made=made)


def _chapters(book: Book) -> Iterator[Chapter]:
    for make in (overview, places, topology, address_plan, lines, services, interconnects, devices):
        yield make(book)
    if encrypts(book.atlas.plan):
        yield encryption(book)
    if book.atlas.plan.optical is not None:
        yield optical(book, book.atlas.plan.optical)
    for service in book.atlas.plan.services.values():
        yield one_service(book, service)
    sheets = Sheets(book)
    for device in book.atlas.plan.devices.values():
        yield sheets.sheet(device)


def _readme(book: Book, words: dict[str, str], made: Ready) -> str:
    plan = book.atlas.plan
    numbers = counts(book)
    shown = ("sites", "fibres", "devices", "links", "services", "hosts")
    asked = {"optical": plan.optical is not None, "encryption": encrypts(plan)}
    there = [(name, title) for name, title in CHAPTERS.items() if asked.get(name, True)]
    contents = [
        f"{number}. {link(title.say(book.language), f'{name}.md', plain=True)}"
        f": {escape(ABOUT[name].say(book.language))}"
        for number, (name, title) in enumerate(there, 1)
    ]
    return (
        _environment()
        .get_template("README.md.j2")
        .render(
            title=plan.title or plan.city,
            w=words,
            figures=table([COUNTED[name].say(book.language) for name in shown], [[numbers[name] for name in shown]]),
            contents=Ready("\n".join(contents)),
            domains=table(
                book.columns("domain", "level", "asn", "devices"),
                [
                    [book.domain(name), book.level(domain), domain.asn, len(book.atlas.of_domain[name])]
                    for name, domain in plan.domains.items()
                ],
            ),
            made=made,
        )
    )


def _index(plan: Plan, languages: tuple[Language, ...]) -> str:
    first = languages[0]
    return (
        _environment()
        .get_template("index.md.j2")
        .render(
            title=f"{plan.title or plan.city}: {' · '.join(LABELS['design'].say(each) for each in languages)}",
            languages=[{"name": _LANGUAGE_NAMES[each], "code": each} for each in languages],
            map=" · ".join(LABELS["map"].say(each) for each in languages),
            made=_made(plan, first),
        )
    )


def _made(plan: Plan, language: Language) -> Ready:
    """The last line of every document: what it was made from, and no time, so that it stays the same."""
    said = say("made", language, version=__version__, digest="\x00").split("\x00")
    return Ready(escape(said[0]) + code(plan.design_digest) + escape(said[1]))


@cache
def _environment() -> Environment:
    """Templates of Markdown: whatever is put in place is escaped unless it is `Ready`."""
    return Environment(
        loader=PackageLoader("citynet.reports.documents", "templates"),
        autoescape=False,  # noqa: S701 - Markdown, not HTML; `ready` escapes instead
        finalize=ready,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
