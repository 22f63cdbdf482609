"""Layer-3 services: spokes are apart, and the internet is beyond one guarded exit.

A packet goes where the VRF it entered has a route to: to the device's own sites of that VRF, to routes of the targets
that the VRF imports, and where its leaks and its default route lead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.plan.model import PortKind
from citynet.proof.model import Refutation, judged, not_applicable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device, Plan, PlannedService, Port, Vrf
    from citynet.proof.model import Result


def prove_layer3(plan: Plan, domain: str) -> Iterator[Result]:
    """ISO-07 and ISO-08 of one domain."""
    services = {name: service for name, service in plan.services.items() if service.domain == domain}
    carried: dict[str, list[tuple[Device, Vrf]]] = {name: [] for name in services}
    for device in plan.devices.values():
        for vrf in device.vrfs:
            if vrf.service in carried:
                carried[vrf.service].append((device, vrf))
    starred = [service for service in services.values() if service.spokes]
    if starred:
        found = [bad for service in starred for bad in _spokes(plan, service, carried[service.name])]
        spokes = sum(len(service.spokes) for service in starred)
        yield judged("ISO-07", domain, spokes, found, unit="spokes")
    else:
        yield not_applicable("ISO-07", domain, "no service has spokes")
    leaving = [bad for name, service in services.items() for bad in _exits(service, carried[name])]
    if leaving or any(service.exit for service in services.values()):
        yield judged("ISO-08", domain, len(services), leaving, unit="services")
    else:
        yield not_applicable("ISO-08", domain, "no service has an exit")


def _spokes(plan: Plan, service: PlannedService, carried: list[tuple[Device, Vrf]]) -> Iterator[Refutation]:
    of_port = {(device, port.peer_port): host for host in service.spokes for device, port in _ways(plan, host)}
    prefixes = {vrf_prefix for device, vrf in carried if _hosts(device, vrf, of_port) for vrf_prefix in vrf.prefixes}
    for device, vrf in carried:
        mine = _hosts(device, vrf, of_port)
        if not mine:
            continue
        subject = f"VRF {device.name}:{vrf.name}"
        if len(vrf.ports) > 1:
            yield Refutation(subject, f"joins spoke {mine[0]} with other ports", services=[service.name])
        if service.spoke_rt in vrf.imports or vrf.rt != service.spoke_rt:
            yield Refutation(subject, f"takes routes of spokes, or gives {mine[0]}'s to them", services=[service.name])
        for leak in vrf.leaks:
            if leak.prefix in prefixes:
                yield Refutation(subject, f"leads to the spoke with {leak.prefix}", services=[service.name])
        if service.exit and not vrf.rejects:
            yield Refutation(subject, "has a default route by which other spokes are reached", services=[service.name])


def _ways(plan: Plan, host: str) -> list[tuple[str, Port]]:
    found = plan.hosts[host]
    return list(zip(found.devices, found.ports, strict=True))


def _hosts(device: Device, vrf: Vrf, of_port: dict[tuple[str, str], str]) -> list[str]:
    return [of_port[device.name, port] for port in vrf.ports if (device.name, port) in of_port]


def _exits(service: PlannedService, carried: list[tuple[Device, Vrf]]) -> Iterator[Refutation]:
    """Default routes and exit ports stand at one border port, whose guard lets nothing open a flow inward."""
    places = []
    for device, vrf in carried:
        ports = [port for port in device.ports if port.name in vrf.ports and port.kind is PortKind.EXIT]
        places += [(device, vrf, port) for port in ports]
        if vrf.gateways and not ports:
            subject = f"VRF {device.name}:{vrf.name}"
            yield Refutation(subject, "has a default route and no exit", services=[service.name])
    if len(places) != bool(service.exit):
        where = ", ".join(f"{device.name}:{port.name}" for device, _, port in places) or "none"
        yield Refutation(f"service {service.name}", f"has other exits than its one: {where}", services=[service.name])
    for device, vrf, port in places:
        subject = f"exit {device.name}:{port.name}"
        guards = [guard for guard in device.exits if guard.port == port.name and guard.vrf == vrf.name]
        if device.role != "border":
            yield Refutation(subject, f"is at a device of role {device.role}", services=[service.name])
        if len(guards) != 1:
            yield Refutation(subject, "has no guard of its own", services=[service.name], advice="guard that port")
        for guard in guards:
            if guard.peer or any(rule.inward for rule in guard.rules):
                yield Refutation(subject, "lets the internet open flows inward", services=[service.name])
