"""Looks at secrets that are certificates or keys before a device gets them: what is wrong, never what they are."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

PKI, CA = "pki/", "pki/ca"
_HEX = re.compile(r"[0-9a-fA-F]+")
_LENGTHS = {"sm4/": (64,)}
"""Hexadecimal digits: what SM4's keys are derived from has 256 bits."""


def problems(values: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """The secret's name, what is wrong with it, and what is expected."""
    for name, value in values.items():
        for prefix, lengths in _LENGTHS.items():
            if name.startswith(prefix) and (what := _not_hex(value, lengths)):
                yield name, what, " or ".join(map(str, lengths)) + " hexadecimal digits"
    if any(name.startswith(PKI) for name in values):
        yield from _certificates(values)


def _not_hex(value: str, lengths: tuple[int, ...]) -> str:
    if not _HEX.fullmatch(value):
        return "is not hexadecimal"
    if len(value) % 2:
        return f"has an odd number of digits, {len(value)}"
    return "" if len(value) in lengths else f"has {len(value)} digits"


def _certificates(values: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    from cryptography import x509  # noqa: PLC0415 - slow to load, and most deployments have none

    read: dict[str, x509.Certificate] = {}
    for name, value in values.items():
        if name == CA or name.endswith("/certificate"):
            try:
                read[name] = x509.load_der_x509_certificate(base64.b64decode(value, validate=True))
            except ValueError:
                yield name, "is no certificate", "DER in base64, on one line"
    for name, certificate in read.items():
        yield from _certificate(name, certificate, read.get(CA))
    for name, value in values.items():
        if name.startswith(PKI) and name.endswith("/key"):
            yield from _key(name, value, read.get(name.removesuffix("key") + "certificate"))


def _certificate(
    name: str, certificate: x509.Certificate, ca: x509.Certificate | None
) -> Iterator[tuple[str, str, str]]:
    now = datetime.now(UTC)
    if certificate.not_valid_after_utc < now:
        yield name, f"expired on {certificate.not_valid_after_utc:%Y-%m-%d}", "a certificate that is valid"
    if certificate.not_valid_before_utc > now:
        yield name, f"is valid from {certificate.not_valid_before_utc:%Y-%m-%d} on", "a certificate that is valid now"
    if name == CA or ca is None:
        return
    try:
        certificate.verify_directly_issued_by(ca)
    except Exception:  # noqa: BLE001 - whatever does not verify
        yield name, f"is not signed by '{CA}'", "a certificate of that authority"
    device = name.split("/")[1]
    if device not in _names(certificate):
        yield name, f"is not {device}'s", f"'{device}' as its only DNS name and its common name"


def _names(certificate: x509.Certificate) -> list[str]:
    """Its DNS name when it has one only, which is its common name, too."""
    from cryptography import x509  # noqa: PLC0415 - loaded already
    from cryptography.x509.oid import NameOID  # noqa: PLC0415

    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    names = found.get_values_for_type(x509.DNSName)
    common = [part.value for part in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return names if len(names) == 1 and names == common else []


def _key(name: str, value: str, certificate: x509.Certificate | None) -> Iterator[tuple[str, str, str]]:
    from cryptography.hazmat.primitives.serialization import load_der_private_key  # noqa: PLC0415 - as above

    expected = "PKCS #8 without a password, DER in base64, on one line"
    try:
        key: PrivateKeyTypes = load_der_private_key(base64.b64decode(value, validate=True), None)
    except (ValueError, TypeError):
        yield name, "is no private key", expected
        return
    if certificate is not None and key.public_key() != certificate.public_key():
        yield name, f"does not fit '{name.removesuffix('key')}certificate'", "the key of that certificate"
