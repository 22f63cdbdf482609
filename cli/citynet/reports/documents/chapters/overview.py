"""Chapter 1: what the design is, in figures."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from citynet.platforms import platform
from citynet.reports.documents.markdown import Ready, code, codes, escape
from citynet.reports.documents.pages import Chapter, Section
from citynet.reports.documents.words import COUNTED, PARTICIPANT_KINDS, ROLES

if TYPE_CHECKING:
    from citynet.reports.documents.chapters.book import Book


def overview(book: Book) -> Chapter:
    """The chapter."""
    plan = book.atlas.plan
    sections = [
        Section(book.say("what_it_is"), [escape(book.say("what_it_is_text"))]),
        Section(
            book.say("in_figures"),
            headings=book.columns("what", "count"),
            rows=[[COUNTED[name].say(book.language), number] for name, number in counts(book).items()],
        ),
        _domains(book),
        _roles(book),
        Section(
            book.say("participants"),
            [escape(book.say("participants_text"))],
            book.columns("participant", "kind", "hosts"),
            [
                [book.named(one.name, one.title), book.kind(PARTICIPANT_KINDS, one.kind), book.atlas.ends[one.name]]
                for one in plan.participants.values()
            ],
        ),
        _platforms(book),
        Section(book.say("secrets"), [escape(book.say("secrets_note")), codes(plan.secrets)]),
    ]
    return book.chapter("overview", sections)


def counts(book: Book) -> dict[str, object]:
    """How many of everything there are; the keys are those of `words.COUNTED`."""
    atlas, plan = book.atlas, book.atlas.plan
    return {
        "zones": len(plan.zones),
        "sites": len(plan.sites),
        "sites_without_place": sum(not site.place for site in plan.sites.values()),
        "fibres": len(plan.fibres),
        "fibre_km": f"{sum(fibre.length_km for fibre in plan.fibres.values()):g}",
        "risk_groups": len(atlas.groups),
        "devices": len(plan.devices),
        "links": sum(len(lines) for lines in atlas.links.values()),
        "attachments": len(atlas.attachments),
        "interconnects": len(atlas.interconnects),
        "participants": len(plan.participants),
        "services": len(plan.services),
        "hosts": len(plan.hosts),
    }


def _domains(book: Book) -> Section:
    atlas = book.atlas
    return Section(
        book.say("domains"),
        headings=book.columns("domain", "level", "asn", "locators", "devices", "lines"),
        rows=[
            [
                book.domain(name),
                book.level(domain),
                domain.asn,
                code(domain.locators),
                len(atlas.of_domain[name]),
                len(atlas.links[name]),
            ]
            for name, domain in atlas.plan.domains.items()
        ],
    )


def _roles(book: Book) -> Section:
    rows: list[list[object]] = []
    for name, devices in book.atlas.of_domain.items():
        counted = Counter((device.role, device.plane) for device in devices)
        rows += [
            [book.domain(name), book.kind(ROLES, role), plane or "–", number]
            for (role, plane), number in counted.items()
        ]
    return Section(
        book.say("roles_by_domain"), headings=book.columns("domain", "role", "plane", "count"), rows=list(rows)
    )


def _platforms(book: Book) -> Section:
    used = Counter(device.platform for device in book.atlas.plan.devices.values())
    return Section(
        book.say("platforms"),
        [
            escape(book.say("platforms_text")),
            Ready("\n".join(f"- {code(name)}: {number}" for name, number in used.items())),
        ],
        book.columns("platform", "technology", "supported", "means", "limits"),
        [row for name in used for row in capabilities(book, name)],
    )


def capabilities(book: Book, name: str) -> list[list[object]]:
    """Rows of a platform's capability table."""
    return [
        [
            code(name),
            code(one.technology),
            book.say("yes" if one.supported else "no"),
            one.means or "–",
            one.limits or "–",
        ]
        for one in platform(name).capabilities
    ]
