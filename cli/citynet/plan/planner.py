"""Design and lock in, plan and lock out: a pure function, the same bytes for the same input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from citynet.design import geometry
from citynet.design.fibres import FibreMap
from citynet.design.grades import level_of
from citynet.design.links import all_links
from citynet.design.types import Role
from citynet.errors import InputError, Problem
from citynet.plan import addresses
from citynet.plan.access import plan_access
from citynet.plan.bindings import plan_bindings
from citynet.plan.builder import Builder
from citynet.plan.encryption import plan_encryption
from citynet.plan.fences import plan_fences, plan_identifiers
from citynet.plan.interconnect import plan_interconnects
from citynet.plan.internet import plan_exits
from citynet.plan.l3vpn import plan_leaks, plan_services
from citynet.plan.lock import AllocationError
from citynet.plan.model import (
    Bgp,
    BgpNeighbor,
    Device,
    LineEnd,
    Plan,
    PlannedDomain,
    PlannedFibre,
    PlannedParticipant,
    PlannedSite,
    PlannedZone,
    Port,
    PortKind,
    UnderlayInterface,
)
from citynet.plan.paths.planning import plan_paths
from citynet.plan.recording import plan_recording
from citynet.plan.refusals import plan_refusals
from citynet.plan.sentries import plan_sentries
from citynet.plan.slices import plan_slices
from citynet.plan.tags import plan_tags
from citynet.plan.tracing import plan_tracing
from citynet.plan.underlay import FIRST_NODE, LAST_NODE, plan_srv6, plan_underlay

if TYPE_CHECKING:
    from citynet.design.model import Design
    from citynet.design.types import City
    from citynet.plan.lock import Lock
    from citynet.plan.model import OpticalPlan


def make_plan(design: Design, lock: Lock) -> Plan:
    """Decide everything.

    Args:
        design: A checked design.
        lock: Allocations so far; new ones are added to it.

    Raises:
        InputError: A pool of numbers is exhausted, or two nodes ask for one number.
    """
    city = design.city
    builder = Builder(lock, city.management.prefix)
    sites = _sites(design)
    try:
        _plan_devices(design, builder)
        _plan_links(design, builder)
        optical = _plan_optical(design, builder)
        plan_services(city, builder)
        plan_exits(city, builder)
        plan_leaks(builder)
        plan_identifiers(city, builder)
        plan_interconnects(city, builder)
        plan_bindings(city, builder)
        plan_slices(city, builder)
        plan_encryption(city, builder)
        plan_paths(city, builder)
        plan_tags(city, builder)
        plan_recording(city, builder)
        plan_fences(design, builder, sites)
        plan_refusals(city, builder)
        plan_sentries(design, builder)
        plan_tracing(city, builder)
        plan_access(city, builder)
    except AllocationError as error:
        raise InputError([Problem(design.source.files[0], 0, str(error), error.expected, error.hint)]) from error
    _plan_bgp(builder)
    return Plan(
        city=city.city,
        title=city.title,
        design_digest=design.digest,
        management_prefix=str(city.management.prefix),
        management_gateway=addresses.ipv4(int(city.management.prefix.network_address) + 1),
        **_described(city),
        sites=sites,
        domains=builder.domains,
        devices=builder.devices,
        hosts=builder.hosts,
        lines=builder.lines,
        services=builder.services,
        secrets=sorted(builder.secrets),
        optical=optical,
        slices=builder.slices,
        groups=builder.groups,
        key_servers=builder.key_servers,
        identifiers=builder.identifiers,
        fences=builder.fences,
        access=builder.access,
    )


def _described(city: City) -> dict[str, Any]:
    """What the plan takes over from the design as it is."""
    return {
        "zones": {n: PlannedZone(n, zone.title, str(zone.kind), zone.within or "") for n, zone in city.zones.items()},
        "fibres": {
            n: PlannedFibre(
                n, one.between[0], one.between[1], one.length_km, one.capacity_gbps, one.risk_groups, one.loss_db
            )
            for n, one in city.fibres.items()
        },
        "participants": {n: PlannedParticipant(n, one.title, str(one.kind)) for n, one in city.participants.items()},
    }


def _sites(design: Design) -> dict[str, PlannedSite]:
    city, within = design.city, geometry.areas(design)
    return {
        n: PlannedSite(
            n,
            site.title,
            site.zone or "",
            [site.place.lat, site.place.lon] if site.place else [],
            geometry.zones_of(city, within, n),
        )
        for n, site in city.sites.items()
    }


def _plan_devices(design: Design, builder: Builder) -> None:
    city = design.city
    last: dict[str, int] = {}
    for domain_name, block in city.domains.items():
        builder.domains[domain_name] = PlannedDomain(
            domain_name,
            block.title,
            str(block.level),
            block.asn,
            str(block.locators),
            str(level_of(block)),
            block.algorithms,
        )
        builder.secrets |= {f"isis/{domain_name}", f"bgp/{domain_name}"}
        last[domain_name] = min(LAST_NODE, block.router_ids.num_addresses - 2)
    reserved = [(name, device.management) for name, device in city.devices.items() if device.management]
    servers = {server.address: site for site, server in city.encryption.key_servers.items()}  # some share an address
    reserved += [(f"key-server/{site}", address) for address, site in servers.items()]
    for name, wanted in reserved:  # before anybody else can take the number
        builder.management(name, wanted)
    for name, device in city.devices.items():
        if device.domain is None or device.role is Role.OPTICAL:
            continue
        domain = builder.domains[device.domain]
        node = builder.lock.take(f"node/{device.domain}", name, FIRST_NODE, last[device.domain])
        underlay = plan_underlay(domain, city.domains[device.domain], node)
        builder.devices[name] = Device(
            name=name,
            domain=device.domain,
            site=device.site,
            role=str(device.role),
            plane=device.plane or "",
            platform=device.platform,
            management=builder.management(name, device.management),
            ports=[],
            underlay=underlay,
            srv6=plan_srv6(domain, node),
            bgp=Bgp(domain.asn, underlay.router_id, f"bgp/{device.domain}"),
        )


def _plan_links(design: Design, builder: Builder) -> None:
    fibre_map = FibreMap(design.city)
    for joined in all_links(design.city):
        one, other = joined.a, joined.b
        if one not in builder.devices or other not in builder.devices:
            continue  # optical devices have no IP links
        devices = [builder.devices[one], builder.devices[other]]
        way = fibre_map.way(devices[0].site, devices[1].site, joined.fibres)
        ends = [
            LineEnd(one, builder.new_port(one, f"link:{other}")),
            LineEnd(other, builder.new_port(other, f"link:{one}")),
        ]
        line = builder.add_line(PortKind.LINK, ends[0], ends[1], devices[0].domain, way)
        line.rate_gbps, line.metric = joined.rate_gbps, joined.metric
        line.delay_us = line.delay_us if joined.delay_us is None else joined.delay_us
        for device, near, far in zip(devices, ends, reversed(ends), strict=True):
            device.ports.append(Port(near.port, PortKind.LINK, line.name, far.node, far.port))
            device.underlay.interfaces.append(UnderlayInterface(near.port, joined.metric))


def _plan_optical(design: Design, builder: Builder) -> OpticalPlan | None:
    if design.city.optical is None:
        return None
    from citynet.plan.optical.planner import plan_optical  # noqa: PLC0415 - it takes numpy, and GNPy seconds to load

    return plan_optical(design, design.city.optical, builder)


def _plan_bgp(builder: Builder) -> None:
    """Core devices reflect routes (RFC 4456) to all others; one in each plane suffices, so each domain has two."""
    for domain in builder.domains:
        members = [device for device in builder.devices.values() if device.domain == domain]
        reflectors = _reflectors(members)
        names = {device.name for device in reflectors}
        clients = [d for d in members if (d.vrfs or d.evpn) and d.name not in names]
        if any(device.evpn for device in members):
            for device in (*reflectors, *clients):
                device.bgp.evpn = True
        for device in clients:
            device.bgp.neighbors = [_neighbor(reflector) for reflector in reflectors]
        for device in reflectors:
            others = [_neighbor(other) for other in reflectors if other.name != device.name]
            device.bgp.neighbors = others + [_neighbor(client, client=True) for client in clients]


def _neighbor(device: Device, *, client: bool = False) -> BgpNeighbor:
    return BgpNeighbor(device.name, device.underlay.loopback, client)


def _reflectors(members: list[Device]) -> list[Device]:
    cores = [device for device in members if device.role == "core"]
    first_of_plane = {plane: next((d for d in cores if d.plane == plane), None) for plane in ("A", "B")}
    chosen = [device for device in first_of_plane.values() if device is not None]
    return chosen or cores[:2] or members[:2]
