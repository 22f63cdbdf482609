"""Paths: what a service, or the data of one identifier, asks of its way through the network."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

from pydantic import Field

from citynet.design import failures
from citynet.design.base import Flag, Ipv6Prefix, Measured, Real, Strict, Whole
from citynet.design.types.encryption import GradeName
from citynet.design.types.words import TITLE, Bandwidth, FibreName, Name, Trust


class Intent(enum.StrEnum):
    """What a path is chosen for (report, 4.2.3: low-latency, bandwidth and high-trust paths by class of data).

    Attributes:
        low-latency: the least delay
        bandwidth: the widest line, then several such paths side by side, each loaded by its width (UCMP)
        high-trust: the highest least trust of nodes and lines, then the fewest steps below the top, then delay
        default: the least IS-IS metric; without constraints the service is not steered at all
    """

    LOW_LATENCY = "low-latency"
    BANDWIDTH = "bandwidth"
    HIGH_TRUST = "high-trust"
    DEFAULT = "default"


class Parts(Strict):
    """Parts of the network that a path keeps away from, or touches."""

    devices: list[Name] = Field(default_factory=list, description="devices on the way")
    sites: list[Name] = Field(default_factory=list, description="sites: any device there")
    fibres: list[FibreName] = Field(default_factory=list, description="fibres: any line that rides one")
    links: list[Annotated[list[Name], Field(min_length=2, max_length=2)]] = Field(
        default_factory=list, description="links, each by its two devices"
    )


class Probe(Measured):
    """How a device watches its paths: packets through the segment list and back to itself (STAMP loopback)."""

    interval_ms: Whole = Field(20, ge=5, le=1000, description="time between two probes of a path in ms")
    missed: Whole = Field(4, ge=2, le=50, description="probes missed in a row after which the path is left")
    hold_s: Whole = Field(3, ge=1, le=600, description="how long the better path must be good before it is taken again")


class PathPolicy(Measured):
    """What a path is chosen for, and what it must keep to; whatever cannot be met is refused with the best there is."""

    title: str = Field("", description=TITLE)
    intent: Intent = Field(description="what the path is chosen for")
    max_delay_ms: Real | None = Field(None, gt=0, le=1000, description="bound of the one-way delay in ms")
    min_trust: Trust = Field(0, description="least trust of every node and line on the way")
    avoid: Parts = Field(default_factory=Parts, description="what the path must not touch")
    include: Parts = Field(default_factory=Parts, description="what the path must touch, all of it")
    disjoint_from: Name | None = Field(
        None,
        description="another of `paths`: shares no line, node between the ends or risk group with it",
    )
    min_availability_percent: Real | None = Field(
        None, ge=0, lt=100, description="least availability of the path with its backup, ends not counted, in %"
    )
    strict: Flag | None = Field(
        None,
        description="when all its paths are down: drop (true) or take the shortest way (false); high-trust drops",
    )
    most_paths: Whole = Field(4, ge=1, le=8, description="bandwidth: how many paths side by side at most")
    probe: Probe = Field(default_factory=Probe, description="how its paths are watched")


class Steering(Measured):
    """What packets that carry one data identifier have of their own: a path, a slice, encryption, or some of these."""

    identifier: Whole | None = Field(None, ge=1, description="the data identifier (APN-ID) of the packets, as a number")
    data: Name | None = Field(None, description="or by its name in `identifiers`")
    path: Name | None = Field(None, description="the path that they take, of `paths`; the service's when absent")
    slice: Name | None = Field(None, description="the slice they travel in, of `slices`; the service's when absent")
    bandwidth_mbps: Bandwidth = Field(0, description="what each end may send with it at once, in Mbit/s; planned for")
    encryption: GradeName | None = Field(
        None, description="grade of a protection of their own, when more than the class of the data asks for"
    )


class Tagging(Strict):
    """Flows of a service to which the network gives a data identifier, as their hosts give them none.

    Both directions of a flow get it: packets to the ports at the prefixes, and those back from them.
    """

    identifier: Whole = Field(ge=1, description="the data identifier (APN-ID) that their packets get")
    protocol: Literal["tcp", "udp", "icmp", "any"] = Field("any", description="`icmp` (ICMPv6) and `any` have no ports")
    ports: list[Annotated[Whole, Field(ge=1, le=65535)]] = Field(
        default_factory=list, description="ports of the side that answers; any when none"
    )
    prefixes: list[Ipv6Prefix] = Field(
        default_factory=list, description="addresses of the side that answers; any when none"
    )


class DataIdentifiers(Measured):
    """How packets carry a data identifier; no IANA number is assigned yet (draft-li-6man-apn-ipv6-encap)."""

    option: Whole = Field(3, ge=1, le=255, description="type of the IPv6 option")
    header: Literal["destination", "hop-by-hop", "any"] = Field(
        "any", description="extension header that holds the option, as its first"
    )
    bits: Literal[32, 64, 128] = Field(32, description="length of the identifier in bits")
    application_bits: Whole = Field(
        16, ge=1, le=32, description="width of its application group, the first field; allocated for class and use"
    )
    user_bits: Whole = Field(
        16, ge=1, le=32, description="width of its user group, the second field; what is left of `bits` is zero"
    )


class Tracing(Measured):
    """Packets of every data identifier are counted at every hop; one where it does not belong raises an alarm."""

    period_s: Whole = Field(2, ge=1, le=60, description="how long packets have one colour; s")
    record_s: Whole = Field(10, ge=1, le=3600, description="what one record of the evidence store tells of; s")
    ioam_every: Whole = Field(
        0,
        ge=0,
        le=1_000_000,
        description="of so many packets of an identifier that enter, one tells its own way (IOAM6); 0: none does",
    )


class FailureRates(Measured):
    """How often things fail; what the availability of paths is computed from."""

    device_mtbf_h: Real = Field(failures.DEVICE_MTBF_H, gt=0, description="hours between failures of a device")
    port_mtbf_h: Real = Field(failures.PORT_MTBF_H, gt=0, description="hours between failures of a port with optics")
    fibre_cuts: Real = Field(failures.FIBRE_CUTS, ge=0, description="cuts of 1,000 km of fibre in a year")
    mttr_h: Real = Field(failures.MTTR_H, gt=0, description="hours until a failure is repaired")
