"""Topology → the rows of a design: names given, domains laid over it, what the source does not say chosen."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.design.distance import air_line_km
from citynet.design.types import Role
from citynet.imports import measures
from citynet.imports.names import Namer, title

if TYPE_CHECKING:
    from citynet.imports.report import Report
    from citynet.imports.topology import Box, Span, Spot, Topology

SITE_LENGTH = 30
"""Longest name given to a site, so that devices, fibres and hosts named after it keep within 40 and 82 letters."""
UNKNOWN_KM = 10.0
"""Length of a fibre when nothing is known of it."""
SHORTEST_KM = 0.1
"""Length of a fibre between two sites at one place."""
PREFIX = {"government": "gov", "cross": "cross"}
FEWEST_WITH_BORDER = 4
"""Cities of fewer routers get no border of their own."""


@dataclass(slots=True)
class Options:
    """What the user decides.

    Attributes:
        city: Short name of the city; made from the source's name when empty.
        domains: The domains laid over the topology.
        route_factor: Kilometres of fibre for each kilometre of air line.
    """

    city: str = ""
    domains: tuple[str, ...] = ("government",)
    route_factor: float = measures.ROUTE_FACTOR


@dataclass(slots=True)
class Site:
    """A row of `sites`."""

    name: str
    title: str
    place: tuple[float, float] | None
    comment: str = ""


@dataclass(slots=True)
class Fibre:
    """A row of `fibres`; lengths in km, losses in dB."""

    name: str
    a: str
    b: str
    length_km: float
    loss_db: float | None
    risk_groups: list[str]
    comment: str = ""


@dataclass(slots=True)
class Device:
    """A row of `devices`; optical ones are in no domain."""

    name: str
    domain: str
    role: Role
    site: str
    plane: str = ""
    comment: str = ""


@dataclass(slots=True)
class Link:
    """A row of `links`."""

    a: str
    b: str
    fibres: list[str]
    rate_gbps: int | None = None
    comment: str = ""


@dataclass(slots=True)
class Draft:
    """A design that is not written yet."""

    city: str
    title: str
    domains: tuple[str, ...]
    sites: list[Site] = field(default_factory=list)
    fibres: list[Fibre] = field(default_factory=list)
    devices: list[Device] = field(default_factory=list)
    links: dict[str, list[Link]] = field(default_factory=dict)

    def of(self, domain: str, *roles: Role) -> list[Device]:
        """The devices of a domain with one of these roles."""
        return [device for device in self.devices if device.domain == domain and device.role in roles]


def make(topology: Topology, options: Options, report: Report) -> Draft:
    """Everything named and chosen."""
    city = options.city or Namer("city").name(topology.name)
    draft = Draft(city, title(topology.title or options.city or topology.name), options.domains)
    sites = _sites(draft, topology)
    fibres = _fibres(draft, topology, sites, options.route_factor, report)
    _Devices(draft, topology, report, sites).add(fibres)
    report.taken = {
        "sites": len(draft.sites),
        "fibres": len(draft.fibres),
        "devices": len(draft.devices),
        "links": sum(map(len, draft.links.values())),
    }
    return draft


def _sites(draft: Draft, topology: Topology) -> dict[str, str]:
    """Name the sites; returns the name of each spot."""
    namer = Namer("site", SITE_LENGTH)
    names: dict[str, str] = {}
    for key, spot in topology.spots.items():
        names[key] = namer.name(spot.label or key)
        comment = "a junction of fibres, without devices" if spot.junction else "" if spot.place else "place unknown"
        draft.sites.append(Site(names[key], title(spot.label or key), spot.place, comment))
    return names


def _fibres(draft: Draft, topology: Topology, sites: dict[str, str], factor: float, report: Report) -> dict[int, str]:
    """Name and measure the fibres; returns the name of each span."""
    many = Counter(span.ends for span in topology.spans)
    names: dict[int, str] = {}
    taken: dict[str, int] = {}
    groups = Namer("duct")
    shared: dict[tuple[str, str], str] = {}
    for number, span in enumerate(topology.spans):
        base = f"{sites[span.a]}--{sites[span.b]}"
        name = names[number] = _fibre_name(base, taken)
        length, said = _length(name, span, topology.spots, factor, report)
        risks = []
        if many[span.ends] > 1:
            if span.ends not in shared:
                shared[span.ends] = groups.name(f"duct {base}")
            risks = [shared[span.ends]]
            said.append("guessed: one duct with the others between these sites")
            report.guess("fibres between the same two sites share a duct", name)
        loss = None if span.loss_db is None else round(span.loss_db, 2)
        if loss is not None and loss > measures.MOST_LOSS_DB:
            said.append(f"loss of {loss:g} dB left out, a design takes {measures.MOST_LOSS_DB:g}")
            report.leave(span.where, f"the loss of fibre '{name}', {loss:g} dB, is more than a design takes")
            loss = None
        comment = "; ".join([*said, span.note] if span.note else said)
        draft.fibres.append(Fibre(name, sites[span.a], sites[span.b], length, loss, risks, comment))
    return names


def _fibre_name(base: str, taken: dict[str, int]) -> str:
    """A name that is not taken; `taken` has each with the number that a further one would begin to try with."""
    name = base
    while name in taken:
        taken[base] += 1
        name = f"{base}-{taken[base]}"
    taken[name] = 1
    return name


def _length(name: str, span: Span, spots: dict[str, Spot], factor: float, report: Report) -> tuple[float, list[str]]:
    """Length of a fibre in km, and what to say of it."""
    one, other = spots[span.a].place, spots[span.b].place
    air = None if one is None or other is None else air_line_km(one, other)
    if span.length_km:
        length, said = span.length_km, []
        if air is not None and air - length > max(air * 0.01, SHORTEST_KM):
            said.append(f"shorter than the air line of {air:.1f} km")
            report.guess("a fibre is shorter than the air line between its ends: one of them is wrong", name)
    elif air is not None:
        length, said = max(air * factor, SHORTEST_KM), [f"guessed: air line x {factor:g}"]
        report.guess(f"the length of a fibre is the air line x {factor:g}", name)
    else:
        length, said = UNKNOWN_KM, ["guessed: nothing is known of its length"]
        report.guess(f"the length of a fibre is {UNKNOWN_KM:g} km where nothing is known of it", name)
    if length > measures.LONGEST_KM:
        said.append(f"{length:.0f} km, cut to the {measures.LONGEST_KM:g} a design takes")
        report.guess(f"a fibre longer than {measures.LONGEST_KM:g} km is written so long", name)
        length = measures.LONGEST_KM
    return max(round(length, 3), 0.001), said


class _Devices:
    """Puts the devices and links of each domain into a draft."""

    def __init__(self, draft: Draft, topology: Topology, report: Report, sites: dict[str, str]) -> None:
        self.draft, self.topology, self.report, self.sites = draft, topology, report, sites
        self.namer = Namer("device")
        self.routers = {key: box for key, box in topology.boxes.items() if box.role is not Role.OPTICAL}
        cores = [key for key, box in self.routers.items() if box.role is Role.CORE]
        self.planes = {key: "AB"[number % 2] for number, key in enumerate(cores)}

    def add(self, fibres: dict[int, str]) -> None:
        """Add all; `fibres` has the name of each span."""
        for domain in self.draft.domains:
            names = {key: self.router(domain, key, box) for key, box in self.routers.items()}
            self.draft.links[domain] = self.links(names, fibres)
        for box in self.topology.boxes.values():
            if box.role is Role.OPTICAL:
                name = self.namer.name(box.label)
                self.draft.devices.append(Device(name, "", box.role, self.sites[box.spot], "", self.title(box, name)))
        if len(self.draft.domains) > 1 and len(self.routers) >= FEWEST_WITH_BORDER:
            _borders(self.draft, self.report)

    def router(self, domain: str, key: str, box: Box) -> str:
        """Add a router of a domain; its name is the source's when that has one and one domain needs it."""
        label = box.label if self.topology.names_devices else self.sites[box.spot]
        alone = self.topology.names_devices and len(self.draft.domains) == 1
        name = self.namer.name(label if alone else f"{PREFIX[domain]}-{label}")
        plane = self.planes.get(key, "")
        self.draft.devices.append(Device(name, domain, box.role, self.sites[box.spot], plane, self.title(box, name)))
        if box.guess:
            self.report.guess(box.guess, name)
        if plane:
            self.report.guess("core devices take turns on the planes A and B", name)
        return name

    def title(self, box: Box, name: str) -> str:
        """The label of a box that is more than its name."""
        label = title(box.label)
        return label if self.topology.names_devices and label != name else ""

    def links(self, names: dict[str, str], fibres: dict[int, str]) -> list[Link]:
        """The links of a domain, one between two devices."""
        links: dict[tuple[str, str], Link] = {}
        for wire in self.topology.wires:
            one, other = names[wire.a], names[wire.b]
            pair, both = (min(one, other), max(one, other)), f"{one} - {other}"
            if pair in links:
                links[pair].comment = "several in the source, one here"
                self.report.guess("several lines between two devices are one link", both)
                continue
            link = links[pair] = Link(one, other, [fibres[number] for number in wire.spans])
            self.rate(link, wire.rate_gbps, both)
        return list(links.values())

    def rate(self, link: Link, speed: float | None, both: str) -> None:
        """Give a link the rate next to what the source says in Gbit/s."""
        if speed is None:
            self.report.guess("a link is of 100 Gbit/s where the source does not say", both)
            return
        link.rate_gbps = measures.rate_gbps(speed)
        if not 1 / measures.SAME < link.rate_gbps / speed < measures.SAME:
            link.comment = f"{speed:g} Gbit/s in the source"
            self.report.guess("a rate that a design does not have is the next lower one, or 1 Gbit/s", both)


def _borders(draft: Draft, report: Report) -> None:
    """A border device of each domain in the room of the first core, joined with two cores, unless there are borders."""
    for domain in draft.domains:
        if draft.of(domain, Role.BORDER):
            continue
        inside = draft.of(domain, Role.CORE) or draft.of(domain, Role.AGGREGATION, Role.EDGE)
        name = Namer("border", taken=[device.name for device in draft.devices]).name(f"{PREFIX[domain]} border")
        comment = "guessed: a border for the interconnect, in the room of the first core"
        draft.devices.append(Device(name, domain, Role.BORDER, inside[0].site, comment=comment))
        draft.links[domain] += [Link(name, core.name, [], comment="guessed") for core in inside[:2]]
        report.guess("each domain gets a border device beside its first core", name)
