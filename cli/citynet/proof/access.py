"""Trusted access: ports that stay closed till a server lets their hosts on, and rights that exceed nobody's.

What a device does with a closed port, and a server with roles, is the platform's; here is what the plan tells them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from citynet.plan.model import PortKind
from citynet.proof.model import Refutation, judged, not_applicable, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device, DeviceAccess, Host, Plan, PlannedAccess, PlannedRole, Port
    from citynet.proof.model import Result

_CLAIMS = ("ACCESS-01", "ACCESS-02", "ACCESS-03", "ACCESS-04")
_OPEN = "the service asks for access, and nothing closes this port"


def prove_access(plan: Plan) -> Iterator[Result]:
    """ACCESS-01 to ACCESS-04."""
    devices = [(device, device.access) for device in plan.devices.values() if device.access is not None]
    if not devices and not any(service.access for service in plan.services.values()):
        yield from (not_applicable(claim, plan.city, "no service asks for access") for claim in _CLAIMS)
        return
    ports = list(_ports(plan))
    closed = judged("ACCESS-01", plan.city, len(ports), list(_unclosed(plan, ports)), unit="ports")
    closed.notes += _notes(plan, ports)
    yield closed
    grants = list(_grants(plan))
    unit = "identifiers given to hosts"
    yield judged("ACCESS-02", plan.city, len(grants), [one for _, one in grants if one is not None], unit=unit)
    bound = judged("ACCESS-03", plan.city, len(ports), list(_unbound(plan)), unit="ports")
    if narrowed := sorted(_narrowed(plan)):
        bound.notes.append(f"given by a role, and dropped by the fence at the port: {some(narrowed)}")
    yield bound
    yield judged("ACCESS-04", plan.city, len(devices), list(_servers(plan)), unit="devices")


def _ports(plan: Plan) -> Iterator[tuple[Device, Port, str]]:
    """Every port at which customers enter a service that asks for access, with that service."""
    for device in plan.devices.values():
        asking = {vrf.name: vrf.service for vrf in device.vrfs if plan.services[vrf.service].access}
        for port in device.ports:
            if port.kind is PortKind.ATTACHMENT and port.vrf in asking:
                yield device, port, asking[port.vrf]


def _unclosed(plan: Plan, ports: list[tuple[Device, Port, str]]) -> Iterator[Refutation]:
    """ACCESS-01: a port that nobody closes, or closes for somebody else; a host beside all such ports."""
    for device, port, service in ports:
        subject = f"port {device.name}:{port.name}"
        known = [one for one in device.access.ports if one.port == port.name] if device.access else []
        if not known:
            yield Refutation(subject, _OPEN, services=[service], advice="who is there as its host in the design")
        elif len(known) > 1 or known[0].host != port.peer:
            what = f"opens for {some([one.host for one in known])}, and {port.peer} is there"
            yield Refutation(subject, what, services=[service])
        elif known[0].interface != port.interface:
            what = f"is closed at {known[0].interface}, and its packets come by {port.interface}"
            yield Refutation(subject, what, services=[service])
    entered = {(device.name, port.name) for device, port, _ in ports}
    for host in _hosts(plan):
        for place in _places(host):
            if place not in entered:
                what = f"enters {host.service} at {place[0]}:{place[1]}, which is no port of it"
                yield Refutation(f"host {host.name}", what, services=[host.service])


def _hosts(plan: Plan) -> list[Host]:
    """The ends of services that ask for access; who is behind an exit is none."""
    return [plan.hosts[name] for service in plan.services.values() if service.access for name in service.hosts]


def _places(host: Host) -> list[tuple[str, str]]:
    """Devices and ports at which a host hangs."""
    return [(device, port.peer_port) for device, port in zip(host.devices, host.ports, strict=True)]


def _notes(plan: Plan, ports: list[tuple[Device, Port, str]]) -> Iterator[str]:
    if shut := [host.name for host in _hosts(plan) if not any(_lets_on(plan, host))]:
        yield f"no role lets them on anywhere, so nothing passes their ports: {some(shut)}"
    joined = [
        f"{device.name}:{port.name}"
        for device in {device.name: device for device, _, _ in ports}.values()
        for port in device.ports
        if port.kind in {PortKind.INTERCONNECT, PortKind.EXIT} and _asks(plan, device, port)
    ]
    if joined:
        yield f"guarded instead, as they lead to no host: {some(joined)}"
    demanding = {name for name, domain in plan.domains.items() if domain.level != "L1"}
    if anybody := [one.name for one in plan.services.values() if one.domain in demanding and not one.access]:
        yield f"services that let anybody on, in domains from L2 on: {some(anybody)}"


def _asks(plan: Plan, device: Device, port: Port) -> bool:
    return any(vrf.name == port.vrf and plan.services[vrf.service].access for vrf in device.vrfs)


def _lets_on(plan: Plan, host: Host) -> Iterator[PlannedRole]:
    """Roles that can let a host on somewhere, at some time."""
    for role in plan.access.roles.values() if plan.access else ():
        if host.name not in role.hosts or not role.schedule or (role.services and host.service not in role.services):
            continue
        if any(_there(plan, role, device) for device in host.devices):
            yield role


def _there(plan: Plan, role: PlannedRole, device: str) -> bool:
    zones = plan.sites[plan.devices[device].site].zones
    return (not role.devices or device in role.devices) and (not role.zones or bool({*role.zones} & {*zones}))


def _given(access: PlannedAccess) -> Iterator[tuple[str, str, str]]:
    """Who gives which identifier to which host, in words, whatever the time and place."""
    for role in access.roles.values():
        yield from ((f"role {role.name}", host, name) for host in role.hosts for name in role.identifiers)
    for task in access.tasks.values():
        hosts = {host: None for role in task.roles if role in access.roles for host in access.roles[role].hosts}
        yield from ((f"task {task.name}", host, name) for host in hosts for name in task.identifiers)


def _grants(plan: Plan) -> Iterator[tuple[str, Refutation | None]]:
    """ACCESS-02: each identifier that somebody is given, and what is wrong about it."""
    for giver, host, name in _given(plan.access) if plan.access else ():
        known, holder = plan.identifiers.get(name), plan.hosts.get(host)
        if known is None or holder is None:
            missing = f"identifier {name}" if known is None else f"host {host}"
            yield giver, Refutation(giver, f"speaks of {missing}, which is not in the plan")
        elif holder.participant not in known.participants:
            what = f"gives {host} of {holder.participant} identifier {name}, to which group {known.group} has the right"
            yield giver, Refutation(giver, what, services=[holder.service])
        else:
            yield giver, None


def _unbound(plan: Plan) -> Iterator[Refutation]:
    """ACCESS-03: a closed port where a right would bind no identifiers, or no fence judges what it lets pass."""
    for device in plan.devices.values():
        for port in device.access.ports if device.access else ():
            for what in _loose(plan, device, device.access, device.interface(port.port)):
                yield Refutation(f"port {device.name}:{port.port}", what)


def _loose(plan: Plan, device: Device, access: DeviceAccess | None, interface: str) -> Iterator[str]:
    if plan.identifiers and access is not None and not access.bits:
        yield "a right binds no identifiers there, so any passes"
    fence = device.fence
    if fence is not None and access is not None and access.bits not in {0, fence.bits}:
        yield f"a right is held against identifiers of {access.bits} bits, and packets have {fence.bits}"
    if plan.fences and (fence is None or interface not in {one.name for one in fence.ports}):
        yield "no fence judges what a right lets pass"


def _narrowed(plan: Plan) -> Iterator[str]:
    """Identifiers that a host is given and that no fence takes from it at any of its ports."""
    for _, name, identifier in _given(plan.access) if plan.access and plan.fences else ():
        host, known = plan.hosts.get(name), plan.identifiers.get(identifier)
        if host is None or known is None or not plan.services[host.service].access:
            continue
        taken = (
            one.identifiers
            for device, port in _places(host)
            if (fence := plan.devices[device].fence) is not None
            for one in fence.ports
            if one.name == plan.devices[device].interface(port)
        )
        if not any(known.number in numbers for numbers in taken):
            yield f"{identifier} of {name}"


def _servers(plan: Plan) -> Iterator[Refutation]:
    """ACCESS-04: a device that asks nobody, or somebody else, or by a secret that another device has too."""
    secrets = Counter(device.access.secret for device in plan.devices.values() if device.access)
    servers = plan.access.servers if plan.access else []
    for device in plan.devices.values():
        if device.access is None:
            continue
        subject = f"device {device.name}"
        if not device.access.servers:
            yield Refutation(subject, "has no server to ask, so nobody ever gets on", advice="'servers' of 'access'")
        if strangers := [one.name for one in device.access.servers if one not in servers]:
            yield Refutation(subject, f"asks {some(strangers)}, which decides by another plan")
        if secrets[device.access.secret] > 1:
            what = f"shares secret {device.access.secret} with another device, which could give orders in its name"
            yield Refutation(subject, what)
        if device.access.secret not in plan.secrets:
            yield Refutation(subject, f"has no secret {device.access.secret} to know its servers by")
