"""Lines of a store: JSON objects, each with a number and a hash over itself and the hash of the line before.

`{"seq":7,"kind":"record", … ,"hash":"…"}` and a newline. The hash is SHA-256 over the 32 octets of the hash before and
every octet of the line up to `,"hash"`; so each octet of a line is either hashed or fixed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from citynet.errors import CitynetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = bytes(32)
"""What the first line of a store follows."""
FORMAT = 1

SEGMENT, RECORD, EVENT, UNREAD, REPAIR, COMMIT = b"segment", b"record", b"event", b"unread", b"repair", b"commit"
KINDS = frozenset({SEGMENT, RECORD, EVENT, UNREAD, REPAIR, COMMIT})

MOST_BYTES = 1 << 20
"""The longest line that is looked at."""

_LINE = re.compile(
    rb'(\{"seq":(0|[1-9][0-9]{0,17}),"kind":"([a-z]{1,12})",([^\n]+)),"hash":"([0-9a-f]{64})"\}\n', re.DOTALL
)
_FILE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\.jsonl")


class StoreError(CitynetError):
    """The store is not as it must be; nothing was written."""


@dataclass(slots=True)
class Line:
    """A line, taken apart.

    Attributes:
        covered: What its hash covers, after the hash before.
        seq: Its number; the first of a store is 0.
        kind: One of `KINDS`.
        body: Members of the object between kind and hash, without braces.
        digest: The hash that it states.
    """

    covered: bytes
    seq: int
    kind: bytes
    body: bytes
    digest: bytes

    def follows(self, before: bytes) -> bool:
        """Whether the hash is right after a line with that hash."""
        return hashlib.sha256(before + self.covered).digest() == self.digest


@dataclass(slots=True)
class Tip:
    """The end of a chain: where the next line goes.

    Attributes:
        digest: Hash of the last line.
        seq: Number of the next.
    """

    digest: bytes = START
    seq: int = 0

    def add(self, kind: bytes, body: bytes) -> bytes:
        """The next line, with its newline; the tip moves on."""
        covered = b'{"seq":%d,"kind":"%b",%b' % (self.seq, kind, body)
        made = hashlib.sha256(self.digest + covered)
        self.digest, self.seq = made.digest(), self.seq + 1
        return b'%b,"hash":"%b"}\n' % (covered, made.hexdigest().encode())


def parse(raw: bytes) -> Line | None:
    """A whole line with its newline, taken apart; None if it is none of a store."""
    match = _LINE.fullmatch(raw)
    if match is None or match[3] not in KINDS:
        return None
    return Line(match[1], int(match[2]), match[3], match[4], bytes.fromhex(match[5].decode()))


def body_of(members: dict[str, Any]) -> bytes:
    """Members of an object as a line's body."""
    import json  # noqa: PLC0415 - beside what is written by hand, seldom

    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()[1:-1]


def files(folder: Path) -> list[Path]:
    """The day files of a store, in order."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _FILE.fullmatch(path.name))


def lines(path: Path, offset: int = 0, end: int | None = None) -> Iterator[bytes]:
    """Raw lines of a file from a byte on, up to a byte; the last may lack its newline."""
    left = (1 << 63) if end is None else end - offset
    with path.open("rb", buffering=1 << 20) as file:
        file.seek(offset)
        while left > 0 and (raw := file.readline(min(left, MOST_BYTES))):
            left -= len(raw)
            yield raw
