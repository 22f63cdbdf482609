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
FibreName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,81}$")]  # two site names and "--" between them
DomainName = Literal["government", "cross"]
Plane = Literal["A", "B"]
Metric = Annotated[int, Field(ge=1, le=16777214)]
Rate = Literal[1, 10, 25, 40, 50, 100, 200, 400, 800]
Bandwidth = Annotated[int, Field(ge=0, le=800_000)]
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


class ZoneKind(enum.StrEnum):
    """Fence zones of the report from small to large: 园区、市、省、境."""

    CAMPUS = "campus"
    CITY = "city"
    PROVINCE = "province"
    COUNTRY = "country"


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


class Place(_Strict):
    """WGS-84 coordinates in degrees."""

    lat: float = Field(ge=-90, le=90, description="north of the equator")
    lon: float = Field(ge=-180, le=180, description="east of Greenwich")


class Zone(_Strict):
    """An area that fences speak of; zones nest."""

    title: str = ""
    kind: ZoneKind
    within: Name | None = Field(None, description="the next larger zone")


class DeviceProfile(_Strict):
    """A kind of device: what devices that name it have unless they say otherwise."""

    domain: DomainName | None = None
    role: Role | None = None
    site: Name | None = None
    plane: Plane | None = None
    platform: Name | None = None


class DeviceUse(DeviceProfile):
    """A device that a kind of site brings along."""

    profile: Name | None = Field(None, description="its kind, of `profiles.devices`")


class SiteProfile(_Strict):
    """A kind of site: what sites that name it have unless they say otherwise, and the devices that each houses."""

    title: str | None = None
    place: Place | None = None
    zone: Name | None = None
    devices: dict[Name, DeviceUse] = Field(
        default_factory=dict, description="devices of every such site; each is called SITE-KEY"
    )


class ParticipantProfile(_Strict):
    """A kind of participant."""

    title: str | None = None
    kind: ParticipantKind | None = None


class Profiles(_Strict):
    """Kinds of things that repeat. What a thing says itself wins over its profile, that over its domain's defaults."""

    sites: dict[Name, SiteProfile] = Field(default_factory=dict)
    devices: dict[Name, DeviceProfile] = Field(default_factory=dict)
    participants: dict[Name, ParticipantProfile] = Field(default_factory=dict)


class DeviceDefaults(_Strict):
    """What every device of a domain has unless its profile or it itself says otherwise."""

    platform: Name | None = None


class LinkDefaults(_Strict):
    """What every link of a domain has, those of rings, meshes and stars too, unless it says otherwise."""

    metric: Metric | None = None
    rate_gbps: Rate | None = None


class ServiceDefaults(_Strict):
    """What every service of a domain has unless it says otherwise."""

    data_class: DataClass | None = None
    bandwidth_mbps: Bandwidth | None = None


class DomainDefaults(_Strict):
    """Defaults of one domain; they are the weakest: a profile wins over them, and the thing itself over both."""

    devices: DeviceDefaults = Field(default_factory=DeviceDefaults)
    links: LinkDefaults = Field(default_factory=LinkDefaults)
    services: ServiceDefaults = Field(default_factory=ServiceDefaults)


class Domain(_Strict):
    """One of the two physically separate networks."""

    title: str = Field("", description="name shown to people")
    level: Level = Field(Level.L1, description="target service level of the domain")
    asn: int = Field(ge=1, le=4294967294, description="BGP autonomous system number")
    locators: Ipv6Prefix = Field(description="SRv6 locator block, a /32 (uSID f3216); loopbacks come from it")
    underlay: Underlay = Field(default_factory=Underlay)
    router_ids: Ipv4Prefix = Field(description="block of IPv4 router identifiers, /16 or longer")
    defaults: DomainDefaults = Field(default_factory=DomainDefaults)


class Site(_Strict):
    """A place that houses devices."""

    profile: Name | None = Field(None, description="its kind, of `profiles.sites`")
    title: str = ""
    place: Place | None = None
    zone: Name | None = Field(None, description="the smallest zone it lies in")


