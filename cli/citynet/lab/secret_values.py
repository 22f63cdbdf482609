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

_VAULT = "$ANSIBLE_VAULT"
_BYTES = 16  # hexadecimal: 32 characters, which every routing protocol's key field takes


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
        values |= {name: secrets.token_hex(_BYTES) for name in missing}
        write_whole(path, yaml.safe_dump(values, sort_keys=True), mode=0o600)
    return missing
