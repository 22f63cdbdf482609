"""What IKE of a device is told of its tunnels, worked out for the templates of the section `ipsec`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.platforms.whitebox.device.ipsec import connection
from citynet.platforms.whitebox.key_settings import mark
from citynet.platforms.whitebox.protected import local_prefix

if TYPE_CHECKING:
    from citynet.plan.model import Device, Protection, Tunnel

DPD_S = 4
"""Silence after which a peer is asked whether it lives."""
REKEY_IKE_S, REKEY_CHILD_S = 14400, 3600
"""When IKE and child SAs get new keys, at most; a new PPK comes sooner, by a new IKE SA."""
REKEY_BYTES = {"light": 1 << 36, "strong": 1 << 38, "full": 1 << 38}
"""Bytes after which a child SA gets new keys, far below what its cipher may do under one (RFC 8221, SP 800-38D)."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A tunnel as swanctl takes it: an IKE SA of its own, with one child SA.

    Attributes:
        name: Of the connection and its child.
        protection: What is encrypted.
        tunnel: Between whom.
        local_ts: What this end sends and the other takes; of VXLAN all between VTEPs, which carry nothing else.
        remote_ts: The other way round.
        mark: What its packets get once decrypted.
        steered: Whether its packets are told by that mark, too, when they leave; otherwise by the selectors.
        alone: Whether strongSwan keeps it up by itself; otherwise the key agent does.
        holds: Whether strongSwan holds packets back until it is up, as on a router that only a task describes, which
            has no role; otherwise the packet filter does.
        start: Whether this end starts it before there is a packet, where strongSwan keeps it up.
    """

    name: str
    protection: Protection
    tunnel: Tunnel
    local_ts: str
    remote_ts: str
    mark: str
    steered: bool
    alone: bool
    holds: bool
    start: bool

    @property
    def rekey_bytes(self) -> int:
        """Bytes after which its child SA gets new keys."""
        return REKEY_BYTES[self.protection.grade]


def connections(device: Device) -> list[Connection]:
    """The tunnels of a device that IKE keys."""
    return [
        _connection(device, one, tunnel)
        for one in device.protections
        if one.method == "ipsec"
        for tunnel in one.tunnels
    ]


def has_tunnels(device: Device) -> bool:
    """Whether IKE keys some tunnel of a device."""
    return any(one.method == "ipsec" and one.tunnels for one in device.protections)


def _connection(device: Device, one: Protection, tunnel: Tunnel) -> Connection:
    return Connection(
        name=connection(tunnel.name),
        protection=one,
        tunnel=tunnel,
        local_ts=tunnel.local_prefix or local_prefix(device, one),
        remote_ts=tunnel.prefix,
        mark=mark(one.number) if one.number else "",
        steered=bool(one.number) and not one.vxlan,
        alone=device.keys is None,
        holds=not device.role,
        start=device.keys is None and tunnel.master,
    )
