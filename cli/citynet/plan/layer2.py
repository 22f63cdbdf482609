"""Layer-2 services: point to point (`vpws`, End.DX2 at both ends) and multipoint (`evpn`, EVPN over VXLAN)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.plan import addresses
from citynet.plan.model import Evi, Host, LineEnd, Port, PortKind, Vpws

if TYPE_CHECKING:
    from citynet.design.types import End, Service
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device

VTEP = 2
"""The address of a locator that VXLAN starts and ends at; `::1` is the loopback, which a path must leave alone."""
LAST_HOST = 60_000
LAST_RD = 65_535
"""Route distinguishers count downwards: FRR counts its own upwards, and forgets one of ours that is the same."""


def plan_layer2(builder: Builder, name: str, service: Service, number: int) -> None:
    """Plan the ends of a layer-2 service; the service itself is in the builder already.

    Args:
        builder: The plan in the making.
        name: The service's name.
        service: The service.
        number: Its number, which is its VNI too.
    """
    ports = [_attachment(builder, name, service, end) for end in service.ends]
    if service.kind == "vpws":
        _plan_vpws(builder, name, service, ports)
    else:
        _plan_evpn(builder, name, service, ports, number)


def _attachment(builder: Builder, name: str, service: Service, end: End) -> Port:
    """The port of an end, with its host: all hosts of the service share one subnet."""
    last = min(service.ipv4.num_addresses - 3, LAST_HOST)
    place = builder.lock.take(f"subnet/{name}", end.host, 0, last) + 1
    line = builder.add_line(
        PortKind.ATTACHMENT,
        LineEnd(end.device, builder.new_port(end.device, f"host:{end.host}")),
        LineEnd(end.host, "eth1"),
        service.domain,
    )
    vlan = end.vlan or 0
    port = Port(line.a.port, PortKind.ATTACHMENT, line.name, end.host, "eth1", vlan=vlan)
    builder.devices[end.device].ports.append(port)
    own = [
        f"{addresses.ipv4(int(service.ipv4.network_address) + place)}/{service.ipv4.prefixlen}",
        f"{addresses.ipv6(int(service.ipv6.network_address) + place)}/64",
    ]
    far = Port("eth1", PortKind.ATTACHMENT, line.name, end.device, line.a.port, addresses=own, vlan=vlan)
    management = builder.management(end.host, None)
    builder.hosts[end.host] = Host(end.host, end.participant, name, service.domain, end.device, management, far, [])
    return port


def _plan_vpws(builder: Builder, name: str, service: Service, ports: list[Port]) -> None:
    devices = [builder.devices[end.device] for end in service.ends]
    sids = [builder.new_sid(end.device, f"dx2:{name}:{end.host}") for end in service.ends]
    for near, far in ((0, 1), (1, 0)):
        devices[near].vpws.append(Vpws(name, ports[near].interface, sids[near], devices[far].name, sids[far]))


def _plan_evpn(builder: Builder, name: str, service: Service, ports: list[Port], number: int) -> None:
    for end, port in zip(service.ends, ports, strict=True):
        _evi_on(builder.devices[end.device], name, builder.services[name].rt, number).interfaces.append(port.interface)


def _evi_on(device: Device, service: str, rt: str, number: int) -> Evi:
    for evi in device.evpn:
        if evi.service == service:
            return evi
    vtep = addresses.ipv6(addresses.base(device.srv6.prefix) + VTEP)
    evi = Evi(service, number, f"{device.underlay.router_id}:{LAST_RD - number}", rt, vtep)
    device.evpn.append(evi)
    return evi
