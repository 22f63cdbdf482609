"""`citynet.lock`: every number ever allocated, one sorted line each, so that git merges it.

    # citynet.lock 1
    node/government gov-pe1 3
    port/gov-pe1 link:gov-c1 1 released

A number belongs to one key of its pool for good. A key that the design no longer needs keeps its line, marked
`released`: that is its quarantine. It gets its number back when it returns. Somebody else gets the number only when
the pool has no other left, and never in the plan that released it: until the next one the devices may still use it.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.errors import Findings, InputError, Problem
from citynet.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HEADER = "# citynet.lock 1"
MOST_BYTES = 1 << 26
"""64 MiB, a million allocations and more; a city of 10,000 devices has about 100,000, in 4 MB."""
MOST_PROBLEMS = 100
_WORDS = "[a-z0-9][a-z0-9_-]*(?:{between}[a-z0-9][a-z0-9_-]*)*"
_POOL, _KEY = _WORDS.format(between="/"), _WORDS.format(between="[:/]")
_NAMES = re.compile(f"{_POOL} {_KEY}")
_LINE = re.compile(rf"({_POOL}) ({_KEY}) (0|[1-9][0-9]{{0,9}})( released)?")
_MARKS = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")
_RESTORE = "restore it from version control"


class Happening(enum.StrEnum):
    """What a plan does to an allocation."""

    TAKEN = "taken"
    RETURNED = "returned"
    MOVED = "moved"
    RELEASED = "released"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Change:
    """One allocation that a plan changes; `before` is its number in the file, None when it had none."""

    pool: str
    key: str
    what: Happening
    number: int
    before: int | None = None


@dataclass(slots=True)
class _Pool:
    numbers: dict[str, int] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    quarantined: set[str] = field(default_factory=set)  # released by an earlier plan: marked so in the file
    before: dict[str, int | None] = field(default_factory=dict)  # of each key that changed, its number in the file
    freed: set[int] = field(default_factory=set)  # lost its owner in this plan: nobody else's before the next one
    reusable: list[int] | None = None  # numbers in quarantine, the lowest last; made when first wanted
    next_try: int = 0

    def move(self, key: str, number: int | None) -> None:
        """Take from `key` what it has, and give it `number`."""
        old = self.numbers.pop(key, None)
        self.before.setdefault(key, old)
        if old is not None:
            del self.owners[old]
            self.freed.add(old)
        if number is not None:
            self.numbers[key], self.owners[number] = number, key

    def fresh(self, first: int, last: int) -> int | None:
        """The lowest number of the range that no line has."""
        number = max(self.next_try, first)
        while number in self.owners or number in self.freed:
            number += 1
        self.next_try = number
        return number if number <= last else None

    def out_of_quarantine(self, first: int, last: int) -> int | None:
        """The lowest number of the range that an earlier plan released; its key loses it."""
        if self.reusable is None:
            self.reusable = sorted((self.numbers[key] for key in self.quarantined if key in self.numbers), reverse=True)
        while self.reusable and self.reusable[-1] <= last:
            number = self.reusable.pop()
            owner = self.owners.get(number)
            if number >= first and owner in self.quarantined and owner not in self.used:
                self.move(str(owner), None)
                self.freed.discard(number)
                return number
        return None


class Lock:
    """The allocations of a city; `take` is the only way to a number."""

    def __init__(self) -> None:
        self._pools: dict[str, _Pool] = {}
        self._file, self._text = "", ""
        self._displaced: dict[tuple[str, str], tuple[int, str]] = {}

    def take(self, pool: str, key: str, first: int, last: int) -> int:
        """The number of `key` in `pool`: the one it had, else the lowest of the range that no line has.

        When the range `first`…`last` is used up, the lowest number that an earlier plan released is given away.

        Raises:
            PoolExhaustedError: Every number of the pool is in use, or released by this very plan.
            NumberTakenError: The design gives the number of `key` to somebody else, and `key` no other.
        """
        here = self._pools.setdefault(pool, _Pool())
        here.used.add(key)
        if (number := here.numbers.get(key)) is not None and first <= number <= last:
            return number
        if self._displaced and (lost := self._displaced.get((pool, key))):
            raise NumberTakenError(pool, lost[0], wanted_by=lost[1], held_by=key, where=self._where(pool, key))
        if (number := here.fresh(first, last)) is None and (number := here.out_of_quarantine(first, last)) is None:
            raise PoolExhaustedError(pool, last - first + 1, waiting=len(here.used) <= len(here.numbers))
        if not _NAMES.fullmatch(f"{pool} {key}"):
            raise ValueError(f"'{pool} {key}' cannot stand in a lock")
        here.move(key, number)
        return number

    def reserve(self, pool: str, key: str, number: int) -> int:
        """Give `key` exactly `number`, as the design asks for it. Reserve before anybody takes from the pool.

        Whoever held it must be gone from the design, or have another number reserved: no edit renumbers a third.

        Raises:
            NumberTakenError: Somebody else of this plan has it.
        """
        here = self._pools.setdefault(pool, _Pool())
        here.used.add(key)
        self._displaced.pop((pool, key), None)
        owner = here.owners.get(number)
        if owner == key:
            return number
        if owner is not None:
            if owner in here.used:
                raise NumberTakenError(pool, number, wanted_by=key, held_by=owner)
            if owner not in here.quarantined:
                self._displaced[pool, owner] = number, key
            here.move(owner, None)
        here.move(key, number)
        return number

    def known(self, pool: str, key: str) -> int | None:
        """The number that `key` has in `pool`, released or not; None when it has none. Takes nothing."""
        here = self._pools.get(pool)
        return None if here is None else here.numbers.get(key)

    def held(self, pool: str) -> dict[str, int]:
        """What the keys of a pool have, without those that an earlier plan released; a copy."""
        here = self._pools.get(pool, _Pool())
        return {key: number for key, number in here.numbers.items() if key not in here.quarantined or key in here.used}

    def changes(self) -> list[Change]:
        """What the plan changed since the lock was read, by pool and key."""
        found = [change for name, pool in self._pools.items() for change in _changes(name, pool)]
        return sorted(found, key=lambda change: (change.pool, change.key))

    def text(self) -> str:
        """The lock as it stands in the file; what no `take` asked for is marked released."""
        lines = [
            f"{name} {key} {number}" + ("" if key in pool.used else " released")
            for name, pool in self._pools.items()
            for key, number in pool.numbers.items()
        ]
        return "\n".join([HEADER, *sorted(lines)]) + "\n"

    @classmethod
    def parse(cls, text: str, file: str) -> Lock:
        """Read a lock; lines may stand in any order and end in LF or CRLF.

        Raises:
            InputError: Every damaged line: conflict marks, malformed text, a number with two holders, a key with two
                numbers. The same allocation twice is none: a union merge may leave that.
        """
        lock, findings = cls(), Findings()
        lock._file, lock._text = file, text
        lines = text.split("\n")
        if (trouble := _trouble_of_header(lines[0].removesuffix("\r"))) is not None:
            findings.add(Problem(file, 1, *trouble))
            if lines[0].startswith("# citynet.lock "):
                findings.raise_if_any()  # of another version: its lines say nothing
        for number, line in enumerate(lines[1:], 2):
            if (match := _LINE.fullmatch(line.removesuffix("\r"))) is not None:
                trouble = lock._add(match[1], match[2], int(match[3]), released=match[4] is not None)
            else:
                trouble = _trouble_of_line(line)
            if trouble is not None:
                findings.add(Problem(file, number, *trouble))
                if len(findings.problems) == MOST_PROBLEMS:
                    findings.add(Problem(file, number + 1, "is not read any further", "", "too much is wrong with it"))
                    break
        findings.raise_if_any()
        return lock

    def _add(self, pool: str, key: str, number: int, *, released: bool) -> tuple[str, str, str] | None:
        here = self._pools.setdefault(pool, _Pool())
        if (had := here.numbers.get(key, number)) != number:
            first = self._line_of(pool, key)
            return (
                f"'{key}' has number {number} of pool {pool}, and {had} in line {first}",
                "one number a key",
                f"delete the one of these two lines whose number is not on the devices: {key} keeps the other",
            )
        if (owner := here.owners.get(number, key)) != key:
            first = self._line_of(pool, owner)
            return (
                f"number {number} of pool {pool} is held by '{key}', and by '{owner}' in line {first}",
                "one holder a number",
                _which_goes(owner, key, gone=released, first_gone=owner in here.quarantined),
            )
        if not released:
            here.quarantined.discard(key)
        elif key not in here.numbers:
            here.quarantined.add(key)
        here.numbers[key], here.owners[number] = number, key
        return None

    def _line_of(self, pool: str, key: str) -> int:
        """The first line of the file that allocates to this key; 0 when none does."""
        at = self._text.find(f"\n{pool} {key} ")
        return self._text.count("\n", 0, at) + 2 if at >= 0 else 0

    def _where(self, pool: str, key: str) -> str:
        line = self._line_of(pool, key)
        return f"{self._file}:{line}" if line else ""


def _changes(name: str, pool: _Pool) -> Iterator[Change]:
    for key, before in pool.before.items():
        now = pool.numbers.get(key)
        if now is None:
            if before is not None:
                yield Change(name, key, Happening.DROPPED, before, before)
        elif before is None:
            yield Change(name, key, Happening.TAKEN, now)
        elif before != now:
            yield Change(name, key, Happening.MOVED, now, before)
    for key in pool.used & pool.quarantined:
        if (now := pool.numbers[key]) == pool.before.get(key, now):
            yield Change(name, key, Happening.RETURNED, now, now)
    for key in pool.numbers.keys() - pool.used - pool.quarantined:
        yield Change(name, key, Happening.RELEASED, pool.numbers[key], pool.numbers[key])


def _trouble_of_header(line: str) -> tuple[str, str, str] | None:
    """What, expected and hint when line 1 is no header of this version."""
    if line == HEADER:
        return None
    if line.startswith(_MARKS):
        return _trouble_of_line(line)
    if line.startswith("# citynet.lock "):
        return f"is a lock of version '{_shown(line[15:])}'", f"'{HEADER}'", "use the citynet that wrote it"
    return "is no lock of this version", f"'{HEADER}'", _RESTORE


def _trouble_of_line(line: str) -> tuple[str, str, str] | None:
    """What, expected and hint when a line that holds no allocation is not merely empty."""
    line = line.removesuffix("\r")
    if not line:
        return None
    if line.startswith(_MARKS):
        return (
            "holds an unresolved merge conflict",
            "both sides' lines, each key and number once",
            "delete this mark and keep the lines of both sides",
        )
    hint = "delete the spaces around it" if _LINE.fullmatch(line.strip(" \t")) else _RESTORE
    return f"'{_shown(line)}' is damaged", "'pool key number'", hint


def _which_goes(first: str, second: str, *, gone: bool, first_gone: bool) -> str:
    """Which of two lines with one number to delete, for a hint."""
    if gone != first_gone:
        stays, goes = (first, second) if gone else (second, first)
        return f"delete the line of {goes}, which is released: {stays} keeps the number"
    return f"delete the line of {first} or {second}, whichever is not deployed yet: it gets another number"


def _shown(text: str) -> str:
    """At most 60 characters of a line, fit for a terminal."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:60])


