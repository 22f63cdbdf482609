"""Names: each leads somewhere, and each node has one of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.rules.registry import rule
from citynet.design.types import Role
from citynet.errors import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.design.model import Design
    from citynet.design.source import Loc
    from citynet.design.types import End


def _references(design: Design) -> Iterator[tuple[Loc, str, str, Iterable[str]]]:
    city = design.city
    for name, fibre in city.fibres.items():
        yield from ((("fibres", name, "between"), "site", site, city.sites) for site in fibre.between)
    for name, device in city.devices.items():
        yield ("devices", name, "site"), "site", device.site, city.sites
        if device.domain is not None:
            yield ("devices", name, "domain"), "domain", device.domain, city.domains
    yield from ((("encryption", "key_servers", site), "site", site, city.sites) for site in city.encryption.key_servers)
    yield from _link_references(design)
    yield from _zone_references(design)
    yield from _service_references(design)
    yield from _path_references(design)
    yield from _fence_references(design)
    yield from _access_references(design)


def _link_references(design: Design) -> Iterator[tuple[Loc, str, str, Iterable[str]]]:
    city = design.city
    for number, link in enumerate(city.links):
        yield from ((("links", number, "between"), "device", device, city.devices) for device in link.between)
        yield from ((("links", number, "fibres"), "fibre", fibre, city.fibres) for fibre in link.fibres)
    for section, groups in (("rings", city.rings), ("meshes", city.meshes), ("stars", city.stars)):
        for name, group in groups.items():
            yield from (((section, name, "devices"), "device", device, city.devices) for device in group.devices)
    for name, star in city.stars.items():
        yield from ((("stars", name, "hubs"), "device", device, city.devices) for device in star.hubs)


def _zone_references(design: Design) -> Iterator[tuple[Loc, str, str, Iterable[str]]]:
    city = design.city
    for name, zone in city.zones.items():
        if zone.within is not None:
            yield ("zones", name, "within"), "zone", zone.within, city.zones
    for name, site in city.sites.items():
        if site.zone is not None:
            yield ("sites", name, "zone"), "zone", site.zone, city.zones


def _service_references(design: Design) -> Iterator[tuple[Loc, str, str, Iterable[str]]]:
    city = design.city
    for name, service in city.services.items():
        yield ("services", name, "domain"), "domain", service.domain, city.domains
        if service.slice is not None:
            yield ("services", name, "slice"), "slice", service.slice, city.slices
        for number, end in enumerate(service.ends):
            yield ("services", name, "ends", number, "device"), "device", end.device, city.devices
            yield ("services", name, "ends", number, "participant"), "participant", end.participant, city.participants
            if end.backup_device is not None:
                yield ("services", name, "ends", number, "backup_device"), "device", end.backup_device, city.devices
        if service.exit is not None:
            yield ("services", name, "exit", "device"), "device", service.exit.device, city.devices
            yield ("services", name, "exit", "participant"), "participant", service.exit.participant, city.participants
    for name, one in city.slices.items():
        yield ("slices", name, "domain"), "domain", one.domain, city.domains
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


def _path_references(design: Design) -> Iterator[tuple[Loc, str, str, Iterable[str]]]:
    city = design.city
    for name, service in city.services.items():
        if service.path is not None:
            yield ("services", name, "path"), "path", service.path, city.paths
        for number, item in enumerate(service.steering):
            if item.path is not None:
                yield ("services", name, "steering", number, "path"), "path", item.path, city.paths
            if item.slice is not None:
                yield ("services", name, "steering", number, "slice"), "slice", item.slice, city.slices
            if item.data is not None:
                yield ("services", name, "steering", number, "data"), "identifier", item.data, city.identifiers
    for name, policy in city.paths.items():
        if policy.disjoint_from is not None:
            yield ("paths", name, "disjoint_from"), "path", policy.disjoint_from, city.paths
        for key, parts in (("avoid", policy.avoid), ("include", policy.include)):
            loc: Loc = ("paths", name, key)
            yield from (((*loc, "devices"), "device", device, city.devices) for device in parts.devices)
            yield from (((*loc, "sites"), "site", site, city.sites) for site in parts.sites)
            yield from (((*loc, "fibres"), "fibre", fibre, city.fibres) for fibre in parts.fibres)
            yield from (((*loc, "links"), "device", device, city.devices) for ends in parts.links for device in ends)


def _fence_references(design: Design) -> Iterator[tuple[Loc, str, str, Iterable[str]]]:
    city = design.city
    for name, group in city.participant_groups.items():
        loc: Loc = ("participant_groups", name, "participants")
        yield from ((loc, "participant", who, city.participants) for who in group.participants)
    for name, identifier in city.identifiers.items():
        yield ("identifiers", name, "group"), "participant_group", identifier.group, city.participant_groups
    for name, item in city.interconnects.items():
        for number, allow in enumerate(item.allow):
            for key, listed in (("identifiers", allow.identifiers), ("answers", allow.answers)):
                loc = ("interconnects", name, "allow", number, key)
                yield from ((loc, "identifier", one, city.identifiers) for one in listed or ())
    for name, fence in city.fences.items():
        for key, zones in (("sources", fence.sources), ("allowed", fence.allowed), ("forbidden", fence.forbidden)):
            yield from ((("fences", name, key), "zone", zone, city.zones) for zone in zones)
        yield from ((("fences", name, "identifiers"), "identifier", one, city.identifiers) for one in fence.identifiers)


def _access_references(design: Design) -> Iterator[tuple[Loc, str, str, Iterable[str]]]:
    city = design.city
    hosts = [end.host for service in city.services.values() for end in service.ends]
    for name, role in city.access.roles.items():
        for key, kind, wanted, known in (
            ("participants", "participant", role.participants, city.participants),
            ("hosts", "host", role.hosts, hosts),
            ("services", "service", role.services, city.services),
            ("identifiers", "identifier", role.identifiers, city.identifiers),
            ("zones", "zone", role.zones, city.zones),
            ("devices", "device", role.devices, city.devices),
        ):
            yield from ((("access", "roles", name, key), kind, one, known) for one in wanted)
    for name, task in city.access.tasks.items():
        yield from ((("access", "tasks", name, "roles"), "role", one, city.access.roles) for one in task.roles)
        yield from (
            (("access", "tasks", name, "identifiers"), "identifier", one, city.identifiers) for one in task.identifiers
        )


@rule("reference")
def references(design: Design) -> Iterator[Problem]:
    """Every name leads to something that exists.

    The nearest known name stands in the hint. What was set aside because of another error counts as existing.
    """
    for loc, kind, name, known in _references(design):
        if name not in known and not design.aside.knows(f"{kind}s", name):
            word = kind.replace("_", " ")
            yield design.source.problem(
                loc, f"no {word} '{name}'", f"a {word} of this design", did_you_mean(name, known)
            )


@rule("one-name")
def one_name(design: Design) -> Iterator[Problem]:
    """Devices and hosts share one space of names.

    Both are nodes with a management address and a host name. Rename the host.
    """
    seen: dict[str, Loc] = {name: ("devices", name) for name in design.city.devices}
    hosts: list[tuple[Loc, str]] = [
        (("services", service, "ends", number, "host"), end.host) for service, number, end in service_ends_of(design)
    ]
    hosts += [
        (("services", name, "exit", "host"), service.exit.host)
        for name, service in design.city.services.items()
        if service.exit is not None
    ]
    for loc, host in hosts:
        if host in seen:
            first = design.source.where(*seen[host])
            yield design.source.problem(
                loc, f"host '{host}' is the name of another node", "a name of its own", f"first in {first}"
            )
        seen.setdefault(host, loc)


def service_ends_of(design: Design) -> Iterator[tuple[str, int, End]]:
    """Every end of every service: the service's name, the number of the end, the end."""
    for name, service in design.city.services.items():
        for number, end in enumerate(service.ends):
            yield name, number, end


@rule("device-domain")
def device_domain(design: Design) -> Iterator[Problem]:
    """A device that routes belongs to a domain.

    Only optical devices serve both domains: they carry light, not packets (report, 4.1).
    """
    for name, device in design.city.devices.items():
        if device.domain is None and device.role is not Role.OPTICAL:
            yield design.source.problem(
                ("devices", name), f"device '{name}' is in no domain", "domain: government or cross"
            )
