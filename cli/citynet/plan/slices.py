"""Slices: numbers, FlexE groups and calendars of the lines they may take, and queues on the ports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.flexe import (
    LAST_CLIENT,
    LAST_GROUP,
    SLOT_GBPS,
    Group,
    parts_of_slot,
)
from citynet.design.slices import reserve
from citynet.plan.bindings import carried
from citynet.plan.calendar import QUARTERS, assign
from citynet.plan.model import (
    FlexeClient,
    FlexeGroup,
    PlannedSlice,
    PortKind,
    SlicedPort,
    SliceEntry,
    SliceQueue,
)

if TYPE_CHECKING:
    from citynet.design.slices import Stretch
    from citynet.design.types import City
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device, Line, Port

LAST_NUMBER = 255
QUEUE_MS = 200
"""How long a packet waits at most in the queue of its slice; TCP and senders that stall need it."""
LEAST_QUEUE_BYTES = 32_000


def plan_slices(city: City, builder: Builder) -> None:
    """Plan every slice; a city without any has nothing of all this."""
    if not city.slices:
        return
    _plan_numbers(city, builder)
    reservations = reserve(city)
    lines = {frozenset((line.a.node, line.b.node)): name for name, line in _links(builder)}
    stretches = {lines[frozenset(ends)]: stretch for ends, stretch in reservations.stretches.items()}
    for line, stretch in stretches.items():
        if stretch.link.group is not None:  # before anybody else can take the number
            builder.lock.reserve("flexe-group", line, stretch.link.group)
    for line, stretch in stretches.items():
        if stretch.group is not None:
            builder.groups[line] = _group(city, builder, line, stretch, stretch.group)
            _plan_ports(city, builder, line)
    for name, way in reservations.ways.items():
        builder.slices[name].lines = [lines[frozenset(ends)] for ends in way]
    _plan_entries(city, builder)


def _links(builder: Builder) -> list[tuple[str, Line]]:
    return [(name, line) for name, line in builder.lines.items() if line.kind is PortKind.LINK]


def _plan_numbers(city: City, builder: Builder) -> None:
    for name, one in city.slices.items():
        if one.client is not None:
            builder.lock.reserve(f"flexe-client/{one.domain}", name, one.client)
    for name, one in city.slices.items():
        builder.slices[name] = PlannedSlice(
            name,
            one.title,
            one.domain,
            builder.lock.take(f"slice/{one.domain}", name, 1, LAST_NUMBER),
            one.client or builder.lock.take(f"flexe-client/{one.domain}", name, 1, LAST_CLIENT),
            float(one.bandwidth_gbps),
            one.bandwidth_gbps * city.lab.mbps_per_gbps,
        )
    for name, service in city.services.items():
        if service.slice is not None:
            builder.slices[service.slice].services.append(name)
            builder.services[name].slice = service.slice
        for own in dict.fromkeys(binding.slice for binding in builder.services[name].bindings):
            if own and own != service.slice:
                builder.slices[own].services.append(name)


def _group(city: City, builder: Builder, line: str, stretch: Stretch, group: Group) -> FlexeGroup:
    granule = city.flexe.granule_gbps
    number = builder.lock.take("flexe-group", line, 1, LAST_GROUP)
    places, calendar = _calendar(builder, line, stretch, granule)
    step = QUARTERS // parts_of_slot(granule)
    whole = parts_of_slot(granule)
    return FlexeGroup(
        line,
        number,
        group.phys,
        group.phy_gbps,
        group.instances,
        group.slots,
        float(granule),
        calendar,
        [
            FlexeClient(
                name,
                builder.slices[name].client,
                builder.slices[name].bandwidth_gbps,
                [
                    f"{place // QUARTERS}" if size >= whole else f"{place // QUARTERS}.{place % QUARTERS // step}"
                    for place in places[name]
                ],
            )
            for name, size in stretch.sizes.items()
        ],
    )


def _calendar(builder: Builder, line: str, stretch: Stretch, granule: float) -> tuple[dict[str, list[int]], str]:
    """The places of each client on a line, and which calendar holds them: the other one when anything moved."""
    pool = f"calendar/{line}"
    before = builder.lock.held(pool)
    held: dict[str, list[int]] = {}
    gone = set()
    for key, place in before.items():
        name = key.partition(":")[0]
        if name in stretch.sizes:
            held.setdefault(name, []).append(place)
        else:
            gone.add(place)
    places = assign(stretch.sizes, held, stretch.slots, granule, gone)
    after = {f"{name}:{index}": place for name, mine in places.items() for index, place in enumerate(mine)}
    for key, place in after.items():
        builder.lock.reserve(pool, key, place)
    use = f"calendar-in-use/{line}"
    number = builder.lock.held(use).get("number", 0)
    if before and before != after:
        number = 1 - number
    builder.lock.reserve(use, "number", number)
    return places, "AB"[number]


def _plan_ports(city: City, builder: Builder, line: str) -> None:
    """The queues of both ports of a line: one a slice, and one for all the rest."""
    group, scale = builder.groups[line], city.lab.mbps_per_gbps
    sold = sum(client.bandwidth_gbps for client in group.clients)
    base = _kbit(group.slots * SLOT_GBPS - sold, scale)
    queues = []
    for client in group.clients:
        kbit = _kbit(client.bandwidth_gbps, scale)
        queues.append(SliceQueue(client.slice, builder.slices[client.slice].number, kbit, queue_bytes(kbit)))
    for end in (builder.lines[line].a, builder.lines[line].b):
        builder.devices[end.node].sliced_ports.append(SlicedPort(end.port, base, queue_bytes(base), list(queues)))


def _kbit(gbps: float, mbps_per_gbps: int) -> int:
    return round(gbps * mbps_per_gbps * 1000)


def queue_bytes(kbit: int) -> int:
    """How much a queue may hold, by the rate at which it is emptied in kbit/s."""
    return max(LEAST_QUEUE_BYTES, kbit * QUEUE_MS // 8)


def _plan_entries(city: City, builder: Builder) -> None:
    """Where customers' packets enter a domain with slices: there each gets its mark, and loses any of its own."""
    domains = {one.domain for one in city.slices.values()}
    for device in builder.devices.values():
        if device.domain in domains:
            device.slice_entries = [
                _entry(builder, device, port) for port in device.ports if port.kind is not PortKind.LINK
            ]
            if any(entry.identifiers for entry in device.slice_entries):
                device.identifiers = carried(city)


def _entry(builder: Builder, device: Device, port: Port) -> SliceEntry:
    """The number of the slice of what enters by a port, 0 when it has none; and of its identifiers."""
    if port.kind is PortKind.ATTACHMENT:
        service = builder.hosts[port.peer].service
    else:
        service = next((vrf.service for vrf in device.vrfs if port.name in vrf.ports), "")
    planned = builder.services.get(service)
    if planned is None:
        return SliceEntry(port.name, 0)
    number = builder.slices[planned.slice].number if planned.slice else 0
    own = {one.number: builder.slices[one.slice].number for one in planned.bindings if one.slice}
    return SliceEntry(port.name, number, own)
