"""ENC-02: between any two devices, packets of a service have the encryption that the class of their data asks for."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from citynet.design.grades import GRADES
from citynet.plan.model import PlannedBinding
from citynet.proof.encryption.due import flaw, of_service, rank
from citynet.proof.model import Refutation, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.plan.model import Device, Plan, PlannedService, Protection, Tunnel
    from citynet.proof.encryption.due import Due, Part


def pairs(plan: Plan, service: PlannedService) -> set[tuple[str, str]]:
    """Each two devices between which packets of a service travel: by route targets, circuits and VNIs."""
    mine = [device for device in plan.devices.values() if device.domain == service.domain]
    if service.kind == "vpws":
        ends = [(device.name, one.peer) for device in mine for one in device.vpws if one.service == service.name]
        return {(min(pair), max(pair)) for pair in ends if pair[0] != pair[1]}
    if service.kind == "evpn":
        names = sorted(device.name for device in mine if any(one.service == service.name for one in device.evpn))
        return {(one, other) for index, one in enumerate(names) for other in names[index + 1 :]}
    exporters: dict[str, set[str]] = defaultdict(set)
    importers: dict[str, set[str]] = defaultdict(set)
    for device in mine:
        for vrf in device.vrfs:
            if vrf.service == service.name:
                exporters[vrf.rt].add(device.name)
                for rt in {vrf.rt, *vrf.imports}:
                    importers[rt].add(device.name)
    return {
        (min(one, other), max(one, other))
        for rt, giving in exporters.items()
        for one in giving
        for other in importers[rt]
        if one != other
    }


def flows(plan: Plan, service: PlannedService) -> Iterator[tuple[Part | None, Due]]:
    """What of a service has a class of its own: all of it, each application, then each data identifier.

    Of identifiers that the service says nothing of, those whose packets may have ports of an application.
    """
    yield None, of_service(plan, service)
    parts: list[Part] = [*service.applications, *service.bindings, *_beside(plan, service)]
    for part in parts:
        yield part, of_service(plan, service, part)


def _beside(plan: Plan, service: PlannedService) -> Iterator[PlannedBinding]:
    if not service.applications:
        return
    known = {one.number for one in service.bindings}
    who = {plan.hosts[name].participant for name in service.hosts if name in plan.hosts}
    joined = any(
        vrf.service == service.name and vrf.name == guard.vrf
        for device in plan.devices.values()
        for vrf in device.vrfs
        for guard in device.guards
    )
    for one in plan.identifiers.values():
        travels = one.number not in known and rank(one.data_class) <= rank(service.data_class)
        if travels and (joined or who & {*one.participants}):
            yield PlannedBinding(one.name, one.number, one.data_class)


def examine(plan: Plan, domain: str) -> tuple[int, list[Refutation]]:
    """Pairs of devices between which something is due, and what of it is in the clear or weaker."""
    count = 0
    found: list[Refutation] = []
    for service in plan.services.values():
        dues = [] if service.domain != domain else [one for one in flows(plan, service) if one[1].grade is not None]
        joined = pairs(plan, service) if dues else set()
        for part, due in dues:
            count += len(joined)
            found += flow_flaws(service, part, due, plan, joined)
    return count, found


def flow_flaws(
    service: PlannedService,
    part: Part | None,
    due: Due,
    plan: Plan,
    joined: Iterable[tuple[str, str]],
) -> Iterator[Refutation]:
    """Why packets of a service, or of a part of it, have less than is due between pairs of devices."""
    told: set[tuple[str, str]] = set()
    ends = {end for pair in joined for end in pair}
    seals = {end: towards(plan.devices[end], service, part) for end in ends}
    name = f"{service.name}.{part.name}" if part else service.name
    for near, far in sorted(pair for one, other in joined for pair in ((one, other), (other, one))):
        device, peer = plan.devices[near], plan.devices[far]
        subject, where = f"{name} on {near}", f"from {near} to {far}"
        if far not in seals[near]:
            what = f"{due.data_class} data go {where} in the clear; {due.grade and due.grade.name} is due"
            yield Refutation(subject, what, services=[service.name], advice=due.reason)
            continue
        one, tunnel = seals[near][far]
        back = seals[far][near][0] if near in seals[far] else None
        if what := _tunnel(one, tunnel, peer, back):
            yield Refutation(f"{name} {where}", what, services=[service.name])
        if (near, one.name) not in told:  # once a device
            told.add((near, one.name))
            yield from _device(service, part, device, one, due)


def towards(device: Device, service: PlannedService, part: Part | None) -> dict[str, tuple[Protection, Tunnel]]:
    """What encrypts packets of a service, or of a part of it, on a device, by the device they go to.

    Those with an identifier that has no protection of its own have that of the service.
    """
    found: dict[str, tuple[Protection, Tunnel]] = {}
    if isinstance(part, PlannedBinding) and not any(_is_of(one, service, part) for one in device.protections):
        part = None
    for one in device.protections:
        if _is_of(one, service, part):
            for tunnel in one.tunnels:
                found.setdefault(tunnel.peer, (one, tunnel))
    return found


def of_device(device: Device, service: PlannedService, part: Part | None, far: str = "") -> Protection | None:
    """What encrypts packets of a service, or of a part of it, on a device, towards another if that is named."""
    if far:
        return towards(device, service, part).get(far, (None, None))[0]
    return next((one for one in device.protections if _is_of(one, service, part)), None)


def _is_of(one: Protection, service: PlannedService, part: Part | None) -> bool:
    if service.kind == "evpn":
        return one.vxlan
    if one.service != service.name or part is None:
        return one.service == service.name and one.whole
    if isinstance(part, PlannedBinding):
        return one.identifier == part.number
    return one.protocol == part.protocol and set(part.ports) <= set(one.app_ports)


def _tunnel(one: Protection, tunnel: Tunnel, peer: Device, back: Protection | None) -> str:
    """Why the tunnel of a protection to a peer does not carry its packets; empty when it does."""
    if back is None:
        return f"{peer.name} has no tunnel back"
    places = {f"{evi.vtep}/128" for evi in peer.evpn} if one.vxlan else {peer.srv6.prefix}
    if {tunnel.prefix} != places:
        return f"encrypts what goes to {tunnel.prefix}, and {peer.name} is at {some(sorted(places)) or 'no VTEP'}"
    if tunnel.address != back.address:
        return f"ends at {tunnel.address}, where no tunnel of {peer.name} does"
    if (one.method, one.ike, one.esp) != (back.method, back.ike, back.esp):
        return f"its ends offer two suites: {one.esp} and {back.esp}"
    return ""


def _device(
    service: PlannedService,
    part: Part | None,
    device: Device,
    one: Protection,
    due: Due,
) -> Iterator[Refutation]:
    """What is wrong with a protection on a device whatever the peer."""
    assert due.grade is not None
    subject = f"{one.name} on {device.name}"
    if what := flaw(one, due.grade.name, due.level, due.algorithms):
        yield Refutation(subject, what, services=[service.name], advice=due.reason)
    vnis = {evi.vni for evi in device.evpn if evi.service == service.name} if one.vxlan else set()
    if missing := vnis - {*one.vnis}:
        yield Refutation(
            subject, f"lets VXLAN {some(sorted(map(str, missing)))} go in the clear", services=[service.name]
        )
    if not one.vxlan and (missed := sorted(set(entries(device, service.name)) - set(one.ports))):
        yield Refutation(subject, f"what enters at {', '.join(missed)} is not encrypted", services=[service.name])
    if isinstance(part, PlannedBinding):
        yield from _overruled(service, part, device, due)
    elif part is None and (one.app_ports or one.identifier):
        yield Refutation(subject, "is meant for some ports only", services=[service.name])
    elif part is not None and (more := set(one.app_ports) - set(part.ports)):
        rest = of_device(device, service, None)
        if rest is None or GRADES.index(one.grade) < GRADES.index(rest.grade):
            yield Refutation(subject, f"takes ports {sorted(more)} that are not its own", services=[service.name])


def _overruled(service: PlannedService, part: PlannedBinding, device: Device, due: Due) -> Iterator[Refutation]:
    """Applications with less than packets with an identifier are due, whose ports these may have.

    Of what fits a packet the strongest counts, so an identifier's own protection is enough.
    """
    if any(_is_of(one, service, part) for one in device.protections):
        return
    names = [name for name in (part.data_class and due.by_table, due.asked) if name]
    least = max(names, key=GRADES.index, default="")
    for one in device.protections:
        if least and one.service == service.name and one.protocol and GRADES.index(one.grade) < GRADES.index(least):
            what = f"packets with {part.name} to its ports have {one.grade}, {least} is due"
            yield Refutation(f"{one.name} on {device.name}", what, services=[service.name], advice=due.reason)


def entries(device: Device, service: str) -> list[str]:
    """The interfaces where packets of a service enter a device."""
    names = {name for vrf in device.vrfs if vrf.service == service for name in vrf.ports}
    found = [port.interface for port in device.ports if port.name in names]
    return found + [circuit.interface for circuit in device.vpws if circuit.service == service]
