"""Encryption: nothing weaker than the table of grades asks for, applications told apart, key servers where keys go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.grades import (
    GRADES,
    SERVICES,
    identifier_grade,
    level_of,
    line_grade,
    service_grade,
    steering_class,
)
from citynet.design.links import all_links
from citynet.design.rules.layer2 import FRAME_BYTES, HEADERS_BYTES
from citynet.design.rules.registry import rule, warning
from citynet.design.types import Role
from citynet.design.types.words import LAYER_2, DataClass

PACKET_BYTES = 1500
"""What customers send without asking anybody."""
SRV6_BYTES, PATH_BYTES = 40, 40 + 8 + 3 * 16
"""Headers that carry it to its SID, and along a path (RFC 8754, 2) of three segments."""

if TYPE_CHECKING:
    import ipaddress
    from collections.abc import Callable, Collection, Iterator

    from citynet.design.model import Design
    from citynet.design.source import Loc
    from citynet.design.types import City, Domain, Service
    from citynet.errors import Problem


@rule("encryption-level", "domains")
def encryption_level(design: Design) -> Iterator[Problem]:
    """A domain has the encryption of its level, or that of a higher one; never less.

    What a level promises for data (report, table 3-2, privacy) it keeps on every line and for every service. Leave
    `encryption` out to have that of `level`; set it to go ahead of the other promises of a higher level.
    """
    for name, domain in design.city.domains.items():
        if domain.encryption is not None and domain.encryption < domain.level:
            yield design.source.problem(
                ("domains", name, "encryption"),
                f"domain {name} of level {domain.level} has the encryption of {domain.encryption}",
                f"encryption of {domain.level} or better",
                f"leave it out: it is that of {domain.level} then",
            )


@rule("service-encryption", "services", "domains")
def service_encryption(design: Design) -> Iterator[Problem]:
    """A service asks for no weaker encryption than its domain's level and the class of its data have anyway.

    The table of grades decides what is due (`docs/encryption.md`); `encryption` of a service only adds to it. A weaker
    word would do nothing, and hide what somebody wanted.
    """
    for name, service in design.city.services.items():
        domain = design.city.domains.get(service.domain)
        if service.encryption is None or domain is None:
            continue
        due = SERVICES[level_of(domain)].get(service.data_class)
        if due is not None and GRADES.index(service.encryption) < GRADES.index(due):
            yield design.source.problem(
                ("services", name, "encryption"),
                f"service '{name}' asks for grade {service.encryption}; its {service.data_class} data have {due} with "
                f"the encryption of {level_of(domain)}",
                f"{due} or stronger",
                "leave it out",
            )


@rule("steering-encryption", "services", "domains", "identifiers")
def steering_encryption(design: Design) -> Iterator[Problem]:
    """A data identifier gets no weaker encryption than its data, or packets of its service without it, have anyway.

    The table of grades decides what the class of the data is due (`docs/encryption.md`). Were less to be had with an
    identifier, whoever wants less would put it on: `encryption` of an identifier only adds.
    """
    city = design.city
    for name, service in city.services.items():
        if service.domain not in city.domains or service.kind in LAYER_2:
            continue
        level = level_of(city.domains[service.domain])
        for number, item in enumerate(service.steering):
            data = steering_class(city, item)
            due = identifier_grade(city, service, data)
            if item.encryption is None or due is None or GRADES.index(item.encryption) >= GRADES.index(due.name):
                continue
            by_class = SERVICES[level].get(data) if data else None
            whose = f"{data} data" if by_class == due.name else f"packets of '{name}' without it"
            yield design.source.problem(
                ("services", name, "steering", number, "encryption"),
                f"service '{name}' asks for grade {item.encryption} for identifier {item.data or item.identifier}; "
                f"{whose} have {due.name} with the encryption of {level}",
                f"{due.name} or stronger",
                "leave it out",
            )


@rule("steering-class", "services", "identifiers")
def steering_class_of(design: Design) -> Iterator[Problem]:
    """Data of a higher class than their service's travel there by an identifier only if the service is fenced.

    The identifier is all that tells them from the rest, and gives them their encryption; only a fenced service looks
    whether each packet has one, and its sender a right to it.
    """
    for name, service in design.city.services.items():
        for number, item in enumerate(service.steering):
            data = steering_class(design.city, item)
            if data is not None and list(DataClass).index(data) > list(DataClass).index(service.data_class):
                if service.fenced:
                    continue
                yield design.source.problem(
                    ("services", name, "steering", number, "data"),
                    f"'{item.data}' are {data} data, and service '{name}' is for {service.data_class} data",
                    "a service of their class, or a fenced one",
                    "fenced: true",
                )


@rule("application", "services")
def application(design: Design) -> Iterator[Problem]:
    """An application has a name and ports of its own in its service.

    A packet is of one application: the one whose protocol and port it has, on the side that answers.
    """
    for name, service in design.city.services.items():
        names: set[str] = set()
        ports: dict[tuple[str, int], int] = {}
        for number, one in enumerate(service.applications):
            loc: Loc = ("services", name, "applications", number)
            if one.name in names:
                yield design.source.problem(
                    (*loc, "name"), f"service '{name}' has two applications '{one.name}'", "a name of its own"
                )
            if name == "evpn" and one.name in GRADES:  # the layer-2 services between two devices share these names
                yield design.source.problem(
                    (*loc, "name"), f"'evpn.{one.name}' is what multipoint layer-2 services share", "another name"
                )
            if one.name in {item.data for item in service.steering}:
                yield design.source.problem(
                    (*loc, "name"),
                    f"application '{one.name}' of service '{name}' is called as an identifier that it steers",
                    "another name",
                )
            names.add(one.name)
            for port in dict.fromkeys(one.ports):
                if (first := ports.setdefault((one.protocol, port), number)) == number and one.ports.count(port) == 1:
                    continue
                other = service.applications[first].name
                what = f"{one.protocol} port {port} of application '{one.name}' is that of '{other}'"
                if first == number:
                    what = f"application '{one.name}' names {one.protocol} port {port} twice"
                yield design.source.problem((*loc, "ports"), what, "each port once")


@warning("idle-application", "services", "domains")
def idle_application(design: Design) -> Iterator[Problem]:
    """The data of an application are of a class that is encrypted in its domain.

    Otherwise its packets have what all others of its service have, and naming it does nothing. Raise the class, or the
    `encryption` of the domain, or delete it.
    """
    for name, service in design.city.services.items():
        domain = design.city.domains.get(service.domain)
        if service.kind in LAYER_2 or domain is None:
            continue  # told by the rules `service-kind` and `reference`
        for number, one in enumerate(service.applications):
            if service_grade(design.city, service, one) is None:
                yield design.source.problem(
                    ("services", name, "applications", number),
                    f"{one.data_class} data of application '{one.name}' have no encryption of their own at "
                    f"{level_of(domain)}",
                    "a class of data that the table of grades encrypts there",
                )


@rule("encryption-mtu", "services", "domains")
def encryption_mtu(design: Design) -> Iterator[Problem]:
    """Lines of a domain carry packets of 1500 bytes, or frames of its layer-2 services, whole after encryption.

    SRv6 adds 40 bytes, ESP with its tunnel 77 to 113 by the grade, and a path another header with up to three segments;
    what MACsec adds the line has beyond its MTU. Else senders would be told of a smaller MTU, or of none (frames).
    Raise `underlay.mtu`.
    """
    for name, domain in design.city.domains.items():
        due = max(
            (
                (_bytes(design.city, service), one)
                for one, service in design.city.services.items()
                if service.domain == name
            ),
            default=(0, ""),
        )
        if due[0] > domain.underlay.mtu:
            yield design.source.problem(
                ("domains", name, "underlay", "mtu"),
                f"lines of {name} carry {domain.underlay.mtu} bytes, too few for '{due[1]}' once it is encrypted",
                f"{due[0]} or more",
            )


def _bytes(city: City, service: Service) -> int:
    """What a line must carry for the largest packets of a service; 0 when it is not encrypted."""
    grades = [service_grade(city, service), *(service_grade(city, service, one) for one in service.applications)]
    grades += [
        identifier_grade(city, service, steering_class(city, item), item.encryption) for item in service.steering
    ]
    most = max((grade.most_bytes for grade in grades if grade is not None), default=0)
    if not most:
        return 0
    if service.kind in LAYER_2:
        return FRAME_BYTES + HEADERS_BYTES + most
    steered = service.path is not None or any(item.path for item in service.steering)
    return PACKET_BYTES + SRV6_BYTES + most + (PATH_BYTES if steered else 0)


@rule("key-server", "encryption", "sites", "devices")
def key_server(design: Design) -> Iterator[Problem]:
    """A key server has an address of its own in the management network, and a name of its own.

    Devices reach it out of band: keys must not depend on the lines that they open. By its name they know its
    certificate, so two servers with one name could stand in for each other.
    """
    city = design.city
    places: dict[tuple[ipaddress.IPv4Address, int], str] = {}
    names: dict[str, str] = {}
    devices = {device.management: name for name, device in city.devices.items() if device.management}
    for site, server in city.encryption.key_servers.items():
        loc: Loc = ("encryption", "key_servers", site)
        if server.address not in city.management.prefix:
            yield design.source.problem(
                (*loc, "address"),
                f"'{server.address}' is outside management",
                f"an address in {city.management.prefix}",
            )
        if server.address in devices:
            yield design.source.problem(
                (*loc, "address"),
                f"the key server of '{site}' has the address {server.address} of device '{devices[server.address]}'",
                "an address of its own",
            )
        if (first := places.setdefault((server.address, server.port), site)) != site:
            yield design.source.problem(
                loc,
                f"key servers of '{first}' and '{site}' share {server.address} port {server.port}",
                "an address or port of its own",
            )
        if (first := names.setdefault(server.name, site)) != site:
            yield design.source.problem(
                (*loc, "name"), f"key servers of '{first}' and '{site}' are both called '{server.name}'", "a name each"
            )


@warning("idle-key-server", "encryption", "sites", "devices", "domains")
def idle_key_server(design: Design) -> Iterator[Problem]:
    """Every key server is at a site with a device whose encryption has keys from QKD.

    A site without one needs no key server: delete it, or see whether a device or the level of a domain is missing.
    """
    city = design.city
    quantum = {name for name, domain in city.domains.items() if _quantum(city, name, domain)}
    used = {device.site for device in city.devices.values() if device.domain in quantum}
    for site in city.encryption.key_servers:
        if site in city.sites and site not in used:
            yield design.source.problem(
                ("encryption", "key_servers", site),
                f"no device of site '{site}' takes keys from QKD",
                "a key server where keys are used",
            )


def _quantum(city: City, name: str, domain: Domain) -> bool:
    """Whether something of a domain may have keys from QKD."""
    line = line_grade(domain)
    if line is not None and line.source == "qkd":
        return True
    mine = [service for service in city.services.values() if service.domain == name]
    grades = [service_grade(city, service) for service in mine]
    grades += [
        identifier_grade(city, service, steering_class(city, item), item.encryption)
        for service in mine
        for item in service.steering
    ]
    return any(grade is not None and grade.source == "qkd" for grade in grades)


@warning("open-lines", "encryption")
def open_lines(design: Design) -> Iterator[Problem]:
    """Lines carry nothing while they have no key (`open_lines: false`).

    An open line goes on in the clear when its keys run out or its peer has none: whoever can stop the keys can read
    the traffic. It is the design's to choose, and is said here, in the as-built book and by `citynet prove`.
    """
    if design.city.encryption.open_lines:
        yield design.source.problem(
            ("encryption", "open_lines"),
            "lines without a key carry traffic in the clear",
            "open_lines: false",
            "leave it out: without a key a line carries nothing then",
        )


def unable(
    design: Design, lacking: Callable[[str], Collection[str]], having: Callable[[str], Collection[str]]
) -> Iterator[Problem]:
    """A problem for each device that must encrypt and whose platform cannot.

    Args:
        design: The design, perhaps what is left of a faulty one.
        lacking: The devices whose platform does not have a technology.
        having: The platforms that have it.
    """
    for technology, names, what in _asked(design.city):
        for name in sorted(names & {*lacking(technology)}):
            platform = design.city.devices[name].platform
            yield design.source.problem(
                ("devices", name, "platform"),
                f"'{name}' must encrypt {what}, and platform '{platform}' has no {technology}",
                f"a platform that has it: {', '.join(having(technology)) or 'there is none yet'}",
                "another platform there, or a level of encryption that does not ask for it",
                "platform",
            )


def _asked(city: City) -> Iterator[tuple[str, set[str], str]]:
    """Technologies, the devices that need each, and for what."""
    lines: set[str] = set()
    for link in all_links(city):
        ends = [city.devices[name] for name in (link.a, link.b) if name in city.devices]
        outside = len({device.site for device in ends}) > 1
        domains = [city.domains[device.domain] for device in ends if device.domain in city.domains]
        if outside and any(line_grade(domain) is not None for domain in domains):
            lines |= {link.a, link.b}
    yield "macsec", {name for name in lines if city.devices[name].role is not Role.OPTICAL}, "lines that leave its site"
    for name, service in city.services.items():
        for method in sorted(_methods(city, service)):
            yield method, _carriers(city, name, service), f"service '{name}'"


def _methods(city: City, service: Service) -> set[str]:
    if service.domain not in city.domains:
        return set()
    grades = [service_grade(city, service, one) for one in (None, *service.applications)]
    grades += [
        identifier_grade(city, service, steering_class(city, item), item.encryption) for item in service.steering
    ]
    return {grade.method for grade in grades if grade is not None}


def _carriers(city: City, name: str, service: Service) -> set[str]:
    """The devices that a service is on."""
    found = {end.device for end in service.ends} | {end.backup_device for end in service.ends if end.backup_device}
    if service.exit is not None:
        found.add(service.exit.device)
    for item in city.interconnects.values():
        found |= {device for device, one in zip(item.between, item.services, strict=True) if one == name}
    return found & city.devices.keys()
