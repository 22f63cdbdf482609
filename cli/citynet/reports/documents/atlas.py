"""The plan with look-ups that documents need, and the paths of their files; computed once, in no language."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.plan.model import PortKind
from citynet.reports.documents.carrying import carried

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.plan.model import Device, Host, Line, Plan

FLAT = 300
"""Up to so many device sheets stay in one folder."""
FULL = 500
"""More than so many files in a folder are too many to browse."""
_ODD = re.compile(r"[^a-z0-9-]")


@dataclass(slots=True)
class Atlas:
    """A plan and what follows from it.

    `at` maps a site to its devices, `lines_on` a fibre to the lines that ride it, `groups` a risk group to its fibres,
    `sheets` a device to the path of its sheet.
    """

    plan: Plan
    at: dict[str, list[Device]] = field(default_factory=dict)
    of_domain: dict[str, list[Device]] = field(default_factory=dict)
    links: dict[str, list[Line]] = field(default_factory=dict)
    attachments: list[Line] = field(default_factory=list)
    interconnects: list[Line] = field(default_factory=list)
    lines_on: dict[str, list[Line]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    hosts_on: dict[str, list[Host]] = field(default_factory=dict)
    carriers: dict[str, list[Device]] = field(default_factory=dict)
    ends: Counter[str] = field(default_factory=Counter)
    sheets: dict[str, str] = field(default_factory=dict)

    def interconnect_name(self, line: Line) -> str:
        """The design's name of an interconnect line: its guards carry it."""
        for guard in self.plan.devices[line.a.node].guards:
            if guard.port == line.a.port:
                return guard.interconnect
        return line.name

    def site_title(self, name: str) -> str:
        """What people call a site."""
        site = self.plan.sites.get(name)
        return site.title if site and site.title else name

    def service_path(self, name: str) -> str:
        """The chapter of a service, without its ending."""
        return f"services/{file_name(name)}"


def make_atlas(plan: Plan) -> Atlas:
    """Look everything up once."""
    atlas = Atlas(plan)
    atlas.at = {name: [] for name in plan.sites}
    atlas.of_domain = {name: [] for name in plan.domains}
    atlas.links = {name: [] for name in plan.domains}
    atlas.lines_on = {name: [] for name in plan.fibres}
    atlas.carriers = {name: [] for name in plan.services}
    groups: dict[str, list[str]] = defaultdict(list)
    for fibre in plan.fibres.values():
        for group in fibre.risk_groups:
            groups[group].append(fibre.name)
    atlas.groups = dict(sorted(groups.items()))
    for device in plan.devices.values():
        atlas.at.setdefault(device.site, []).append(device)
        atlas.of_domain[device.domain].append(device)
        for one in carried(device):
            atlas.carriers[one.service].append(device)
    for line in plan.lines.values():
        _sort_line(atlas, line)
    for host in plan.hosts.values():
        atlas.hosts_on.setdefault(host.device, []).append(host)
        atlas.ends[host.participant] += 1
    atlas.sheets = _sheets(plan.devices.values())
    return atlas


def _sort_line(atlas: Atlas, line: Line) -> None:
    for fibre in line.fibres:
        atlas.lines_on[fibre].append(line)
    if line.kind is PortKind.LINK:
        atlas.links[line.domain].append(line)
    elif line.kind is PortKind.ATTACHMENT:
        atlas.attachments.append(line)
    else:
        atlas.interconnects.append(line)


def file_name(name: str) -> str:
    """The name as a file's; what is no lower-case letter, digit or '-' becomes its number."""
    return _ODD.sub(lambda found: f"_{ord(found[0]):x}_", name) or "_"


def _sheets(devices: Iterable[Device]) -> dict[str, str]:
    """Where each sheet goes: one folder while there are few, then by site, then by the names' first letters."""
    everyone = list(devices)
    names = {device.name: file_name(device.name) for device in everyone}
    if len(everyone) <= FLAT:
        return {name: f"devices/{file}.md" for name, file in names.items()}
    at_site = Counter(device.site for device in everyone)
    if 1 < len(at_site) <= 2 * FULL and max(at_site.values()) <= FULL:
        return {device.name: f"devices/{file_name(device.site)}/{names[device.name]}.md" for device in everyone}
    letters = 1
    while max(Counter(name[:letters] for name in names.values()).values()) > FULL:
        letters += 1
    return {name: f"devices/{file[:letters].rstrip('-')}/{file}.md" for name, file in names.items()}
