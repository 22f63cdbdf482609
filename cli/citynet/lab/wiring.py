"""Plan → wiring: what the lab machine must know to make the nodes and lay the cables, and nothing else."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any

from citynet.lab.site_router import site_files
from citynet.plan.access import lab_server, tunnel_port

if TYPE_CHECKING:
    from citynet.plan.model import Device, Host, LineEnd, Plan


_FIRST_GATE = 1 << 16
"""Actions of the machine's kernel from this number on are lines' gates; those that it numbers itself begin at 1."""


def machine_address(plan: Plan) -> str:
    """Management address of the lab machine itself: the second of the management prefix."""
    return str(ipaddress.IPv4Network(plan.management_prefix)[2])


def prefix_length(plan: Plan) -> int:
    """Length of the management prefix."""
    return ipaddress.IPv4Network(plan.management_prefix).prefixlen


def addresses(plan: Plan) -> dict[str, str]:
    """Management address of every node by name: devices, hosts, servers."""
    found = {device.name: device.management for device in plan.devices.values()}
    found |= {host.name: host.management for host in plan.hosts.values()}
    server = lab_server(plan)
    return found | ({server.name: server.address} if server else {})


def wiring(plan: Plan, secrets: dict[str, str]) -> dict[str, Any]:
    """The wiring as JSON-ready values; the guest's `state.wiring` reads it. Routers of dual-homed sites get secrets.

    Interfaces of the machine are named by number (`m3`, `l12a`): a Linux interface name holds 15 characters only.
    """
    nodes: dict[str, dict[str, Any]] = {}
    for number, (name, address) in enumerate(addresses(plan).items(), start=1):
        nodes[name] = {"kind": "router", "management": address, "mac": management_mac(address), "outer": f"m{number}"}
        if name not in plan.devices and name not in plan.hosts:
            nodes[name]["kind"] = "server"
        if name in plan.hosts:
            nodes[name] |= {
                "kind": "host",
                "commands": host_commands(
                    plan.hosts[name], bundles=not _looks_inside(plan.devices[plan.hosts[name].device])
                )
                + _cable(plan, name),
                "files": site_files(plan, plan.hosts[name], secrets),
            }
    carried = carried_lines(plan)
    lines = {
        line.name: {"a": _end(line.a, number, "a"), "b": _end(line.b, number, "b")}
        | ({"light": _FIRST_GATE + number} if line.name in carried else {})
        for number, line in enumerate(plan.lines.values(), start=1)
    }
    return {"prefix_length": prefix_length(plan), "nodes": nodes, "lines": lines}


def _looks_inside(device: Device) -> bool:
    """Whether a device has to do with data identifiers: it takes no bundles of packets apart."""
    return bool(device.identifiers) or device.trace is not None


def carried_lines(plan: Plan) -> set[str]:
    """Lines that the optical network carries: they are dark until it lights them."""
    return {service.line for service in plan.optical.services.values() if service.line} if plan.optical else set()


def host_commands(host: Host, *, bundles: bool = True) -> list[str]:
    """What makes a host reach its service, as `ip -batch` lines. Only routers are deployed; hosts come ready.

    A real cable carries frames, not bundles of them. To a router that only routes it makes no difference; but one that
    handles frames, or packets with data identifiers, cannot take all bundles apart again: then there are no `bundles`.
    """
    commands = []
    for port in host.ports:
        name, interface = port.name, port.interface
        commands.append(f"link set {name} up")
        if not bundles or not host.gateways:
            commands.append(f"link set {name} gso_max_segs 1")
        if port.vlan:
            commands += [
                f"link add link {name} name {interface} type vlan id {port.vlan}",
                f"link set {interface} up",
            ]
        commands += _addresses(port.addresses, interface)
    if host.homing:  # its routes are its routing daemon's
        return commands + _addresses(host.homing.addresses, "lo")
    return commands + [f"route replace default via {gateway} dev {host.port.interface}" for gateway in host.gateways]


def _cable(plan: Plan, name: str) -> list[str]:
    """The address on the cable itself of a host that gets on by IKE."""
    port = tunnel_port(plan, name)
    if port is None or port.tunnel is None:
        return []
    return [f"addr replace {port.tunnel.far}/30 dev {plan.hosts[name].port.interface}"]


def _addresses(found: list[str], port: str) -> list[str]:
    # Duplicate detection would hold an address back for a second.
    return [f"addr replace {address} dev {port}" + (" nodad" if ":" in address else "") for address in found]


def management_mac(address: str) -> str:
    """A locally administered MAC address: fixed, so that a node that was off is the same to its neighbours."""
    return "02:00:" + ipaddress.IPv4Address(address).packed.hex(":")


def _end(end: LineEnd, number: int, side: str) -> dict[str, str]:
    mac = f"02:0{side}:" + number.to_bytes(4, "big").hex(":")
    return {"node": end.node, "port": end.port, "mac": mac, "outer": f"l{number}{side}"}
