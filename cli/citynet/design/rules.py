"""Rules of sense: each one small, with an id, asked of a design whose types are right.

A rule yields a `Problem` for whatever breaks it. References come first; the other rules see only what exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import rustworkx

from citynet.design.links import all_links
from citynet.design.types import Role
from citynet.errors import Problem, did_you_mean

if TYPE_CHECKING:
    import ipaddress
    from collections.abc import Iterable

    from citynet.design.model import Design
    from citynet.design.reader import Loc
    from citynet.design.types import End

Rule = Callable[["Design"], Iterator[Problem]]
RULES: dict[str, Rule] = {}
NEEDS: dict[str, set[str]] = {
    "domain-path": {"sites", "devices", "links", "rings"},
    "fibre-path": {"sites", "fibres", "devices", "links", "rings"},
    "interconnect": {"devices", "services", "participants"},
}
"""Sections that a rule needs whole: where one lost a faulty entry, the rule would only bring echoes."""
END_V4_LENGTH, END_V6_LENGTH = 28, 64


def rule(name: str) -> Callable[[Rule], Rule]:
    """Register a rule under its id."""

    def register(function: Rule) -> Rule:
        if name in RULES:
            raise ValueError(f"two rules are called {name}")
        RULES[name] = function
        return function

    return register


def check(design: Design) -> Iterator[Problem]:
    """Every problem that the rules find."""
    for name, function in RULES.items():
        if not design.aside.sections & NEEDS.get(name, set()):
            yield from function(design)


def _references(design: Design) -> Iterator[tuple[Loc, str, str, Iterable[str]]]:
    city = design.city
    for name, fibre in city.fibres.items():
        yield from ((("fibres", name, "between"), "site", site, city.sites) for site in fibre.between)
    for name, device in city.devices.items():
        yield ("devices", name, "site"), "site", device.site, city.sites
        if device.domain is not None:
            yield ("devices", name, "domain"), "domain", device.domain, city.domains
    for number, link in enumerate(city.links):
        yield from ((("links", number, "between"), "device", device, city.devices) for device in link.between)
        yield from ((("links", number, "fibres"), "fibre", fibre, city.fibres) for fibre in link.fibres)
    for name, ring in city.rings.items():
        yield from ((("rings", name, "devices"), "device", device, city.devices) for device in ring.devices)
    yield from _service_references(design)


def _service_references(design: Design) -> Iterator[tuple[Loc, str, str, Iterable[str]]]:
    city = design.city
    for name, service in city.services.items():
        yield ("services", name, "domain"), "domain", service.domain, city.domains
        for number, end in enumerate(service.ends):
            yield ("services", name, "ends", number, "device"), "device", end.device, city.devices
            yield ("services", name, "ends", number, "participant"), "participant", end.participant, city.participants
    for name, interconnect in city.interconnects.items():
        yield from (
            (("interconnects", name, "between"), "device", device, city.devices) for device in interconnect.between
        )
        yield from (
            (("interconnects", name, "services"), "service", service, city.services)
            for service in interconnect.services
        )
        for number, allow in enumerate(interconnect.allow):
            for key, who in (("source", allow.source), ("destination", allow.destination)):
                yield ("interconnects", name, "allow", number, key), "participant", who, city.participants


@rule("reference")
def references(design: Design) -> Iterator[Problem]:
    """Every name leads to something that exists."""
    for loc, kind, name, known in _references(design):
        if name not in known and name not in design.aside.names.get(f"{kind}s", ()):
            yield design.source.problem(
                loc, f"no {kind} '{name}'", f"a {kind} of this design", did_you_mean(name, known)
            )


@rule("one-name")
def one_name(design: Design) -> Iterator[Problem]:
    """Devices and hosts share one space of names: both are nodes with a management address."""
    seen: dict[str, Loc] = {name: ("devices", name) for name in design.city.devices}
    for service, number, end in _ends(design):
        loc: Loc = ("services", service, "ends", number, "host")
        if end.host in seen:
            file, line = design.source.where(*seen[end.host])
            yield design.source.problem(
                loc, f"host '{end.host}' is the name of another node", "a name of its own", f"first in {file}:{line}"
            )
        seen.setdefault(end.host, loc)


def _ends(design: Design) -> Iterator[tuple[str, int, End]]:
    for name, service in design.city.services.items():
        for number, end in enumerate(service.ends):
            yield name, number, end


@rule("device-domain")
def device_domain(design: Design) -> Iterator[Problem]:
    """A device that routes belongs to a domain."""
    for name, device in design.city.devices.items():
        if device.domain is None and device.role is not Role.OPTICAL:
            yield design.source.problem(
                ("devices", name), f"device '{name}' is in no domain", "domain: government or cross"
            )


@rule("link")
def link_ends(design: Design) -> Iterator[Problem]:
    """A link joins two devices of one domain; the domains meet only at interconnects."""
    devices, seen = design.city.devices, set[frozenset[str]]()
    for loc, one, other, *_ in all_links(design.city):
        if one == other:
            yield design.source.problem(loc, f"a link joins '{one}' to itself", "two devices")
        elif frozenset((one, other)) in seen:
            yield design.source.problem(loc, f"'{one}' and '{other}' are linked twice", "one link between two devices")
        seen.add(frozenset((one, other)))
        optical = [name for name in (one, other) if name in devices and devices[name].domain is None]
        if optical:
            yield design.source.problem(
                loc, f"a link ends at '{optical[0]}', which is in no domain", "two devices of one domain"
            )
        elif one in devices and other in devices and devices[one].domain != devices[other].domain:
            yield design.source.problem(
                loc,
                f"a link joins '{one}' ({devices[one].domain}) and '{other}' ({devices[other].domain})",
                "two devices of one domain",
                "the domains meet at interconnects only",
            )


@rule("service-end")
def service_ends(design: Design) -> Iterator[Problem]:
    """An end hangs on a device of the service's domain that takes participants."""
    for name, number, end in _ends(design):
        device = design.city.devices.get(end.device)
        if device is None:
            continue
        loc: Loc = ("services", name, "ends", number, "device")
        domain = design.city.services[name].domain
        if device.domain is None:
            yield design.source.problem(
                loc, f"service '{name}' ends at '{end.device}', which is in no domain", f"a device of domain {domain}"
            )
        elif device.domain != domain:
            yield design.source.problem(
                loc,
                f"service '{name}' of domain {domain} ends at '{end.device}' of domain {device.domain}",
                f"a device of domain {domain}",
            )
        elif device.role not in {Role.EDGE, Role.BORDER}:
            yield design.source.problem(
                loc, f"service '{name}' ends at '{end.device}', a device of role {device.role}", "role edge or border"
            )


