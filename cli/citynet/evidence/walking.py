"""Reading a chain into runs: stretches in which each line follows the one before, by number and by hash.

A store that nobody touched is one run. An edit, a removal, an insertion or another order each break runs in their own
way (`citynet.evidence.breaks` says which).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.evidence import chain, recovery
from citynet.evidence.head import Head, Identity

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.evidence.chain import Line


_TIPS = 4
"""Ends of runs that a line may go on from: a moved line breaks a chain into three, and each can go on later."""


@dataclass(slots=True)
class Run:
    """A stretch of a chain that holds, or one line that is none (`first` is -1 then).

    Attributes:
        begin: File and line, from 1, where it begins.
        end: Where it ends; other runs may stand between.
        first: Number of its first line.
        last: Of its last.
        rooted: Whether its first line is the first of a store, with the hash of one.
        segment: Number of the day file that its first line begins; 0 if it begins none.
        within: Number of the day file that its last line is in.
        whole: Whether the line that is none has a newline; one without is the end of its file.
    """

    begin: tuple[str, int]
    end: tuple[str, int]
    first: int = -1
    last: int = -1
    rooted: bool = False
    segment: int = 0
    within: int = 0
    whole: bool = True

    def __len__(self) -> int:
        """How many lines it has."""
        return self.last - self.first + 1 if self.first >= 0 else 0


@dataclass(slots=True)
class Misplaced:
    """A line that begins a day, where none should, or one that is missing or wrong where one should be."""

    file: str
    line: int
    what: str


@dataclass(slots=True)
class Walk:
    """What was read.

    Attributes:
        wanted: Numbers of lines whose hash is asked for.
        hashes: These hashes, as far as the lines were met.
    """

    wanted: set[int]
    hashes: dict[int, bytes] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    misplaced: list[Misplaced] = field(default_factory=list)
    store: str = ""
    files: int = 0
    lines: int = 0
    records: int = 0
    events: int = 0
    segment: int = 0
    _tips: list[tuple[Run, bytes]] = field(default_factory=list)

    def file(self, path: Path, end: int | None = None) -> None:
        """Read a file, up to a byte."""
        self.files += 1
        number = 0
        for number, raw in enumerate(chain.lines(path, 0, end), 1):
            place, line = (path.name, number), chain.parse(raw)
            if line is None:
                self.segment += number == 1
                self.runs.append(Run(place, place, whole=raw.endswith(b"\n")))
            elif number == 1 or line.kind == chain.SEGMENT:
                self._opening(path, number, line)
            else:
                self._take(place, line)
        self.lines += number

    def _opening(self, path: Path, number: int, line: Line) -> None:
        """The first line of a file, or one that says it is."""
        members = recovery.members_of(line)
        segment = members.get("segment") if line.kind == chain.SEGMENT else None
        due = self.segment + 1
        before = next((digest for run, digest in self._tips if run.last + 1 == line.seq), chain.START)
        self.segment = segment if isinstance(segment, int) else self.segment + (number == 1)
        follows = self._take((path.name, number), line)
        if number > 1:
            self.misplaced.append(Misplaced(path.name, number, "a line that begins a day stands inside a file"))
        elif follows:
            fault = recovery.segment_fault(line, self._expected(path, members, before, due))
            if fault:
                self.misplaced.append(Misplaced(path.name, number, fault))
        else:
            self.runs[-1].segment = segment if isinstance(segment, int) else 0
        self.store = self.store or str(members.get("store", ""))

    def _expected(self, path: Path, members: dict[str, object], before: bytes, due: int) -> Head:
        """What the opening line must say; the first one says who the store is."""
        created, utc_offset = (members.get(name) for name in ("created", "utc_offset"))
        identity = Identity(
            self.store or str(members.get("store", "")),
            created if isinstance(created, int) else 0,
            utc_offset if isinstance(utc_offset, int) else 0,
        )
        return Head(identity, due, path.stem, digest=before)

    def _take(self, place: tuple[str, int], line: Line) -> bool:
        """Let a line go on from the oldest run that it follows, or begin one; whether it follows anything."""
        self.records += line.kind == chain.RECORD
        self.events += line.kind == chain.EVENT
        if line.seq in self.wanted:
            self.hashes[line.seq] = line.digest
        for i, (run, digest) in enumerate(self._tips):
            if line.seq == run.last + 1 and line.follows(digest):
                run.last, run.end, run.within = line.seq, place, self.segment
                self._tips[i] = (run, line.digest)
                return True
        rooted = line.seq == 0 and line.follows(chain.START)
        begun = Run(place, place, line.seq, line.seq, rooted, within=self.segment)
        self.runs.append(begun)
        if len(self._tips) == _TIPS:
            self._tips.remove(min(self._tips, key=lambda tip: len(tip[0])))
        self._tips.append((begun, line.digest))
        return rooted
