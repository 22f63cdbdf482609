"""Drawing big cities: many sites or devices as one node, by whatever first gives few enough nodes."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.reports.documents.words_of_pictures import PICTURES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from citynet.levels.text import Text
    from citynet.plan.model import Device, Plan, PlannedSite
    from citynet.reports.documents.atlas import Atlas

LIMIT = 250
"""More nodes than these nobody can read in one picture."""
AREAS = 14
"""A city that has neither few sites nor zones is cut into at most so many strips each way."""


@dataclass(slots=True)
class Group:
    """Several things drawn as one."""

    key: str
    title: str
    latlon: tuple[float, float] | None


@dataclass(slots=True)
class Grouping:
    """What goes together: the group of each site or device, and the words for it; no note when each stands alone."""

    of: dict[str, str]
    groups: dict[str, Group]
    note: Text | None = None


def group_sites(atlas: Atlas, names: list[str], limit: int = LIMIT) -> Grouping:
    """Sites as they are while they are few; then by zone, by larger zones, by area, by the first part of the name."""
    sites = atlas.plan.sites
    if len(names) <= limit:
        return _grouping({name: name for name in names}, sites, atlas.site_title, None)
    for of, title, note in _coarser(atlas.plan, names):
        if 1 < len(set(of.values())) <= limit:
            return _grouping(of, sites, title, PICTURES[note])
    return _grouping(dict.fromkeys(names, "…"), sites, str, PICTURES["pic_together_name"])


def group_devices(atlas: Atlas, devices: list[Device], limit: int = LIMIT) -> Grouping:
    """Devices as they are while they are few; then by site, and as sites go; where all are at one, by name or role."""
    sites = atlas.plan.sites
    if len(devices) <= limit:
        groups = {d.name: Group(d.name, d.name, _latlon(sites[d.site])) for d in devices}
        return Grouping({name: name for name in groups}, groups)
    names = list(dict.fromkeys(device.site for device in devices))
    if len(names) == 1:
        place = _latlon(sites[names[0]])
        for of in _shortened([device.name for device in devices]):
            if 1 < len(set(of.values())) <= limit:
                groups = {key: Group(key, key, place) for key in dict.fromkeys(of.values())}
                return Grouping(of, groups, PICTURES["pic_together_name"])
        roles = list(dict.fromkeys(device.role for device in devices))
        return Grouping(
            {device.name: device.role for device in devices},
            {role: Group(role, role, place) for role in roles},
            PICTURES["pic_together_role"],
        )
    found = group_sites(atlas, names, limit)
    of = {device.name: found.of[device.site] for device in devices}
    return Grouping(of, found.groups, found.note or PICTURES["pic_together_site"])


def _coarser(plan: Plan, names: list[str]) -> Iterator[tuple[dict[str, str], Callable[[str], str], str]]:
    """Ways to put sites together, finest first."""
    of = {name: plan.sites[name].zone for name in names}
    while sum(map(bool, of.values())) * 2 >= len(of):  # else most would be in no zone
        yield dict(of), lambda key: (plan.zones[key].title or key) if key in plan.zones else "–", "pic_together_zone"
        larger = {name: (plan.zones[zone].within or zone) if zone in plan.zones else zone for name, zone in of.items()}
        if larger == of:
            break
        of = larger
    placed = [plan.sites[name].place for name in names if plan.sites[name].place]
    if len(placed) * 2 >= len(names):
        south, north = min(p[0] for p in placed), max(p[0] for p in placed)
        west, east = min(p[1] for p in placed), max(p[1] for p in placed)
        high, wide = (north - south) / AREAS or 1.0, (east - west) / AREAS or 1.0

        def area(site: PlannedSite) -> str:
            if not site.place:
                return "–"
            row, column = math.floor((site.place[0] - south) / high), math.floor((site.place[1] - west) / wide)
            return f"{south + (row + 0.5) * high:.2f}, {west + (column + 0.5) * wide:.2f}"

        yield {name: area(plan.sites[name]) for name in names}, str, "pic_together_cell"
    for of in _shortened(names):
        yield of, str, "pic_together_name"


def _shortened(names: list[str]) -> Iterator[dict[str, str]]:
    """Names without their last part (`d12-s03` → `d12`), without the last two, and so on; at last without digits."""
    short = {name: name for name in names}
    while any("-" in key for key in short.values()):
        short = {name: key.rpartition("-")[0] or key for name, key in short.items()}
        yield short
    yield {name: key.rstrip("0123456789") or key for name, key in short.items()}


def _grouping(
    of: dict[str, str], sites: dict[str, PlannedSite], title: Callable[[str], str], note: Text | None
) -> Grouping:
    members: dict[str, list[tuple[float, float]]] = {}
    for name, key in of.items():
        found = members.setdefault(key, [])
        if (place := _latlon(sites[name])) is not None:
            found.append(place)
    groups = {}
    for key, places in members.items():
        middle = (
            (sum(lat for lat, _ in places) / len(places), sum(lon for _, lon in places) / len(places))
            if places
            else None
        )
        groups[key] = Group(key, title(key), middle)
    return Grouping(of, groups, note)


def _latlon(site: PlannedSite) -> tuple[float, float] | None:
    return (site.place[0], site.place[1]) if site.place else None


def merged(pairs: list[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """How many join each two groups; those inside one group are left out."""
    return Counter((min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])
