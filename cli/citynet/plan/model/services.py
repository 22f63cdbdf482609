"""Services, and what a device has of them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class VrfPeer:
    """An eBGP neighbour inside a VRF: the far side of an interconnect, or the router of a dual-homed site.

    One IPv6 session carries IPv4 routes too (RFC 8950), so the line needs no IPv4 addresses.

    Attributes:
        name: The device or host.
        asn: Its autonomous system.
        address: Its address on the line.
        secret: Name of the session's key (TCP-MD5).
        port: The port to a site; empty at an interconnect.
        prefixes: The only ones that a site may bring; empty at an interconnect.
        backup: Whether another device is preferred for the site.
        max_routes: Routes of each IP version that the neighbour may bring; 0: any number.
    """

    name: str
    asn: int
    address: str
    secret: str
    port: str = ""
    prefixes: list[str] = field(default_factory=list)
    backup: bool = False
    max_routes: int = 0


@dataclass(slots=True)
class VrfLeak:
    """A route of a VRF that leads into another VRF of the device: a hub and its spokes on one device.

    `gateway` is a next hop in that VRF; without one the packet is looked up in that VRF again.
    """

    prefix: str
    vrf: str
    gateway: str = ""


@dataclass(slots=True)
class Vrf:
    """One layer-3 service on one device, or one spoke of it: End.DT46 per VRF.

    `rt` is the route target that its routes carry, `imports` those that it takes; `gateways` are the next hops of its
    default routes to the internet, at the device where the service's exit is. What goes to `rejects` and has no better
    route is refused.
    """

    name: str
    service: str
    table: int
    rd: str
    rt: str
    imports: list[str]
    ports: list[str] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    peers: list[VrfPeer] = field(default_factory=list)
    gateways: list[str] = field(default_factory=list)
    leaks: list[VrfLeak] = field(default_factory=list)
    rejects: list[str] = field(default_factory=list)


@dataclass(slots=True)
class PlannedApplication:
    """Flows of a service with data of a class of their own, known by the ports of the side that answers."""

    name: str
    data_class: str
    protocol: str
    ports: list[int] = field(default_factory=list)


@dataclass(slots=True)
class PlannedBinding:
    """What packets of a service with one data identifier have of their own; what is empty the service says.

    Attributes:
        name: The identifier, or its number where it has no name.
        number: As packets carry it.
        data_class: The class of its data; empty where it is not known.
        path: A path.
        slice: A slice.
        bandwidth_mbps: What each end may send with it at once; 0 when nothing is planned for.
        encryption: The grade that the service asks for them, at least.
    """

    name: str
    number: int
    data_class: str = ""
    path: str = ""
    slice: str = ""
    bandwidth_mbps: int = 0
    encryption: str = ""


@dataclass(slots=True)
class PlannedService:
    """A service with the hosts on it; `vrf` is that of a layer-3 one (`l3vpn`), empty on others.

    `bandwidth_mbps` is what each end may send and receive at once; 0 when nothing is planned for. In a hub-and-spoke
    service `spokes` are the hosts that reach the others only, and `spoke_rt` the route target of their routes.
    `encryption` is the grade that it asks for by itself; empty when level and class of data decide alone.
    A `fenced` one carries packets with a data identifier only; `bindings` are what some identifiers have there.
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
    spokes: list[str] = field(default_factory=list)
    spoke_rt: str = ""
    exit: str = ""
    encryption: str = ""
    applications: list[PlannedApplication] = field(default_factory=list)
    fenced: bool = False
    bindings: list[PlannedBinding] = field(default_factory=list)
    access: bool = False

    def talk(self, one: str, other: str) -> bool:
        """Whether two of its hosts are meant to reach each other: two spokes are not."""
        return one not in self.spokes or other not in self.spokes
