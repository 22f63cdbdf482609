"""Sites, fibres, devices and links: what a city is built of."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from citynet.design.base import Flag, Ipv4Address, Measured, Real, Strict, Whole
from citynet.design.types.fences import Geometry
from citynet.design.types.words import (
    TITLE,
    DomainName,
    FibreName,
    Metric,
    Name,
    Plane,
    ProtectionClass,
    Rate,
    Role,
    Trust,
    ZoneKind,
)


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
    polygon: Geometry | None = Field(None, description="its area on the map: sites in it belong to it")
    polygon_file: str | None = Field(
        None,
        description="or a GeoJSON file beside the design with its area; among several features the one of its `name`",
    )


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
    kind: Name = Field("g652", description="its kind, of `optical.fibre_kinds`")
    amplifiers_km: list[Annotated[Real, Field(gt=0)]] = Field(
        default_factory=list, description="where its line amplifiers stand, km from the first site; spaced when absent"
    )


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
    trust: Trust = Field(1, description="trust: 0 none, 1 ordinary, 2 hardened, 3 attested and under guard")
    management: Ipv4Address | None = Field(
        None, description="address by which Ansible reaches the device; allocated when absent"
    )


class _Joined(Measured):
    """What links have in common, however they are written."""

    metric: Metric = Field(10, description="IS-IS metric, wide (RFC 5305)")
    rate_gbps: Rate = Field(100, description="rate of the line in Gbit/s")
    protection: ProtectionClass | None = Field(None, description="its class in the optical base (`optical.protection`)")
    phys: Whole | None = Field(
        None, ge=1, le=16, description="PHYs of 50, 100, 200 or 400G that share its rate (FlexE group); one when absent"
    )
    trust: Trust = Field(1, description="trust: 0 leased, 1 the city's own, 2 encrypted, 3 quantum-keyed")


class Link(_Joined):
    """An IP line between two devices of one domain."""

    between: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(description="the two devices it joins")
    fibres: list[FibreName] = Field(default_factory=list, description="fibres it rides; the shortest way when absent")
    frequency_thz: Real | None = Field(None, gt=0, description="central frequency of its working lit path in THz")
    flexe_group: Whole | None = Field(
        None, ge=1, le=1048574, description="FlexE group number, the same at both ends; allocated when absent"
    )
    delay_us: Real | None = Field(
        None, ge=0, le=1_000_000, description="one-way delay measured in µs; computed from its fibres when absent"
    )


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
