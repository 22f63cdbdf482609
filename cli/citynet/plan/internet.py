"""Internet exits: a line from a border device to the provider, a default route, and the guard that lets replies in."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from citynet.plan import addresses
from citynet.plan.l3vpn import attach, vrf_on
from citynet.plan.model import Guard, GuardRule, Host, LineEnd, PortKind

if TYPE_CHECKING:
    from citynet.design.types import City, Exit, Service
    from citynet.plan.builder import Builder

ANYWHERE = ("0.0.0.0/0", "::/0")
UNIQUE_LOCAL = ipaddress.IPv6Network("fc00::/7")
"""Addresses that the internet does not route (RFC 4193): sources among them go out under the port's address."""


def plan_exits(city: City, builder: Builder) -> None:
    """Plan the exit of every service that has one."""
    for name, service in city.services.items():
        if service.exit is not None:
            _plan_one(builder, name, service, service.exit)


def _plan_one(builder: Builder, name: str, service: Service, item: Exit) -> None:
    device, planned = builder.devices[item.device], builder.services[name]
    vrf = vrf_on(builder, device, planned)
    far = attach(builder, device, vrf, LineEnd(item.host, "eth1"), PortKind.EXIT)
    provider, own = _line(item)
    device.ports[-1].addresses = own
    far.addresses = provider
    vrf.gateways = [text.partition("/")[0] for text in provider]
    planned.exit = item.host
    builder.hosts[item.host] = Host(
        item.host,
        item.participant,
        name,
        service.domain,
        item.device,
        builder.management(item.host, None),
        far,
        [text.partition("/")[0] for text in own],
    )
    guard = Guard(f"exit-{name}", device.ports[-1].name, vrf.name, "")
    sources = [str(service.ipv4), str(service.ipv6)]
    guard.rules = [
        GuardRule(
            name=f"allow-{number}",
            inward=False,
            protocol=flow.protocol,
            ports=list(flow.ports),
            sources=sources,
            destinations=list(ANYWHERE),
        )
        for number, flow in enumerate(item.allow, 1)
    ]
    guard.masquerade = [4, 6] if service.ipv6.subnet_of(UNIQUE_LOCAL) else [4]
    device.exits.append(guard)


def _line(item: Exit) -> tuple[list[str], list[str]]:
    """The provider's addresses and ours: the first two that the line's networks have for hosts."""
    v4, v6 = int(item.ipv4.network_address), int(item.ipv6.network_address)
    v4 += item.ipv4.prefixlen < 31
    v6 += item.ipv6.prefixlen < 127
    return (
        [f"{addresses.ipv4(v4)}/{item.ipv4.prefixlen}", f"{addresses.ipv6(v6)}/{item.ipv6.prefixlen}"],
        [f"{addresses.ipv4(v4 + 1)}/{item.ipv4.prefixlen}", f"{addresses.ipv6(v6 + 1)}/{item.ipv6.prefixlen}"],
    )
