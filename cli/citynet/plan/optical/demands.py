"""What the light must carry: every line between two sites, and what the design's `optical.services` ask for."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from citynet.design.links import all_links
from citynet.plan.optical import odu

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.source import Loc
    from citynet.design.types import City, Optical
    from citynet.plan.builder import Builder

BOTH = "both"
"""Domain of what the design lets the two domains share."""


class Group(NamedTuple):
    """Demands that may ride together: same domain, sites, class and wishes."""

    domain: str
    a: str
    b: str
    protection: str
    fibres: tuple[str, ...]
    frequency_thz: float | None

    @property
    def name(self) -> str:
        """A name that stays while the group is asked for; wishes enter as a number."""
        wish = "" if not self.fibres and self.frequency_thz is None else f"-{self._wish():08x}"
        return f"{self.domain}-{self.a}-{self.b}-{self.protection}{wish}"

    def _wish(self) -> int:
        return zlib.crc32(f"{' '.join(self.fibres)} {self.frequency_thz or ''}".encode())


@dataclass(frozen=True, slots=True)
class Demand:
    """A service that wants light between two sites, `a` before `b` by name; `line` when it is an IP line.

    `ends` are the devices or sites in the order of the design, `turned` says that the first stands at `b`.
    """

    name: str
    domain: str
    line: str
    loc: Loc
    rate_mbps: int
    client: odu.Client
    group: Group
    ends: tuple[str, str]
    turned: bool


def demands(city: City, optical: Optical, builder: Builder) -> Iterator[Demand]:
    """Lines in the order of the design, then services."""
    for link in all_links(city):
        line = builder.lines.get(f"{link.a}--{link.b}")
        if line is None or builder.devices[link.a].site == builder.devices[link.b].site:
            continue  # optical devices have no lines, and inside a site a patch cord does
        section, key = link.loc[0], link.loc[1]
        told = getattr(city, str(section))[key]
        sites = builder.devices[link.a].site, builder.devices[link.b].site
        wish = _Wish(sites, told.protection, tuple(link.fibres), getattr(told, "frequency_thz", None))
        client = odu.client(link.rate_gbps * 1000, optical.fine_slot_mbps)
        group = _group(line.domain, wish, optical)
        turned = group.a != sites[0]
        ends = link.a, link.b
        yield Demand(line.name, line.domain, line.name, link.loc, link.rate_gbps * 1000, client, group, ends, turned)
    for name, service in optical.services.items():
        one, other = service.between
        wish = _Wish((one, other), service.protection, tuple(service.fibres), service.frequency_thz)
        client = odu.client(service.rate_mbps, optical.fine_slot_mbps)
        group = _group(service.domain, wish, optical)
        loc: Loc = ("optical", "services", name)
        turned = group.a != one
        yield Demand(name, service.domain, "", loc, service.rate_mbps, client, group, (one, other), turned)


class _Wish(NamedTuple):
    sites: tuple[str, str]
    protection: str | None
    fibres: tuple[str, ...]
    frequency_thz: float | None


def _group(domain: str, wish: _Wish, optical: Optical) -> Group:
    one, other = wish.sites
    fibres = wish.fibres if one < other else wish.fibres[::-1]
    shared = domain if optical.domains_share == "nothing" else BOTH
    protection = wish.protection or optical.protection
    return Group(shared, min(one, other), max(one, other), protection, fibres, wish.frequency_thz)