@rule("service-vrf")
def service_vrf(design: Design) -> Iterator[Problem]:
    """Two services of one domain have two VRFs; `mgmt` is taken."""
    seen: dict[tuple[str, str], str] = {}
    for name, service in design.city.services.items():
        loc: Loc = ("services", name, "vrf")
        if service.vrf == "mgmt":
            yield design.source.problem(loc, "vrf 'mgmt' is taken by management", "another name")
        first = seen.setdefault((service.domain, service.vrf), name)
        if first != name:
            yield design.source.problem(
                loc, f"services '{first}' and '{name}' share vrf '{service.vrf}'", "one VRF per service in a domain"
            )


@rule("interconnect")
def interconnects(design: Design) -> Iterator[Problem]:
    """An interconnect joins a border device of each domain, and a service of each."""
    city = design.city
    for name, item in city.interconnects.items():
        sides = [city.devices[d] for d in item.between if d in city.devices]
        loc: Loc = ("interconnects", name, "between")
        for device_name in item.between:
            if device_name in city.devices and city.devices[device_name].role is not Role.BORDER:
                yield design.source.problem(
                    loc,
                    f"interconnect '{name}' ends at '{device_name}', a device of role {city.devices[device_name].role}",
                    "role border",
                )
        if len(sides) == 2 and sides[0].domain == sides[1].domain:
            yield design.source.problem(
                loc, f"interconnect '{name}' stays inside domain {sides[0].domain}", "a border device of each domain"
            )
        for side, service in zip(sides, item.services, strict=False):
            if service in city.services and city.services[service].domain != side.domain:
                yield design.source.problem(
                    ("interconnects", name, "services"),
                    f"service '{service}' is of domain {city.services[service].domain}, "
                    f"its side of '{name}' of {side.domain}",
                    "services in the order of 'between'",
                )
        yield from _allows(design, name)


def _allows(design: Design, name: str) -> Iterator[Problem]:
    item = design.city.interconnects[name]
    present = [
        {e.participant for e in design.city.services[s].ends} for s in item.services if s in design.city.services
    ]
    for number, allow in enumerate(item.allow):
        loc: Loc = ("interconnects", name, "allow", number)
        if allow.protocol == "icmp" and allow.ports:
            yield design.source.problem(loc, "icmp has no ports", "no 'ports'")
        if allow.protocol != "icmp" and not allow.ports:
            yield design.source.problem(loc, f"a {allow.protocol} flow without ports", "the ports it may use")
        sides = [{n for n, side in enumerate(present) if who in side} for who in (allow.source, allow.destination)]
        if all(who in design.city.participants for who in (allow.source, allow.destination)) and not any(
            a != b for a in sides[0] for b in sides[1]
        ):
            yield design.source.problem(
                loc,
                f"'{allow.source}' and '{allow.destination}' are not on the two sides of '{name}'",
                "an end of each in the services it joins",
            )


