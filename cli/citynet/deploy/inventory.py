"""The plan as an Ansible inventory: hosts, their variables, groups; and the order of the waves."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citynet.plan.model import Device, Plan

ALL_DEVICES = "citynet_devices"
OPTICAL = "citynet_optical"
"""Group of the optical controller, which comes before all waves; without members in a city that plans no light."""
CONTROLLER = "optical-controller"
WITH = "citynet_with_"
"""Before the name of a part that can be deployed alone: the group of devices that have it."""
WAVES = ("citynet_wave_1_plane_a", "citynet_wave_2_plane_b", "citynet_wave_3_edge", "citynet_wave_4_border")


@dataclass(slots=True)
class Inventory:
    """Variables per host, and hosts per group in plan order."""

    hosts: dict[str, dict[str, str]] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)


def wave_of(device: Device) -> str:
    """The wave in which a device is deployed: plane A before plane B, then edges, then borders."""
    if device.role == "border":
        return WAVES[3]
    if device.role == "edge":
        return WAVES[2]
    return WAVES[1] if device.plane == "B" else WAVES[0]


def of_plan(plan: Plan) -> Inventory:
    """The inventory of a plan; every wave is a group even when it is empty, and so is light."""
    inventory = Inventory(groups={ALL_DEVICES: [], OPTICAL: [], **{wave: [] for wave in WAVES}})
    if plan.optical is not None and plan.optical.services:
        # Its module runs beside Ansible, by the same interpreter, and opens a session with the controller by itself.
        inventory.hosts[CONTROLLER] = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
        }
        inventory.groups[OPTICAL].append(CONTROLLER)
    for device in plan.devices.values():
        inventory.hosts[device.name] = {
            "ansible_host": device.management,
            "citynet_platform": device.platform,
            "citynet_domain": device.domain,
            "citynet_role": device.role,
            "citynet_site": device.site,
            "citynet_plane": device.plane,
        }
        for group in _groups(device):
            inventory.groups.setdefault(group, []).append(device.name)
    return inventory


def _groups(device: Device) -> list[str]:
    groups = [ALL_DEVICES, wave_of(device)] + ([f"{WITH}fence"] if device.fence is not None else [])
    facts = {
        "domain": device.domain,
        "role": device.role,
        "plane": device.plane,
        "site": device.site,
        "platform": device.platform,
    }
    return groups + [f"{kind}_{group_name(value)}" for kind, value in facts.items() if value]


def group_name(name: str) -> str:
    """A name as Ansible wants those of groups: letters, digits and '_'."""
    return re.sub(r"[^a-z0-9_]", "_", name.lower())
