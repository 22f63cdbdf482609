"""Fences, per device: the ports at which packets are judged, and what may pass there."""

from __future__ import annotations

import socket
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.design.rules.fences import CLASSES, covered
from citynet.design.types import DataClass
from citynet.design.windows import schedule
from citynet.plan import addresses
from citynet.plan.bindings import EXTENSIONS, carried
from citynet.plan.fences.judging import Judge, Whereabouts, whereabouts
from citynet.plan.model import DeviceFence, FenceEntry, FencePort, PlannedFence, PortKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from citynet.design.model import Design
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device, Guard, Host, PlannedIdentifier, PlannedService, PlannedSite, Port, Vrf


def plan_fences(design: Design, builder: Builder, sites: Mapping[str, PlannedSite]) -> None:
    """Plan the fences of a design; one without them pays nothing."""
    city = design.city
    if not city.fences:
        return
    for name, fence in city.fences.items():
        builder.fences[name] = PlannedFence(
            name,
            fence.title,
            covered(design, fence),
            fence.sources,
            fence.allowed,
            fence.forbidden,
            fence.direction,
            list(schedule(fence.windows)),
        )
    option = city.data_identifiers
    planner = _Planner(builder, sites)
    for device in builder.devices.values():
        ports = [planner.port(device, port) for port in device.ports if port.vrf and port.kind is not PortKind.LINK]
        if ports:
            device.fence = DeviceFence(option.option, EXTENSIONS[option.header], option.bits, ports)
            device.identifiers = carried(city)
    for identifier in builder.identifiers.values():
        planner.identifier(identifier)


def prefix(host: Host) -> str:
    """The /64 of a host."""
    first = socket.inet_pton(socket.AF_INET6, host.address(6))[:8]
    return f"{addresses.ipv6(int.from_bytes(first + bytes(8), 'big'))}/64"


def may_travel(identifier: PlannedIdentifier, service: PlannedService) -> bool:
    """Whether a service may carry its data where a fence looks: layer 3, and of no lower class or expecting them."""
    expected = any(one.number == identifier.number for one in service.bindings)
    return service.kind == "l3vpn" and (expected or is_of_class(identifier, service))


def is_of_class(identifier: PlannedIdentifier, service: PlannedService) -> bool:
    """Whether the class of a service is that of the data, or a more sensitive one."""
    classes = (DataClass(identifier.data_class), DataClass(service.data_class))
    return CLASSES.index(classes[0]) <= CLASSES.index(classes[1])


