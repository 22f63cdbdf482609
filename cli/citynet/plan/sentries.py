"""Security sentries: at each guard that has one, both ends of an interconnect or the exit of a service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.design import rule_files
from citynet.plan.model import DeviceSentry, Watch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.design.model import Design
    from citynet.design.types import City, Sentry
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device


@dataclass(frozen=True, slots=True)
class _Asked:
    """A sentry of the design: where it stands there, and the services at its guard, the near one first."""

    loc: tuple[str, ...]
    item: Sentry
    services: tuple[str, ...]

    @property
    def at_exit(self) -> bool:
        return self.loc[0] == "services"


def plan_sentries(design: Design, builder: Builder) -> None:
    """Plan the sentries of a design; one without them pays nothing."""
    city = design.city
    for loc, item in rule_files.sentries(city):
        if loc[0] == "interconnects":
            joint = city.interconnects[loc[1]]
            for side, device in enumerate(joint.between):
                services = joint.services[side], joint.services[1 - side]
                _place(design, builder, builder.devices[device], _Asked(loc, item, services))
        elif (way_out := city.services[loc[1]].exit) is not None:
            _place(design, builder, builder.devices[way_out.device], _Asked(loc, item, (loc[1],)))


def _place(design: Design, builder: Builder, device: Device, asked: _Asked) -> None:
    """One more watch on a device."""
    city, sentry = design.city, device.sentry or _new(design.city, builder)
    device.sentry = sentry
    sentry.watches.append(watch := _watch(city, device, asked))
    sentry.buffer_mb = max(sentry.buffer_mb, asked.item.buffer_mb)
    sentry.home = sorted({*sentry.home, *watch.near})
    sentry.names |= dict(_names(builder, asked.services))
    file = rule_files.file_of(design.source, asked.loc, asked.item)
    found = rule_files.read(file).rules if file else []
    sentry.rules += [one for one in found if one not in sentry.rules]


def _watch(city: City, device: Device, asked: _Asked) -> Watch:
    name = f"exit-{asked.loc[1]}" if asked.at_exit else asked.loc[1]
    guard = next(one for one in (*device.guards, *device.exits) if one.interconnect == name)
    item = asked.item
    return Watch(
        name,
        "exit" if asked.at_exit else "interconnect",
        guard.vrf,
        device.interface(guard.port),
        _prefixes(city, asked.services[:1]),
        _prefixes(city, asked.services[1:]),
        sorted({*_prefixes(city, asked.services), *_neighbours(city, device)}),
        [address.partition("/")[0] for address in device.port(guard.port).addresses],
        guard.rules,
        item.attempts,
        [(one.port, one.protocol) for one in item.expected],
        item.largest_mb or 0,
        list(item.blocked_addresses),
        list(item.blocked_names),
    )


def _new(city: City, builder: Builder) -> DeviceSentry:
    option = city.data_identifiers
    numbers = sorted(one.number for one in builder.identifiers.values())
    return DeviceSentry(buffer_mb=0, option=option.option, bits=option.bits, identifiers=numbers)


def _prefixes(city: City, services: Iterable[str]) -> list[str]:
    return [str(block) for name in services for block in (city.services[name].ipv4, city.services[name].ipv6)]


def _neighbours(city: City, device: Device) -> list[str]:
    """Prefixes at the other ends of all interconnects of a device: at an exit they are no strangers."""
    names = [
        item.services[1 - side]
        for item in city.interconnects.values()
        for side, one in enumerate(item.between)
        if one == device.name
    ]
    return _prefixes(city, names)


def _names(builder: Builder, services: Iterable[str]) -> Iterable[tuple[str, str]]:
    for service in services:
        hosts = [builder.hosts[name] for name in builder.services[service].hosts]
        for host in hosts:
            yield from ((address.partition("/")[0], host.name) for address in host.addresses)
