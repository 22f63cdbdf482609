"""Multipoint layer-2 services of a router: bridges that EVPN joins over VXLAN between IPv6 addresses."""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import pydantic
from pydantic import Field

from citynet.plan.model import Bgp, BgpNeighbor, Evi, PortKind
from citynet.tasks.base import Interface, Ipv4, Ipv6, Part, Prefix6, Secret, Task, Word

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.plan.model import Device

_SECRET = "bgp/task"  # noqa: S105 - a name
_NUMBERS = r"^(\d{1,10}|\d{1,3}(\.\d{1,3}){3}):\d{1,10}$"
_FUNCTION_BITS = 64
"""A SID has its function in the bits 48 to 63 (f3216); in other addresses of a locator they are zero."""


class Neighbor(Part):
    """An iBGP neighbour that EVPN routes are exchanged with; routes are reflected to a `client`."""

    name: Word
    address: Ipv6
    client: bool = False


class Site(Interface):
    """A port of a service; with a VLAN only frames with that tag, which is taken off."""

    vlan: Annotated[int, Field(ge=0, le=4094)] = 0


class Instance(Part):
    """One service; see `plan.model.Evi`."""

    service: Word
    vni: Annotated[int, Field(ge=1, le=0xFFFFFF)]
    rd: Annotated[str, Field(pattern=_NUMBERS)]
    rt: Annotated[str, Field(pattern=_NUMBERS)]
    interfaces: Annotated[list[Site], Field(min_length=1)]


class EvpnService(Task):
    """All multipoint services of a router, and the sessions that carry their routes.

    Without services it only exchanges routes, as a reflector does. A port is in one service, as in a plan.
    """

    technology: ClassVar[str] = "evpn"
    sections: ClassVar[tuple[str, ...]] = ("layer2", "evpn")

    asn: Annotated[int, Field(ge=1, le=0xFFFFFFFF)]
    router_id: Ipv4
    neighbors: Annotated[list[Neighbor], Field(min_length=1)]
    password: Secret
    prefix: Prefix6 | None = None
    vtep: Ipv6 | None = None
    services: list[Instance] = Field(default_factory=list)

    @pydantic.model_validator(mode="after")
    def _fits(self) -> Self:
        wrong = [*self._wrong_vtep()]
        for what, values in (
            ("neighbor", [one.address for one in self.neighbors]),
            ("service", [one.service for one in self.services]),
            ("vni", [one.vni for one in self.services]),
            ("rd", [one.rd for one in self.services]),
            ("rt", [one.rt for one in self.services]),
            ("interface", [site.name for one in self.services for site in one.interfaces]),
        ):
            wrong += [f"{what} {value} stands twice" for value, count in sorted(Counter(values).items()) if count > 1]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _wrong_vtep(self) -> Iterable[str]:
        """What is wrong about the address that VXLAN starts and ends at."""
        if self.services:
            for name in ("prefix", "vtep"):
                if getattr(self, name) is None:
                    yield f"{name}: Field required when there are services"
        if self.prefix and self.vtep:
            address, locator = ipaddress.IPv6Address(self.vtep), ipaddress.IPv6Network(self.prefix)
            function = int(address) - int(locator.network_address) >> _FUNCTION_BITS
            if address not in locator:
                yield f"vtep {address} is not in {locator}"
            elif function or address == locator.network_address:
                yield f"vtep {address} is where SIDs of {locator} are, expected an address such as {locator[2]}"

    def fill(self, device: Device) -> None:
        """The sessions, the bridges and their ports."""
        neighbors = [BgpNeighbor(one.name, one.address, one.client) for one in self.neighbors]
        device.bgp = Bgp(self.asn, self.router_id, _SECRET, neighbors, evpn=True)
        for one in self.services:
            evi = Evi(one.service, one.vni, one.rd, one.rt, self.vtep or "")
            for site in one.interfaces:
                port = site.port(PortKind.ATTACHMENT)
                port.vlan = site.vlan
                device.ports.append(port)
                evi.interfaces.append(port.interface)
            device.evpn.append(evi)

    def secrets(self) -> dict[str, str]:
        """The key of the BGP sessions."""
        return {_SECRET: self.password}
