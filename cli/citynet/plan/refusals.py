"""Which devices write down what they refuse: all that have a fence or guard a border."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.plan.model import DeviceRefusals

if TYPE_CHECKING:
    from citynet.design.types import City
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device


def plan_refusals(city: City, builder: Builder) -> None:
    """Tell them what identifiers look like, where there are any."""
    option = city.data_identifiers
    for device in builder.devices.values():
        if refuses(device):
            bits = option.bits if device.fence is not None or device.recorded else 0
            device.refusals = DeviceRefusals(option.option, bits)


def refuses(device: Device) -> bool:
    """Whether a device drops what no rule of a fence or of an interconnect or exit lets pass."""
    return device.fence is not None or bool(device.guards or device.exits)