class AllocationError(Exception):
    """A number cannot be had.

    Attributes:
        expected: What would have been right.
        hint: How to get there; may be empty.
    """

    def __init__(self, what: str, expected: str, hint: str = "") -> None:
        self.expected, self.hint = expected, hint
        super().__init__(what)


class PoolExhaustedError(AllocationError):
    """A pool has no number left; `waiting` when this very plan may release some of them."""

    def __init__(self, pool: str, size: int, *, waiting: bool = False) -> None:
        hint = "plan the removal of old users first: what it releases is free for the plan after it" if waiting else ""
        super().__init__(
            f"pool {pool} has no number left; it holds {size}", "a larger block, or fewer users of it", hint
        )


class NumberTakenError(AllocationError):
    """The design asks for a number that somebody else has; `where` is its line in the lock, or empty."""

    def __init__(self, pool: str, number: int, *, wanted_by: str, held_by: str, where: str = "") -> None:
        other = f"delete {where} so that '{held_by}' gets another" if where else f"give '{held_by}' another"
        super().__init__(
            f"'{wanted_by}' asks for number {number} of pool {pool}, which '{held_by}' has",
            "one holder a number",
            f"give '{wanted_by}' another, or {other}",
        )


def read(path: Path) -> Lock:
    """The lock at `path`; an empty one when there is no file.

    Raises:
        InputError: The file is damaged or cannot be read.
    """
    try:
        if not path.exists():
            return Lock()
        if path.stat().st_size > MOST_BYTES:
            raise InputError([Problem(str(path), 0, f"is larger than {MOST_BYTES >> 20} MiB", "a lock", _RESTORE)])
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            [Problem(str(path), 0, f"cannot be read: {error.strerror}", "a readable lock", _RESTORE)]
        ) from error
    try:
        return Lock.parse(data.decode(), str(path))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            [Problem(str(path), line, f"byte 0x{data[error.start]:02x} is no UTF-8", "'pool key number'", _RESTORE)]
        ) from error


def write(path: Path, lock: Lock) -> bool:
    """Write the lock if an allocation changed; True when it did. The order and the ends of lines are no change."""
    text = lock.text()
    if path.exists():
        old = path.read_bytes()
        if old == text.encode() or set(filter(None, old.splitlines())) == set(text.encode().splitlines()):
            return False
    write_whole(path, text)
    return True
