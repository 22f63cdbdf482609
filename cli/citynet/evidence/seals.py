"""Seals: heads of a store that somebody else holds, signed by Ed25519 (RFC 8032) where there is a key.

A chain shows that nothing inside it was changed. That its end was not cut off, and that it was not written anew from
some line on, only a seal shows that was taken before and kept where the store's keeper cannot write.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from citynet.errors import Findings, InputError, Problem

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.evidence.findings import Report

_CONTEXT = b"citynet evidence seal 1\n"
"""What is signed before the seal itself, so that no signature of something else is one of a seal."""


class Seal(BaseModel):
    """A store's head at some time.

    Attributes:
        store: Id of the store.
        seq: Number of the last line.
        hash: Its hash.
        day: The day file that it is in.
        records: Records up to there.
        sealed: When, µs since 1970 UTC, by the clock of who sealed.
        key: The public key, 32 octets in hexadecimal; empty without a signature.
        signature: 64 octets in hexadecimal.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    store: str
    seq: int = Field(ge=0)
    hash: str = Field(pattern=r"^[0-9a-f]{64}$")
    day: str
    records: int = Field(ge=0)
    sealed: int = Field(ge=0)
    key: str = Field("", pattern=r"^([0-9a-f]{64})?$")
    signature: str = Field("", pattern=r"^([0-9a-f]{128})?$")

    def signed(self) -> bytes:
        """What the signature is over."""
        return _CONTEXT + self.model_dump_json(exclude={"signature"}).encode()

    def is_true(self) -> bool:
        """Whether the signature is right; True for a seal that has neither key nor signature."""
        if not self.key and not self.signature:
            return True
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key)).verify(
                bytes.fromhex(self.signature), self.signed()
            )
        except (InvalidSignature, ValueError):
            return False
        return True


def seal(report: Report, at: int, key: Ed25519PrivateKey | None = None) -> Seal:
    """The seal of the head that was judged."""
    public = key.public_key().public_bytes_raw().hex() if key is not None else ""
    made = Seal(
        store=report.store,
        seq=report.seq,
        hash=report.digest,
        day=report.day,
        records=report.records,
        sealed=at,
        key=public,
    )
    if key is None:
        return made
    return made.model_copy(update={"signature": key.sign(made.signed()).hex()})


def read(path: Path, trusted: str = "") -> dict[int, Seal]:
    """The seals of a file by line, all with right signatures.

    Args:
        path: One seal a line.
        trusted: The only key that may have signed; empty: any, or none.

    Raises:
        InputError: It cannot be read, or a line is no seal, or not rightly signed.
    """
    findings, found = Findings(), {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise InputError([Problem(str(path), 0, f"cannot be read: {error.strerror}", "a file of seals")]) from error
    for number, line in enumerate(lines, 1):
        try:
            read_seal = Seal.model_validate_json(line)
        except ValidationError:
            findings.add(Problem(str(path), number, "is no seal", "a line that `citynet evidence seal` printed"))
            continue
        if trusted and read_seal.key != trusted:
            what = f"is signed by {read_seal.key}" if read_seal.key else "is not signed"
            findings.add(Problem(str(path), number, f"the seal {what}", f"a signature of {trusted}"))
        elif not read_seal.is_true():
            findings.add(Problem(str(path), number, "the seal's signature is wrong", "", "it was changed"))
        found[number] = read_seal
    findings.raise_if_any()
    if not found:
        raise InputError([Problem(str(path), 0, "holds no seal", "a line that `citynet evidence seal` printed")])
    return found


def keep(path: Path, made: Seal) -> None:
    """Add a seal to a file, and have it on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, made.model_dump_json().encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def new_key(path: Path) -> str:
    """Make a private key (PKCS8 PEM, mode 0600) and beside it `PATH.pub`; the public key in hexadecimal.

    Raises:
        InputError: There is a file already.
    """
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise InputError(
            [Problem(str(path), 0, "is there already", "a new file", "keys are never replaced")]
        ) from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    public = key.public_key()
    path.with_name(f"{path.name}.pub").write_bytes(
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return public.public_bytes_raw().hex()


def private_key(path: Path) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        InputError: It cannot be read, others can read it too, or it is of another kind.
    """
    try:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise InputError([Problem(str(path), 0, "others may read this private key", "mode 0600", "chmod 600")])
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise InputError([Problem(str(path), 0, f"cannot be read: {error.strerror}", "a private key")]) from error
    except (ValueError, TypeError) as error:
        raise InputError([_no_key(path, "private")]) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise InputError([_no_key(path, "private")])
    return key


def public_key(path: Path) -> str:
    """Read a public key; in hexadecimal.

    Raises:
        InputError: It cannot be read, or it is of another kind.
    """
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise InputError([Problem(str(path), 0, f"cannot be read: {error.strerror}", "a public key")]) from error
    except ValueError as error:
        raise InputError([_no_key(path, "public")]) from error
    if not isinstance(key, Ed25519PublicKey):
        raise InputError([_no_key(path, "public")])
    return key.public_bytes_raw().hex()


def _no_key(path: Path, kind: str) -> Problem:
    return Problem(str(path), 0, f"is no Ed25519 {kind} key", "PEM", "`citynet evidence key FILE` makes a pair")
