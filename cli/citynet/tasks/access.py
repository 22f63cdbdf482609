"""Ports of a router that are closed until a RADIUS server lets on who is behind them (802.1X)."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from citynet.plan.model import AccessPort, AccessServer, DeviceAccess
from citynet.tasks.base import Ipv4, Part, PortName, Secret, Task, Word

if TYPE_CHECKING:
    from citynet.plan.model import Device

_SECRET = "radius/servers"  # noqa: S105 - its name


class ClosedPort(Part):
    """A port, and who should be behind it."""

    name: PortName
    host: Word = "host"


class RadiusServer(Part):
    """A server that is asked; the first that answers."""

    address: Ipv4
    port: Annotated[int, Field(ge=1, le=65535)] = 1812
    name: Word = "radius"


class AccessPorts(Task):
    """All closed ports of a router; see `plan.model.DeviceAccess`."""

    technology: ClassVar[str] = "access"

    ports: Annotated[list[ClosedPort], Field(min_length=1)]
    servers: Annotated[list[RadiusServer], Field(min_length=1)]
    secret: Secret
    address: Ipv4
    vrf: PortName | Literal[""] = "mgmt"
    recheck_s: Annotated[int, Field(ge=30, le=86400)] = 600
    hold_s: Annotated[int, Field(ge=0, le=86400)] = 900
    bits: Literal[0, 32, 64, 128] = 0

    @model_validator(mode="after")
    def _fits(self) -> Self:
        twice = [name for name, count in Counter(port.name for port in self.ports).items() if count > 1]
        if twice:
            raise ValueError("; ".join(f"port {name} stands twice" for name in twice))
        if '"' in self.secret or "\\" in self.secret:
            raise ValueError('secret: expected none of the characters " and \\')
        return self

    def fill(self, device: Device) -> None:
        """The ports, and who is asked."""
        device.management = self.address
        device.access = DeviceAccess(
            [AccessServer(one.name, one.address, one.port) for one in self.servers],
            _SECRET,
            self.recheck_s,
            self.hold_s,
            self.bits,
            self.vrf,
            [AccessPort(one.name, one.name, one.host) for one in self.ports],
        )

    def secrets(self) -> dict[str, str]:
        """What router and servers share."""
        return {_SECRET: self.secret}
