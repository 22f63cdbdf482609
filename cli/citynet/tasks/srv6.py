"""An SRv6 locator on a router, and SIDs with fixed addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Self

import pydantic
from pydantic import Field

from citynet.plan.model import PortKind, StaticSid
from citynet.tasks.base import Interface, Ipv6, Name, Part, PortName, Prefix6, Task

if TYPE_CHECKING:
    from citynet.plan.model import Device

_LOCATOR_BITS = 48


class FixedSid(Part):
    """A SID that other routers can name; see `plan.model.StaticSid`."""

    address: Ipv6
    behavior: Literal["uDT46", "uDT6"]
    vrf: Name | None = None


class Srv6Locator(Task):
    """A uSID locator (f3216); see `plan.model.Srv6`."""

    technology: ClassVar[str] = "srv6"

    prefix: Prefix6
    source_address: Ipv6
    locator: Name = "MAIN"
    interfaces: list[PortName] = Field(default_factory=list)
    sids: list[FixedSid] = Field(default_factory=list)

    @pydantic.model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.prefix.endswith(f"/{_LOCATOR_BITS}"):
            raise ValueError(
                f"prefix {self.prefix}: expected a length of {_LOCATOR_BITS} (f3216: 32-bit block, 16-bit node)"
            )
        return self

    def fill(self, device: Device) -> None:
        """Locator, SIDs, and the ports where segments are followed."""
        srv6 = device.srv6
        srv6.locator, srv6.prefix, srv6.source_address = self.locator, self.prefix, self.source_address
        device.ports = [Interface(name=name).port(PortKind.LINK) for name in self.interfaces]
        device.sids = [StaticSid(sid.address, sid.behavior, sid.vrf or "") for sid in self.sids]
