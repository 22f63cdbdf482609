"""Capacity: of fibres, and of the links of a device."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from citynet.design.fibres import FibreMap
from citynet.design.flexe import SLOT_GBPS, slots_for, slots_of
from citynet.design.links import all_links
from citynet.design.rules.registry import rule
from citynet.design.slices import slices_of as slices_of_service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.errors import Problem


@rule("fibre-capacity", "sites", "fibres", "devices", "links", "rings", "meshes", "stars")
def fibre_capacity(design: Design) -> Iterator[Problem]:
    """The lines on a fibre are no more than may be lit on it.

    The rates of all links that ride a fibre, together, are at most its `capacity_gbps`. Links that name no fibres take
    the shortest way. Move links to other fibres with `fibres`, or add one.
    """
    city, load, used = design.city, defaultdict[str, int](int), defaultdict[str, int](int)
    fibre_map = FibreMap(city)
    for link in all_links(city):
        if link.a not in city.devices or link.b not in city.devices:
            continue
        for fibre in fibre_map.between(city.devices[link.a].site, city.devices[link.b].site, link.fibres):
            load[fibre] += link.rate_gbps
            used[fibre] += 1
    for name, gbps in load.items():
        if gbps > city.fibres[name].capacity_gbps:
            yield design.source.problem(
                ("fibres", name),
                f"{used[name]} links of {gbps} Gbit/s together ride fibre '{name}' of "
                f"{city.fibres[name].capacity_gbps:g} Gbit/s",
                "no more than may be lit on it",
            )


@rule("slot-capacity", "devices", "services", "slices", "links", "rings", "meshes", "stars")
def slot_capacity(design: Design) -> Iterator[Problem]:
    """The bandwidth of a device's service ends fits into the slots of its links.

    Each end takes whole slots of 5 Gbit/s (FlexE, OIF), ends in one slice those of the slice together; links slower
    than 50 Gbit/s have no slots and count by their rate. The proof (`citynet prove`) looks at every link on the way;
    this rule at the first. Raise `rate_gbps` of the links, or lower `bandwidth_mbps`.
    """
    slots = defaultdict[str, int](int)
    for link in all_links(design.city):
        there = slots_of(link.rate_gbps) or link.rate_gbps // SLOT_GBPS
        slots[link.a] += there
        slots[link.b] += there
    for device, count in _slots_wanted(design).items():
        if device in design.city.devices and count > slots[device]:
            yield design.source.problem(
                ("devices", device),
                f"the service ends at '{device}' take {count} slots of {SLOT_GBPS} Gbit/s, its links have "
                f"{slots[device]}",
                "links that carry what ends there",
            )


def _slots_wanted(design: Design) -> dict[str, int]:
    """The slots that the ends on each device take; those of a slice count once."""
    wanted = defaultdict[str, int](int)
    sliced = set[tuple[str, str]]()
    for service in design.city.services.values():
        own = [name for name, _ in slices_of_service(service) if name in design.city.slices]
        for end in service.ends:
            for device in {end.device, end.backup_device or end.device}:
                if service.slice not in design.city.slices:
                    wanted[device] += slots_for(service.bandwidth_mbps)
                for name in own:
                    if (device, name) not in sliced:
                        sliced.add((device, name))
                        wanted[device] += slots_for(1000 * design.city.slices[name].bandwidth_gbps)
    return wanted
