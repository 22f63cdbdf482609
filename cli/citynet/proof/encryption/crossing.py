"""ENC-04: no way around: what crosses to the other domain, or leaves the city, is as well protected there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.grades import GRADES
from citynet.design.types.words import DataClass
from citynet.plan.model import PortKind
from citynet.proof.encryption.due import least, rank
from citynet.proof.encryption.services import of_device
from citynet.proof.model import Refutation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device, Guard, GuardRule, Host, Plan, PlannedApplication, PlannedService

FREE = rank(DataClass.COMMERCIAL)
"""What may leave for the internet: data of this class and less sensitive ones."""


def find_crossings(plan: Plan) -> Iterator[Refutation]:
    """Flows that guards let across into weaker protection than their data have where they come from."""
    for device in plan.devices.values():
        for guard in device.guards:
            sides = services_at(plan, device, guard)
            if sides is None:
                continue
            near, far = sides
            for rule in guard.rules:
                yield from rule_flaws(plan, device, rule, near, far)
    yield from _exits(plan)


def services_at(plan: Plan, device: Device, guard: Guard) -> tuple[PlannedService, PlannedService] | None:
    """The services on both sides of a guard."""
    port = next((port for port in device.ports if port.name == guard.port), None)
    far = plan.devices.get(port.peer) if port else None
    if port is None or far is None:
        return None
    names = [_service_of(device, port.name), _service_of(far, port.peer_port)]
    found = [plan.services[name] for name in names if name in plan.services]
    return (found[0], found[1]) if len(found) == 2 else None


def _service_of(device: Device, port: str) -> str:
    return next((vrf.service for vrf in device.vrfs if port in vrf.ports), "")


def rule_flaws(
    plan: Plan, device: Device, rule: GuardRule, near: PlannedService, far: PlannedService
) -> Iterator[Refutation]:
    """The device's own side of a rule; the other side is told at the other border."""
    inside = {*(rule.destinations if rule.inward else rule.sources)}
    if all(host.devices == [device.name] for host in plan.hosts.values() if inside & _addresses(host)):
        return  # its hosts hang on this device: nothing goes on
    for port in rule.ports or [0]:
        flows = [(service, application_of(service, rule.protocol, port)) for service in (near, far)]
        (_, mine), (_, other) = flows
        classes = [(application or service).data_class for service, application in flows]
        highest = max(classes, key=rank)
        due = least(plan.domains[near.domain], highest)
        if not due or rank(classes[0]) == rank(highest):
            continue  # no more than its own class: ENC-02 says
        has = of_device(device, near, mine) or of_device(device, near, None)
        if has is not None and GRADES.index(has.grade) >= GRADES.index(due):
            continue
        flow = f"{rule.protocol} {port}" if port else rule.protocol
        whose = f"{far.name}.{other.name}" if other else far.name
        yield Refutation(
            f"guard {device.name}:{rule.name}",
            f"{highest} data of {whose} ({flow}) go on in {near.name} with {has.grade if has else 'nothing'}; {due} is "
            f"due",
            services=[near.name, far.name],
            advice=f"an application of {near.name} with {highest} data at these ports, or `encryption: {due}`",
        )


def _addresses(host: Host) -> set[str]:
    return {address.split("/")[0] for address in host.addresses}


def application_of(service: PlannedService, protocol: str, port: int) -> PlannedApplication | None:
    """The application that a flow belongs to; None when it belongs to none."""
    return next((one for one in service.applications if one.protocol == protocol and port in one.ports), None)


def _exits(plan: Plan) -> Iterator[Refutation]:
    for device in plan.devices.values():
        exits = {port.name for port in device.ports if port.kind is PortKind.EXIT}
        for vrf in device.vrfs:
            service = plan.services.get(vrf.service)
            if service is None or not exits & {*vrf.ports}:
                continue
            classes = {service.data_class, *(one.data_class for one in service.applications)}
            classes |= {one.data_class for one in service.bindings if one.data_class}
            for data_class in sorted(classes, key=rank):
                if rank(data_class) > FREE:
                    what = f"{data_class} data can leave for the internet in the clear"
                    yield Refutation(f"exit of {service.name} at {device.name}", what, services=[service.name])
