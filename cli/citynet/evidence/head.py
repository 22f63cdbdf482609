"""The head of a store: how far it was acknowledged, in a file beside the days, replaced after every commit.

It tells an acknowledged end from a torn one, and lets a store of any size open at once. Whoever can write the days can
write it too: against them only a head that somebody else holds helps (`citynet.evidence.seals`).
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass as strict_dataclass

from citynet.evidence.chain import START, StoreError, Tip

if TYPE_CHECKING:
    from pathlib import Path

NAME = "head"
ASIDE = ".head.new"


@strict_dataclass(slots=True, frozen=True, config={"strict": True, "extra": "forbid"})
class Position:
    """How far a file of a device was read.

    Attributes:
        inode: Of the file.
        offset: Octets of it that are in the store.
        check: SHA-256 of its first octets, at most `FINGERPRINT` of them: inodes are used again.
    """

    inode: int
    offset: int
    check: str


FINGERPRINT = 128


@dataclass(slots=True)
class Identity:
    """What never changes in a store: its id, when it was made (µs since 1970 UTC), its days' distance from UTC (s)."""

    store: str
    created: int
    utc_offset: int


@dataclass(slots=True)
class Head:
    """The acknowledged end.

    Attributes:
        identity: The store.
        segment: Number of the last day file; the first is 1.
        day: Its date.
        offset: Octets of it that are acknowledged.
        seq: Lines that are.
        digest: Hash of the last of them.
        records: Records among them.
        positions: How far each file of the devices was read (`sources.Source.key`).
    """

    identity: Identity
    segment: int = 0
    day: str = ""
    offset: int = 0
    seq: int = 0
    digest: bytes = START
    records: int = 0
    positions: dict[str, Position] = field(default_factory=dict)

    @property
    def tip(self) -> Tip:
        """Where the next line goes."""
        return Tip(self.digest, self.seq)


_POSITIONS: TypeAdapter[dict[str, Position]] = TypeAdapter(dict[str, Position])


def positions_of(value: Any) -> dict[str, Position]:
    """Positions out of parsed JSON; ValueError if they are none."""
    return _POSITIONS.validate_python({name: Position(**item) for name, item in dict(value).items()})


def dumps(head: Head) -> bytes:
    """The head as its file has it: one line of JSON, then the SHA-256 of that line."""
    values = {
        "store": head.identity.store,
        "created": head.identity.created,
        "utc_offset": head.identity.utc_offset,
        "segment": head.segment,
        "day": head.day,
        "offset": head.offset,
        "seq": head.seq,
        "hash": head.digest.hex(),
        "records": head.records,
        "positions": {name: asdict(position) for name, position in sorted(head.positions.items())},
    }
    line = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    return line + hashlib.sha256(line).hexdigest().encode() + b"\n"


def read(folder: Path) -> Head | None:
    """The head of a store; None when it has none.

    Raises:
        StoreError: The file is not what was written.
    """
    path = folder / NAME
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    head = _parse(raw)
    if head is None or dumps(head) != raw:
        raise StoreError(f"{path}: was changed: it is not the head that a store writes")
    return head


def _parse(raw: bytes) -> Head | None:
    line, newline, rest = raw.partition(b"\n")
    if rest != hashlib.sha256(line + newline).hexdigest().encode() + b"\n":
        return None
    try:
        values = json.loads(line)
        return Head(
            Identity(str(values["store"]), int(values["created"]), int(values["utc_offset"])),
            int(values["segment"]),
            str(values["day"]),
            int(values["offset"]),
            int(values["seq"]),
            bytes.fromhex(values["hash"]),
            int(values["records"]),
            positions_of(values["positions"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError, ValidationError):
        return None


def write(folder: Path, head: Head) -> None:
    """Replace the head: the old one or the new one is there, never a part.

    The folder itself is not synced: if the machine loses power just then, an older head may come back, which knows of
    fewer lines than there are; the next opening counts those that are whole.
    """
    aside = folder / ASIDE
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        data = memoryview(dumps(head))
        while data:
            data = data[os.write(descriptor, data) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    aside.replace(folder / NAME)
