"""Which technology writes into which file, in order, and when a device has it at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from citynet.plan.model import Device


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file of the device and the technologies whose sections make it, in order.

    Its text comes from the templates of `folder`; or, as it is, from a program among those that run on devices.
    """

    path: str
    folder: str
    technologies: tuple[str, ...]
    program: str = ""


FILES = (
    ConfigFile("/etc/network/ifupdown2/policy.d/citynet.json", "ifupdown2", ("l3vpn",)),
    ConfigFile("/etc/network/interfaces.d/citynet", "interfaces", ("underlay", "srv6", "l3vpn", "layer2")),
    ConfigFile("/etc/sysctl.d/60-citynet.conf", "sysctl", ("underlay", "srv6", "l3vpn", "interconnect", "layer2")),
    ConfigFile("/etc/nftables.conf", "nftables", ("protection",)),
    ConfigFile("/etc/citynet/slices.batch", "tc", ("slices",)),
    ConfigFile("/etc/frr/daemons", "daemons", ("underlay",)),
    ConfigFile("/etc/frr/frr.conf", "frr", ("system", "srv6", "underlay", "l3vpn", "evpn")),
    ConfigFile("/usr/local/lib/citynet/path_agent.py", "path_agent", ("paths",)),
    ConfigFile("/etc/citynet/paths.json", "path_settings", ("paths",)),
    ConfigFile("/etc/systemd/system/citynet-paths.service", "systemd", ("paths",)),
    ConfigFile("/etc/ulogd.conf", "ulogd", ("interconnect",)),
    ConfigFile("/etc/citynet/layer2.json", "layer2", ("layer2",)),
    ConfigFile("/etc/systemd/system/citynet-layer2.service", "systemd", ("layer2",)),
    *(
        ConfigFile(f"/usr/local/lib/citynet/layer2/{name}.py", "", ("layer2",), name)
        for name in ("system", "frames", "circuits", "loops")
    ),
)

_WHEN: dict[str, Callable[[Device], bool]] = {
    "slices": lambda device: bool(device.sliced_ports),
    "paths": lambda device: bool(device.steering),
    "interconnect": lambda device: bool(device.guards or device.exits),
    "layer2": lambda device: bool(device.vpws or device.evpn),
    "evpn": lambda device: device.bgp.evpn,
}


def applies(technology: str, device: Device) -> bool:
    """Whether the device has the technology; what is not listed above every device has."""
    when = _WHEN.get(technology)
    return when is None or when(device)
