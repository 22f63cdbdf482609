"""Chapter 4: the address plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.reports.documents.carrying import carrying
from citynet.reports.documents.markdown import code, codes, escape
from citynet.reports.documents.pages import Chapter, Section

if TYPE_CHECKING:
    from citynet.reports.documents.chapters.book import Book

PAGE = "addresses.md"


def address_plan(book: Book) -> Chapter:
    """The chapter."""
    return book.chapter(
        "addresses",
        [
            _blocks(book),
            *(_devices(book, name) for name in book.atlas.plan.domains),
            _interconnects(book),
            _subnets(book),
            _targets(book),
            _management(book),
        ],
    )


def _blocks(book: Book) -> Section:
    atlas, plan = book.atlas, book.atlas.plan
    everyone = len(plan.devices) + len(plan.hosts)
    rows: list[list[object]] = [
        [
            code(plan.management_prefix),
            f"{book.say('management')}, {book.say('gateway')} {plan.management_gateway}",
            everyone,
        ]
    ]
    rows += [
        [
            code(domain.locators),
            f"SRv6, {book.say('col_loopback')} · {domain.title or name}",
            len(atlas.of_domain[name]),
        ]
        for name, domain in plan.domains.items()
    ]
    return Section(
        book.say("blocks"), [escape(book.say("blocks_text"))], book.columns("block", "use", "in_use"), list(rows)
    )


def _devices(book: Book, domain: str) -> Section:
    return Section(
        f"{book.say('device_addresses')} · {book.atlas.plan.domains[domain].title or domain}",
        headings=book.columns("device", "loopback", "router_id", "locator_name", "locator", "net"),
        rows=[
            [
                book.device(PAGE, device.name),
                code(device.underlay.loopback),
                code(device.underlay.router_id),
                code(device.srv6.locator),
                code(device.srv6.prefix),
                code(device.underlay.net),
            ]
            for device in book.atlas.of_domain[domain]
        ],
    )


def _interconnects(book: Book) -> Section:
    atlas = book.atlas
    rows = []
    for line in atlas.interconnects:
        for end in (line.a, line.b):
            port = atlas.plan.devices[end.node].port(end.port)
            rows.append(
                [
                    code(atlas.interconnect_name(line)),
                    book.device(PAGE, end.node),
                    code(end.port),
                    code(port.vrf),
                    codes(port.addresses),
                ]
            )
    return Section(
        book.say("interconnect_addresses"),
        headings=book.columns("interconnect", "device", "port", "vrf", "addresses"),
        rows=list(rows),
    )


def _subnets(book: Book) -> Section:
    rows = []
    for service in book.atlas.plan.services.values():
        for name in service.hosts:
            host = book.atlas.plan.hosts[name]
            rows.append(
                [
                    book.service(PAGE, service.name),
                    code(name),
                    book.device(PAGE, host.device),
                    code(host.port.peer_port),
                    codes(host.gateways) or "–",
                    codes(host.addresses),
                ]
            )
    return Section(
        book.say("service_subnets"),
        headings=book.columns("service", "host", "device", "port", "gateways", "host_addresses"),
        rows=list(rows),
    )


def _targets(book: Book) -> Section:
    rows = []
    for service in book.atlas.plan.services.values():
        for device in book.atlas.carriers[service.name]:
            one = carrying(device, service.name)
            if not one.rd:
                continue  # point to point: no routes
            rows.append(
                [
                    book.service(PAGE, service.name),
                    book.device(PAGE, device.name),
                    code(one.name),
                    code(one.rd),
                    code(service.rt),
                    one.table or "–",
                ]
            )
    return Section(
        book.say("rd_rt"), headings=book.columns("service", "device", "vrf", "rd", "rt", "table"), rows=list(rows)
    )


def _management(book: Book) -> Section:
    plan = book.atlas.plan
    rows = [[book.device(PAGE, d.name), code(d.management), d.domain] for d in plan.devices.values()]
    rows += [[code(host.name), code(host.management), host.domain] for host in plan.hosts.values()]
    return Section(book.say("management"), headings=book.columns("node", "management", "domain"), rows=list(rows))
