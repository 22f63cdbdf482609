"""IS-IS, SRv6 and iBGP of a device."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class UnderlayInterface:
    """One IS-IS point-to-point interface."""

    port: str
    metric: int


@dataclass(slots=True)
class Underlay:
    """IS-IS level 2, IPv6, authenticated (HMAC-MD5, RFC 5304) with BFD.

    `bfd_interval_ms` × `bfd_multiplier` is the time to notice a silent loss.
    """

    net: str
    loopback: str
    router_id: str
    secret: str
    interfaces: list[UnderlayInterface] = field(default_factory=list)
    mtu: int = 9000
    hello_interval_s: int = 1
    bfd_interval_ms: int = 100
    bfd_multiplier: int = 3


@dataclass(slots=True)
class Srv6:
    """The device's uSID locator (f3216: 32-bit block, 16-bit node, 16-bit function)."""

    locator: str
    prefix: str
    source_address: str

    @property
    def block(self) -> str:
        """The /32 that all locators of the domain lie in."""
        return ":".join(self.prefix.split(":")[:2]) + "::/32"


@dataclass(slots=True)
class StaticSid:
    """A SID with a fixed address (`fd01:1:4:fe00::`), so that other devices can name it in a segment list.

    `behavior` is `uDT46` or `uDT6` (RFC 8986, RFC 9800); `vrf` is empty for the main table.
    """

    address: str
    behavior: str
    vrf: str = ""


@dataclass(slots=True)
class BgpNeighbor:
    """An iBGP neighbour; `client` when this device reflects routes to it."""

    name: str
    address: str
    client: bool = False


@dataclass(slots=True)
class Bgp:
    """iBGP carrying VPN routes, TCP-MD5 with the named secret; `evpn` when it carries layer-2 routes too (RFC 7432)."""

    asn: int
    router_id: str
    secret: str
    neighbors: list[BgpNeighbor] = field(default_factory=list)
    evpn: bool = False
