"""Services from end to end: whose packets are encrypted, and a tunnel between each two devices that carry them.

The devices of a service are those that exchange its routes by BGP, so N of them need no word of a person about any
pair: that is what the report calls xSEC (4.2.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.design.grades import GRADES, ServiceGrade, identifier_grade, service_grade, stands_apart
from citynet.design.types.words import LAYER_2, DataClass
from citynet.plan import addresses
from citynet.plan.bindings import carried
from citynet.plan.fences.planning import may_travel
from citynet.plan.model import PlannedBinding, Protection, Tunnel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.types import Application, City, Service
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device, Guard, Vrf

LAST_MARK = 2047
"""Protections of one device: 11 bits of a packet's mark."""
LAST_ENDPOINT = 60_000
ENDPOINTS = 0x1_0000
"""Where a locator's addresses for the ends of tunnels begin; below are loopback (1) and VTEP (2)."""
EVPN = "evpn"


@dataclass(frozen=True, slots=True)
class _Wish:
    """One protection of a domain, before it is spread over devices."""

    name: str
    service: str
    grade: ServiceGrade
    application: Application | None = None
    identifier: int = 0


def plan_protections(city: City, builder: Builder) -> None:
    """Plan the protections of every service, applications before the service that they are a part of."""
    members = _members(builder)
    for name, service in city.services.items():
        if service.kind == EVPN:
            continue
        for wish in _wishes(city, builder, name, service):
            _spread(city, builder, wish, list(_pairs(builder, name, members.get(name, []))))
    _plan_evpn(city, builder, members)


def _wishes(city: City, builder: Builder, name: str, service: Service) -> Iterator[_Wish]:
    for application in service.applications:
        if (grade := service_grade(city, service, application)) is not None:
            yield _Wish(f"{name}.{application.name}", name, grade, application)
    for one in _identifiers(builder, name):
        data_class = DataClass(one.data_class) if one.data_class else None
        asked = one.encryption or None
        grade = identifier_grade(city, service, data_class, asked)
        if grade is not None and stands_apart(city, service, data_class, asked):
            yield _Wish(f"{name}.{one.name}", name, grade, identifier=one.number)
    if (grade := service_grade(city, service)) is not None:
        yield _Wish(name, name, grade)


def _identifiers(builder: Builder, name: str) -> Iterator[PlannedBinding]:
    """The identifiers that a service speaks of, and others whose data may travel there beside its applications."""
    service = builder.services[name]
    yield from service.bindings
    if not service.applications:
        return
    known = {one.number for one in service.bindings}
    who = {builder.hosts[host].participant for host in service.hosts}
    joined = any(vrf.name == guard.vrf for vrf, guard in _guarded(builder, name))
    for one in builder.identifiers.values():
        if one.number not in known and may_travel(one, service) and (joined or who & {*one.participants}):
            yield PlannedBinding(one.name, one.number, one.data_class)


def _guarded(builder: Builder, name: str) -> Iterator[tuple[Vrf, Guard]]:
    for device in builder.devices.values():
        yield from ((vrf, guard) for vrf in device.vrfs if vrf.service == name for guard in device.guards)


def _plan_evpn(city: City, builder: Builder, members: dict[str, list[Device]]) -> None:
    """All multipoint layer-2 services between two devices share a tunnel, of the strongest grade that one asks for."""
    for domain in city.domains:
        grades: dict[frozenset[str], ServiceGrade] = {}
        for name, service in city.services.items():
            grade = service_grade(city, service) if service.kind == EVPN and service.domain == domain else None
            if grade is None:
                continue
            for pair in map(frozenset, _pairs(builder, name, members.get(name, []))):
                grades[pair] = max(grades.get(pair, grade), grade, key=lambda one: GRADES.index(one.name))
        for number, name in enumerate(GRADES):
            pairs = [tuple(sorted(pair)) for pair, grade in grades.items() if GRADES.index(grade.name) == number]
            found = next((grade for grade in grades.values() if grade.name == name), None)
            if found is not None:
                _spread(city, builder, _Wish(f"{EVPN}.{name}", "", found), sorted(pairs))  # type: ignore[arg-type]
    encrypted = {
        name for name, service in city.services.items() if service.kind == EVPN and service_grade(city, service)
    }
    for device in builder.devices.values():
        vnis = [evi.vni for evi in device.evpn if evi.service in encrypted]
        for protection in device.protections:
            protection.vnis = vnis if protection.vxlan else []