@dataclass(slots=True)
class _Planner:
    builder: Builder
    sites: Mapping[str, PlannedSite]
    judge: Judge = field(init=False)
    crossings: list[tuple[Device, Guard]] = field(init=False)
    hosts: dict[str, Host] = field(init=False)
    _where: dict[str, Whereabouts] = field(default_factory=dict)
    _prefix: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.judge = Judge(list(self.builder.fences.values()))
        devices = self.builder.devices
        self.crossings = [(device, guard) for device in devices.values() for guard in device.guards]
        site_of = {name: device.site for name, device in devices.items()}
        ends = [self.builder.hosts[name] for service in self._services() for name in service.hosts]
        self._prefix = {host.name: prefix(host) for host in ends}
        self._where = {host.name: whereabouts(host, self.sites, site_of) for host in ends}
        self.hosts = {host.address(6): host for host in ends}

    def _services(self) -> list[PlannedService]:
        return [service for service in self.builder.services.values() if service.kind == "l3vpn"]

    def port(self, device: Device, port: Port) -> FencePort:
        """What is judged at a port, and who may send what there."""
        service = self.builder.services[_vrf(device, port).service]
        own = [text.partition("/")[0] for text in port.addresses]
        if port.kind is PortKind.INTERCONNECT:
            guard = next(one for one in device.guards if one.port == port.name)
            fenced = guard.interconnect in self.builder.fenced_interconnects
            return FencePort(port.interface, str(port.kind), fenced, own=own)
        if port.kind is PortKind.EXIT:
            return FencePort(port.interface, str(port.kind), service.fenced, own=own)
        host = self.builder.hosts[port.peer]
        rights = [one.number for one in self.builder.identifiers.values() if self._has_right(host, one)]
        return FencePort(port.interface, str(port.kind), service.fenced, [prefix(host)], rights, own)

    def _has_right(self, host: Host, identifier: PlannedIdentifier) -> bool:
        service = self.builder.services[host.service]
        return host.participant in identifier.participants and may_travel(identifier, service)

    def identifier(self, identifier: PlannedIdentifier) -> None:
        """What may pass of an identifier: inside every service that may carry it, and from service to service."""
        for service in self._services():
            if may_travel(identifier, service):
                self._inside(identifier, service)
        for device, guard in self.crossings:
            self._across(identifier, device, guard)

    def _inside(self, identifier: PlannedIdentifier, service: PlannedService) -> None:
        ends = [self.builder.hosts[name] for name in service.hosts]
        spokes = {*service.spokes}
        for part, others in (
            (ends, ends) if not spokes else ([one for one in ends if one.name in spokes], _less(ends, spokes)),
            (_less(ends, spokes), ends) if spokes else ([], []),
        ):
            senders = [host for host in part if self._has_right(host, identifier)]
            if senders and others:
                self._at_edges(identifier, senders, others)

    def _across(self, identifier: PlannedIdentifier, device: Device, guard: Guard) -> None:
        """What a guard's rules join may go either way: the answer to a flow is a flow of its own."""
        for rule in guard.rules:
            ends = [[self.hosts[a] for a in side if a in self.hosts] for side in (rule.sources, rule.destinations)]
            for forward, (start, end) in ((True, ends), (False, ends[::-1])):
                listed = rule.identifiers if forward else rule.answers
                if listed is not None and identifier.number not in listed:
                    continue
                senders = [host for host in start if self._has_right(host, identifier)]
                takers = [host for host in end if may_travel(identifier, self.builder.services[host.service])]
                if not senders or not takers:
                    continue
                direction = "in" if rule.inward == forward else "out"
                self._add(device, identifier, direction, self._by_place(senders), self._by_place(takers))
                if not rule.inward:  # the other end of the line has the same rule
                    self._at_edges(identifier, senders, takers)

    def _at_edges(self, identifier: PlannedIdentifier, senders: Sequence[Host], takers: Sequence[Host]) -> None:
        """What the devices of both ends let pass: the lists of the far side are made once for all of them."""
        starts, ends = self._by_place(senders), self._by_place(takers)
        for device, local in _by_device(senders).items():
            self._add(self.builder.devices[device], identifier, "in", self._by_place(local), ends)
        for device, local in _by_device(takers).items():
            self._add(self.builder.devices[device], identifier, "out", starts, self._by_place(local))

    def _add(
        self,
        device: Device,
        identifier: PlannedIdentifier,
        direction: str,
        starts: dict[Whereabouts, list[str]],
        ends: dict[Whereabouts, list[str]],
    ) -> None:
        assert device.fence is not None
        for start, sources in starts.items():
            for end, destinations in ends.items():
                ruling = self.judge.rule(identifier.name, start, end)
                if ruling.schedule:
                    device.fence.entries.append(
                        FenceEntry(
                            ruling.text, identifier.number, direction, sources, destinations, list(ruling.schedule)
                        )
                    )

    def _by_place(self, hosts: Iterable[Host]) -> dict[Whereabouts, list[str]]:
        found: dict[Whereabouts, list[str]] = defaultdict(list)
        for host in hosts:
            found[self._where[host.name]].append(self._prefix[host.name])
        return found


def _less(hosts: list[Host], spokes: set[str]) -> list[Host]:
    return [host for host in hosts if host.name not in spokes]


def _vrf(device: Device, port: Port) -> Vrf:
    return next(vrf for vrf in device.vrfs if vrf.name == port.vrf)


def _by_device(hosts: Iterable[Host]) -> dict[str, list[Host]]:
    found: dict[str, list[Host]] = defaultdict(list)
    for host in hosts:
        for device in host.devices:
            found[device].append(host)
    return found
