"""The types of a design: what a person writes, and nothing that can be computed.

Every key of a design file is a field here with its meaning; validation, the JSON Schema and the reference page
come from these types alone. References between objects are names; `design.rules` checks that they lead somewhere.
"""

from __future__ import annotations

import enum
import ipaddress
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from citynet.design.base import Flag, Ipv4Address, Ipv4Prefix, Ipv6Prefix, Measured, Real, Strict, Whole

NAME_PATTERN = r"^[a-z][a-z0-9-]{0,39}$"

TITLE = "name shown to people, in any language"

Name = Annotated[str, Field(pattern=NAME_PATTERN, description="lower-case letters, digits and '-', 40 at most")]
VrfName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,14}$")]  # a Linux interface name: 15 at most
FibreName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,81}$")]  # two site names and "--" between them
DomainName = Literal["government", "cross"]
Plane = Literal["A", "B"]
Metric = Annotated[Whole, Field(ge=1, le=16777214)]
Rate = Annotated[
    Literal[1, 10, 25, 40, 50, 100, 200, 400, 800],
    BeforeValidator(lambda value: str(value) if isinstance(value, bool) else value),  # True would pass as 1
]
Bandwidth = Annotated[Whole, Field(ge=0, le=800_000)]


class Level(enum.StrEnum):
    """Service levels of the report, table 3-2; each includes those below it.

    Attributes:
        L1: initial: a basic trusted network, for public data
        L2: strengthened: static policies and classic ciphers, for commercial data
        L3: autonomous: dynamic and quantum-safe, for important and core data; the report's base for building
        L4: self-governing, for data of systems of protection grade 4 (等保四级)
    """

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"


class DataClass(enum.StrEnum):
    """Data classes: GB/T 43697-2024, general data split as the report does (3.2).

    Attributes:
        public: general data that is open; level L1 or above
        commercial: general data of commercial value; level L2 or above
        important: important data; level L3 or above
        core: core data; level L3 or above
    """

    PUBLIC = "public"
    COMMERCIAL = "commercial"
    IMPORTANT = "important"
    CORE = "core"


class ZoneKind(enum.StrEnum):
    """Fence zones of the report from small to large (4.2.3).

    Attributes:
        campus: 园区, a campus or business park
        city: 市, a city
        province: 省, a province
        country: 境, the country; beyond it data leaves the border
    """

    CAMPUS = "campus"
    CITY = "city"
    PROVINCE = "province"
    COUNTRY = "country"


class Role(enum.StrEnum):
    """What a device does in its domain; participants attach at `edge` and `border` devices only.

    Attributes:
        core: joins the rest; the first of each plane reflects BGP routes (RFC 4456)
        aggregation: gathers the edges of a district
        edge: takes participants
        border: takes participants, and the interconnects to the other domain
        optical: carries light for both domains and routes nothing
    """

    CORE = "core"
    AGGREGATION = "aggregation"
    EDGE = "edge"
    BORDER = "border"
    OPTICAL = "optical"


class ParticipantKind(enum.StrEnum):
    """The five kinds of the report (2.2).

    Attributes:
        provider: 提供方, gives data, data products or services
        user: 使用方, processes and uses data
        operator: 运营方, runs the data space and sets its rules
        service: 服务方, brings techniques and professional services
        regulator: 监管方, guides and supervises
    """

    PROVIDER = "provider"
    USER = "user"
    OPERATOR = "operator"
    SERVICE = "service"
    REGULATOR = "regulator"


class Underlay(Measured):
    """What the lines of a domain share; a silent one is noticed after BFD's interval × multiplier (RFC 5880)."""

    mtu: Whole = Field(9000, ge=1580, le=9600, description="MTU of lines in bytes; SRv6 adds 40 or more (RFC 8986)")
    hello_interval_s: Whole = Field(1, ge=1, le=600, description="seconds between IS-IS hellos; ten missed: gone")
    bfd_interval_ms: Whole = Field(100, ge=10, le=60000, description="time between BFD packets in ms (RFC 5880)")
    bfd_multiplier: Whole = Field(3, ge=2, le=255, description="BFD packets missed in a row that take a line down")


class Place(Measured):
    """Where something stands on the map: WGS-84 coordinates."""

    lat: Real = Field(ge=-90, le=90, description="latitude in degrees, north positive (WGS-84)")
    lon: Real = Field(ge=-180, le=180, description="longitude in degrees, east positive (WGS-84)")


class Zone(Strict):
    """An area that fences speak of; zones nest."""

    title: str = Field("", description=TITLE)
    kind: ZoneKind = Field(description="how large it is")
    within: Name | None = Field(None, description="the next larger zone, a name of `zones`")


class DeviceProfile(Strict):
    """A kind of device: what devices that name it have unless they say otherwise."""

    domain: DomainName | None = None
    role: Role | None = None
    plane: Plane | None = None
    platform: Name | None = None


class DeviceUse(DeviceProfile):
    """A device that a kind of site brings along."""

    profile: Name | None = Field(None, description="its kind, of `profiles.devices`")