def _members(builder: Builder) -> dict[str, list[Device]]:
    """The devices of each service."""
    found: dict[str, list[Device]] = {}
    for device in builder.devices.values():
        names = [vrf.service for vrf in device.vrfs] + [circuit.service for circuit in device.vpws]
        for name in dict.fromkeys(names + [evi.service for evi in device.evpn]):
            found.setdefault(name, []).append(device)
    return found


def _pairs(builder: Builder, name: str, there: list[Device]) -> Iterator[tuple[str, str]]:
    """Each two devices between which packets of a service travel; between spokes of a layer-3 one there are none."""
    service = builder.services[name]
    there = [device for device in there if device.domain == service.domain]
    hubs = {
        device.name
        for device in there
        if service.kind in LAYER_2 or any(vrf.name == service.vrf for vrf in device.vrfs)
    }
    for index, one in enumerate(there):
        for other in there[index + 1 :]:
            if one.name in hubs or other.name in hubs:
                yield one.name, other.name


def _spread(city: City, builder: Builder, wish: _Wish, pairs: list[tuple[str, str]]) -> None:
    ends = {
        name: _protection(city, builder, wish, builder.devices[name])
        for name in dict.fromkeys(name for pair in pairs for name in pair)
    }
    for one, other in pairs:
        secret = ""
        if wish.grade.method == "sm4" and wish.grade.source == "vault":
            builder.secrets.add(secret := f"sm4/{wish.name.replace('.', '/')}/{min(one, other)}/{max(one, other)}")
        for near, far in ((one, other), (other, one)):
            device = builder.devices[far]
            ends[near].tunnels.append(
                Tunnel(
                    f"{wish.name}--{far}",
                    far,
                    ends[far].address,
                    f"{device.evpn[0].vtep}/128" if ends[near].vxlan else device.srv6.prefix,
                    master=near == min(one, other),
                    secret=secret,
                )
            )


def _protection(city: City, builder: Builder, wish: _Wish, device: Device) -> Protection:
    grade, application = wish.grade, wish.application
    made = Protection(
        name=wish.name,
        service=wish.service,
        number=builder.lock.take(f"protection/{device.name}", wish.name.replace(".", "/"), 1, LAST_MARK),
        grade=grade.name,
        method=grade.method,
        ike=grade.ike,
        esp=grade.esp,
        integrity_bits=grade.integrity_bits,
        source=grade.source,
        ppk=grade.ppk,
        ml_kem=grade.ml_kem,
        address=_endpoint(builder, wish, device),
        vxlan=not wish.service,
        ports=_entries(device, wish.service),
        protocol=application.protocol if application else "",
        app_ports=list(application.ports) if application else [],
        identifier=wish.identifier,
        replay_window=city.encryption.replay_window,
    )
    device.protections.append(made)
    if wish.identifier:
        device.identifiers = carried(city)
    return made


def _entries(device: Device, service: str) -> list[str]:
    """Where packets of a service enter a device."""
    ports = [name for vrf in device.vrfs if vrf.service == service for name in vrf.ports]
    return [device.port(name).interface for name in ports] + [
        circuit.interface for circuit in device.vpws if circuit.service == service
    ]


def _endpoint(builder: Builder, wish: _Wish, device: Device) -> str:
    """The address of a device at which tunnels of a protection end: one's own, so that a path can lead to it."""
    number = builder.lock.take(f"endpoint/{device.domain}", wish.name.replace(".", "/"), 1, LAST_ENDPOINT)
    return addresses.ipv6(addresses.base(device.srv6.prefix) + ENDPOINTS + number)
