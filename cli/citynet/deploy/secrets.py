"""Values of secrets: read from a file that nobody else can read, kept in memory only."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

import yaml

from citynet.deploy.pki import problems
from citynet.errors import InputError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VAULT_HEADER = b"$ANSIBLE_VAULT;"
# Whatever is pasted into a configuration must not be able to end its line or word.
_VALUE = re.compile(r"^[\x21-\x7e]{1,255}$")
_MACSEC, _CAK = "macsec/", re.compile(r"^([0-9a-f]{32}|[0-9a-f]{64})$")
_PKI, _DER = "pki/", re.compile(r"^[A-Za-z0-9+/]{1,8192}={0,2}$")
"""Certificates and their keys: longer, DER in base64 on one line."""

# Ansible forks its workers after the inventory was read: what is decrypted once is there in all of them.
_READ: dict[tuple[Path, int], dict[str, str]] = {}


def load(path: Path, open_vault: Callable[[Path], bytes] | None = None) -> dict[str, str]:
    """The secrets of a file, by name.

    Args:
        path: A YAML mapping NAME: value of mode 0600, as it is or as an Ansible Vault.
        open_vault: Decrypts a vault file; None when no vault password is at hand.

    Raises:
        InputError: The file is missing, readable by others, a vault that cannot be opened, or no such mapping.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise _problem(
            path, f"cannot be read: {error.strerror}", "secrets as NAME: value", "`citynet lab up` makes them for a lab"
        ) from error
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise _problem(path, f"has mode {stat.S_IMODE(found.st_mode):04o}", "0600", f"chmod 0600 {path}")
    key = (path, found.st_mtime_ns)
    if key not in _READ:
        _READ[key] = _parse(path, _open(path, open_vault))
    return _READ[key]


def is_vault(path: Path) -> bool:
    """Whether a file is an Ansible Vault."""
    try:
        with path.open("rb") as file:
            return file.read(len(VAULT_HEADER)) == VAULT_HEADER
    except OSError:
        return False


def select(values: dict[str, str], names: list[str], path: Path) -> dict[str, str]:
    """Those that a device needs.

    Raises:
        InputError: Some are missing, or are not the key or certificate that they should be.
    """
    missing = [name for name in names if name not in values]
    if missing:
        raise InputError([Problem(str(path), 0, f"holds no secret '{name}'", "a value for it") for name in missing])
    chosen = {name: values[name] for name in names}
    wrong = [*_wrong_caks(values, names, path)]
    wrong += [Problem(str(path), 0, f"secret '{name}' {what}", expected) for name, what, expected in problems(chosen)]
    if wrong:
        raise InputError(wrong)
    return chosen


def _wrong_caks(values: dict[str, str], names: list[str], path: Path) -> Iterator[Problem]:
    """Keys of lines (MACsec) that are none, or that two lines have: their names (CKN) would be the same, too."""
    first: dict[str, str] = {}
    for name in names:
        value = values[name].lower()
        if not name.startswith(_MACSEC):
            continue
        if not _CAK.match(value):
            what = f"secret '{name}' is no CAK: it has {len(value)} characters"
            yield Problem(str(path), 0, what, "32 or 64 hexadecimal digits", "`openssl rand -hex 32`")
        elif first.setdefault(value, name) != name:
            what = f"secret '{name}' is that of '{first[value]}'"
            yield Problem(str(path), 0, what, "a CAK of its own for each line", "`openssl rand -hex 32`")


def _open(path: Path, open_vault: Callable[[Path], bytes] | None) -> bytes:
    content = path.read_bytes()
    if not content.startswith(VAULT_HEADER):
        return content
    if open_vault is None:
        raise _problem(path, "is an Ansible Vault", "a vault password", "--vault-id or ANSIBLE_VAULT_PASSWORD_FILE")
    return open_vault(path)


def _parse(path: Path, content: bytes) -> dict[str, str]:
    try:
        values = yaml.safe_load(content)
    except yaml.YAMLError:
        # The parser's message would quote the text.
        raise _problem(path, "is no YAML", "secrets as NAME: value") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise _problem(path, "is no mapping", "secrets as NAME: value")
    wrong = [
        Problem(str(path), 0, f"secret '{name}' has a value that cannot stand in a configuration", _expected(str(name)))
        for name, value in values.items()
        if not isinstance(value, str) or not _form(str(name)).fullmatch(value)
    ]
    if wrong:
        raise InputError(wrong)
    return {str(name): value for name, value in values.items()}


def _form(name: str) -> re.Pattern[str]:
    return _DER if name.startswith(_PKI) else _VALUE


def _expected(name: str) -> str:
    if name.startswith(_PKI):
        return "DER in base64, on one line (the key as PKCS #8)"
    return "1 to 255 printable ASCII characters without spaces, as text"


def _problem(path: Path, what: str, expected: str, hint: str = "") -> InputError:
    return InputError([Problem(str(path), 0, what, expected, hint)])
