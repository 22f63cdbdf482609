"""Certificates for tests: an authority, and what it signs, good and bad, as the secrets of a design have them."""

from __future__ import annotations

import base64
import textwrap
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DER = serialization.Encoding.DER


def pem(kind: str, value: str) -> str:
    """A certificate or key as tasks take it, from base64 on one line."""
    return "\n".join([f"-----BEGIN {kind}-----", *textwrap.wrap(value, 64), f"-----END {kind}-----", ""])


@dataclass
class Authority:
    """Signs for devices."""

    name: str = "test authority"
    _key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP384R1()))

    @property
    def certificate(self) -> str:
        """Its own, in base64."""
        return _base64(self._signed(self.name, self._key, 365, authority=True).public_bytes(DER))

    def issue(self, device: str, days: int = 365) -> tuple[str, str]:
        """Certificate and key of a device; expired, when `days` are less than none."""
        key = ec.generate_private_key(ec.SECP384R1())
        signed = self._signed(device, key, days, authority=False)
        return _base64(signed.public_bytes(DER)), _private(key)

    def secrets(self, *devices: str) -> dict[str, str]:
        """All that a design needs of it."""
        found = {"pki/ca": self.certificate, "pki/ca-key": _private(self._key)}
        for device in devices:
            found[f"pki/{device}/certificate"], found[f"pki/{device}/key"] = self.issue(device)
        return found

    def _signed(self, subject: str, key: ec.EllipticCurvePrivateKey, days: int, *, authority: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(subject))
            .issuer_name(_name(self.name))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=30))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if not authority:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
        return builder.sign(self._key, hashes.SHA384())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    return _base64(key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