@rule("addressing")
def addressing(design: Design) -> Iterator[Problem]:
    """Blocks of addresses do not overlap, have the length the planner needs, and hold what hangs on them."""
    yield from _overlaps(design)
    for domain_name, domain in design.city.domains.items():
        if domain.locators.prefixlen != 32:
            yield design.source.problem(
                ("domains", domain_name, "locators"),
                f"'{domain.locators}' is a /{domain.locators.prefixlen}",
                "a /32 (uSID block, f3216)",
            )
    for name, service in design.city.services.items():
        for key, block, length in (("ipv4", service.ipv4, END_V4_LENGTH), ("ipv6", service.ipv6, END_V6_LENGTH)):
            room = 1 << max(0, length - block.prefixlen) if block.prefixlen <= length else 0
            if room < len(service.ends):
                yield design.source.problem(
                    ("services", name, key),
                    f"'{block}' has room for {room} ends, '{name}' has {len(service.ends)}",
                    f"a block with a /{length} for each end",
                )
    for name, device in design.city.devices.items():
        if device.management is not None and device.management not in design.city.management.prefix:
            yield design.source.problem(
                ("devices", name, "management"),
                f"'{device.management}' is outside management",
                f"an address in {design.city.management.prefix}",
            )


def _overlaps(design: Design) -> Iterator[Problem]:
    blocks: list[tuple[Loc, ipaddress.IPv4Network | ipaddress.IPv6Network]] = [
        (("management", "prefix"), design.city.management.prefix)
    ]
    for domain, what in design.city.domains.items():
        blocks += [
            (("domains", domain, "locators"), what.locators),
            (("domains", domain, "router_ids"), what.router_ids),
        ]
    for name, service in design.city.services.items():
        blocks += [(("services", name, "ipv4"), service.ipv4), (("services", name, "ipv6"), service.ipv6)]
    ordered = sorted(blocks, key=lambda item: (item[1].version, int(item[1].network_address), item[1].prefixlen))
    widest = ordered[0]
    for loc, block in ordered[1:]:
        same = block.version == widest[1].version
        if same and int(block.network_address) <= int(widest[1].broadcast_address):
            file, line = design.source.where(*widest[0])
            yield design.source.problem(
                loc,
                f"'{block}' overlaps '{widest[1]}'",
                "blocks apart from each other",
                f"that one is in {file}:{line}",
            )
        if not same or int(block.broadcast_address) > int(widest[1].broadcast_address):
            widest = (loc, block)


@rule("domain-path")
def domain_path(design: Design) -> Iterator[Problem]:
    """Any two sites of a domain have a path between them inside the domain."""
    city = design.city
    for domain in city.domains:
        names = [name for name, device in city.devices.items() if device.domain == domain and device.site in city.sites]
        parts = _components(names, [(joined.a, joined.b) for joined in all_links(city)])
        if len(parts) > 1:
            main = max(parts, key=len)
            for part in parts:
                if part is not main:
                    device = min(part)
                    yield design.source.problem(
                        ("devices", device),
                        f"domain {domain} has no path between site '{city.devices[device].site}' ({device}) "
                        f"and site '{city.devices[min(main)].site}' ({min(main)})",
                        "one connected network per domain",
                    )


@rule("fibre-path")
def fibre_path(design: Design) -> Iterator[Problem]:
    """A link between two sites rides fibres that join them."""
    city = design.city
    graph = [(f.between[0], f.between[1]) for f in city.fibres.values()]
    part_of = {site: number for number, part in enumerate(_components(list(city.sites), graph)) for site in part}
    for loc, one, other, _, _, fibres in all_links(city):
        if one not in city.devices or other not in city.devices:
            continue
        a, b = city.devices[one].site, city.devices[other].site
        if a not in part_of or b not in part_of:
            continue
        if part_of[a] != part_of[b]:
            yield design.source.problem(
                loc,
                f"no fibre leads from site '{a}' to site '{b}' for the link {one} - {other}",
                "fibres between the sites",
            )
        elif fibres and all(f in city.fibres for f in fibres) and not _joins(design, fibres, a, b):
            yield design.source.problem(
                (*loc, "fibres"),
                f"the fibres of the link {one} - {other} do not join '{a}' and '{b}'",
                "fibres in order, end to end",
            )


def _joins(design: Design, fibres: list[str], start: str, end: str) -> bool:
    here = start
    for name in fibres:
        ends = design.city.fibres[name].between
        if here not in ends:
            return False
        here = ends[1] if here == ends[0] else ends[0]
    return here == end


def _components(names: list[str], edges: list[tuple[str, str]]) -> list[set[str]]:
    graph = rustworkx.PyGraph(multigraph=True)
    index = dict(zip(names, graph.add_nodes_from(names), strict=True))
    graph.add_edges_from_no_data([(index[a], index[b]) for a, b in edges if a in index and b in index])
    return [{names[node] for node in part} for part in rustworkx.connected_components(graph)]
