"""One layer-3 service on one router: a VRF over SRv6 (End.DT46)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import pydantic
from pydantic import Field

from citynet.plan.model import Bgp, BgpNeighbor, PortKind, Vrf
from citynet.tasks.base import Interface, InterfaceAddress, Ipv4, Ipv6, Name, Part, Prefix6, Secret, Task, Word

if TYPE_CHECKING:
    from citynet.plan.model import Device

_SECRET = "bgp/task"  # noqa: S105 - a name
_NUMBERS = r"^(\d{1,10}|\d{1,3}(\.\d{1,3}){3}):\d{1,10}$"


class Reflector(Part):
    """An iBGP neighbour that VPN routes are exchanged with."""

    name: Word
    address: Ipv6


class Attachment(Interface):
    """A port inside the VRF, with the router's addresses on it."""

    addresses: list[InterfaceAddress] = Field(default_factory=list)


class L3vpnService(Task):
    """A VRF and its routes; see `plan.model.Vrf` and `plan.model.Bgp`."""

    technology: ClassVar[str] = "l3vpn"
    instance: ClassVar[str] = "vrf"

    vrf: Name
    table: Annotated[int, Field(ge=1001, le=0xFFFFFFFF)]
    rd: Annotated[str, Field(pattern=_NUMBERS)]
    rt: Annotated[str, Field(pattern=_NUMBERS)]
    asn: Annotated[int, Field(ge=1, le=0xFFFFFFFF)]
    router_id: Ipv4
    interfaces: list[Attachment] = Field(default_factory=list)
    neighbors: list[Reflector] = Field(default_factory=list)
    password: Secret | None = None
    locator: Name = "MAIN"
    prefix: Prefix6 | None = None

    @pydantic.model_validator(mode="after")
    def _has_a_key(self) -> Self:
        if self.neighbors and not self.password:
            raise ValueError("password: Field required when there are neighbors")
        return self

    def fill(self, device: Device) -> None:
        """The VRF, its ports, and the sessions that carry its routes."""
        device.bgp = Bgp(
            self.asn, self.router_id, _SECRET, [BgpNeighbor(one.name, one.address) for one in self.neighbors]
        )
        device.srv6.locator, device.srv6.prefix = self.locator, self.prefix or ""
        device.ports = [one.port(PortKind.ATTACHMENT, self.vrf, one.addresses) for one in self.interfaces]
        prefixes = [str(ipaddress.ip_interface(text).network) for one in self.interfaces for text in one.addresses]
        ports = [one.name for one in self.interfaces]
        device.vrfs = [
            Vrf(
                name=self.vrf,
                service=self.vrf,
                table=self.table,
                rd=self.rd,
                rt=self.rt,
                imports=[self.rt],
                ports=ports,
                prefixes=prefixes,
            )
        ]

    def secrets(self) -> dict[str, str]:
        """The key of the BGP sessions."""
        return {_SECRET: self.password} if self.password else {}
