"""The types of a design: what a person writes, and nothing that can be computed.

Every key of a design file is a field here with its meaning; validation, the JSON Schema and the reference page
come from these types alone. References between objects are names; `design.rules` checks that they lead somewhere.
"""

from __future__ import annotations

import enum
import ipaddress
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

NAME_PATTERN = r"^[a-z][a-z0-9-]{0,39}$"

Name = Annotated[str, Field(pattern=NAME_PATTERN, description="lower-case letters, digits and '-', 40 at most")]
VrfName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,14}$")]  # a Linux interface name: 15 at most
DomainName = Literal["government", "cross"]
Ipv4Prefix = ipaddress.IPv4Network
Ipv6Prefix = ipaddress.IPv6Network


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Level(enum.StrEnum):
    """Service levels of the report, table 3-2."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"


class DataClass(enum.StrEnum):
    """Data classes: GB/T 43697-2024, general data split as the report does (3.2)."""

    PUBLIC = "public"
    COMMERCIAL = "commercial"
    IMPORTANT = "important"
    CORE = "core"


class Role(enum.StrEnum):
    """What a device does in its domain; participants attach at `edge` and `border` devices only."""

    CORE = "core"
    AGGREGATION = "aggregation"
    EDGE = "edge"
    BORDER = "border"
    OPTICAL = "optical"


class ParticipantKind(enum.StrEnum):
    """提供方、使用方、运营方、服务方、监管方 (report, chapter 2)."""

    PROVIDER = "provider"
    USER = "user"
    OPERATOR = "operator"
    SERVICE = "service"
    REGULATOR = "regulator"


class Underlay(_Strict):
    """What the lines of a domain share. A silent line is noticed after BFD's interval times its multiplier."""

    mtu: int = Field(9000, ge=1580, le=9600, description="MTU of lines in bytes; SRv6 adds 40 and more to a packet")
    hello_interval_s: int = Field(1, ge=1, le=600, description="IS-IS hellos; a neighbour is gone after ten of them")
    bfd_interval_ms: int = Field(100, ge=10, le=60000)
    bfd_multiplier: int = Field(3, ge=2, le=255)


class Domain(_Strict):
    """One of the two physically separate networks."""

    title: str = Field("", description="name shown to people")
    level: Level = Field(Level.L1, description="target service level of the domain")
    asn: int = Field(ge=1, le=4294967294, description="BGP autonomous system number")
    locators: Ipv6Prefix = Field(description="SRv6 locator block, a /32 (uSID f3216); loopbacks come from it")
    underlay: Underlay = Field(default_factory=Underlay)
    router_ids: Ipv4Prefix = Field(description="block of IPv4 router identifiers, /16 or longer")


class Place(_Strict):
    """WGS-84 coordinates in degrees."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class Site(_Strict):
    """A place that houses devices."""

    title: str = ""
    place: Place | None = None


class Fibre(_Strict):
    """A fibre between two sites."""

    between: Annotated[list[Name], Field(min_length=2, max_length=2)]
    length_km: float = Field(gt=0, le=5000)
    risk_groups: list[Name] = Field(default_factory=list, description="SRLGs: ducts, bridges, manholes it shares")


class Device(_Strict):
    """A network device; participants' hosts are not devices."""

    domain: DomainName | None = Field(None, description="none only for optical devices, which serve both domains")
    role: Role
    site: Name
    plane: Literal["A", "B"] | None = Field(None, description="transport plane of core and aggregation devices")
    platform: Name = "whitebox"
    management: ipaddress.IPv4Address | None = Field(
        None, description="address by which Ansible reaches the device; allocated when absent"
    )


class Link(_Strict):
    """An IP line between two devices of one domain."""

    between: Annotated[list[Name], Field(min_length=2, max_length=2)]
    metric: int = Field(10, ge=1, le=16777214)
    fibres: list[Name] = Field(default_factory=list, description="fibres it rides; the shortest way when absent")


class Ring(_Strict):
    """Devices joined in a row, and back to the first when closed; each pair becomes a link."""

    devices: Annotated[list[Name], Field(min_length=2)]
    closed: bool = True
    metric: int = Field(10, ge=1, le=16777214)


class Participant(_Strict):
    """Somebody who takes part in the circulation of data."""

    title: str = ""
    kind: ParticipantKind


class End(_Strict):
    """Where a participant attaches to a service: one host port on one device."""

    participant: Name
    device: Name
    host: Name = Field(description="name of the participant's host at this end")


class Service(_Strict):
    """A layer-3 VPN service inside one domain."""

    title: str = ""
    kind: Literal["l3"] = "l3"
    domain: DomainName
    vrf: VrfName = Field(description="name of the VRF on every device that carries the service")
    data_class: DataClass = DataClass.PUBLIC
    ipv4: Ipv4Prefix = Field(description="block from which each end gets a /28")
    ipv6: Ipv6Prefix = Field(description="block from which each end gets a /64")
    ends: Annotated[list[End], Field(min_length=1)]


class Allow(_Strict):
    """One flow that may cross between the domains; whatever is not listed is dropped."""

    source: Name = Field(description="participant that opens the flow")
    destination: Name = Field(description="participant that answers")
    protocol: Literal["tcp", "udp", "icmp"]
    ports: list[Annotated[int, Field(ge=1, le=65535)]] = Field(default_factory=list)


class Interconnect(_Strict):
    """The guarded line between a border device of each domain."""

    between: Annotated[list[Name], Field(min_length=2, max_length=2)]
    services: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(
        description="the service it reaches on each side, in the order of `between`"
    )
    allow: list[Allow] = Field(default_factory=list)


class Management(_Strict):
    """The out-of-band management network."""

    prefix: Ipv4Prefix = ipaddress.IPv4Network("172.20.0.0/16")


class City(_Strict):
    """A whole design."""

    city: Name = Field(description="short name of the city; names its lab and its files")
    title: str = ""
    management: Management = Field(default_factory=Management)
    domains: dict[DomainName, Domain]
    sites: dict[Name, Site]
    fibres: dict[Name, Fibre] = Field(default_factory=dict)
    devices: dict[Name, Device]
    links: list[Link] = Field(default_factory=list)
    rings: dict[Name, Ring] = Field(default_factory=dict)
    participants: dict[Name, Participant] = Field(default_factory=dict)
    services: dict[Name, Service] = Field(default_factory=dict)
    interconnects: dict[Name, Interconnect] = Field(default_factory=dict)
