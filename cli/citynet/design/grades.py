"""The one table of encryption: which level and class of data get what, on lines and from end to end.

From the report: L2 lines are encrypted with classic ciphers, L3 with keys from QKD, L4 with post-quantum exchange (3.2,
table 3-2); the strength follows the class of the data, `core` being encrypted with SM4 in full or with the strongest
international suite, general data with something light (4.2.1, xSEC); 256-bit digests against tampering and replay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from citynet.design.types.words import DataClass, Level

if TYPE_CHECKING:
    from citynet.design.types import Application, City, Domain, Service, Steering

KeySource = Literal["vault", "qkd"]
_IPV6_BYTES, _ESP_BYTES = 40, 8


@dataclass(frozen=True, slots=True)
class LineGrade:
    """What a line between sites has.

    Attributes:
        cipher: MACsec cipher suite (IEEE 802.1AE), as Linux names it.
        source: Where its CAK comes from.
    """

    cipher: Literal["gcm-aes-128", "gcm-aes-256"]
    source: KeySource


@dataclass(frozen=True, slots=True)
class ServiceGrade:
    """What the traffic of a service has between the devices at its ends.

    Attributes:
        name: Its name; `GRADES` has them in order of strength.
        method: IKEv2 and ESP, or ESP with SM4 and SM3 whose keys the device's key agent places.
        ike: Proposal of the IKE SA, as strongSwan takes it; empty without IKE.
        esp: Proposal of its child SAs; of SM4 the kernel's names.
        integrity_bits: Length of the value that authenticates a packet.
        source: `qkd`: a post-quantum pre-shared key (RFC 8784), or SM4's keys, from QKD; `vault`: none of QKD.
        ml_kem: Whether the key exchange has ML-KEM-768 added (RFC 9370).
    """

    name: str
    method: Literal["ipsec", "sm4"]
    ike: str
    esp: str
    integrity_bits: int
    source: KeySource
    ml_kem: bool

    @property
    def ppk(self) -> bool:
        """Whether the IKE SA must have a post-quantum pre-shared key."""
        return self.method == "ipsec" and self.source == "qkd"

    @property
    def most_bytes(self) -> int:
        """By how much a packet grows at most: outer IPv6 header, and ESP as its cipher has it (RFC 4303, 2).

        That is SPI and sequence number, an initialisation vector, up to a block of padding with its two bytes, and the
        value that authenticates it all: AES-GCM has 8, 4 and 16 (RFC 4106), ciphers in CBC mode with a digest of
        256 bits 16, 16 and 32 (RFC 3602, RFC 4868).
        """
        vector, block, digest = (8, 4, 16) if self.name == "light" and self.method == "ipsec" else (16, 16, 32)
        return _IPV6_BYTES + _ESP_BYTES + vector + block + 1 + digest


LINES: dict[Level, LineGrade | None] = {
    Level.L1: None,
    Level.L2: LineGrade("gcm-aes-128", "vault"),
    Level.L3: LineGrade("gcm-aes-256", "qkd"),
    Level.L4: LineGrade("gcm-aes-256", "qkd"),
}
"""What the lines between sites of a domain have, by its level: they carry data of every class."""

GRADES = ("light", "strong", "full")
"""Grades of services from weak to strong."""

SERVICES: dict[Level, dict[DataClass, str]] = {
    Level.L1: {},
    Level.L2: {DataClass.COMMERCIAL: "light"},
    Level.L3: {DataClass.COMMERCIAL: "light", DataClass.IMPORTANT: "strong", DataClass.CORE: "full"},
    Level.L4: {DataClass.COMMERCIAL: "light", DataClass.IMPORTANT: "full", DataClass.CORE: "full"},
}
"""The grade of a service by the level of its domain and the class of its data; a class that is missing has none."""

_ML_KEM = "-ke1_mlkem768"
_LIGHT, _STRONG = "aes128gcm16-prfsha256-x25519", "aes256-sha512-ecp384"
_STRONG_ESP = "aes256-sha512"  # HMAC-SHA-512-256 (RFC 4868): 256 bits
_SM4 = "cbc(sm4)/hmac(sm3)"


def suite(name: str, level: Level, algorithms: str) -> ServiceGrade:
    """What a grade is made of at a level; from L4 on every key exchange has ML-KEM."""
    quantum: KeySource = "vault" if name == "light" and level < Level.L3 else "qkd"
    if algorithms == "national":
        return ServiceGrade(name, "sm4", "", _SM4, 256, quantum, ml_kem=False)
    ml_kem = name == "full" or level is Level.L4
    more = _ML_KEM if ml_kem else ""
    if name == "light":
        return ServiceGrade(name, "ipsec", _LIGHT + more, f"aes128gcm16-x25519{more}-esn", 128, "vault", ml_kem)
    return ServiceGrade(name, "ipsec", _STRONG + more, f"{_STRONG_ESP}-ecp384{more}-esn", 256, quantum, ml_kem)


def level_of(domain: Domain) -> Level:
    """The level whose encryption a domain has."""
    return domain.encryption or domain.level


def line_grade(domain: Domain) -> LineGrade | None:
    """What the lines between sites of a domain have; None when they are in the clear."""
    return LINES[level_of(domain)]


def service_grade(city: City, service: Service, application: Application | None = None) -> ServiceGrade | None:
    """What a service has, or an application of it; None when it is in the clear but for its lines."""
    domain = city.domains[service.domain]
    level = level_of(domain)
    due = SERVICES[level].get((application or service).data_class)
    wished = None if application else service.encryption
    names = [name for name in (due, wished) if name is not None]
    if not names:
        return None
    return suite(max(names, key=GRADES.index), level, domain.algorithms)


def identifier_grade(
    city: City, service: Service, data_class: DataClass | None = None, asked: str | None = None
) -> ServiceGrade | None:
    """What packets with a data identifier have in a service: never less than those without one.

    Args:
        city: The design.
        service: Where they travel.
        data_class: Class of the identifier's data, where it is known.
        asked: The grade that the service asks for them.
    """
    domain = city.domains[service.domain]
    level = level_of(domain)
    own = service_grade(city, service)
    names = [own.name if own else None, SERVICES[level].get(data_class) if data_class else None, asked]
    known = [name for name in names if name is not None]
    return suite(max(known, key=GRADES.index), level, domain.algorithms) if known else None


def steering_class(city: City, item: Steering) -> DataClass | None:
    """The class of the data of an identifier that a service steers; None where it is a bare number."""
    one = city.identifiers.get(item.data or "")
    return one.data_class if one else None


def stands_apart(city: City, service: Service, data_class: DataClass | None = None, asked: str | None = None) -> bool:
    """Whether packets with a data identifier need a protection of their own in a service.

    They do when the service has less than their class is due, or is asked for them; and when one of its applications
    has, whose ports they could have.
    """
    by_class = SERVICES[level_of(city.domains[service.domain])].get(data_class) if data_class else None
    due = max((GRADES.index(name) for name in (by_class, asked) if name is not None), default=-1)
    own = service_grade(city, service)
    others = [service_grade(city, service, one) for one in service.applications]
    weakest = min([own, *(one for one in others if one is not None)], key=_rank)
    return _rank(weakest) < due


def _rank(grade: ServiceGrade | None) -> int:
    return GRADES.index(grade.name) if grade else -1