class SiteProfile(Strict):
    """A kind of site: what sites that name it have unless they say otherwise, and the devices that each houses."""

    title: str | None = None
    place: Place | None = None
    zone: Name | None = None
    devices: dict[Name, DeviceUse] = Field(
        default_factory=dict, description="devices of every such site; each is called SITE-KEY"
    )


class ParticipantProfile(Strict):
    """A kind of participant."""

    title: str | None = None
    kind: ParticipantKind | None = None


class Profiles(Strict):
    """Kinds of things that repeat. What a thing says itself wins over its profile, that over its domain's defaults."""

    sites: dict[Name, SiteProfile] = Field(default_factory=dict, description="kinds of sites")
    devices: dict[Name, DeviceProfile] = Field(default_factory=dict, description="kinds of devices")
    participants: dict[Name, ParticipantProfile] = Field(default_factory=dict, description="kinds of participants")


class DeviceDefaults(Strict):
    """What every device of a domain has unless its profile or it itself says otherwise."""

    platform: Name | None = None


class LinkDefaults(Measured):
    """What every link of a domain has, those of rings, meshes and stars too, unless it says otherwise."""

    metric: Metric | None = None
    rate_gbps: Rate | None = None


class ServiceDefaults(Measured):
    """What every service of a domain has unless it says otherwise."""

    data_class: DataClass | None = None
    bandwidth_mbps: Bandwidth | None = None


class DomainDefaults(Strict):
    """Defaults of one domain; they are the weakest: a profile wins over them, and the thing itself over both."""

    devices: DeviceDefaults = Field(default_factory=DeviceDefaults, description="for devices of the domain")
    links: LinkDefaults = Field(default_factory=LinkDefaults, description="for links, rings, meshes and stars in it")
    services: ServiceDefaults = Field(default_factory=ServiceDefaults, description="for services of the domain")


class Domain(Measured):
    """One of the two physically separate networks."""

    title: str = Field("", description=TITLE)
    level: Level = Field(Level.L1, description="target service level of the domain")
    asn: Whole = Field(ge=1, le=4294967294, description="BGP autonomous system number (RFC 6793)")
    locators: Ipv6Prefix = Field(
        description="SRv6 locator block, a /32: each router gets a /48 (RFC 9800, uSID f3216), loopback and all"
    )
    underlay: Underlay = Field(default_factory=Underlay, description="timers and MTU of its lines")
    router_ids: Ipv4Prefix = Field(description="block of IPv4 router identifiers; a /16 suffices for any domain")
    defaults: DomainDefaults = Field(default_factory=DomainDefaults, description="what its things have by default")


class Site(Strict):
    """A place that houses devices."""

    profile: Name | None = Field(None, description="its kind, of `profiles.sites`")
    title: str = Field("", description=TITLE)
    place: Place | None = Field(None, description="where it stands on the map")
    zone: Name | None = Field(None, description="the smallest zone it lies in, a name of `zones`")


class Fibre(Measured):
    """A fibre between two sites."""

    between: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(description="the two sites it joins")
    length_km: Real = Field(gt=0, le=5000, description="route length in km")
    loss_db: Real | None = Field(None, ge=0, le=200, description="loss measured from end to end in dB, if known")
    capacity_gbps: Real = Field(9600, gt=0, description="what may be lit on it in Gbit/s; 9600 = 96 × 100G")
    risk_groups: list[Name] = Field(default_factory=list, description="SRLGs: ducts, bridges it lies in (RFC 4202)")


class FibreRing(Measured):
    """Sites joined by fibres in a row, and back to the first when closed; each fibre is called `SITE--SITE`."""

    sites: Annotated[list[Name], Field(min_length=2)] = Field(description="sites in the order of the ring")
    closed: Flag = Field(default=True, description="whether a fibre leads from the last site back to the first")
    length_km: Real = Field(gt=0, le=5000, description="route length of each fibre in km")
    capacity_gbps: Real = Field(9600, gt=0, description="what may be lit on each fibre in Gbit/s")
    risk_groups: list[Name] = Field(default_factory=list, description="SRLGs that all fibres of the ring are in")


class Device(Strict):
    """A network device; participants' hosts are not devices."""

    profile: Name | None = Field(None, description="its kind, of `profiles.devices`")
    domain: DomainName | None = Field(None, description="its domain; only optical devices have none")
    role: Role = Field(description="what it does in its domain")
    site: Name = Field(description="where it stands, a name of `sites`")
    plane: Plane | None = Field(None, description="transport plane of core and aggregation devices")
    platform: Name = Field("whitebox", description="what it runs; `citynet show DESIGN capabilities` lists them")
    management: Ipv4Address | None = Field(
        None, description="address by which Ansible reaches the device; allocated when absent"
    )


class _Joined(Measured):
    """What links have in common, however they are written."""

    metric: Metric = Field(10, description="IS-IS metric, wide (RFC 5305)")
    rate_gbps: Rate = Field(100, description="rate of the line in Gbit/s")


