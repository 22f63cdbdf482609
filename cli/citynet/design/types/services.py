"""Participants, the services they attach to, and where the domains meet."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from citynet.design.base import Flag, Ipv4Prefix, Ipv6Prefix, Measured, Strict, Whole
from citynet.design.types.encryption import Application, GradeName
from citynet.design.types.paths import Steering, Tagging
from citynet.design.types.sentry import Sentry
from citynet.design.types.words import (
    TITLE,
    Bandwidth,
    DataClass,
    DomainName,
    EndPart,
    Name,
    ParticipantKind,
    ServiceKind,
    ServiceTopology,
    Vlan,
    VrfName,
)


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
    vlan: Vlan | None = Field(
        None, description="vpws, evpn: only frames with this tag (802.1Q) belong to the service; it is taken off"
    )
    part: EndPart | None = Field(None, description="in a hub-and-spoke service: `hub` or `spoke`; a spoke when absent")
    backup_device: Name | None = Field(
        None, description="l3vpn: a second device it hangs on, used when the first or the line to it fails"
    )


class ExitFlow(Strict):
    """A kind of flow that a service's ends may open to the internet; whatever is not listed is dropped."""

    protocol: Literal["tcp", "udp", "icmp"] = Field(description="`icmp` has no ports, the others need them")
    ports: list[Annotated[Whole, Field(ge=1, le=65535)]] = Field(
        default_factory=list, description="destination ports that it may use"
    )


class Exit(Strict):
    """The guarded exit of a service to the internet; nothing from there opens a flow inward."""

    device: Name = Field(description="the border device it is at")
    participant: Name = Field(description="who provides the internet there, a name of `participants`")
    host: Name = Field(description="name of the provider's router; the lab makes a host of it")
    ipv4: Ipv4Prefix = Field(description="the provider's network on the line: its router first, then the device")
    ipv6: Ipv6Prefix = Field(description="the same for IPv6")
    allow: list[ExitFlow] = Field(default_factory=list, description="flows that may go out; replies come back in")
    sentry: Sentry | None = Field(None, description="look for intrusions there, and tell; none when absent")


class Service(Measured):
    """A service inside one domain; which keys it needs depends on its kind."""

    title: str = Field("", description=TITLE)
    kind: ServiceKind = Field(
        "l3vpn",
        description="`l3vpn`: a layer-3 VPN over SRv6 (RFC 9252); `vpws`: Ethernet between two ends over SRv6 "
        "(End.DX2, RFC 8986); `evpn`: Ethernet between many ends (EVPN over VXLAN, RFC 8365)",
    )
    domain: DomainName = Field(description="the domain it lives in; it never leaves it but through an interconnect")
    vrf: VrfName | None = Field(None, description="l3vpn: name of the VRF on every device that carries the service")
    data_class: DataClass = Field(
        DataClass.PUBLIC, description="the most sensitive class of data it carries, but for its `applications`"
    )
    topology: ServiceTopology = Field("any-to-any", description="l3vpn: which of its ends reach each other")
    bandwidth_mbps: Bandwidth = Field(
        0, description="what each end may send and receive at once, in Mbit/s; planned for"
    )
    slice: Name | None = Field(None, description="slice it travels in, a name of `slices`; with all others when absent")
    path: Name | None = Field(
        None, description="l3vpn, vpws: the path between its ends, of `paths`; IS-IS's when absent"
    )
    steering: list[Steering] = Field(
        default_factory=list, description="l3vpn: path, slice and encryption of data identifiers of their own"
    )
    tags: list[Tagging] = Field(
        default_factory=list, description="l3vpn: identifiers for flows of hosts that give none; the first that fits"
    )
    encryption: GradeName | None = Field(
        None, description="grade of its encryption, when more than level and class of data ask for"
    )
    applications: list[Application] = Field(
        default_factory=list, description="l3vpn: kinds of its flows with data of another class"
    )
    fenced: Flag = Field(
        default=False, description="l3vpn: its ends send and get packets with a data identifier that a fence lets pass"
    )
    access: Literal["open", "required", "ike"] = Field(
        "open",
        description="l3vpn: `required`: an end's port is closed until 802.1X lets its host on (see `access`); `ike`: "
        "until its host has a tunnel by IKEv2 with its certificate, and all goes through that",
    )
    police: Flag = Field(default=False, description="l3vpn: drop what an end sends or receives beyond `bandwidth_mbps`")
    max_routes: Annotated[Whole, Field(ge=1, le=1_000_000)] | None = Field(
        None, description="l3vpn: routes of each IP version that one neighbour outside the domain may bring in"
    )
    exit: Exit | None = Field(None, description="l3vpn: its one guarded way out to the internet")
    ipv4: Ipv4Prefix = Field(description="block from which each end gets a /28; all ends of a layer-2 one share it")
    ipv6: Ipv6Prefix = Field(description="block from which each end gets a /64; those of a layer-2 one share the first")
    ends: Annotated[list[End], Field(min_length=1)] = Field(description="where participants attach to it")


class Allow(Strict):
    """One flow that may cross between the domains; whatever is not listed is dropped."""

    source: Name = Field(description="participant that opens the flow")
    destination: Name = Field(description="participant that answers")
    protocol: Literal["tcp", "udp", "icmp"] = Field(description="`icmp` has no ports, the others need them")
    ports: list[Annotated[Whole, Field(ge=1, le=65535)]] = Field(
        default_factory=list, description="destination ports that it may use"
    )
    identifiers: Annotated[list[Name], Field(min_length=1)] | None = Field(
        None, description="data identifiers that it may carry; any that a fence lets pass when absent"
    )
    answers: list[Name] | None = Field(
        None, description="data identifiers that its answers may carry; those of `identifiers` when absent"
    )


class Interconnect(Measured):
    """The guarded line between a border device of each domain."""

    between: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(
        description="the two border devices, one of each domain"
    )
    services: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(
        description="the service it reaches on each side, in the order of `between`"
    )
    allow: list[Allow] = Field(default_factory=list, description="flows that may pass; everything else is dropped")
    fenced: Flag = Field(
        default=False, description="let nothing pass without a data identifier that a fence lets pass there"
    )
    sentry: Sentry | None = Field(None, description="look for intrusions at both ends, and tell; none when absent")
