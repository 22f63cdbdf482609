"""Services, and what a device has of them."""

from __future__ import annotations

from dataclasses import dataclass, field


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
class PlannedService:
    """A service with the hosts on it; `vrf` is that of a layer-3 one (`l3vpn`), empty on others.

    `bandwidth_mbps` is what each end may send and receive at once; 0 when nothing is planned for.
    """

    name: str
    title: str
    kind: str
    domain: str
    vrf: str
    data_class: str
    rt: str
    bandwidth_mbps: int = 0
    hosts: list[str] = field(default_factory=list)
    slice: str = ""
