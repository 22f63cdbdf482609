"""Paths of a device: where they lead, by which segments, and which packets take them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class SegmentPath:
    """One way from this device to another.

    Attributes:
        name: The devices in order, joined by `>`.
        waypoints: Locator addresses of the fewest nodes that pin the way; the last is the far end's.
        hops: Locator addresses of all nodes after this device: what probes follow, so that a detour shows.
        delay_us: One-way delay, designed or measured, in µs.
        trust: The least trust of its lines and of the nodes between.
        rate_gbps: The rate of its narrowest line.
        weight: Its share where several carry the load together.
    """

    name: str
    waypoints: list[str]
    hops: list[str]
    delay_us: float
    trust: int
    rate_gbps: int
    weight: int = 1


@dataclass(slots=True)
class PathTo:
    """What a policy chose between this device and another.

    Attributes:
        name: `POLICY DEVICE`.
        strict: Drop rather than take IS-IS's way when all of them are down.
        primary: The path, or those that share the load.
        backup: What takes over; empty when there is none, or the primaries stand in for each other.
        shared: What the backup has to share with the primary.
        availability_percent: Of all together, the ends not counted.
        probe_interval_ms: Time between two probes of a path.
        probe_missed: Probes missed in a row after which a path is left.
        probe_hold_s: How long a path must be good before it is taken again.
    """

    name: str
    policy: str
    intent: str
    far: str
    strict: bool
    primary: list[SegmentPath]
    backup: list[SegmentPath] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    availability_percent: float = 0.0
    probe_interval_ms: int = 20
    probe_missed: int = 4
    probe_hold_s: int = 3


@dataclass(slots=True)
class SteeredTo:
    """Prefixes behind one device, and the SID there that hands packets on to them.

    `path` is the name of a `PathTo`; `sid` belongs to the far device.
    """

    far: str
    path: str
    sid: str
    prefixes: list[str]


@dataclass(slots=True)
class Steering:
    """The packets of a service, or those of it with one data identifier, and where they go by segments.

    Attributes:
        name: The service, with `/IDENTIFIER` for a data identifier.
        vrf: The VRF that the packets come in by; empty: any packet to the prefixes (the tunnels of layer-2 services).
        table: Kernel table of these routes.
        priority: Of the rule that leads there; data identifiers before services.
        identifier: The data identifier; 0 for all packets of the service.
        number: What the mark of such packets says, 1 to 4095; 0 for all packets of the service.
        packets: `clear`: of these only those that are not encrypted; `encrypted`: packets to the ends of tunnels, after
            encryption, whatever they came in by; empty: all.
    """

    name: str
    service: str
    vrf: str
    table: int
    priority: int
    identifier: int = 0
    number: int = 0
    to: list[SteeredTo] = field(default_factory=list)
    packets: str = ""


@dataclass(slots=True)
class EdgeTag:
    """Flows whose packets get a data identifier where they enter the network, and lose it where they leave.

    Attributes:
        service: The service.
        interfaces: The attachments of it on this device.
        identifier: The data identifier.
        protocol: `tcp`, `udp`, `icmp` or `any`.
        ports: Ports of the side that answers; any when none.
        prefixes: Addresses of that side, of both versions; any when none.
        blocks: The service's IPv4 block and IPv6 block. The nth /28 of the one and the nth /64 of the other are of one
            end, and hosts have the same last number in both: so IPv4 packets find their way inside IPv6.
    """

    service: str
    interfaces: list[str]
    identifier: int
    protocol: str
    ports: list[int] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)


@dataclass(slots=True)
class IdentifierOption:
    """How packets carry a data identifier: type of the IPv6 option, its extension headers, length in bits."""

    option: int
    headers: list[int]
    bits: int
