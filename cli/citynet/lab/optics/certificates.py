"""Certificates of a lab's optical controller: an authority of the lab's own, a server's, a client's."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from citynet.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

_LIFE = timedelta(days=365)  # longer than any lab runs


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where they are, in PEM; keys have mode 0600."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The authority's certificate."""
        return self.folder / "ca.pem"

    def certificate(self, who: str) -> Path:
        """The certificate of `server` or `client`."""
        return self.folder / f"{who}.pem"

    def key(self, who: str) -> Path:
        """Its key."""
        return self.folder / f"{who}.key"


def make(folder: Path, name: str, address: str) -> Certificates:
    """Make them for the controller at an IP address; the authority's key is kept nowhere."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Certificates(folder)
    ca_key = ec.generate_private_key(ec.SECP256R1())
    ca_name = _name(f"{name} lab authority")
    ca = _certificate(ca_name, ca_name, ca_key.public_key(), ca_key, x509.BasicConstraints(ca=True, path_length=0))
    write_whole(made.ca, _pem(ca))
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    usages = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}
    for who, usage in usages.items():
        key = ec.generate_private_key(ec.SECP256R1())
        extras: list[x509.ExtensionType] = [x509.ExtendedKeyUsage([usage])]
        extras += [names] if who == "server" else []
        signed = _certificate(
            _name(f"{name} {who}"),
            ca_name,
            key.public_key(),
            ca_key,
            x509.BasicConstraints(ca=False, path_length=None),
            *extras,
        )
        write_whole(made.certificate(who), _pem(signed))
        write_whole(made.key(who), _key_pem(key), mode=0o600)
    return made


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text[:64])])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    constraints: x509.BasicConstraints,
    *extras: x509.ExtensionType,
) -> x509.Certificate:
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFE)
        .add_extension(constraints, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .add_extension(_usage(authority=constraints.ca), critical=True)
    )
    for extra in extras:
        builder = builder.add_extension(extra, critical=False)
    return builder.sign(signer, hashes.SHA256())


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


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