class Link(_Joined):
    """An IP line between two devices of one domain."""

    between: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(description="the two devices it joins")
    fibres: list[FibreName] = Field(default_factory=list, description="fibres it rides; the shortest way when absent")


class Ring(_Joined):
    """Devices joined in a row, and back to the first when closed; each pair becomes a link."""

    devices: Annotated[list[Name], Field(min_length=2)] = Field(description="devices in the order of the ring")
    closed: Flag = Field(default=True, description="whether a link leads from the last device back to the first")


class Mesh(_Joined):
    """Devices joined each with each."""

    devices: Annotated[list[Name], Field(min_length=2)] = Field(description="devices to join")


class Star(_Joined):
    """Devices joined with each of the hubs, and not among themselves."""

    hubs: Annotated[list[Name], Field(min_length=1)] = Field(description="devices in the middle")
    devices: Annotated[list[Name], Field(min_length=1)] = Field(description="devices around them")


class Participant(Strict):
    """Somebody who takes part in the circulation of data."""

    profile: Name | None = Field(None, description="its kind, of `profiles.participants`")
    title: str = Field("", description=TITLE)
    kind: ParticipantKind = Field(description="its part in the circulation of data")


class End(Strict):
    """Where a participant attaches to a service: one host port on one device."""

    participant: Name = Field(description="who attaches, a name of `participants`")
    device: Name = Field(description="the edge or border device it hangs on")
    host: Name = Field(description="name of the participant's host at this end; no device or other host has it")


class Service(Measured):
    """A layer-3 VPN service inside one domain."""

    title: str = Field("", description=TITLE)
    kind: Literal["l3"] = Field("l3", description="`l3`: a layer-3 VPN over SRv6 (RFC 9252)")
    domain: DomainName = Field(description="the domain it lives in; it never leaves it but through an interconnect")
    vrf: VrfName = Field(description="name of the VRF on every device that carries the service")
    data_class: DataClass = Field(DataClass.PUBLIC, description="the most sensitive class of data it carries")
    bandwidth_mbps: Bandwidth = Field(
        0, description="what each end may send and receive at once, in Mbit/s; planned for"
    )
    ipv4: Ipv4Prefix = Field(description="block from which each end gets a /28")
    ipv6: Ipv6Prefix = Field(description="block from which each end gets a /64")
    ends: Annotated[list[End], Field(min_length=1)] = Field(description="where participants attach to it")


class Allow(Strict):
    """One flow that may cross between the domains; whatever is not listed is dropped."""

    source: Name = Field(description="participant that opens the flow")
    destination: Name = Field(description="participant that answers")
    protocol: Literal["tcp", "udp", "icmp"] = Field(description="`icmp` has no ports, the others need them")
    ports: list[Annotated[Whole, Field(ge=1, le=65535)]] = Field(
        default_factory=list, description="destination ports that it may use"
    )


class Interconnect(Strict):
    """The guarded line between a border device of each domain."""

    between: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(
        description="the two border devices, one of each domain"
    )
    services: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(
        description="the service it reaches on each side, in the order of `between`"
    )
    allow: list[Allow] = Field(default_factory=list, description="flows that may pass; everything else is dropped")


class Management(Strict):
    """The out-of-band management network."""

    prefix: Ipv4Prefix = Field(
        ipaddress.IPv4Network("172.20.0.0/16"), description="block from which devices and hosts get their address"
    )


class City(Strict):
    """A whole design."""

    city: Name = Field(description="short name of the city; names its lab and its files")
    title: str = Field("", description=TITLE)
    management: Management = Field(default_factory=Management, description="the out-of-band management network")
    profiles: Profiles = Field(default_factory=Profiles, description="kinds of sites, devices and participants")
    domains: dict[DomainName, Domain] = Field(description="the two networks of the city")
    zones: dict[Name, Zone] = Field(default_factory=dict, description="areas that fences speak of")
    sites: dict[Name, Site] = Field(description="places that house devices")
    fibres: dict[FibreName, Fibre] = Field(default_factory=dict, description="fibres between two sites")
    fibre_rings: dict[Name, FibreRing] = Field(default_factory=dict, description="fibres in a row or ring of sites")
    devices: dict[Name, Device] = Field(description="routers and optical devices")
    links: list[Link] = Field(default_factory=list, description="IP lines between two devices")
    rings: dict[Name, Ring] = Field(default_factory=dict, description="links in a row or ring of devices")
    meshes: dict[Name, Mesh] = Field(default_factory=dict, description="links of each device with each")
    stars: dict[Name, Star] = Field(default_factory=dict, description="links of devices with hubs")
    participants: dict[Name, Participant] = Field(default_factory=dict, description="who circulates data")
    services: dict[Name, Service] = Field(default_factory=dict, description="VPNs inside one domain")
    interconnects: dict[Name, Interconnect] = Field(default_factory=dict, description="where the domains meet")
