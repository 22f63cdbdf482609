"""Chapter 5: every line with its rate, delay and fibres."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.reports.documents.chapters.book import measure
from citynet.reports.documents.markdown import Ready, code, codes, escape
from citynet.reports.documents.pages import Chapter, Section

if TYPE_CHECKING:
    from citynet.plan.model import Line, LineEnd
    from citynet.reports.documents.chapters.book import Book

PAGE = "lines.md"


def lines(book: Book) -> Chapter:
    """The chapter."""
    atlas = book.atlas
    sections = [Section("", [escape(book.say("lines_text"))])]
    for name, domain in atlas.plan.domains.items():
        sections.append(
            Section(
                f"{book.say('links_of')} · {domain.title or name}",
                headings=book.columns("a", "b", "rate", "metric", "length", "delay", "fibres", "risk_groups"),
                rows=[_link(book, line) for line in atlas.links[name]],
            )
        )
    sections.append(
        Section(
            book.say("interconnect_lines"),
            headings=book.columns("interconnect", "a", "b", "length", "delay"),
            rows=[
                [
                    code(atlas.interconnect_name(line)),
                    _end(book, line.a),
                    _end(book, line.b),
                    measure(line.length_km),
                    measure(line.delay_us),
                ]
                for line in atlas.interconnects
            ],
        )
    )
    sections.append(
        Section(
            book.say("attachments"),
            headings=book.columns("device", "host", "service", "participant"),
            rows=[_attachment(book, line) for line in atlas.attachments],
        )
    )
    return book.chapter("lines", sections)


def _end(book: Book, end: LineEnd) -> Ready:
    return Ready(f"{book.device(PAGE, end.node)} {code(end.port)}")


def _link(book: Book, line: Line) -> list[object]:
    return [
        _end(book, line.a),
        _end(book, line.b),
        line.rate_gbps or "–",
        line.metric,
        measure(line.length_km),
        measure(line.delay_us),
        codes(line.fibres) or book.say("inside"),
        codes(line.risk_groups) or "–",
    ]


def _attachment(book: Book, line: Line) -> list[object]:
    host = book.atlas.plan.hosts[line.b.node]
    participant = book.atlas.plan.participants.get(host.participant)
    return [
        _end(book, line.a),
        code(host.name),
        book.service(PAGE, host.service),
        book.named(host.participant, participant.title if participant else ""),
    ]
