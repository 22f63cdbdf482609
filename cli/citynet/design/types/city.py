"""A whole design."""

from __future__ import annotations

import ipaddress

from pydantic import Field

from citynet.design.base import Ipv4Prefix, Strict
from citynet.design.types.access import Access
from citynet.design.types.encryption import Encryption
from citynet.design.types.fences import Fence, Identifier, ParticipantGroup
from citynet.design.types.network import Device, Fibre, FibreRing, Link, Mesh, Ring, Site, Star, Zone
from citynet.design.types.optical import Optical
from citynet.design.types.paths import DataIdentifiers, FailureRates, PathPolicy, Tracing
from citynet.design.types.profiles import Domain, Profiles
from citynet.design.types.services import Interconnect, Participant, Service
from citynet.design.types.slices import Flexe, LabSettings, Slice
from citynet.design.types.words import TITLE, DomainName, FibreName, Name


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
    flexe: Flexe = Field(default_factory=Flexe, description="how links are cut into slots")
    slices: dict[Name, Slice] = Field(default_factory=dict, description="bandwidth of its own for services")
    paths: dict[Name, PathPolicy] = Field(default_factory=dict, description="ways that services may ask for")
    data_identifiers: DataIdentifiers = Field(
        default_factory=DataIdentifiers, description="how packets carry a data identifier"
    )
    tracing: Tracing | None = Field(None, description="packets of identifiers counted hop by hop")
    participant_groups: dict[Name, ParticipantGroup] = Field(
        default_factory=dict, description="participants who have rights to identifiers together"
    )
    identifiers: dict[Name, Identifier] = Field(default_factory=dict, description="data identifiers by name")
    fences: dict[Name, Fence] = Field(default_factory=dict, description="where the data of identifiers may go")
    access: Access = Field(default_factory=Access, description="who gets on, with which right")
    encryption: Encryption = Field(default_factory=Encryption, description="keys, and what happens without any")
    failure_rates: FailureRates = Field(default_factory=FailureRates, description="how often things fail")
    services: dict[Name, Service] = Field(default_factory=dict, description="VPNs inside one domain")
    interconnects: dict[Name, Interconnect] = Field(default_factory=dict, description="where the domains meet")
    optical: Optical | None = Field(None, description="the light beneath: lit paths, wavelengths, ODUs")
    lab: LabSettings = Field(default_factory=LabSettings, description="what the lab does to scale")
