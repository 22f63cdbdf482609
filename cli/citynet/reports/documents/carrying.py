"""What a device has of one service, whatever its kind: the columns of tables, and the ports of pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device, Port


@dataclass(frozen=True, slots=True)
class Carrying:
    """One service on one device.

    Attributes:
        name: Its VRF or bridge; empty for a point-to-point one.
        rd: Its route distinguisher; empty for a point-to-point one, which has no routes.
        table: Its kernel table; 0 in layer 2.
        ports: The device's ports in it.
        prefixes: The prefixes of its ends here; in layer 2 the address that its frames come to.
    """

    service: str
    name: str
    rd: str
    table: int
    ports: list[Port] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)


def carried(device: Device) -> Iterator[Carrying]:
    """Every service that a device carries, once."""
    of = {port.interface: port for port in device.ports}
    for vrf in device.vrfs:
        ports = [of[name] for name in vrf.ports]
        yield Carrying(vrf.service, vrf.name, vrf.rd, vrf.table, ports, vrf.prefixes)
    for circuit in device.vpws:
        yield Carrying(circuit.service, "", "", 0, [of[circuit.interface]], [circuit.sid])
    for evi in device.evpn:
        yield Carrying(evi.service, evi.bridge, evi.rd, 0, [of[name] for name in evi.interfaces], [evi.vtep])


def carrying(device: Device, service: str) -> Carrying:
    """One service on a device; KeyError when it does not carry that one."""
    for one in carried(device):
        if one.service == service:
            return one
    raise KeyError(service)
