"""A lab's certificate authority: certificates for devices and servers, on P-256, as base64 of DER or as PEM."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

if TYPE_CHECKING:
    from collections.abc import Sequence

LIFE = timedelta(days=365)  # longer than any lab runs
_EARLIER = timedelta(hours=1)  # clocks differ
_BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)


@dataclass(frozen=True, slots=True)
class Signed:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_der(self) -> str:
        """The certificate, DER in base64 on one line."""
        return base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()

    @property
    def key_der(self) -> str:
        """The key, PKCS #8 as DER in base64 on one line."""
        return base64.b64encode(self._key(serialization.Encoding.DER)).decode()

    @property
    def certificate_pem(self) -> str:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """The key as PEM."""
        return self._key(serialization.Encoding.PEM).decode()

    def _key(self, encoding: serialization.Encoding) -> bytes:
        return self.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


@dataclass(frozen=True, slots=True)
class Authority(Signed):
    """Signs certificates."""

    @classmethod
    def make(cls, name: str) -> Authority:
        """A new one."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = _name(name)
        return cls(_signed(subject, key.public_key(), (subject, key), LIFE), key)

    @classmethod
    def of(cls, certificate: str, key: str) -> Authority:
        """The one whose certificate and key these are, DER in base64; ValueError when they are none."""
        found = x509.load_der_x509_certificate(base64.b64decode(certificate, validate=True))
        signer = serialization.load_der_private_key(base64.b64decode(key, validate=True), None)
        if not isinstance(signer, ec.EllipticCurvePrivateKey) or found.public_key() != signer.public_key():
            raise ValueError("the key is not that of the certificate")
        return cls(found, signer)

    def sign(
        self,
        name: str,
        extras: Sequence[x509.ExtensionType] = (),
        usages: Sequence[x509.ObjectIdentifier] = _BOTH,
        life: timedelta = LIFE,
    ) -> Signed:
        """A certificate for a common name, with a key of its own; `extras` such as its names for TLS."""
        key = ec.generate_private_key(ec.SECP256R1())
        more = (x509.ExtendedKeyUsage(usages), *extras)
        by = (self.certificate.subject, self.key)
        return Signed(_signed(_name(name), key.public_key(), by, life, *more), key)

    def sign_host(self, name: str, life: timedelta = LIFE) -> Signed:
        """A certificate of a device or server: its name as common name and as DNS name, for both sides of TLS."""
        return self.sign(name, [x509.SubjectAlternativeName([x509.DNSName(name)])], life=life)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _signed(
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    by: tuple[x509.Name, ec.EllipticCurvePrivateKey],
    life: timedelta,
    *extras: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    issuer, signer = by
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(min(now, now + life) - _EARLIER)
        .not_valid_after(now + life)
        .add_extension(_constraints(authority=subject == issuer), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_usage(authority=subject == issuer), critical=True)
    )
    for extra in extras:
        builder = builder.add_extension(extra, critical=False)
    return builder.sign(signer, hashes.SHA256())


def _constraints(*, authority: bool) -> x509.BasicConstraints:
    return x509.BasicConstraints(ca=authority, path_length=0 if authority else None)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
