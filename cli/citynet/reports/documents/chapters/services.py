"""Chapter 6: the list of services, and a chapter of its own for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.reports.documents.carrying import carrying
from citynet.reports.documents.chapters.topology import service_path
from citynet.reports.documents.markdown import code, codes, picture, way
from citynet.reports.documents.pages import Chapter, Section
from citynet.reports.documents.words import DATA_CLASSES, PARTICIPANT_KINDS, SERVICE_KINDS

if TYPE_CHECKING:
    from citynet.plan.model import PlannedService
    from citynet.reports.documents.chapters.book import Book


def services(book: Book) -> Chapter:
    """The list."""
    return book.chapter(
        "services",
        [
            Section(
                headings=book.columns(
                    *("service", "title", "kind", "domain", "level", "data_class"),
                    *("vrf", "rt", "bandwidth", "hosts"),
                ),
                rows=[
                    [
                        book.service("services.md", service.name),
                        service.title,
                        book.kind(SERVICE_KINDS, service.kind),
                        book.domain(service.domain),
                        book.level(book.atlas.plan.domains[service.domain]),
                        book.kind(DATA_CLASSES, service.data_class),
                        code(service.vrf) or "–",
                        code(service.rt),
                        _bandwidth(book, service),
                        len(service.hosts),
                    ]
                    for service in book.atlas.plan.services.values()
                ],
            )
        ],
    )


def one_service(book: Book, service: PlannedService) -> Chapter:
    """A service: its facts, its picture, its ends and the devices that carry it."""
    name = book.atlas.service_path(service.name)
    page, title = f"{name}.md", service.title or service.name
    facts: list[list[object]] = [
        [book.say("col_service"), code(service.name)],
        [book.say("col_kind"), book.kind(SERVICE_KINDS, service.kind)],
        [book.say("col_domain"), book.domain(service.domain)],
        [book.say("col_level"), book.level(book.atlas.plan.domains[service.domain])],
        [book.say("col_data_class"), book.kind(DATA_CLASSES, service.data_class)],
        [book.say("col_vrf"), code(service.vrf) or "–"],
        [book.say("col_rt"), code(service.rt)],
        [book.say("col_bandwidth"), _bandwidth(book, service)],
    ]
    sections = [
        Section(headings=book.columns("what", "value"), rows=list(facts)),
        Section(book.say("service_layer"), [picture(title, way(page, service_path(service.name)))]),
        _ends(book, service, page),
        _carriers(book, service, page),
    ]
    return Chapter(name, title, sections, "services", book.say("col_service"))


def _bandwidth(book: Book, service: PlannedService) -> str:
    return str(service.bandwidth_mbps) if service.bandwidth_mbps else book.say("not_planned")


def _ends(book: Book, service: PlannedService, page: str) -> Section:
    plan = book.atlas.plan
    rows = []
    for name in service.hosts:
        host = plan.hosts[name]
        participant = plan.participants.get(host.participant)
        rows.append(
            [
                code(name),
                book.named(host.participant, participant.title if participant else ""),
                book.kind(PARTICIPANT_KINDS, participant.kind) if participant else "–",
                book.device(page, host.device),
                code(host.port.peer_port),
                codes(host.addresses),
            ]
        )
    return Section(
        book.say("service_ends"),
        headings=book.columns("host", "participant", "kind", "device", "port", "host_addresses"),
        rows=list(rows),
    )


def _carriers(book: Book, service: PlannedService, page: str) -> Section:
    rows = []
    for device in book.atlas.carriers[service.name]:
        one = carrying(device, service.name)
        ports = codes([port.interface for port in one.ports])
        rows.append([book.device(page, device.name), code(one.rd) or "–", ports, codes(one.prefixes) or "–"])
    return Section(
        book.say("service_carriers"), headings=book.columns("device", "rd", "ports", "prefixes"), rows=list(rows)
    )
