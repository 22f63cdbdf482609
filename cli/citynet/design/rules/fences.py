"""Data identifiers, zones on the map, and fences."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from citynet.design.geometry import areas, around, zones_of
from citynet.design.rules.registry import rule, warning
from citynet.design.types import DataClass
from citynet.design.types.words import LAYER_2
from citynet.design.windows import common, schedule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.design.source import Loc
    from citynet.design.types import Fence, Identifier, Place
    from citynet.errors import Problem

CLASSES = list(DataClass)
"""From the least sensitive to the most."""


@rule("identifier-field")
def identifier_fields(design: Design) -> Iterator[Problem]:
    """A data identifier has two fields, and every number that the design gives fits its field and is given once.

    `data_identifiers` has their widths. Leave numbers out: the planner allocates them, and the lock keeps them.
    """
    option = design.city.data_identifiers
    if option.application_bits + option.user_bits > option.bits:
        yield design.source.problem(
            ("data_identifiers",),
            f"fields of {option.application_bits} and {option.user_bits} bits do not fit an identifier of "
            f"{option.bits} bits",
            f"{option.bits} bits at most together",
        )
    groups: dict[int, str] = {}
    for name, group in design.city.participant_groups.items():
        loc: Loc = ("participant_groups", name, "number")
        if group.number is not None:
            yield from _fits(design, loc, group.number, option.user_bits, "user")
            if (first := groups.setdefault(group.number, name)) != name:
                what = f"participant groups '{first}' and '{name}' have one number, {group.number}"
                yield design.source.problem(loc, what, "a number of its own")
    yield from _applications(design, option.application_bits)


def _fits(design: Design, loc: Loc, number: int, bits: int, field: str) -> Iterator[Problem]:
    if number >> bits:
        yield design.source.problem(
            loc, f"{number} is outside the {field} field of {bits} bits", f"a number from 1 to {(1 << bits) - 1}"
        )


def _applications(design: Design, bits: int) -> Iterator[Problem]:
    owner: dict[int, tuple[str, str]] = {}
    given: dict[tuple[str, str], int] = {}
    for name, one in design.city.identifiers.items():
        loc: Loc = ("identifiers", name, "application")
        if one.application is None:
            continue
        yield from _fits(design, loc, one.application, bits, "application")
        what = (str(one.data_class), one.use)
        if owner.setdefault(one.application, what) != what:
            other = " data for ".join(owner[one.application])
            yield design.source.problem(
                loc, f"application number {one.application} is that of {other}", "a number of its own"
            )
        if given.setdefault(what, one.application) != one.application:
            said = f"{one.data_class} data for {one.use} have two application numbers, {given[what]} and"
            yield design.source.problem(loc, f"{said} {one.application}", "one number")


@rule("identifier-twice")
def identifier_twice(design: Design) -> Iterator[Problem]:
    """A group has one identifier for data of one class and one use.

    Two names would stand for one number.
    """
    seen: dict[tuple[str, str, str], str] = {}
    for name, one in design.city.identifiers.items():
        key = (one.group, str(one.data_class), one.use)
        if (first := seen.setdefault(key, name)) != name:
            what = f"'{first}' and '{name}' are one: {one.data_class} data of {one.group} for {one.use}"
            yield design.source.problem(("identifiers", name), what, "another group, class or use")


@rule("zone-polygon")
def zone_polygon(design: Design) -> Iterator[Problem]:
    """A polygon of a zone is an area: closed, not crossing itself, in degrees, within that of the larger zone.

    GeoJSON (RFC 7946) has the longitude before the latitude; in China the first is from 73 to 135, the second from 3
    to 54.
    """
    found = areas(design)
    for name, error in found.wrong.items():
        key = "polygon" if design.city.zones[name].polygon is not None else "polygon_file"
        yield design.source.problem(("zones", name, key), error.what, error.expected, error.hint)
    for name, area in found.by_zone.items():
        outer = next((one for one in around(design.city, name)[1:] if one in found.by_zone), None)
        if outer is not None and not found.by_zone[outer].buffer(1e-6).covers(area):
            yield design.source.problem(
                ("zones", name), f"the polygon of zone '{name}' leaves that of '{outer}'", "an area within it"
            )


@rule("zone-site", "zones", "sites", "devices", "services")
def zone_site(design: Design) -> Iterator[Problem]:
    """A site stands in the polygon of the zone that it names; with fences, every site with hosts is in some zone.

    A fence speaks of zones, so it can say nothing of a host outside all of them.
    """
    city, found = design.city, areas(design)
    for name, site in city.sites.items():
        if site.zone in found.by_zone and site.place and site.zone not in found.zones_at(site.place):
            yield _outside(design, name, site.zone, site.place)
    if not city.fences:
        return
    ends = (end for service in city.services.values() for end in service.ends)
    devices = dict.fromkeys(one for end in ends for one in (end.device, end.backup_device) if one in city.devices)
    for name in dict.fromkeys(city.devices[str(device)].site for device in devices):
        if name in city.sites and not zones_of(city, found, name):
            yield design.source.problem(
                ("sites", name), f"site '{name}' lies outside every zone, and hosts stand there", "a 'zone' for it"
            )


def _outside(design: Design, name: str, zone: str, place: Place) -> Problem:
    swapped = zone in areas(design).zones_at(place.model_copy(update={"lat": place.lon, "lon": place.lat}))
    hint = "latitude and longitude are swapped" if swapped else ""
    what = f"site '{name}' at latitude {place.lat:g}, longitude {place.lon:g} is outside its zone '{zone}'"
    return design.source.problem(("sites", name, "place"), what, "a place in the zone's polygon", hint)


@rule("fence")
def fence(design: Design) -> Iterator[Problem]:
    """A fence speaks of some data and of some zones, and does not both allow and forbid one zone.

    Within one fence a zone on both lists is a slip; a smaller zone within an allowed one may be forbidden.
    """
    for name, one in design.city.fences.items():
        if not one.identifiers and not one.data_classes:
            what = f"fence '{name}' speaks of no data"
            yield design.source.problem(("fences", name), what, "'identifiers' or 'data_classes'")
        if not one.allowed and not one.forbidden:
            what = f"fence '{name}' says of no zone whether data may go there"
            yield design.source.problem(("fences", name), what, "'allowed' or 'forbidden'")
        for zone in sorted({*one.allowed} & {*one.forbidden}):
            what = f"fence '{name}' both allows and forbids zone '{zone}'"
            yield design.source.problem(("fences", name, "forbidden"), what, "one of them")


@warning("fence-contradiction", "zones", "identifiers", "fences")
def contradiction(design: Design) -> Iterator[Problem]:
    """No fence allows a zone that another forbids to the same data at the same time.

    The forbidden zone wins: what one fence allows there never comes to pass. Forbid a smaller zone within the allowed
    one instead, which is an exception and no contradiction, or take one of them away.
    """
    pairs = combinations(design.city.fences.items(), 2)
    for (one, a), (other, b) in pairs:
        yield from _contradicts(design, one, a, other, b)
        yield from _contradicts(design, other, b, one, a)


def _contradicts(design: Design, name: str, allows: Fence, other: str, forbids: Fence) -> Iterator[Problem]:
    shared = sorted({*covered(design, allows)} & {*covered(design, forbids)})
    apart = {allows.direction, forbids.direction} == {"to", "from"}
    if not shared or apart or not common(schedule(allows.windows), schedule(forbids.windows)):
        return
    sources = {inner for zone in allows.sources for inner in around(design.city, zone)}
    if forbids.sources and not sources & {*forbids.sources}:
        return
    for zone in allows.allowed:
        for outer in around(design.city, zone):
            if outer in forbids.forbidden:
                where = f"'{outer}'" if outer == zone else f"'{outer}' around it"
                yield design.source.problem(
                    ("fences", name, "allowed"),
                    f"fence '{name}' allows zone '{zone}' to {', '.join(shared)}, and fence '{other}' forbids {where}",
                    "one of them",
                    f"'{other}' wins: forbidden goes before allowed",
                )


def covered(design: Design, one: Fence) -> list[str]:
    """The identifiers that a fence speaks of."""
    known = design.city.identifiers
    return [name for name in known if name in one.identifiers or known[name].data_class in one.data_classes]


@warning("unfenced-data", "zones", "identifiers", "fences", "services", "participants", "participant_groups")
def unfenced(design: Design) -> Iterator[Problem]:
    """Data of fenced identifiers have no service without a fence to travel in, and every identifier has a fence.

    In a service that is not `fenced`, or of layer 2, a packet without an identifier passes, and nobody can tell what
    is in it. Without a fence that allows a zone, data of an identifier go nowhere.
    """
    city = design.city
    if not city.fences:
        return
    fenced = {name for one in city.fences.values() for name in covered(design, one)}
    for name in city.identifiers:
        if not any(name in covered(design, one) and one.allowed for one in city.fences.values()):
            what = f"no fence allows a zone to the data of identifier '{name}'"
            yield design.source.problem(("identifiers", name), what, "a fence that does, or no such identifier")
    for name, service in city.services.items():
        who = {end.participant for end in service.ends}
        mine = [
            one
            for one in sorted(fenced)
            if may_travel(city.identifiers[one], service.data_class) and who & _members(design, one)
        ]
        if mine and not service.fenced:
            kind = f"of kind {service.kind} " if service.kind in LAYER_2 else ""
            what = f"service '{name}' {kind}may carry {service.data_class} data of {', '.join(mine)} without a fence"
            hint = "or another service" if service.kind in LAYER_2 else ""
            yield design.source.problem(("services", name), what, "'fenced: true'", hint)


def _members(design: Design, identifier: str) -> set[str]:
    group = design.city.participant_groups.get(design.city.identifiers[identifier].group)
    return set(group.participants) if group else set()


def may_travel(one: Identifier, service_class: DataClass) -> bool:
    """Whether a service may carry the data of an identifier: its class is the most sensitive that it carries."""
    return CLASSES.index(one.data_class) <= CLASSES.index(service_class)
