"""Trusted access: which ports are closed until a server lets somebody on, and what servers decide by."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

from citynet.design.windows import schedule
from citynet.plan import addresses
from citynet.plan.model import (
    AccessPort,
    AccessServer,
    AccessTunnel,
    DeviceAccess,
    PlannedAccess,
    PlannedRole,
    PlannedTask,
)

if TYPE_CHECKING:
    from citynet.design.types import AccessRole, City
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device, Host, Plan, Port

LAB_SERVER = 5
"""The address of the management network, counted from its first, of the lab's authentication server."""
LAB_NAME = "aaa"
TUNNEL_TABLE = 150_000
"""Kernel table of the VRF in which participants' devices speak IKE: above those of all services."""
_CABLES = ipaddress.IPv4Network("169.254.0.0/16")


def plan_access(city: City, builder: Builder) -> None:
    """Plan the access of a design; one in which no service asks for it pays nothing."""
    asking = {name for name, service in city.services.items() if service.access != "open"}
    if not asking:
        return
    servers = [AccessServer(one.name, str(one.address), one.port) for one in city.access.servers]
    servers = servers or [AccessServer(LAB_NAME, lab_address(city.management.prefix))]
    builder.access = PlannedAccess(servers, {n: _role(builder, n, one) for n, one in city.access.roles.items()})
    for name, task in city.access.tasks.items():
        builder.access.tasks[name] = PlannedTask(
            name, task.title, list(task.roles), list(task.identifiers), list(schedule(task.windows))
        )
    bits = city.data_identifiers.bits if city.identifiers else 0
    for host in builder.hosts.values():
        if host.service not in asking or host.name not in builder.services[host.service].hosts:
            continue  # beyond an exit, its guard decides
        for device_name, port in zip(host.devices, host.ports, strict=True):
            device = builder.devices[device_name]
            if device.access is None:
                secret = f"radius/{device_name}"
                device.access = DeviceAccess(servers, secret, city.access.recheck_s, city.access.hold_s, bits)
                builder.secrets |= {secret, "pki/ca"}
            near = device.port(port.peer_port)
            device.access.ports.append(AccessPort(near.name, near.interface, host.name))
            if near.ike:
                device.access.ports[-1].tunnel = _tunnel(near, host)
                device.access.tunnel_vrf = tunnel_vrf(device)
                builder.secrets |= {f"pki/{device_name}/certificate", f"pki/{device_name}/key"}


def tunnel_vrf(device: Device) -> str:
    """The VRF in which a device speaks IKE with participants' devices.

    `ip vrf exec` makes a control group of its name, and the nodes of a lab share those: so each device has its own.
    """
    return f"ike{int(ipaddress.IPv4Address(device.management)) & 0xFFFF}"


def _tunnel(near: Port, host: Host) -> AccessTunnel:
    """A /30 of 169.254.0.0/16 for each port: it is known on the cable only, so every device may have the same."""
    number = int(near.name.removeprefix("eth"))
    base = int(_CABLES.network_address) + 4 * number
    inner = [text.partition("/")[0] for text in host.addresses]
    return AccessTunnel(addresses.ipv4(base + 1), addresses.ipv4(base + 2), number, inner)


def lab_address(prefix: ipaddress.IPv4Network) -> str:
    """Where the lab's own server is."""
    return str(prefix[LAB_SERVER])


def lab_server(plan: Plan) -> AccessServer | None:
    """The server that a lab has to run; the design may name others that are there already."""
    if plan.access is None:
        return None
    own = lab_address(ipaddress.IPv4Network(plan.management_prefix))
    return next((one for one in plan.access.servers if one.address == own), None)


def tunnel_port(plan: Plan, host: str) -> AccessPort | None:
    """The port by which a host gets on by IKE; None when it does by 802.1X, or needs not ask."""
    access = plan.devices[plan.hosts[host].device].access
    return next((port for port in access.tunnels if port.host == host), None) if access else None


def _role(builder: Builder, name: str, one: AccessRole) -> PlannedRole:
    hosts = [host.name for host in builder.hosts.values() if host.participant in one.participants]
    return PlannedRole(
        name,
        one.title,
        list(dict.fromkeys([*hosts, *one.hosts])),
        list(one.services),
        list(one.zones),
        list(one.devices),
        [str(state) for state in one.states],
        list(one.identifiers),
        list(schedule(one.windows)),
    )
