"""Ports, the lines that join them, and the hosts at their ends."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class PortKind(enum.StrEnum):
    """What a port leads to."""

    LINK = "link"
    ATTACHMENT = "attachment"
    INTERCONNECT = "interconnect"
    EXIT = "exit"


@dataclass(slots=True)
class Port:
    """A physical port of a device or host; `addresses` carry a length (`10.1.0.1/28`).

    With a `vlan` only frames with that tag (802.1Q) count, and `interface` is where they are without it. With `macsec`
    all that it carries is encrypted on the line, and `interface` is where it is in the clear; with `ike` likewise, and
    only IKE and ESP pass the port itself. `police_kbps` is what may pass in each direction, in kbit/s; 0 when nothing
    limits it.
    """

    name: str
    kind: PortKind
    line: str
    peer: str
    peer_port: str
    vrf: str = ""
    addresses: list[str] = field(default_factory=list)
    police_kbps: int = 0
    vlan: int = 0
    macsec: bool = False
    ike: bool = False

    @property
    def interface(self) -> str:
        """The Linux interface that carries the port's service."""
        if self.macsec:
            return f"{self.name}s"
        if self.ike:
            return f"{self.name}i"
        return f"{self.name}v{self.vlan}" if self.vlan else self.name


@dataclass(slots=True)
class LineEnd:
    """A node (device or host) and its port."""

    node: str
    port: str


@dataclass(slots=True)
class Line:
    """Something that joins two ports. `fibres` in order from `a` to `b`; empty inside a site.

    `rate_gbps` and `metric` are those of links; 0 on other lines.
    """

    name: str
    kind: PortKind
    a: LineEnd
    b: LineEnd
    domain: str
    fibres: list[str] = field(default_factory=list)
    length_km: float = 0.0
    delay_us: float = 0.0
    risk_groups: list[str] = field(default_factory=list)
    rate_gbps: int = 0
    metric: int = 0


@dataclass(slots=True)
class Homing:
    """A host with a second device: eBGP to both, and addresses on its loopback that both know the way to."""

    asn: int
    secret: str
    backup: str
    port: Port
    addresses: list[str]


@dataclass(slots=True)
class Host:
    """A participant's host: a port and default routes to its device (none in layer 2), or two devices (`homing`)."""

    name: str
    participant: str
    service: str
    domain: str
    device: str
    management: str
    port: Port
    gateways: list[str]
    homing: Homing | None = None

    @property
    def devices(self) -> list[str]:
        """The devices it hangs on, the preferred one first."""
        return [self.device, self.homing.backup] if self.homing else [self.device]

    @property
    def ports(self) -> list[Port]:
        """Its ports, in the order of its devices."""
        return [self.port, self.homing.port] if self.homing else [self.port]

    @property
    def addresses(self) -> list[str]:
        """Its addresses in the service, with the length of their prefixes."""
        return self.homing.addresses if self.homing else self.port.addresses

    def address(self, version: int) -> str:
        """Its service address without length, for IP version 4 or 6."""
        for text in self.addresses:
            if (":" in text) == (version == 6):
                return text.split("/")[0]
        raise KeyError(version)
