"""Trusted access: the roles and tasks that rights follow from, and the ports of a device that are closed till then."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class PlannedRole:
    """A role; `schedule` is when it holds: spans of minutes since Monday 00:00 of UTC, ends excluded.

    `hosts` are all that have it; `services`, `zones` and `devices` are those where it holds, any where empty.
    """

    name: str
    title: str
    hosts: list[str]
    services: list[str]
    zones: list[str]
    devices: list[str]
    states: list[str]
    identifiers: list[str]
    schedule: list[tuple[int, int]]


@dataclass(slots=True)
class PlannedTask:
    """A task: more identifiers for its roles while its schedule holds."""

    name: str
    title: str
    roles: list[str]
    identifiers: list[str]
    schedule: list[tuple[int, int]]


@dataclass(slots=True)
class AccessServer:
    """An authentication server, and the UDP port on which it answers."""

    name: str
    address: str
    port: int = 1812


@dataclass(slots=True)
class PlannedAccess:
    """What the servers decide by."""

    servers: list[AccessServer]
    roles: dict[str, PlannedRole] = field(default_factory=dict)
    tasks: dict[str, PlannedTask] = field(default_factory=dict)


@dataclass(slots=True)
class AccessTunnel:
    """The tunnel by which a host gets on: `near` and `far` are its ends on the cable, IPv4 link-local.

    `number` is that of its XFRM interface (if_id), and `inner` has the addresses of the host, which alone may be in it.
    """

    near: str
    far: str
    number: int
    inner: list[str]


@dataclass(slots=True)
class AccessPort:
    """A port that lets nothing pass until a server lets on who is behind it; `host` is who should be.

    With a `tunnel` its host gets on by IKE, and `interface` is where its packets are in the clear; otherwise by 802.1X.
    """

    port: str
    interface: str
    host: str
    tunnel: AccessTunnel | None = None


@dataclass(slots=True)
class DeviceAccess:
    """Access at a device.

    Attributes:
        servers: Who is asked, the preferred one first.
        secret: Name of the secret that device and servers share.
        recheck_s: Seconds after which a server is asked again about who is on.
        hold_s: Seconds that who is on stays beyond that while none answers.
        bits: Length of data identifiers; 0 when there are none, so that rights bind no identifiers.
        vrf: Where the servers are reached, if the device has such a VRF.
        ports: The ports.
        tunnel_vrf: The VRF of the ports whose hosts get on by IKE, and of nothing else; empty when there are none.
    """

    servers: list[AccessServer]
    secret: str
    recheck_s: int
    hold_s: int
    bits: int = 0
    vrf: str = "mgmt"
    ports: list[AccessPort] = field(default_factory=list)
    tunnel_vrf: str = ""

    @property
    def tunnels(self) -> list[AccessPort]:
        """The ports whose hosts get on by IKE."""
        return [port for port in self.ports if port.tunnel is not None]