class Fibre(_Strict):
    """A fibre between two sites."""

    between: Annotated[list[Name], Field(min_length=2, max_length=2)]
    length_km: float = Field(gt=0, le=5000, description="route length in km")
    loss_db: float | None = Field(None, ge=0, le=200, description="loss measured end to end in dB")
    capacity_gbps: float = Field(9600, gt=0, description="what may be lit on it in Gbit/s: 96 channels of 100G")
    risk_groups: list[Name] = Field(default_factory=list, description="SRLGs: ducts, bridges, manholes it shares")


class FibreRing(_Strict):
    """Sites joined by fibres in a row, and back to the first when closed; each fibre is called `SITE--SITE`."""

    sites: Annotated[list[Name], Field(min_length=2)]
    closed: bool = True
    length_km: float = Field(gt=0, le=5000, description="route length of each fibre in km")
    capacity_gbps: float = Field(9600, gt=0, description="what may be lit on each fibre in Gbit/s")
    risk_groups: list[Name] = Field(default_factory=list, description="SRLGs that all fibres of the ring are in")


class Device(_Strict):
    """A network device; participants' hosts are not devices."""

    profile: Name | None = Field(None, description="its kind, of `profiles.devices`")
    domain: DomainName | None = Field(None, description="none only for optical devices, which serve both domains")
    role: Role
    site: Name
    plane: Plane | None = Field(None, description="transport plane of core and aggregation devices")
    platform: Name = "whitebox"
    management: ipaddress.IPv4Address | None = Field(
        None, description="address by which Ansible reaches the device; allocated when absent"
    )


class _Joined(_Strict):
    """What links have in common, however they are written."""

    metric: Metric = Field(10, description="IS-IS metric")
    rate_gbps: Rate = Field(100, description="rate of the line in Gbit/s")


class Link(_Joined):
    """An IP line between two devices of one domain."""

    between: Annotated[list[Name], Field(min_length=2, max_length=2)]
    fibres: list[FibreName] = Field(default_factory=list, description="fibres it rides; the shortest way when absent")


class Ring(_Joined):
    """Devices joined in a row, and back to the first when closed; each pair becomes a link."""

    devices: Annotated[list[Name], Field(min_length=2)]
    closed: bool = True


class Mesh(_Joined):
    """Devices joined each with each."""

    devices: Annotated[list[Name], Field(min_length=2)]


class Star(_Joined):
    """Devices joined with each of the hubs, and not among themselves."""

    hubs: Annotated[list[Name], Field(min_length=1)]
    devices: Annotated[list[Name], Field(min_length=1)]


class Participant(_Strict):
    """Somebody who takes part in the circulation of data."""

    profile: Name | None = Field(None, description="its kind, of `profiles.participants`")
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
    data_class: DataClass = Field(DataClass.PUBLIC, description="the most sensitive class of data it carries")
    bandwidth_mbps: Bandwidth = Field(
        0, description="what each end may send and receive at once, in Mbit/s; planned for"
    )
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
    profiles: Profiles = Field(default_factory=Profiles)
    domains: dict[DomainName, Domain]
    zones: dict[Name, Zone] = Field(default_factory=dict)
    sites: dict[Name, Site]
    fibres: dict[FibreName, Fibre] = Field(default_factory=dict)
    fibre_rings: dict[Name, FibreRing] = Field(default_factory=dict)
    devices: dict[Name, Device]
    links: list[Link] = Field(default_factory=list)
    rings: dict[Name, Ring] = Field(default_factory=dict)
    meshes: dict[Name, Mesh] = Field(default_factory=dict)
    stars: dict[Name, Star] = Field(default_factory=dict)
    participants: dict[Name, Participant] = Field(default_factory=dict)
    services: dict[Name, Service] = Field(default_factory=dict)
    interconnects: dict[Name, Interconnect] = Field(default_factory=dict)
