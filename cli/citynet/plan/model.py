"""The plan: every number decided. Plain slotted dataclasses; no I/O, no behaviour beyond look-ups.

Addresses are text without a length (`fd01:0:1::1`); prefixes carry one (`fd01:0:1::/48`). Secrets appear only as names
(`isis/government`); their values never enter a plan.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from typing import Any


class PortKind(enum.StrEnum):
    """What a port leads to."""

    LINK = "link"
    ATTACHMENT = "attachment"
    INTERCONNECT = "interconnect"


@dataclass(slots=True)
class Port:
    """A physical port of a device or host; `addresses` carry a length (`10.1.0.1/28`)."""

    name: str
    kind: PortKind
    line: str
    peer: str
    peer_port: str
    vrf: str = ""
    addresses: list[str] = field(default_factory=list)


@dataclass(slots=True)
class UnderlayInterface:
    """One IS-IS point-to-point interface."""

    port: str
    metric: int


@dataclass(slots=True)
class Underlay:
    """IS-IS level 2, IPv6, authenticated (HMAC-MD5, RFC 5304) with BFD.

    `bfd_interval_ms` × `bfd_multiplier` is the time to notice a silent loss.
    """

    net: str
    loopback: str
    router_id: str
    secret: str
    interfaces: list[UnderlayInterface] = field(default_factory=list)
    mtu: int = 9000
    hello_interval_s: int = 1
    bfd_interval_ms: int = 100
    bfd_multiplier: int = 3


@dataclass(slots=True)
class Srv6:
    """The device's uSID locator (f3216: 32-bit block, 16-bit node, 16-bit function)."""

    locator: str
    prefix: str
    source_address: str


@dataclass(slots=True)
class BgpNeighbor:
    """An iBGP neighbour; `client` when this device reflects routes to it."""

    name: str
    address: str
    client: bool = False


@dataclass(slots=True)
class Bgp:
    """iBGP carrying VPN routes, TCP-MD5 with the named secret."""

    asn: int
    router_id: str
    secret: str
    neighbors: list[BgpNeighbor] = field(default_factory=list)


@dataclass(slots=True)
class VrfPeer:
    """An eBGP neighbour inside a VRF: the far side of an interconnect.

    One IPv6 session carries IPv4 routes too (RFC 8950), so the line needs no IPv4 addresses.
    """

    name: str
    asn: int
    address: str
    secret: str


@dataclass(slots=True)
class Vrf:
    """One layer-3 service on one device: End.DT46 per VRF."""

    name: str
    service: str
    table: int
    rd: str
    rt: str
    ports: list[str] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    peers: list[VrfPeer] = field(default_factory=list)


@dataclass(slots=True)
class GuardRule:
    """One flow allowed across the interconnect port, `inward` (from the other domain) or outward."""

    name: str
    inward: bool
    protocol: str
    ports: list[int]
    sources: list[str]
    destinations: list[str]

    def families(self) -> list[tuple[int, list[str], list[str]]]:
        """IP version, sources and destinations of that version; a version that lacks either side is left out."""
        split = [
            (
                version,
                [a for a in self.sources if (":" in a) == (version == 6)],
                [a for a in self.destinations if (":" in a) == (version == 6)],
            )
            for version in (4, 6)
        ]
        return [
            (version, sources, destinations) for version, sources, destinations in split if sources and destinations
        ]


@dataclass(slots=True)
class Guard:
    """Default-deny at a border port; rules list what passes. Replies of allowed flows pass by state."""

    interconnect: str
    port: str
    vrf: str
    peer: str
    rules: list[GuardRule] = field(default_factory=list)


@dataclass(slots=True)
class Device:
    """One network device, decided."""

    name: str
    domain: str
    site: str
    role: str
    plane: str
    platform: str
    management: str
    ports: list[Port]
    underlay: Underlay
    srv6: Srv6
    bgp: Bgp
    vrfs: list[Vrf] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)

    def port(self, name: str) -> Port:
        """The port of that name; KeyError if there is none."""
        for port in self.ports:
            if port.name == name:
                return port
        raise KeyError(name)


@dataclass(slots=True)
class Host:
    """A participant's host: one port, default routes to the device it hangs on."""

    name: str
    participant: str
    service: str
    domain: str
    device: str
    management: str
    port: Port
    gateways: list[str]

    def address(self, version: int) -> str:
        """Its service address without length, for IP version 4 or 6."""
        for text in self.port.addresses:
            if (":" in text) == (version == 6):
                return text.split("/")[0]
        raise KeyError(version)


@dataclass(slots=True)
class LineEnd:
    """A node (device or host) and its port."""

    node: str
    port: str


@dataclass(slots=True)
class Line:
    """Something that joins two ports. `fibres` in order from `a` to `b`; empty inside a site.

    `rate_gbps` and `metric` are those of links; 0 on other lines.
    """

    name: str
    kind: PortKind
    a: LineEnd
    b: LineEnd
    domain: str
    fibres: list[str] = field(default_factory=list)
    length_km: float = 0.0
    delay_us: float = 0.0
    risk_groups: list[str] = field(default_factory=list)
    rate_gbps: int = 0
    metric: int = 0


@dataclass(slots=True)
class PlannedZone:
    """A fence zone; `within` is the next larger one, or empty."""

    name: str
    title: str
    kind: str
    within: str


@dataclass(slots=True)
class PlannedSite:
    """A site; `place` is its latitude and longitude (WGS-84, degrees), empty when the design gives none."""

    name: str
    title: str
    zone: str
    place: list[float] = field(default_factory=list)


@dataclass(slots=True)
class PlannedFibre:
    """A fibre between two sites; `loss_db` is None when nobody measured it."""

    name: str
    a: str
    b: str
    length_km: float
    capacity_gbps: float
    risk_groups: list[str]
    loss_db: float | None = None


@dataclass(slots=True)
class PlannedParticipant:
    """Somebody who takes part in the circulation of data."""

    name: str
    title: str
    kind: str


@dataclass(slots=True)
class PlannedDomain:
    """A domain with what its devices share."""

    name: str
    title: str
    level: str
    asn: int
    locators: str


@dataclass(slots=True)
class PlannedService:
    """A layer-3 service with its route target and the hosts on it.

    `bandwidth_mbps` is what each end may send and receive at once; 0 when nothing is planned for.
    """

    name: str
    title: str
    domain: str
    vrf: str
    data_class: str
    rt: str
    bandwidth_mbps: int = 0
    hosts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Plan:
    """Everything decided for a city, in design order."""

    city: str
    title: str
    design_digest: str
    management_prefix: str
    management_gateway: str
    zones: dict[str, PlannedZone]
    sites: dict[str, PlannedSite]
    fibres: dict[str, PlannedFibre]
    participants: dict[str, PlannedParticipant]
    domains: dict[str, PlannedDomain]
    devices: dict[str, Device]
    hosts: dict[str, Host]
    lines: dict[str, Line]
    services: dict[str, PlannedService]
    secrets: list[str]

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready values; `plan.codec.loads` reads it back."""
        return dataclasses.asdict(self)
