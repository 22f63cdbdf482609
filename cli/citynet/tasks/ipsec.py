"""IPsec tunnels of a router: IKEv2 with certificates, post-quantum key exchange and pre-shared keys."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import pydantic
from pydantic import AfterValidator, Field

from citynet.design.grades import suite
from citynet.design.types.words import Level
from citynet.plan.model import KeyAgent, Protection, Tunnel
from citynet.tasks.base import Ipv6, KeySource, Part, Prefix6, Task, Word

if TYPE_CHECKING:
    from collections.abc import Callable

    from citynet.plan.model import Device

_PEM = re.compile(r"\s*-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+)-----END \1-----\s*")
_PROPOSAL = r"^[a-z0-9]+(-[a-z0-9_]+)+$"
_DER_SEQUENCE = 0x30


def _pem(kind: str, hint: str) -> Callable[[str], str]:
    """A check that a text is one PEM block of a kind; what it becomes is its base64, on one line."""

    def check(text: str) -> str:
        found = _PEM.fullmatch(text)
        if found is None or found[1] != kind:
            raise ValueError(f"is not one PEM block BEGIN {kind}{hint}")
        joined = "".join(found[2].split())
        try:
            data = base64.b64decode(joined, validate=True)
        except binascii.Error:
            data = b""
        if data[:1] != bytes([_DER_SEQUENCE]):
            raise ValueError(f"PEM block BEGIN {kind} holds no DER in base64")
        return joined

    return check


def _ppk(text: str) -> str:
    """RFC 8784, 6: 256 bits at least, so that 128 are left against a quantum computer."""
    if not re.fullmatch(r"(?:[0-9a-fA-F]{2}){32,128}", text):
        raise ValueError("is not 64 to 256 hexadecimal digits, two for each byte (RFC 8784 asks for 256 bits)")
    return text.lower()


Certificate = Annotated[str, AfterValidator(_pem("CERTIFICATE", ""))]
PrivateKey = Annotated[
    str, AfterValidator(_pem("PRIVATE KEY", " (PKCS #8, not encrypted: openssl pkcs8 -topk8 -nocrypt makes one)"))
]


class IpsecTunnel(Part):
    """A tunnel to another router."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$")]
    peer: Word
    local: Ipv6
    remote: Ipv6
    local_prefix: Prefix6
    remote_prefix: Prefix6
    initiate: bool = False
    grade: Literal["light", "strong", "full"] = "full"
    ike: Annotated[str, Field(pattern=_PROPOSAL)] | None = None
    esp: Annotated[str, Field(pattern=_PROPOSAL)] | None = None
    mark: Annotated[int, Field(ge=0, le=2047)] = 0
    replay_window: Annotated[int, Field(ge=1, le=4096)] = 64
    key_source: KeySource = "vault"
    ppk_id: Word | None = None
    ppk: Annotated[str, AfterValidator(_ppk)] | None = None

    @property
    def planned_name(self) -> str:
        """As the plan has it: key agents tell each other the part of the name that both ends share."""
        return f"{self.name}--{self.peer}" if self.key_source == "qkd" else self.name


class IpsecTunnels(Task):
    """All IPsec tunnels of a router; see `plan.model.Protection`."""

    technology: ClassVar[str] = "ipsec"
    sections: ClassVar[tuple[str, ...]] = ("ipsec", "keys")

    identity: Word
    ca: Certificate
    certificate: Certificate
    private_key: PrivateKey
    tunnels: Annotated[list[IpsecTunnel], Field(min_length=1)]

    @pydantic.model_validator(mode="after")
    def _fits(self) -> Self:
        wrong = [text for one in self.tunnels for text in self._wrong(one)]
        for what, values in (
            ("name", [one.name for one in self.tunnels]),
            ("PPK ID", [one.ppk_id for one in self.tunnels if one.ppk_id]),
            ("pair", [f"{one.local} and {one.remote}" for one in self.tunnels]),
        ):
            wrong += [f"{what} {value} stands twice" for value in sorted({v for v in values if values.count(v) > 1})]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @staticmethod
    def _wrong(one: IpsecTunnel) -> list[str]:
        found = []
        if one.key_source == "qkd" and (one.ppk or one.ppk_id):
            found.append(f"{one.name}: keys from QKD bring their names with them, expected neither ppk nor ppk_id")
        elif bool(one.ppk) != bool(one.ppk_id):
            found.append(f"{one.name}: ppk and ppk_id belong together")
        if one.local == one.remote:
            found.append(f"{one.name}: both ends have the address {one.local}")
        if one.local_prefix == one.remote_prefix:
            found.append(f"{one.name}: both ends have the prefix {one.local_prefix}")
        return found

    def fill(self, device: Device) -> None:
        """A protection for each tunnel, as no two need agree in anything; the key agent only where it brings keys."""
        device.name = self.identity
        device.protections = [self._protection(one) for one in self.tunnels]
        if any(one.key_source == "qkd" for one in self.tunnels):
            device.keys = KeyAgent("", "", "", 0, 0)

    @staticmethod
    def _protection(one: IpsecTunnel) -> Protection:
        grade = suite(one.grade, Level.L3, "international")
        made = Protection(
            name=one.name,
            service=one.name,
            number=one.mark,
            grade=grade.name,
            method="ipsec",
            ike=one.ike or grade.ike,
            esp=one.esp or grade.esp,
            integrity_bits=grade.integrity_bits,
            source=one.key_source,
            ppk=bool(one.ppk) or one.key_source == "qkd",
            ml_kem="mlkem" in (one.ike or grade.ike),
            address=one.local,
            replay_window=one.replay_window,
        )
        made.tunnels = [
            Tunnel(
                name=one.planned_name,
                peer=one.peer,
                address=one.remote,
                prefix=one.remote_prefix,
                master=one.initiate,
                secret=f"ppk/{one.name}" if one.ppk else "",
                ppk_id=one.ppk_id or "",
                local_prefix=one.local_prefix,
            )
        ]
        return made

    def secrets(self) -> dict[str, str]:
        """Certificates, key and PPKs, by the names that the platform has for them."""
        own = {"certificate": self.certificate, "key": self.private_key}
        found = {"pki/ca": self.ca, **{f"pki/{self.identity}/{what}": value for what, value in own.items()}}
        return found | {f"ppk/{one.name}": one.ppk for one in self.tunnels if one.ppk}
