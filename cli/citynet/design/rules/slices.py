"""Slices: legal rates and numbers, and room for each on its whole way (FlexE, OIF-FLEXE-02.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.flexe import (
    LAST_CLIENT,
    LEAST_FLEXE_GBPS,
    PHY_GBPS,
    SLOT_GBPS,
    group_of,
    legal,
    nearest,
    parts_of_slot,
    slots_for,
)
from citynet.design.links import all_links
from citynet.design.rules.registry import rule, warning
from citynet.design.slices import reserve, slices_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.design.slices import Shortage
    from citynet.design.source import Loc
    from citynet.design.types import Service
    from citynet.errors import Problem

MOST_SLICES = 255
"""Numbers of slices in a packet: 8 bits of the flow label (draft-filsfils-spring-srv6-stateless-slice-id)."""


@rule("flexe-group", "links", "rings", "meshes", "stars")
def flexe_group(design: Design) -> Iterator[Problem]:
    """The PHYs of a link share its rate evenly, at a rate that OIF has, and no two links have one group number.

    A FlexE group bonds PHYs of one rate: 50, 100, 200 or 400 Gbit/s (OIF-FLEXE-02.1). The group number is what both
    ends of a link tell each other; leave it out to have one allocated.
    """
    seen: dict[int, str] = {}
    for link in all_links(design.city):
        what = f"link {link.a} - {link.b}"
        if link.phys is not None and group_of(link.rate_gbps, link.phys) is None:
            could = [count for count in range(1, 17) if group_of(link.rate_gbps, count)]
            yield design.source.problem(
                (*link.loc, "phys"),
                f"{what} of {link.rate_gbps} Gbit/s cannot be {link.phys} equal PHYs",
                f"PHYs of {', '.join(map(str, PHY_GBPS))} Gbit/s",
                f"phys: {' or '.join(map(str, could))}" if could else f"a link of {LEAST_FLEXE_GBPS} Gbit/s or more",
            )
        if link.group is not None and (first := seen.setdefault(link.group, what)) != what:
            free = next(number for number in range(1, len(seen) + 2) if number not in seen)
            yield design.source.problem(
                (*link.loc, "flexe_group"),
                f"{what} has FlexE group number {link.group}, which {first} has",
                "one number a group",
                f"{free} is free, or leave it out",
            )


@rule("slice-rate", "slices")
def slice_rate(design: Design) -> Iterator[Problem]:
    """The rate of a slice is whole slots of 5 Gbit/s, or less than one in whole granules.

    A client of a FlexE group gets calendar slots of 5 Gbit/s; where the platform cuts one slot into sub-slots
    (`flexe.granule_mbps`: 1000 or 1250, as NetEngine does), a small client may have part of one.
    """
    granule = design.city.flexe.granule_gbps
    for name, one in design.city.slices.items():
        if not legal(one.bandwidth_gbps, granule):
            below, above = nearest(one.bandwidth_gbps, granule)
            yield design.source.problem(
                ("slices", name, "bandwidth_gbps"),
                f"slice '{name}' of {one.bandwidth_gbps:g} Gbit/s is no multiple of the granule of "
                f"{SLOT_GBPS if one.bandwidth_gbps >= SLOT_GBPS else granule:g} Gbit/s",
                f"{below:g} or {above:g} Gbit/s" if below else f"{above:g} Gbit/s",
            )


@rule("slice-client", "slices")
def slice_client(design: Design) -> Iterator[Problem]:
    """No two slices of a domain have one FlexE client number, and a domain has 255 slices at most.

    Slices of a domain meet on links, and there the client number is what tells them apart. Packets name their slice
    in 8 bits. Leave `client` out to have a number allocated.
    """
    for domain in design.city.domains:
        mine = {name: one.client for name, one in design.city.slices.items() if one.domain == domain}
        given = set(mine.values())
        first: dict[int, str] = {}
        for number, (name, client) in enumerate(mine.items(), 1):
            if number > MOST_SLICES:
                yield design.source.problem(
                    ("slices", name), f"'{name}' is slice {number} of domain {domain}", f"{MOST_SLICES} at most"
                )
            if client is None or first.setdefault(client, name) == name:
                continue
            free = next((n for n in range(1, LAST_CLIENT + 1) if n not in given), 0)
            yield design.source.problem(
                ("slices", name, "client"),
                f"slice '{name}' has client number {client}, which slice '{first[client]}' has",
                "one number a slice",
                f"{free} is free, or leave it out",
            )


@rule("slice-service", "slices", "services")
def slice_service(design: Design) -> Iterator[Problem]:
    """A service, or a data identifier, is in a slice of its domain, and no end sends more than the slice carries.

    Nothing is borrowed from outside a slice: what is sent beyond its rate is dropped at its first queue.
    """
    for name, service in design.city.services.items():
        yield from _identifiers(design, name, service)
        one = design.city.slices.get(service.slice or "")
        if one is None:
            continue  # told by the rule `reference`
        if one.domain != service.domain:
            yield design.source.problem(
                ("services", name, "slice"),
                f"service '{name}' of domain {service.domain} is in slice '{service.slice}' of domain {one.domain}",
                f"a slice of domain {service.domain}",
            )
        elif service.bandwidth_mbps > 1000 * one.bandwidth_gbps:
            yield design.source.problem(
                ("services", name, "bandwidth_mbps"),
                f"service '{name}' plans {service.bandwidth_mbps} Mbit/s per end, its slice '{service.slice}' carries "
                f"{1000 * one.bandwidth_gbps:g}",
                "no more than the slice",
                f"slices.{service.slice}.bandwidth_gbps: {slots_for(service.bandwidth_mbps) * SLOT_GBPS} or more",
            )


def _identifiers(design: Design, name: str, service: Service) -> Iterator[Problem]:
    for number, item in enumerate(service.steering):
        one = design.city.slices.get(item.slice or "")
        loc: Loc = ("services", name, "steering", number)
        what = f"identifier {item.data or item.identifier} of service '{name}'"
        if one is None:
            if item.bandwidth_mbps:
                said = f"{what} plans bandwidth, and has no slice"
                yield design.source.problem((*loc, "bandwidth_mbps"), said, "a 'slice', or no 'bandwidth_mbps'")
            continue  # a name that is none is told by the rule `reference`
        if one.domain != service.domain:
            yield design.source.problem(
                (*loc, "slice"),
                f"{what} is in slice '{item.slice}' of domain {one.domain}, and its service in {service.domain}",
                f"a slice of domain {service.domain}",
            )
        elif item.bandwidth_mbps > 1000 * one.bandwidth_gbps:
            yield design.source.problem(
                (*loc, "bandwidth_mbps"),
                f"{what} plans {item.bandwidth_mbps} Mbit/s per end, its slice '{item.slice}' carries "
                f"{1000 * one.bandwidth_gbps:g}",
                "no more than the slice",
                f"slices.{item.slice}.bandwidth_gbps: {slots_for(item.bandwidth_mbps) * SLOT_GBPS} or more",
            )


@rule("slice-room", "slices", "services", "devices", "interconnects", "links", "rings", "meshes", "stars")
def slice_room(design: Design) -> Iterator[Problem]:
    """Every link that a slice may take has room for it, one slot kept for control and services without a slice.

    A slice is reserved on all links that its services may take, with everything up and when any one link or device has
    failed; nothing is sold twice. Slices come in the order of the design. Make the slice smaller, raise the `rate_gbps`
    of the links, or take a service out of the slice.
    """
    granule = design.city.flexe.granule_gbps
    if not all(legal(one.bandwidth_gbps, granule) for one in design.city.slices.values()):
        return  # told by the rule `slice-rate`; sizes would be guesses
    for shortage in reserve(design.city).shortages:
        yield design.source.problem(
            ("slices", shortage.slice, "bandwidth_gbps"), *_words(design, shortage, parts_of_slot(granule))
        )


def _words(design: Design, short: Shortage, parts: int) -> tuple[str, str, str]:
    link, group = short.stretch.link, short.stretch.group
    gbps = design.city.slices[short.slice].bandwidth_gbps
    place = f"link {link.a} - {link.b}" + (f" (and on {short.elsewhere} more)" if short.elsewhere else "")
    what = f"slice '{short.slice}' of {gbps:g} Gbit/s"
    best = f"at most {short.best:g} Gbit/s" if short.best else "nothing, as it is full"
    if group is None:
        return (
            f"slice '{short.slice}' may go over {place} of {link.rate_gbps} Gbit/s, which has no FlexE calendar",
            f"links of {LEAST_FLEXE_GBPS} Gbit/s and more on its whole way",
            f"raise the rate of the {'link' if not short.elsewhere else 'links'}",
        )
    if gbps > short.stretch.slots * SLOT_GBPS:
        return (
            f"{what} is larger than the group of {place}: {group.slots} slots, one of them kept for control",
            best,
            "more PHYs or a faster link",
        )
    others = ", ".join(f"'{name}' {short.stretch.slots_of(name, parts)}" for name in short.stretch.sizes)
    return (
        f"{what} finds {short.free} of {group.slots} slots free on {place}: {others} and control 1 have the rest",
        best,
        "a faster link, or less for the others",
    )


@warning("unused-slice", "services", "slices")
def unused_slices(design: Design) -> Iterator[Problem]:
    """Every slice carries a service, or a data identifier of one.

    Without one it reserves nothing, as nobody knows its way. Name it in a service (`slice`), or delete it.
    """
    used = {name for service in design.city.services.values() for name, _ in slices_of(service)}
    for name in design.city.slices:
        if name not in used:
            yield design.source.problem(("slices", name), f"no service is in slice '{name}'", "a service in it")
