"""Encryption of a device: its lines (MACsec), its tunnels (IPsec, SM4), and where their keys come from (QKD)."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(slots=True)
class MacsecPort:
    """A line that is encrypted by MACsec, its key agreed by MKA (IEEE 802.1X-2020).

    Attributes:
        port: The physical port.
        interface: What carries traffic: all of it goes through MACsec, or nowhere.
        peer: The device at the other end.
        cipher: The cipher suite.
        source: `vault`: the CAK is a secret; `qkd`: the master takes it from its key server, and its key ID is the CKN.
        secret: Name of the secret; empty with `qkd`.
        master: Whether this end starts changes of keys; the other follows.
        priority: Of this end as MKA key server; the lower wins.
        replay_window: Packets by which one may come late.
        open: Whether traffic goes in the clear while there is no key.
        ckn: The name of the CAK in hexadecimal digits; one that follows from it when empty.
    """

    port: str
    interface: str
    peer: str
    cipher: str
    source: str
    secret: str
    master: bool
    priority: int
    replay_window: int
    open: bool = False
    ckn: str = ""


@dataclass(slots=True)
class Tunnel:
    """The encryption of one protection between this device and another.

    Attributes:
        name: `PROTECTION--DEVICE`.
        peer: The other device.
        address: Where its tunnels end: this protection's address on it.
        prefix: The locator of the other device, or its VTEP for EVPN: what is sent there is encrypted.
        master: Whether this end starts: initiates IKE, takes keys from its key server.
        secret: Name of the secret that SM4's keys are derived from, or that is the PPK; empty otherwise.
        ppk_id: What both ends call a PPK that is a secret; empty where the key agent brings it.
        local_prefix: What this device sends from there; empty when it is its own locator, or VTEP.
    """

    name: str
    peer: str
    address: str
    prefix: str
    master: bool
    secret: str = ""
    ppk_id: str = ""
    local_prefix: str = ""


@dataclass(slots=True)
class Protection:
    """Traffic of one service, or of one application or data identifier of it, that is encrypted between devices.

    Packets get the protection's number in their mark where they enter; what leaves for another device with that mark
    must be encrypted. EVPN's are recognised by VXLAN's addresses instead, as its kernel sends them without a mark.

    Attributes:
        name: `SERVICE`, `SERVICE.APPLICATION` or `SERVICE.IDENTIFIER`; `evpn` for all multipoint layer-2 services of a
            device.
        service: The service; empty with `evpn`.
        number: Of the mark, 1 to 2047; its own on the device.
        grade: Its name in the table of grades.
        method: `ipsec` or `sm4`.
        ike: Proposal of the IKE SA.
        esp: Proposal of the child SAs; of SM4 the kernel's names of cipher and digest.
        integrity_bits: Length of the value that authenticates a packet.
        source: Where the PPK, or SM4's key, comes from: `qkd` or `vault`.
        ppk: Whether the IKE SA must have a post-quantum pre-shared key (RFC 8784).
        ml_kem: Whether the key exchange has ML-KEM-768 added (RFC 9370).
        address: Where this device's tunnels of it end.
        vxlan: Whether it is recognised by VXLAN's addresses instead of its mark.
        vnis: VXLANs that it, or another of EVPN on this device, must encrypt; of `vxlan` only.
        ports: Interfaces where its packets enter.
        protocol: Of an application: `tcp` or `udp`.
        app_ports: Of an application: ports of the side that answers.
        identifier: Of a data identifier: the number that its packets carry; 0 otherwise.
        replay_window: Packets by which one may come late.
        tunnels: To whom.
    """

    name: str
    service: str
    number: int
    grade: str
    method: str
    ike: str
    esp: str
    integrity_bits: int
    source: str
    ppk: bool
    ml_kem: bool
    address: str
    vxlan: bool = False
    vnis: list[int] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)
    protocol: str = ""
    app_ports: list[int] = field(default_factory=list)
    replay_window: int = 64
    tunnels: list[Tunnel] = field(default_factory=list)
    identifier: int = 0

    @property
    def whole(self) -> bool:
        """Whether it takes all packets of its service, but for what has a protection of its own."""
        return not self.protocol and not self.identifier


@dataclass(slots=True)
class KeyServer:
    """A key management entity (ETSI GS QKD 014) and the devices that take keys from it."""

    name: str
    site: str
    address: str
    port: int
    devices: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where its interface begins."""
        return f"https://{self.address}:{self.port}/api/v1/keys"


@dataclass(slots=True)
class KeyAgent:
    """What the key agent of a device is told. The device's name is its SAE ID.

    Attributes:
        server: The key server's name, which its certificate must have; empty when no key comes from QKD.
        url: Where its interface begins.
        channel: This device's address, to which the agents of others speak.
        peers: The same of the devices with which it shares keys.
        vrf: Where its key server is reached, if the device has such a VRF.
        rotate_s: Seconds after which a key is replaced.
        hold_s: Seconds that the last key is held beyond that.
    """

    server: str
    url: str
    channel: str
    rotate_s: int
    hold_s: int
    peers: dict[str, str] = field(default_factory=dict)
    vrf: str = "mgmt"

    @property
    def server_at(self) -> tuple[str, int]:
        """Address and port of the key server; nothing and 0 when there is none."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (443 if parts.hostname else 0)
