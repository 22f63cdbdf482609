"""Layer-3 services: VRFs on the devices that carry them, and the subnet of each end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.types.words import LAYER_2
from citynet.plan import addresses
from citynet.plan.layer2 import plan_layer2
from citynet.plan.model import Host, LineEnd, PlannedService, Port, PortKind, Vrf

if TYPE_CHECKING:
    from citynet.design.types import City, End, Service
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device

TABLE_BASE = 1000
"""Kernel table of a VRF: 1000 (management) plus the number of its service."""
LAST_SERVICE = 65_000


def plan_services(city: City, builder: Builder) -> None:
    """Plan every service: its numbers, then its ends in the order of the design."""
    for name, service in city.services.items():
        number = builder.lock.take("service", name, 1, LAST_SERVICE)
        rt = f"{city.domains[service.domain].asn}:{number}"
        builder.services[name] = planned = PlannedService(
            name,
            service.title,
            service.kind,
            service.domain,
            service.vrf or "",
            str(service.data_class),
            rt,
            service.bandwidth_mbps,
        )
        planned.hosts = [end.host for end in service.ends]
        if service.kind in LAYER_2:
            plan_layer2(builder, name, service, number)
            continue
        for end in service.ends:
            _plan_end(builder, name, service, end, number)


def vrf_on(device: Device, service: PlannedService, number: int) -> Vrf:
    """The VRF of a service on a device, made on first use. The RD is unique per device (RFC 4364, 4.2, type 1)."""
    for vrf in device.vrfs:
        if vrf.service == service.name:
            return vrf
    vrf = Vrf(service.vrf, service.name, TABLE_BASE + number, f"{device.underlay.router_id}:{number}", service.rt)
    device.vrfs.append(vrf)
    return vrf


def _plan_end(builder: Builder, name: str, service: Service, end: End, number: int) -> None:
    device = builder.devices[end.device]
    last = (1 << min(28 - service.ipv4.prefixlen, 64 - service.ipv6.prefixlen)) - 1  # within both blocks
    subnet = builder.lock.take(f"subnet/{name}", end.host, 0, last)
    v4 = int(service.ipv4.network_address) + subnet * 16
    v6 = int(service.ipv6.network_address) + (subnet << 64)
    line = builder.add_line(
        PortKind.ATTACHMENT,
        LineEnd(end.device, builder.new_port(end.device, f"host:{end.host}")),
        LineEnd(end.host, "eth1"),
        service.domain,
    )
    vrf = vrf_on(device, builder.services[name], number)
    vrf.ports.append(line.a.port)
    vrf.prefixes += [f"{addresses.ipv4(v4)}/28", f"{addresses.ipv6(v6)}/64"]
    device.ports.append(
        Port(
            line.a.port,
            PortKind.ATTACHMENT,
            line.name,
            end.host,
            "eth1",
            builder.services[name].vrf,
            [f"{addresses.ipv4(v4 + 1)}/28", f"{addresses.ipv6(v6 + 1)}/64"],
        )
    )
    builder.hosts[end.host] = Host(
        end.host,
        end.participant,
        name,
        service.domain,
        end.device,
        builder.management(end.host, None),
        Port(
            "eth1",
            PortKind.ATTACHMENT,
            line.name,
            end.device,
            line.a.port,
            "",
            [f"{addresses.ipv4(v4 + 2)}/28", f"{addresses.ipv6(v6 + 2)}/64"],
        ),
        [addresses.ipv4(v4 + 1), addresses.ipv6(v6 + 1)],
    )
