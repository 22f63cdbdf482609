"""Chapter 7: where the domains meet, and what passes there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.reports.documents.markdown import code, codes, escape
from citynet.reports.documents.pages import Chapter, Section

if TYPE_CHECKING:
    from citynet.plan.model import Device, Guard, Line
    from citynet.reports.documents.chapters.book import Book

PAGE = "interconnects.md"


def interconnects(book: Book) -> Chapter:
    """The chapter."""
    sections = [Section("", [escape(book.say("guard_text"))])]
    for line in book.atlas.interconnects:
        sections += _one(book, line)
    if not book.atlas.interconnects:
        sections.append(Section("", [escape(book.say("nothing"))]))
    return book.chapter("interconnects", sections)


def _one(book: Book, line: Line) -> list[Section]:
    plan, name = book.atlas.plan, book.atlas.interconnect_name(line)
    ends = []
    rules = []
    for end in (line.a, line.b):
        device = plan.devices[end.node]
        port = device.port(end.port)
        vrf = next((vrf for vrf in device.vrfs if port.name in vrf.ports), None)
        ends.append(
            [
                book.device(PAGE, device.name),
                book.domain(device.domain),
                code(port.name),
                code(port.vrf),
                book.service(PAGE, vrf.service) if vrf else "–",
                codes(port.addresses),
                device.bgp.asn,
                codes(sorted({peer.secret for peer in vrf.peers if peer.name == port.peer})) if vrf else "–",
            ]
        )
        for guard in device.guards:
            if guard.port == port.name:
                rules += [[book.device(PAGE, device.name), *row] for row in rule_rows(book, guard)]
    return [
        Section(
            f"{book.say('col_interconnect')} {name}",
            headings=book.columns("device", "domain", "port", "vrf", "service", "addresses", "asn", "secret"),
            rows=list(ends),
        ),
        Section(
            book.say("rules"),
            headings=book.columns("device", "rule", "direction", "protocol", "ports", "sources", "destinations"),
            rows=list(rules),
            depth=3,
        ),
    ]


def rule_rows(book: Book, guard: Guard) -> list[list[object]]:
    """Rows of a guard's rules."""
    return [
        [
            code(rule.name),
            book.say("inward" if rule.inward else "outward"),
            rule.protocol,
            " ".join(map(str, rule.ports)) or book.say("any_port"),
            book.some(rule.sources),
            book.some(rule.destinations),
        ]
        for rule in guard.rules
    ]


def guards(book: Book, device: Device) -> list[list[object]]:
    """Rows of all rules on a device."""
    return [[code(guard.interconnect), *row] for guard in device.guards for row in rule_rows(book, guard)]
