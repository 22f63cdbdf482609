"""Kinds of things that repeat, defaults of a domain, and the domain itself."""

from __future__ import annotations

from pydantic import Field

from citynet.design.base import Ipv4Prefix, Ipv6Prefix, Measured, Strict, Whole
from citynet.design.types.encryption import Algorithms
from citynet.design.types.network import Place, Underlay
from citynet.design.types.words import (
    TITLE,
    Bandwidth,
    DataClass,
    DomainName,
    Level,
    Metric,
    Name,
    ParticipantKind,
    Plane,
    Rate,
    Role,
    Trust,
)


class DeviceProfile(Strict):
    """A kind of device: what devices that name it have unless they say otherwise."""

    domain: DomainName | None = None
    role: Role | None = None
    plane: Plane | None = None
    platform: Name | None = None
    trust: Trust | None = None


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
    trust: Trust | None = None


class LinkDefaults(Measured):
    """What every link of a domain has, those of rings, meshes and stars too, unless it says otherwise."""

    metric: Metric | None = None
    rate_gbps: Rate | None = None
    trust: Trust | None = None


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
    encryption: Level | None = Field(
        None, description="level whose encryption it has; its own when absent, and never a lower one"
    )
    algorithms: Algorithms = Field("international", description="ciphers of its services; `national`: SM4 and SM3")
    asn: Whole = Field(ge=1, le=4294967294, description="BGP autonomous system number (RFC 6793)")
    locators: Ipv6Prefix = Field(
        description="SRv6 locator block, a /32: each router gets a /48 (RFC 9800, uSID f3216), loopback and all"
    )
    underlay: Underlay = Field(default_factory=Underlay, description="timers and MTU of its lines")
    router_ids: Ipv4Prefix = Field(description="block of IPv4 router identifiers; a /16 suffices for any domain")
    defaults: DomainDefaults = Field(default_factory=DomainDefaults, description="what its things have by default")
