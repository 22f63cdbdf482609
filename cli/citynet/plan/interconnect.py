"""Interconnects: the line between two border devices, eBGP on it, and the default-deny guard at both ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.plan import addresses
from citynet.plan.l3vpn import vrf_on
from citynet.plan.model import Guard, GuardRule, LineEnd, Port, PortKind, VrfPeer

if TYPE_CHECKING:
    from citynet.design.types import Allow, City, Interconnect
    from citynet.plan.builder import Builder

TRANSIT_NODE = 0xFFFF
"""The last /48 of a domain's locator block numbers its interconnect lines; no device ever has it."""


def plan_interconnects(city: City, builder: Builder) -> None:
    """Plan every interconnect of the design."""
    builder.fenced_interconnects = {name for name, item in city.interconnects.items() if item.fenced}
    for name, item in city.interconnects.items():
        _plan_one(city, builder, name, item)


def _plan_one(city: City, builder: Builder, name: str, item: Interconnect) -> None:
    devices = [builder.devices[device] for device in item.between]
    number = builder.lock.take(f"transit/{devices[0].domain}", name, 0, 0xFFFF)
    first = addresses.base(str(city.domains[devices[0].domain].locators)) + (TRANSIT_NODE << 80) + (number << 64)  # type: ignore[index]
    transit = [addresses.ipv6(first), addresses.ipv6(first + 1)]
    ends = [LineEnd(device.name, builder.new_port(device.name, f"interconnect:{name}")) for device in devices]
    alike = sum({*one.between} == {*item.between} for one in city.interconnects.values())
    line = builder.add_line(PortKind.INTERCONNECT, ends[0], ends[1], "", beside=name if alike > 1 else "")
    builder.secrets.add(secret := f"bgp/{name}")
    for side, device in enumerate(devices):
        service, far = builder.services[item.services[side]], 1 - side
        vrf = vrf_on(builder, device, service)
        vrf.ports.append(ends[side].port)
        vrf.peers.append(
            VrfPeer(
                devices[far].name,
                devices[far].bgp.asn,
                transit[far],
                secret,
                max_routes=city.services[service.name].max_routes or 0,
            )
        )
        device.ports.append(
            Port(
                ends[side].port,
                PortKind.INTERCONNECT,
                line.name,
                ends[far].node,
                ends[far].port,
                service.vrf,
                [f"{transit[side]}/127"],
            )
        )
        guard = Guard(name, ends[side].port, service.vrf, transit[far])
        guard.rules = [_rule(builder, item, allow, index, side) for index, allow in enumerate(item.allow)]
        device.guards.append(guard)


def _rule(builder: Builder, item: Interconnect, allow: Allow, index: int, side: int) -> GuardRule:
    near, far = item.services[side], item.services[1 - side]
    inward = bool(_addresses(builder, far, allow.source)) and bool(_addresses(builder, near, allow.destination))
    source_service, destination_service = (far, near) if inward else (near, far)
    return GuardRule(
        f"allow-{index + 1}",
        inward,
        allow.protocol,
        list(allow.ports),
        _addresses(builder, source_service, allow.source),
        _addresses(builder, destination_service, allow.destination),
        _listed(builder, allow.identifiers),
        _listed(builder, allow.identifiers if allow.answers is None else allow.answers),
    )


def _listed(builder: Builder, names: list[str] | None) -> list[int] | None:
    return None if names is None else [builder.identifiers[name].number for name in names]


def _addresses(builder: Builder, service: str, participant: str) -> list[str]:
    hosts = [builder.hosts[name] for name in builder.services[service].hosts]
    return [host.address(version) for host in hosts if host.participant == participant for version in (4, 6)]
