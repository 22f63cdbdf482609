"""What the planners of the technologies share while one plan is being made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.design.fibres import DELAY_US_PER_KM, Way
from citynet.plan import addresses
from citynet.plan.model import Line, PortKind

if TYPE_CHECKING:
    import ipaddress

    from citynet.plan.lock import Lock
    from citynet.plan.model import (
        Device,
        FlexeGroup,
        Host,
        KeyServer,
        LineEnd,
        PlannedAccess,
        PlannedDomain,
        PlannedFence,
        PlannedIdentifier,
        PlannedService,
        PlannedSlice,
    )

FIRST_MANAGEMENT = 11
"""`.1` is the outside, `.2` the lab's machine; the rest up to here stays free for servers of the operator."""

FIRST_EXPLICIT, LAST_EXPLICIT = 0xFE00, 0xFEFF
"""uSID functions that are given out by hand (f3216); those below, from 0xe000, are FRR's own to allocate."""


@dataclass(slots=True)
class Builder:
    """The plan in the making; technologies add to it in a fixed order."""

    lock: Lock
    management_block: ipaddress.IPv4Network
    domains: dict[str, PlannedDomain] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    hosts: dict[str, Host] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    services: dict[str, PlannedService] = field(default_factory=dict)
    slices: dict[str, PlannedSlice] = field(default_factory=dict)
    groups: dict[str, FlexeGroup] = field(default_factory=dict)
    key_servers: dict[str, KeyServer] = field(default_factory=dict)
    identifiers: dict[str, PlannedIdentifier] = field(default_factory=dict)
    fences: dict[str, PlannedFence] = field(default_factory=dict)
    access: PlannedAccess | None = None
    fenced_interconnects: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)

    def management(self, node: str, wanted: ipaddress.IPv4Address | None) -> str:
        """The management address of a node: the one the design gives it, or one of the block's."""
        first = int(self.management_block.network_address)
        if wanted is not None:
            return addresses.ipv4(first + self.lock.reserve("management", node, int(wanted) - first))
        return addresses.ipv4(
            first + self.lock.take("management", node, FIRST_MANAGEMENT, self.management_block.num_addresses - 2)
        )

    def new_port(self, device: str, use: str) -> str:
        """The port of a device for one use (`link:…`, `host:…`, `interconnect:…`); the number stays with the use."""
        return f"eth{self.lock.take(f'port/{device}', use, 1, 4000)}"

    def new_sid(self, device: str, use: str) -> str:
        """The SID of a device for one use (`dt46:…`, `dx2:…`), from the explicit range of its locator (f3216)."""
        number = FIRST_EXPLICIT + self.lock.take(f"sid/{device}", use, 0, LAST_EXPLICIT - FIRST_EXPLICIT)
        return addresses.ipv6(addresses.base(self.devices[device].srv6.prefix) + (number << 64))

    def add_line(  # noqa: PLR0913 - what a line is
        self, kind: PortKind, a: LineEnd, b: LineEnd, domain: str, way: Way | None = None, *, beside: str = ""
    ) -> Line:
        """Join two ports. The name is made of both nodes, so it survives any reordering of the design.

        `beside` tells it from others that join the same nodes.
        """
        way = way or Way([], 0.0, [])
        line = Line(
            f"{a.node}--{b.node}" + (f"--{beside}" if beside else ""),
            kind,
            a,
            b,
            domain,
            way.fibres,
            way.length_km,
            round(way.length_km * DELAY_US_PER_KM, 1),
            way.risk_groups,
        )
        self.lines[line.name] = line
        return line
