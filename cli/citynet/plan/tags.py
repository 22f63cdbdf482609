"""Data identifiers that the network gives to flows of hosts that give none: on every attachment of their service."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from citynet.plan.bindings import carried
from citynet.plan.model import EdgeTag, PortKind

if TYPE_CHECKING:
    from ipaddress import IPv6Network

    from citynet.design.types import City
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device


HOST_BITS = 4
"""Of IPv4 addresses: the end of a service has a /28."""


def plan_tags(city: City, builder: Builder) -> None:
    """Give every device with attachments of such a service its tags, in the order of the design."""
    for name, service in city.services.items():
        if not service.tags:
            continue
        for device in builder.devices.values():
            if not (interfaces := _attachments(device, name)):
                continue
            for tag in service.tags:
                prefixes = [str(prefix) for prefix in tag.prefixes]
                prefixes += [str(found) for one in tag.prefixes if (found := of_ipv4(one, service.ipv4, service.ipv6))]
                blocks = [str(service.ipv4), str(service.ipv6)]
                device.tags.append(EdgeTag(name, interfaces, tag.identifier, tag.protocol, tag.ports, prefixes, blocks))
            device.identifiers = carried(city)


def of_ipv4(prefix: IPv6Network, block4: IPv4Network, block6: IPv6Network) -> IPv4Network | None:
    """The IPv4 addresses of those who have IPv6 addresses in a prefix; None when they have none in the service."""
    if block6.subnet_of(prefix):
        return block4
    if not prefix.subnet_of(block6):
        return None
    end, host = divmod(int(prefix.network_address) - int(block6.network_address), 1 << 64)
    inside = prefix.prefixlen > 64
    if inside and (prefix.prefixlen < 128 or host >= 1 << HOST_BITS):
        return None
    first = int(block4.network_address) + (end << HOST_BITS) + host
    length = 32 if inside else 32 - HOST_BITS - 64 + prefix.prefixlen
    found = IPv4Network((first, max(length, block4.prefixlen)))
    return found if found.subnet_of(block4) else None


def _attachments(device: Device, service: str) -> list[str]:
    vrfs = {vrf.name for vrf in device.vrfs if vrf.service == service}
    return [port.name for port in device.ports if port.kind is PortKind.ATTACHMENT and port.vrf in vrfs]
