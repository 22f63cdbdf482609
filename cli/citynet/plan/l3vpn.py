"""Layer-3 services: VRFs on the devices that carry them, and the subnet of each end."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.design.types.words import LAYER_2
from citynet.plan import addresses
from citynet.plan.homing import plan_homing
from citynet.plan.layer2 import plan_layer2
from citynet.plan.model import Host, LineEnd, PlannedApplication, PlannedService, Port, PortKind, Vrf, VrfLeak

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.types import City, End, Service
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device

TABLE_BASE = 1000
"""Kernel table of a VRF: 1000 (management) plus the number of its service."""
LAST_SERVICE = 65_000
SPOKE_TABLE_BASE, SPOKE_RD_BASE, LAST_SPOKE = 100_000, 65_000, 500
"""Tables and RD numbers of spokes stand above those of all services; a spoke's number is its device's own."""


@dataclass(frozen=True, slots=True)
class _Block:
    """What an end gets of its service's blocks: the first addresses of its /28 and /64."""

    v4: int
    v6: int

    def prefixes(self, offset: int = 0) -> list[str]:
        """One address of it in each version, with the length of the prefix."""
        return [f"{addresses.ipv4(self.v4 + offset)}/28", f"{addresses.ipv6(self.v6 + offset)}/64"]


def plan_services(city: City, builder: Builder) -> None:
    """Plan every service: its numbers, then its ends in the order of the design."""
    for name, service in city.services.items():
        asn = city.domains[service.domain].asn
        builder.services[name] = planned = PlannedService(
            name,
            service.title,
            service.kind,
            service.domain,
            service.vrf or "",
            str(service.data_class),
            f"{asn}:{service_number(builder, name)}",
            service.bandwidth_mbps,
            encryption=service.encryption or "",
            applications=[
                PlannedApplication(one.name, str(one.data_class), one.protocol, list(one.ports))
                for one in service.applications
            ],
        )
        planned.hosts = [end.host for end in service.ends]
        planned.fenced = service.fenced
        planned.access = service.access != "open"
        if service.kind in LAYER_2:
            plan_layer2(builder, name, service, service_number(builder, name))
            continue
        if service.topology == "hub-and-spoke":
            planned.spoke_rt = f"{asn}:{service_number(builder, f'{name}/spokes')}"
            planned.spokes = [end.host for end in service.ends if end.part != "hub"]
        for end in service.ends:
            _plan_end(builder, name, service, end)


def service_number(builder: Builder, name: str) -> int:
    """The number of a service; of its spokes with `/spokes` behind the name."""
    return builder.lock.take("service", name, 1, LAST_SERVICE)


def vrf_on(builder: Builder, device: Device, service: PlannedService) -> Vrf:
    """The VRF of a service on a device, made on first use. The RD is unique per device (RFC 4364, 4.2, type 1)."""
    for vrf in device.vrfs:
        if vrf.name == service.vrf:
            return vrf
    number = service_number(builder, service.name)
    rd = f"{device.underlay.router_id}:{number}"
    imports = sorted({service.rt, service.spoke_rt} - {""}, key=lambda rt: int(rt.partition(":")[2]))
    vrf = Vrf(service.vrf, service.name, TABLE_BASE + number, rd, service.rt, imports)
    device.vrfs.append(vrf)
    return vrf


def _spoke_vrf(builder: Builder, device: Device, service: PlannedService, host: str) -> Vrf:
    """A VRF for one spoke alone: two spokes in one would reach each other inside the device.

    `_` stands in no VRF's name of a design, so the name is free.
    """
    number = builder.lock.take(f"spoke/{device.name}", f"{service.name}:{host}", 1, LAST_SPOKE)
    rd = f"{device.underlay.router_id}:{SPOKE_RD_BASE + number}"
    name = f"{service.vrf}_{number}"
    vrf = Vrf(name, service.name, SPOKE_TABLE_BASE + number, rd, service.spoke_rt, [service.rt])
    device.vrfs.append(vrf)
    return vrf


def vrf_of_end(builder: Builder, device: Device, service: PlannedService, host: str) -> Vrf:
    """The VRF that a host of a service is in on a device."""
    if host in service.spokes:
        return _spoke_vrf(builder, device, service, host)
    return vrf_on(builder, device, service)


