"""Who takes keys from which key server, and how long a key lives."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from citynet.plan.model import KeyAgent, KeyServer

if TYPE_CHECKING:
    from citynet.design.types import City
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device

LAB_SERVERS = 4
"""The address of the management network, counted from its first, that the lab's key servers share."""
FIRST_PORT, LAST_SERVER = 8500, 57_000


def plan_keys(city: City, builder: Builder) -> None:
    """Give an agent to every device that has keys, and a key server to every site that needs one."""
    for device in builder.devices.values():
        if not device.macsec and not device.protections:
            continue
        server = _server(city, builder, device) if _quantum(device) else None
        device.keys = KeyAgent(
            server=server.name if server else "",
            url=server.url if server else "",
            channel=device.underlay.loopback,
            rotate_s=city.encryption.rotate_s,
            hold_s=city.encryption.hold_s,
            peers=_peers(builder, device) if server else {},
        )
        if server or any(one.method == "ipsec" for one in device.protections):
            builder.secrets |= {"pki/ca", f"pki/{device.name}/certificate", f"pki/{device.name}/key"}


def _quantum(device: Device) -> bool:
    """Whether some key of a device comes from QKD."""
    return any(line.source == "qkd" for line in device.macsec) or any(one.source == "qkd" for one in device.protections)


def _peers(builder: Builder, device: Device) -> dict[str, str]:
    """Where the agents of those are with which a device shares keys of QKD."""
    names = {line.peer for line in device.macsec if line.source == "qkd"}
    names |= {tunnel.peer for one in device.protections if one.source == "qkd" for tunnel in one.tunnels}
    return {name: builder.devices[name].underlay.loopback for name in sorted(names)}


def _server(city: City, builder: Builder, device: Device) -> KeyServer:
    """The key server of a device's site."""
    site = device.site
    if site not in builder.key_servers:
        told = city.encryption.key_servers.get(site)
        if told is not None:
            builder.key_servers[site] = KeyServer(told.name, site, str(told.address), told.port)
        else:
            number = builder.lock.take("key-server", site, 0, LAST_SERVER)
            first = ipaddress.IPv4Address(int(city.management.prefix.network_address) + LAB_SERVERS)
            builder.key_servers[site] = KeyServer(f"kme-{site}", site, str(first), FIRST_PORT + number)
    builder.key_servers[site].devices.append(device.name)
    return builder.key_servers[site]
