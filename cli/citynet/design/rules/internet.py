"""Exits to the internet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.grades import steering_class
from citynet.design.rules.interconnects import flow_ports
from citynet.design.rules.registry import rule
from citynet.design.types import DataClass, Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.design.types import Exit
    from citynet.errors import Problem


@rule("exit", "devices")
def exits(design: Design) -> Iterator[Problem]:
    """A service leaves to the internet at a border device of its own domain.

    Only border devices have the guard. The provider's networks hold two addresses: its router's, and ours.
    """
    for name, service in design.city.services.items():
        if service.exit is not None:
            yield from _place(design, name, service.exit)
            for key, block in (("ipv4", service.exit.ipv4), ("ipv6", service.exit.ipv6)):
                if block.num_addresses < 2:
                    yield design.source.problem(
                        ("services", name, "exit", key), f"'{block}' holds one address", "room for both ends of a line"
                    )
            for number, flow in enumerate(service.exit.allow):
                yield from flow_ports(design, ("services", name, "exit", "allow", number), flow)


def _place(design: Design, name: str, item: Exit) -> Iterator[Problem]:
    device = design.city.devices.get(item.device)
    domain = design.city.services[name].domain
    if device is not None and (device.domain != domain or device.role is not Role.BORDER):
        yield design.source.problem(
            ("services", name, "exit", "device"),
            f"service '{name}' of domain {domain} leaves at '{item.device}', a device of role {device.role} in "
            f"{device.domain or 'no domain'}",
            f"a border device of domain {domain}",
        )


@rule("exit-class")
def exit_class(design: Design) -> Iterator[Problem]:
    """A service that carries important or core data has no way to the internet.

    Such data leave the city through a fence and an approval, never by a default route (report, 4.2.3; GB/T 43697-2024
    names the classes). Give the service that needs the internet a VRF of its own.
    """
    for name, service in design.city.services.items():
        classes = [service.data_class, *(one.data_class for one in service.applications)]
        classes += [steering_class(design.city, item) or service.data_class for item in service.steering]
        if service.exit is not None and (kept := {*classes} & {DataClass.IMPORTANT, DataClass.CORE}):
            yield design.source.problem(
                ("services", name, "exit"),
                f"service '{name}' carries {' and '.join(sorted(kept))} data and has an exit to the internet",
                "public or commercial data, or no exit",
            )