def _plan_end(builder: Builder, name: str, service: Service, end: End) -> None:
    last = (1 << min(28 - service.ipv4.prefixlen, 64 - service.ipv6.prefixlen)) - 1  # within both blocks
    subnet = builder.lock.take(f"subnet/{name}", end.host, 0, last)
    block = _Block(int(service.ipv4.network_address) + subnet * 16, int(service.ipv6.network_address) + (subnet << 64))
    devices = [builder.devices[device] for device in (end.device, end.backup_device) if device]
    vrfs = [vrf_of_end(builder, device, builder.services[name], end.host) for device in devices]
    ports = [
        attach(builder, device, vrf, LineEnd(end.host, f"eth{number}"), PortKind.ATTACHMENT)
        for number, (device, vrf) in enumerate(zip(devices, vrfs, strict=True), 1)
    ]
    for device, vrf in zip(devices, vrfs, strict=True):
        vrf.prefixes += block.prefixes()
        if end.host in builder.services[name].spokes:
            # Else a default route would lead to the other spokes, by way of where it comes from.
            vrf.rejects = [str(service.ipv4), str(service.ipv6)]
        device.ports[-1].police_kbps = service.bandwidth_mbps * 1000 if service.police else 0
    builder.hosts[end.host] = host = Host(
        end.host,
        end.participant,
        name,
        service.domain,
        end.device,
        builder.management(end.host, None),
        ports[0],
        [],
    )
    if len(devices) == 1:
        devices[0].ports[-1].addresses = block.prefixes(1)
        devices[0].ports[-1].ike = service.access == "ike"
        ports[0].addresses = block.prefixes(2)
        host.gateways = [text.partition("/")[0] for text in block.prefixes(1)]
    else:
        plan_homing(builder, host, list(zip(devices, vrfs, ports, strict=True)), block.prefixes(2), block.prefixes())
        for vrf in vrfs:
            vrf.peers[-1].max_routes = service.max_routes or 0


def plan_leaks(builder: Builder) -> None:
    """Join hubs and spokes of one service that share a device.

    FRR's own leaking between VRFs gives such a route the SID of a far device (10.7), and a default route must not lead
    into the hubs' VRF, which knows the way to every spoke: so each VRF gets the prefixes of the other's own sites only.
    """
    for service in builder.services.values():
        if not service.spokes:
            continue
        names = dict.fromkeys(name for host in service.spokes for name in builder.hosts[host].devices)
        for device in (builder.devices[name] for name in names):
            vrfs = [vrf for vrf in device.vrfs if vrf.service == service.name]
            for hub in [vrf for vrf in vrfs if vrf.name == service.vrf]:
                for spoke in vrfs:
                    if spoke is not hub:
                        _leak(device, hub, spoke)


def _leak(device: Device, hub: Vrf, spoke: Vrf) -> None:
    hub.leaks += [VrfLeak(prefix, spoke.name) for prefix in spoke.prefixes]
    spoke.leaks += [VrfLeak(prefix, hub.name) for prefix in hub.prefixes]
    spoke.leaks += [VrfLeak(_default(gateway), hub.name, gateway) for gateway in hub.gateways]
    # The line to the gateway would come with a SID, too. Only by the gateway does the guard see what goes there.
    for gateway in hub.gateways:
        spoke.leaks += [VrfLeak(prefix, hub.name, gateway) for prefix in _lines_to(device, hub, gateway)]


def _lines_to(device: Device, vrf: Vrf, gateway: str) -> Iterator[str]:
    """The prefixes of the device's lines, in a VRF, on which a gateway is."""
    for port in device.ports:
        for network in (ipaddress.ip_interface(text).network for text in port.addresses if port.vrf == vrf.name):
            if ipaddress.ip_address(gateway) in network:
                yield str(network)


def _default(gateway: str) -> str:
    return "::/0" if ":" in gateway else "0.0.0.0/0"


def attach(builder: Builder, device: Device, vrf: Vrf, far: LineEnd, kind: PortKind) -> Port:
    """Lay a line from a new port of a device, in a VRF, to a host; returns the host's port."""
    line = builder.add_line(
        kind, LineEnd(device.name, builder.new_port(device.name, f"host:{far.node}")), far, device.domain
    )
    vrf.ports.append(line.a.port)
    device.ports.append(Port(line.a.port, kind, line.name, far.node, far.port, vrf.name))
    return Port(far.port, kind, line.name, device.name, line.a.port)
