"""IS-IS with BFD on some interfaces of a router."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from citynet.plan.model import PortKind, UnderlayInterface
from citynet.tasks.base import Interface, Ipv6, Name, Secret, Task

if TYPE_CHECKING:
    from citynet.plan.model import Device

_SECRET = "isis/task"  # noqa: S105 - a name


class IsisInterface(Interface):
    """A line of the underlay."""

    metric: Annotated[int, Field(ge=1, le=0xFFFFFF)] = 10


class UnderlayTask(Task):
    """IS-IS level 2 for IPv6, authenticated (HMAC-MD5, RFC 5304), with BFD; see `plan.model.Underlay`."""

    technology: ClassVar[str] = "underlay"

    net: Annotated[str, Field(pattern=r"^49(\.[0-9a-fA-F]{4}){4}\.00$")]
    loopback: Ipv6
    password: Secret
    interfaces: Annotated[list[IsisInterface], Field(min_length=1)]
    locator: Name = "MAIN"
    mtu: Annotated[int, Field(ge=1280, le=9216)] = 9000
    hello_interval_s: Annotated[int, Field(ge=1, le=600)] = 1
    bfd_interval_ms: Annotated[int, Field(ge=10, le=60000)] = 100
    bfd_multiplier: Annotated[int, Field(ge=2, le=255)] = 3

    def fill(self, device: Device) -> None:
        """IS-IS and its interfaces."""
        underlay = device.underlay
        underlay.net, underlay.loopback, underlay.secret = self.net, self.loopback, _SECRET
        underlay.mtu, underlay.hello_interval_s = self.mtu, self.hello_interval_s
        underlay.bfd_interval_ms, underlay.bfd_multiplier = self.bfd_interval_ms, self.bfd_multiplier
        underlay.interfaces = [UnderlayInterface(one.name, one.metric) for one in self.interfaces]
        device.ports = [one.port(PortKind.LINK) for one in self.interfaces]
        device.srv6.locator = self.locator

    def secrets(self) -> dict[str, str]:
        """The key of the adjacencies and of the domain."""
        return {_SECRET: self.password}
