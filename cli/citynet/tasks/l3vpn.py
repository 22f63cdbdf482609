"""One layer-3 service on one router: a VRF over SRv6 (End.DT46), its sites, its exit and its limits."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import pydantic
from pydantic import Field

from citynet.plan.internet import ANYWHERE, UNIQUE_LOCAL
from citynet.plan.model import Bgp, BgpNeighbor, Guard, GuardRule, PortKind, Vrf, VrfLeak, VrfPeer
from citynet.tasks import l3vpn_rules
from citynet.tasks.base import (
    Address,
    Interface,
    InterfaceAddress,
    Ipv4,
    Ipv6,
    Name,
    Part,
    PortName,
    Prefix,
    Prefix6,
    Secret,
    Task,
    Word,
)

if TYPE_CHECKING:
    from citynet.plan.model import Device

_SECRET = "bgp/task"  # noqa: S105 - a name
Numbers = Annotated[str, Field(pattern=r"^(\d{1,10}|\d{1,3}(\.\d{1,3}){3}):\d{1,10}$")]
"""A route distinguisher or target."""
Asn = Annotated[int, Field(ge=1, le=0xFFFFFFFF)]
PortNumber = Annotated[int, Field(ge=1, le=65535)]


class Reflector(Part):
    """An iBGP neighbour that VPN routes are exchanged with."""

    name: Word
    address: Ipv6
    client: bool = False


class Attachment(Interface):
    """A port inside the VRF, with the router's addresses on it, and what may pass there in each direction."""

    addresses: list[InterfaceAddress] = Field(default_factory=list)
    police_kbps: Annotated[int, Field(ge=0, le=400_000_000)] = 0

    @property
    def networks(self) -> list[str]:
        """What is on the line."""
        return [str(ipaddress.ip_interface(text).network) for text in self.addresses]


class Site(Part):
    """The router of a dual-homed site, at the other end of a port; see `plan.model.VrfPeer`."""

    name: Word
    port: PortName
    asn: Asn
    address: Ipv6
    password: Secret
    prefixes: Annotated[list[Prefix], Field(min_length=1)]
    backup: bool = False
    max_routes: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @property
    def secret(self) -> str:
        """Name of the session's key."""
        return f"{_SECRET}/{self.name}"

    def planned(self) -> VrfPeer:
        """The same as the plan has it."""
        return VrfPeer(
            self.name,
            self.asn,
            self.address,
            self.secret,
            port=self.port,
            prefixes=list(self.prefixes),
            backup=self.backup,
            max_routes=self.max_routes,
        )


class Leak(Part):
    """A route that leads into another VRF of the router; see `plan.model.VrfLeak`."""

    prefix: Prefix
    vrf: Name
    gateway: Address | None = None


class ExitFlow(Part):
    """A kind of flow that may go out."""

    protocol: Literal["tcp", "udp", "icmp"]
    ports: list[PortNumber] = Field(default_factory=list)


class Exit(Part):
    """The guarded way out to the internet by a port of the VRF; see `plan.model.Guard`."""

    port: PortName
    gateways: Annotated[list[Address], Field(min_length=1)]
    sources: Annotated[list[Prefix], Field(min_length=1)]
    allow: list[ExitFlow] = Field(default_factory=list)

    def planned(self, vrf: str) -> Guard:
        """The same as the plan has it: replies come in, IPv4 and unique local IPv6 go out under the port's address."""
        local = any(":" in source and ipaddress.IPv6Network(source).subnet_of(UNIQUE_LOCAL) for source in self.sources)
        rules = [
            GuardRule(
                name=f"allow-{number}",
                inward=False,
                protocol=flow.protocol,
                ports=list(flow.ports),
                sources=list(self.sources),
                destinations=list(ANYWHERE),
            )
            for number, flow in enumerate(self.allow, 1)
        ]
        return Guard(f"exit-{vrf}", self.port, vrf, "", rules, [4, 6] if local else [4])


class L3vpnService(Task):
    """A VRF and its routes; see `plan.model.Vrf` and `plan.model.Bgp`."""

    technology: ClassVar[str] = "l3vpn"
    instance: ClassVar[str] = "vrf"

    vrf: Name
    table: Annotated[int, Field(ge=1001, le=0xFFFFFFFF)]
    rd: Numbers
    rt: Numbers
    asn: Asn
    router_id: Ipv4
    imports: list[Numbers] = Field(default_factory=list)
    interfaces: list[Attachment] = Field(default_factory=list)
    peers: list[Site] = Field(default_factory=list)
    exit: Exit | None = None
    leaks: list[Leak] = Field(default_factory=list)
    rejects: list[Prefix] = Field(default_factory=list)
    neighbors: list[Reflector] = Field(default_factory=list)
    password: Secret | None = None
    locator: Name = "MAIN"
    prefix: Prefix6 | None = None

    @pydantic.model_validator(mode="after")
    def _fits(self) -> Self:
        if wrong := l3vpn_rules.wrong(self):
            raise ValueError("; ".join(wrong))
        return self

    def fill(self, device: Device) -> None:
        """The VRF, its ports, what is routed and let by there, and the sessions that carry its routes."""
        neighbors = [BgpNeighbor(one.name, one.address, one.client) for one in self.neighbors]
        device.bgp = Bgp(self.asn, self.router_id, _SECRET, neighbors)
        device.srv6.locator, device.srv6.prefix = self.locator, self.prefix or ""
        for one in self.interfaces:
            outside = self.exit is not None and self.exit.port == one.name
            port = one.port(PortKind.EXIT if outside else PortKind.ATTACHMENT, self.vrf, one.addresses)
            port.police_kbps = one.police_kbps
            device.ports.append(port)
        device.exits = [self.exit.planned(self.vrf)] if self.exit else []
        device.vrfs = [
            Vrf(
                name=self.vrf,
                service=self.vrf,
                table=self.table,
                rd=self.rd,
                rt=self.rt,
                imports=self.imports or [self.rt],
                ports=[one.name for one in self.interfaces],
                prefixes=[network for one in self.interfaces for network in one.networks],
                peers=[one.planned() for one in self.peers],
                gateways=list(self.exit.gateways) if self.exit else [],
                leaks=[VrfLeak(one.prefix, one.vrf, one.gateway or "") for one in self.leaks],
                rejects=list(self.rejects),
            )
        ]

    def secrets(self) -> dict[str, str]:
        """The keys of the BGP sessions: those of the network, and each site's own."""
        sites = {one.secret: one.password for one in self.peers}
        return sites | ({_SECRET: self.password} if self.password else {})
