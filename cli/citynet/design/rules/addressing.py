"""Blocks of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.rules.registry import rule
from citynet.design.types.words import LAYER_2

if TYPE_CHECKING:
    import ipaddress
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.design.source import Loc
    from citynet.design.types import Service
    from citynet.errors import Problem

END_V4_LENGTH, END_V6_LENGTH = 28, 64
LOCATORS_LENGTH = 32


@rule("locators")
def locators(design: Design) -> Iterator[Problem]:
    """A domain's locators are a /32.

    The block of an SRv6 uSID locator in the format f3216: 32 bits of block, 16 of node, 16 of function
    (RFC 9800, section 4).
    """
    for name, domain in design.city.domains.items():
        if domain.locators.prefixlen != LOCATORS_LENGTH:
            yield design.source.problem(
                ("domains", name, "locators"),
                f"'{domain.locators}' is a /{domain.locators.prefixlen}",
                "a /32 (uSID block, f3216)",
            )


@rule("block-size")
def block_size(design: Design) -> Iterator[Problem]:
    """A service's blocks of addresses hold all of its ends.

    Each end takes a /28 and a /64; the ends of a layer-2 service share one subnet, in which each takes an address.
    Widen the block; what is allocated already keeps its place.
    """
    for name, service in design.city.services.items():
        if service.kind in LAYER_2:
            yield from _subnet_size(design, name, service)
            continue
        for key, block, length in (("ipv4", service.ipv4, END_V4_LENGTH), ("ipv6", service.ipv6, END_V6_LENGTH)):
            room = 1 << max(0, length - block.prefixlen) if block.prefixlen <= length else 0
            if room < len(service.ends):
                yield design.source.problem(
                    ("services", name, key),
                    f"'{block}' has room for {room} ends, '{name}' has {len(service.ends)}",
                    f"a block with a /{length} for each end",
                )


def _subnet_size(design: Design, name: str, service: Service) -> Iterator[Problem]:
    for key, block, most in (("ipv4", service.ipv4, 30), ("ipv6", service.ipv6, END_V6_LENGTH)):
        room = block.num_addresses - 2
        if block.prefixlen > most or room < len(service.ends):
            yield design.source.problem(
                ("services", name, key),
                f"'{block}' is no subnet for the {len(service.ends)} ends of '{name}'",
                f"a /{most} or a wider one, with an address for each end",
            )


@rule("management")
def management(design: Design) -> Iterator[Problem]:
    """A management address lies in the management network, and one node has it."""
    seen: dict[ipaddress.IPv4Address, str] = {}
    for name, device in design.city.devices.items():
        if device.management is None:
            continue
        loc: Loc = ("devices", name, "management")
        if device.management not in design.city.management.prefix:
            yield design.source.problem(
                loc,
                f"'{device.management}' is outside management",
                f"an address in {design.city.management.prefix}",
            )
        first = seen.setdefault(device.management, name)
        if first != name:
            yield design.source.problem(
                loc, f"'{first}' and '{name}' share the address {device.management}", "an address of its own"
            )


@rule("overlap")
def overlap(design: Design) -> Iterator[Problem]:
    """Blocks of addresses do not overlap.

    Management, locators and router identifiers of both domains, and the blocks of all services are one space: the
    domains meet at an interconnect, and there an address means one thing.
    """
    blocks: list[tuple[Loc, ipaddress.IPv4Network | ipaddress.IPv6Network]] = [
        (("management", "prefix"), design.city.management.prefix)
    ]
    for domain, what in design.city.domains.items():
        blocks += [
            (("domains", domain, "locators"), what.locators),
            (("domains", domain, "router_ids"), what.router_ids),
        ]
    for name, service in design.city.services.items():
        blocks += [(("services", name, "ipv4"), service.ipv4), (("services", name, "ipv6"), service.ipv6)]
        if service.exit is not None:
            exit_: Loc = ("services", name, "exit")
            blocks += [((*exit_, "ipv4"), service.exit.ipv4), ((*exit_, "ipv6"), service.exit.ipv6)]
    ordered = sorted(blocks, key=lambda item: (item[1].version, int(item[1].network_address), item[1].prefixlen))
    widest = ordered[0]
    for loc, block in ordered[1:]:
        same = block.version == widest[1].version
        if same and int(block.network_address) <= int(widest[1].broadcast_address):
            yield design.source.problem(
                loc,
                f"'{block}' overlaps '{widest[1]}'",
                "blocks apart from each other",
                f"that one is in {design.source.where(*widest[0])}",
            )
        if not same or int(block.broadcast_address) > int(widest[1].broadcast_address):
            widest = (loc, block)
