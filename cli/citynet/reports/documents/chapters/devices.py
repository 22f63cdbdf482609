"""Chapter 8: the list of devices, and a sheet for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.reports.documents.chapters.book import measure
from citynet.reports.documents.chapters.interconnects import guards
from citynet.reports.documents.chapters.overview import capabilities
from citynet.reports.documents.markdown import Ready, code, codes, escape
from citynet.reports.documents.pages import Chapter, Section
from citynet.reports.documents.words import PORT_KINDS, ROLES, SERVICE_KINDS

if TYPE_CHECKING:
    from citynet.plan.model import BgpNeighbor, Device, Port
    from citynet.reports.documents.chapters.book import Book

PAGE = "devices.md"


def devices(book: Book) -> Chapter:
    """The list."""
    return book.chapter(
        "devices",
        [
            Section(
                headings=book.columns(
                    "device", "domain", "role", "plane", "site", "loopback", "management", "platform"
                ),
                rows=[
                    [
                        book.device(PAGE, device.name),
                        book.domain(device.domain),
                        book.kind(ROLES, device.role),
                        device.plane or "–",
                        code(device.site),
                        code(device.underlay.loopback),
                        code(device.management),
                        code(device.platform),
                    ]
                    for device in book.atlas.plan.devices.values()
                ],
            )
        ],
    )


class Sheets:
    """Sheets of devices; what all of them share is made once."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._limits: dict[str, Section] = {}
        self._columns = {
            name: book.columns(*columns)
            for name, columns in {
                "facts": ("what", "value"),
                "ports": (
                    "port",
                    "kind",
                    "peer",
                    "peer_port",
                    "vrf",
                    "addresses",
                    "peer_addresses",
                    "rate",
                    "delay",
                    "fibres",
                ),
                "underlay": ("port", "metric"),
                "bgp": ("neighbor", "address"),
                "vrfs": ("vrf", "service", "table", "rd", "rt", "ports", "prefixes"),
                "layer2": ("service", "kind", "ports", "rd", "rt", "address", "peer_addresses"),
                "vrf_peers": ("vrf", "neighbor", "asn", "address", "secret"),
                "guards": ("interconnect", "rule", "direction", "protocol", "ports", "sources", "destinations"),
            }.items()
        }

    def sheet(self, device: Device) -> Chapter:
        """The sheet of a device."""
        book, name = self._book, book_name(self._book, device)
        sections = [
            Section(book.say("facts"), headings=self._columns["facts"], rows=list(self._facts(device))),
            Section(
                book.say("ports"),
                headings=self._columns["ports"],
                rows=[self._port(port, f"{name}.md") for port in device.ports],
            ),
            self._underlay(device),
            *self._bgp(device, f"{name}.md"),
        ]
        if device.vrfs:
            sections += self._vrfs(device, f"{name}.md")
        if device.vpws or device.evpn:
            sections.append(self._layer2(device, f"{name}.md"))
        if device.guards:
            sections.append(
                Section(
                    book.say("guards"),
                    [escape(book.say("guard_text"))],
                    self._columns["guards"],
                    list(guards(book, device)),
                )
            )
        sections.append(self._limits_of(device.platform))
        return Chapter(name, device.name, sections, "devices", book.say("device_list"))

    def _facts(self, device: Device) -> list[list[object]]:
        book = self._book
        site = book.atlas.plan.sites.get(device.site)
        return [
            [book.say("col_domain"), book.domain(device.domain)],
            [book.say("col_role"), book.kind(ROLES, device.role)],
            [book.say("col_plane"), device.plane or "–"],
            [book.say("col_site"), book.named(device.site, site.title if site else "")],
            [book.say("col_zone"), code(site.zone) if site and site.zone else "–"],
            [book.say("col_management"), code(device.management)],
            [book.say("col_loopback"), code(device.underlay.loopback)],
            [book.say("col_router_id"), code(device.underlay.router_id)],
            [book.say("col_asn"), device.bgp.asn],
            ["SRv6 " + book.say("col_locator"), Ready(f"{code(device.srv6.locator)} {code(device.srv6.prefix)}")],
            [book.say("col_net"), code(device.underlay.net)],
            [book.say("col_platform"), code(device.platform)],
        ]

    def _port(self, port: Port, page: str) -> list[object]:
        book, plan = self._book, self._book.atlas.plan
        line = plan.lines[port.line]
        peer = plan.hosts[port.peer].port if port.peer in plan.hosts else plan.devices[port.peer].port(port.peer_port)
        return [
            code(port.name),
            book.kind(PORT_KINDS, port.kind),
            book.device(page, port.peer),
            code(port.peer_port),
            code(port.vrf) or "–",
            codes(port.addresses) or "–",
            codes(peer.addresses) or "–",
            line.rate_gbps or "–",
            measure(line.delay_us),
            codes(line.fibres) or "–",
        ]

    def _underlay(self, device: Device) -> Section:
        under = device.underlay
        bfd = f"BFD {under.bfd_interval_ms} ms × {under.bfd_multiplier}"
        settings = f"MTU {under.mtu} · hello {under.hello_interval_s} s · {bfd}"
        secret = f"{escape(self._book.say('col_secret'))}: {code(under.secret)}"
        return Section(
            self._book.say("underlay"),
            [f"{escape(settings)} · {secret}"],
            self._columns["underlay"],
            [[code(one.port), one.metric] for one in under.interfaces],
        )

    def _bgp(self, device: Device, page: str) -> list[Section]:
        book, bgp = self._book, device.bgp
        said = book.say("bgp_text", asn=bgp.asn, key="\x00").split("\x00")
        intro = Ready(escape(said[0]) + code(bgp.secret) + escape(said[1]))

        def rows(neighbors: list[BgpNeighbor]) -> list[list[object]]:
            return [[book.device(page, one.name), code(one.address)] for one in neighbors]

        peers = [one for one in bgp.neighbors if not one.client]
        clients = [one for one in bgp.neighbors if one.client]
        sections = [Section(book.say("bgp"), [intro], self._columns["bgp"], list(rows(peers)))]
        if clients:
            sections.append(Section(book.say("bgp_clients"), [], self._columns["bgp"], list(rows(clients)), depth=3))
        return sections

    def _vrfs(self, device: Device, page: str) -> list[Section]:
        book = self._book
        rows: list[list[object]] = [
            [
                code(vrf.name),
                book.service(page, vrf.service),
                vrf.table,
                code(vrf.rd),
                code(vrf.rt),
                codes(vrf.ports),
                codes(vrf.prefixes) or "–",
            ]
            for vrf in device.vrfs
        ]
        peers: list[list[object]] = [
            [code(vrf.name), book.device(page, peer.name), peer.asn, code(peer.address), code(peer.secret)]
            for vrf in device.vrfs
            for peer in vrf.peers
        ]
        sections = [Section(book.say("vrfs"), headings=self._columns["vrfs"], rows=list(rows))]
        if peers:
            sections.append(
                Section(book.say("vrf_peers"), headings=self._columns["vrf_peers"], rows=list(peers), depth=3)
            )
        return sections

    def _layer2(self, device: Device, page: str) -> Section:
        book = self._book
        rows: list[list[object]] = [
            [
                book.service(page, one.service),
                book.kind(SERVICE_KINDS, "vpws"),
                code(one.interface),
                "–",
                "–",
                code(one.sid),
                code(one.remote),
            ]
            for one in device.vpws
        ]
        rows += [
            [
                book.service(page, one.service),
                f"{book.kind(SERVICE_KINDS, 'evpn')} · VNI {one.vni}",
                codes(one.interfaces),
                code(one.rd),
                code(one.rt),
                code(one.vtep),
                "–",
            ]
            for one in device.evpn
        ]
        return Section(book.say("layer2"), headings=self._columns["layer2"], rows=list(rows))

    def _limits_of(self, platform: str) -> Section:
        """The platform's capability table, the same for all its devices."""
        if platform not in self._limits:
            book = self._book
            self._limits[platform] = Section(
                book.say("limits"),
                headings=book.columns("technology", "supported", "means", "limits"),
                rows=[row[1:] for row in capabilities(book, platform)],
            )
        return self._limits[platform]


def book_name(book: Book, device: Device) -> str:
    """The chapter of a device's sheet, without its ending."""
    return book.atlas.sheets[device.name].removesuffix(".md")
