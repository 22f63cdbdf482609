"""Secrets of a lab: made at random where the design's folder has none yet."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import yaml

from citynet.errors import InputError, Problem
from citynet.files import alone_in, write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from citynet.lab.authority import Authority

_VAULT = "$ANSIBLE_VAULT"
_BYTES = 16  # hexadecimal: 32 characters, which every routing protocol's key field takes
_KEY_BYTES = 32  # hexadecimal: a key of 256 bits
_KEYS = ("macsec/", "sm4/")
PKI = "pki/"
CA, CA_KEY = "pki/ca", "pki/ca-key"
"""The authority's certificate and key; the key signs for devices that come later, and no device gets it."""


def complete(path: Path, names: Iterable[str]) -> list[str]:
    """Add a random value for each secret that the file lacks; returns the names added. A vault is left alone.

    Raises:
        InputError: The file is no mapping of names to values.
    """
    with alone_in(path.parent):
        return _complete(path, names)


def known(path: Path) -> dict[str, str]:
    """The values that stand there in the clear; none of a vault."""
    text = path.read_text() if path.exists() else ""
    return {} if text.startswith(_VAULT) else yaml.safe_load(text) or {}


def _complete(path: Path, names: Iterable[str]) -> list[str]:
    text = path.read_text() if path.exists() else ""
    if text.startswith(_VAULT):
        return []
    try:
        values = yaml.safe_load(text) or {}
    except yaml.YAMLError:
        values = None
    if not isinstance(values, dict):
        # What stands in there is not quoted: it is secret.
        raise InputError([Problem(str(path), 0, "is no mapping", "secrets as NAME: value")])
    missing = [name for name in names if name not in values]
    if missing:
        pki = [name for name in missing if name.startswith(PKI)]
        if pki:
            values |= _certificates(path, pki, values)
        values |= {name: secrets.token_hex(_length(name)) for name in missing if name not in values}
        write_whole(path, yaml.safe_dump(values, sort_keys=True, width=1 << 16), mode=0o600)
    return missing


def _length(name: str) -> int:
    return _KEY_BYTES if name.startswith(_KEYS) else _BYTES


def _certificates(path: Path, missing: list[str], values: dict[str, str]) -> dict[str, str]:
    """Certificates and keys that are missing; a device that lacks one of both gets both anew."""
    from citynet.lab.authority import Authority  # noqa: PLC0415 - only labs with certificates need it

    made: dict[str, str] = {}
    if CA not in values:
        authority = Authority.make("citynet lab authority")
        made |= {CA: authority.certificate_der, CA_KEY: authority.key_der}
    else:
        authority = authority_of(path, values)
    for device in sorted({name.split("/")[1] for name in missing if name != CA}):
        signed = authority.sign_host(device)
        made |= {f"{PKI}{device}/certificate": signed.certificate_der, f"{PKI}{device}/key": signed.key_der}
    return made


def authority_of(path: Path, values: dict[str, str]) -> Authority:
    """The authority that stands in the secrets.

    Raises:
        InputError: Its key is missing, or does not fit.
    """
    from citynet.lab.authority import Authority  # noqa: PLC0415 - as above

    wanted = f"'{CA}' and '{CA_KEY}', a pair, DER in base64 on one line"
    hint = "without 'pki/*' the lab makes an authority of its own"
    if CA not in values or CA_KEY not in values:
        lacking = CA_KEY if CA in values else CA
        raise InputError([Problem(str(path), 0, f"holds no secret '{lacking}'", wanted, hint)])
    try:
        return Authority.of(values[CA], values[CA_KEY])
    except (ValueError, TypeError):
        raise InputError([Problem(str(path), 0, f"secrets '{CA}' and '{CA_KEY}' are no pair", wanted, hint)]) from None
