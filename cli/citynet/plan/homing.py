"""Dual-homed sites: eBGP with BFD from the site's router to two devices, the second one less preferred."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.plan import addresses
from citynet.plan.model import Homing, VrfPeer

if TYPE_CHECKING:
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device, Host, Port, Vrf

FIRST_ASN, MOST_SITES = 4_200_000_000, 94_967_294
"""Autonomous systems for private use (RFC 6996)."""
LINE_SHIFT = 16
"""The two lines take a /127 each (RFC 6164) out of the site's /64: `…::1:0` and `…::2:0`."""


def plan_homing(
    builder: Builder, host: Host, ways: list[tuple[Device, Vrf, Port]], own: list[str], prefixes: list[str]
) -> None:
    """Give a host its second device.

    Args:
        builder: The plan in the making.
        host: The site's router; its first port and device are set.
        ways: Device, VRF and the host's port of both ways, the preferred one first; the device's own port to the host
            is the last that it got.
        own: The addresses of the host itself, with the length of the site's prefixes.
        prefixes: What the site may announce.
    """
    asn = FIRST_ASN + builder.lock.take("site-asn", host.name, 0, MOST_SITES)
    builder.secrets.add(secret := f"bgp/{host.name}")
    for number, (device, vrf, port) in enumerate(ways, 1):
        first = addresses.base(prefixes[1]) + (number << LINE_SHIFT)
        near, far = addresses.ipv6(first), addresses.ipv6(first + 1)
        device.ports[-1].addresses = [f"{near}/127"]
        port.addresses = [f"{far}/127"]
        host.gateways.append(near)
        vrf.peers.append(
            VrfPeer(host.name, asn, far, secret, port=device.ports[-1].name, prefixes=list(prefixes), backup=number > 1)
        )
    host.homing = Homing(asn, secret, ways[1][0].name, ways[1][2], own)
