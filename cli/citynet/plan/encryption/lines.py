"""Lines between sites: MACsec at both ends, as the level of the domain asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.grades import LINES, level_of
from citynet.plan.model import MacsecPort, PortKind

if TYPE_CHECKING:
    from citynet.design.grades import LineGrade
    from citynet.design.types import City
    from citynet.plan.builder import Builder
    from citynet.plan.model import Line

MASTER_PRIORITY, OTHER_PRIORITY = 16, 128
"""Priorities as MKA key server: the lower wins (IEEE 802.1X-2020, 9.4.3)."""
BETWEEN_ROUTERS = frozenset({PortKind.LINK, PortKind.INTERCONNECT})


def plan_lines(city: City, builder: Builder) -> None:
    """Encrypt every line that leaves a machine room; `Port.macsec` says so to whoever configures its ports."""
    for line in builder.lines.values():
        grade = _grade(city, builder, line)
        if grade is None or line.kind not in BETWEEN_ROUTERS or not leaves_site(builder, line):
            continue
        secret = f"macsec/{line.name}" if grade.source == "vault" else ""
        if secret:
            builder.secrets.add(secret)
        first = min(line.a.node, line.b.node)
        for near, far in ((line.a, line.b), (line.b, line.a)):
            port = builder.devices[near.node].port(near.port)
            port.macsec = True
            builder.devices[near.node].macsec.append(
                MacsecPort(
                    port=port.name,
                    interface=port.interface,
                    peer=far.node,
                    cipher=grade.cipher,
                    source=grade.source,
                    secret=secret,
                    master=near.node == first,
                    priority=MASTER_PRIORITY if near.node == first else OTHER_PRIORITY,
                    replay_window=city.encryption.replay_window,
                    open=city.encryption.open_lines,
                )
            )


def leaves_site(builder: Builder, line: Line) -> bool:
    """Whether a line between two routers goes outside a machine room."""
    return builder.devices[line.a.node].site != builder.devices[line.b.node].site


def _grade(city: City, builder: Builder, line: Line) -> LineGrade | None:
    """What its domain asks; between domains the stronger of both."""
    if line.a.node not in builder.devices or line.b.node not in builder.devices:
        return None
    domains = {builder.devices[end.node].domain for end in (line.a, line.b)}
    levels = [level_of(block) for name, block in city.domains.items() if name in domains]
    return LINES[max(levels)]
