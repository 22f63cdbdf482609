"""`citynet.lock`: every number ever allocated, one sorted line each, so that git merges it.

    # citynet.lock 1
    node/government gov-pe1 3
    port/gov-pe1 link:gov-c1 1 released

A number belongs to one key of its pool for good. A key that the design no longer needs keeps its line, marked
`released`: it gets its number back when it returns, and nobody else gets it until the pool has no other left.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.errors import Findings, InputError, Problem
from citynet.files import write_whole

if TYPE_CHECKING:
    from pathlib import Path

HEADER = "# citynet.lock 1"
_LINE = re.compile(r"^(?P<pool>[a-z0-9/_-]+) (?P<key>[a-z0-9/:_-]+) (?P<number>\d{1,10})(?P<released> released)?$")
_CONFLICT = ("<<<<<<<", "=======", ">>>>>>>", "|||||||")


@dataclass(slots=True)
class _Pool:
    numbers: dict[str, int] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    next_try: int = 0


class Lock:
    """The allocations of a city; `take` is the only way to a number."""

    def __init__(self) -> None:
        self._pools: dict[str, _Pool] = {}

    def take(self, pool: str, key: str, first: int, last: int) -> int:
        """The number of `key` in `pool`: the one it had, else the lowest of the range that nobody ever had.

        When the range `first`…`last` is used up, the lowest released number is given away.

        Raises:
            PoolExhaustedError: Every number of the pool is in use.
        """
        here = self._pools.setdefault(pool, _Pool())
        here.used.add(key)
        if (number := here.numbers.get(key)) is not None and first <= number <= last:
            return number
        number = max(here.next_try, first)
        while number in here.owners:
            number += 1
        if number > last:
            number = self._reuse(pool, here, first, last)
        here.next_try = number + 1
        if key in here.numbers:
            del here.owners[here.numbers[key]]
        here.numbers[key], here.owners[number] = number, key
        return number

    def reserve(self, pool: str, key: str, number: int) -> int:
        """Give `key` exactly `number`, as the design asks for it; whoever had it gets another on its next `take`."""
        here = self._pools.setdefault(pool, _Pool())
        here.used.add(key)
        if (owner := here.owners.get(number)) not in {None, key}:
            del here.numbers[str(owner)]
        if key in here.numbers:
            del here.owners[here.numbers[key]]
        here.numbers[key], here.owners[number] = number, key
        return number

    def _reuse(self, name: str, pool: _Pool, first: int, last: int) -> int:
        for number in range(first, last + 1):
            owner = pool.owners.get(number)
            if owner is None:
                return number
            if owner not in pool.used:
                del pool.numbers[owner]
                return number
        raise PoolExhaustedError(name, last - first + 1)

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
        """Read a lock.

        Raises:
            InputError: Every damaged line: conflict marks, malformed text, a key or a number given twice in a pool.
        """
        lock, findings = cls(), Findings()
        lines = text.splitlines()
        if not lines or lines[0] != HEADER:
            findings.add(
                Problem(file, 1, "is no lock of this version", f"'{HEADER}'", "restore it from version control")
            )
        first_at: dict[tuple[str, str], int] = {}
        for number, line in enumerate(lines[1:], 2):
            if line.startswith(_CONFLICT):
                findings.add(
                    Problem(
                        file,
                        number,
                        "holds an unresolved merge conflict",
                        "both sides' lines, each key and number once",
                    )
                )
            elif line and (match := _LINE.match(line)) is None:
                findings.add(
                    Problem(
                        file,
                        number,
                        f"'{line[:60]}' is damaged",
                        "'pool key number'",
                        "restore it from version control",
                    )
                )
            elif line and match:
                lock._add(match, findings, file, number, first_at)
        findings.raise_if_any()
        return lock

    def _add(
        self, match: re.Match[str], findings: Findings, file: str, line: int, first_at: dict[tuple[str, str], int]
    ) -> None:
        pool, key, number = match["pool"], match["key"], int(match["number"])
        here = self._pools.setdefault(pool, _Pool())
        for what, taken in ((key, key in here.numbers), (str(number), number in here.owners)):
            if taken:
                findings.add(
                    Problem(
                        file,
                        line,
                        f"'{what}' stands twice in pool {pool}",
                        "each key and number once",
                        f"first in line {first_at[pool, what]}",
                    )
                )
        first_at.setdefault((pool, key), line)
        first_at.setdefault((pool, str(number)), line)
        here.numbers[key], here.owners[number] = number, key


class PoolExhaustedError(Exception):
    """A pool has no number left."""

    def __init__(self, pool: str, size: int) -> None:
        self.pool, self.size = pool, size
        super().__init__(f"pool {pool} has no number left; it holds {size}")


def read(path: Path) -> Lock:
    """The lock at `path`; an empty one when there is no file.

    Raises:
        InputError: The file is damaged or cannot be read.
    """
    try:
        return Lock.parse(path.read_text(encoding="utf-8"), str(path)) if path.exists() else Lock()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            [Problem(str(path), 0, f"cannot be read: {error}", "a lock", "restore it from version control")]
        ) from error


def write(path: Path, lock: Lock) -> bool:
    """Write the lock if it changed; True when it did."""
    text = lock.text()
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    write_whole(path, text)
    return True
