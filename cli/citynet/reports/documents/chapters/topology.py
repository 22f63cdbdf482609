"""Chapter 3: the layers as pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.reports.documents.atlas import file_name
from citynet.reports.documents.markdown import picture
from citynet.reports.documents.pages import Chapter, Section
from citynet.reports.documents.pictures.fibre import fibre_picture
from citynet.reports.documents.pictures.ip import ip_picture, planes
from citynet.reports.documents.pictures.service import service_picture

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.reports.documents.atlas import Atlas
    from citynet.reports.documents.chapters.book import Book
    from citynet.reports.documents.pictures.model import Picture


def pictures(atlas: Atlas) -> Iterator[tuple[str, Picture]]:
    """Every picture with the path of its file."""
    yield "topology/fibre.svg", fibre_picture(atlas)
    for domain in atlas.plan.domains:
        yield ip_path(domain), ip_picture(atlas, domain)
        for plane in planes(atlas, domain):
            yield ip_path(domain, plane), ip_picture(atlas, domain, plane)
    for name, service in atlas.plan.services.items():
        yield service_path(name), service_picture(atlas, service)


def ip_path(domain: str, plane: str = "") -> str:
    """The file of an IP picture."""
    return f"topology/ip-{file_name(domain)}{f'-plane-{plane.lower()}' if plane else ''}.svg"


def service_path(name: str) -> str:
    """The file of a service's picture."""
    return f"topology/service-{file_name(name)}.svg"


def topology(book: Book) -> Chapter:
    """The chapter. Beyond a few services each one's picture stands on its own page only."""
    plan = book.atlas.plan
    sections = [Section(book.say("fibre_layer"), [picture(book.say("fibre_layer"), "topology/fibre.svg")])]
    for name, domain in plan.domains.items():
        title = f"{book.say('ip_layer')} · {domain.title or name}"
        sections.append(Section(title, [picture(title, ip_path(name))]))
        for plane in planes(book.atlas, name):
            half = f"{title} · {book.say('pic_plane', plane=plane)}"
            sections.append(Section(half, [picture(half, ip_path(name, plane))], depth=3))
    sections.append(
        Section(
            book.say("service_layer"),
            headings=book.columns("service", "domain", "hosts"),
            rows=[
                [book.service("topology.md", name), book.domain(service.domain), len(service.hosts)]
                for name, service in plan.services.items()
            ],
        )
    )
    if len(plan.services) <= 12:
        for name, service in plan.services.items():
            title = f"{book.say('service_layer')} · {service.title or name}"
            sections.append(Section(title, [picture(title, service_path(name))], depth=3))
    return book.chapter("topology", sections)
