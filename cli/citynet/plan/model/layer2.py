"""Layer-2 services, and what a device has of them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Vpws:
    """One end of a point-to-point service: frames of `interface` go to `remote`, those for `sid` come out of it.

    `sid` is an End.DX2 (RFC 8986) of this device's locator, `remote` that of the device at the other end, `peer`.
    """

    service: str
    interface: str
    sid: str
    peer: str
    remote: str


@dataclass(slots=True)
class Evi:
    """One multipoint service on one device (EVPN instance, RFC 7432): a bridge with its attachments and one VXLAN.

    `vni` is the VXLAN network identifier and `vtep` the address that tunnels start and end at (RFC 8365).
    """

    service: str
    vni: int
    rd: str
    rt: str
    vtep: str
    interfaces: list[str] = field(default_factory=list)

    @property
    def bridge(self) -> str:
        """Name of the bridge."""
        return f"br{self.vni}"

    @property
    def vxlan(self) -> str:
        """Name of the VXLAN interface."""
        return f"vni{self.vni}"
