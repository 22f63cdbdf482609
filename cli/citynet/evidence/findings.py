"""What judging a store can find, and the report of it."""

from __future__ import annotations

import enum
from dataclasses import asdict, dataclass, field
from typing import Any

MOST_FINDINGS = 1000


class Sort(enum.StrEnum):
    """What was found.

    Attributes:
        EDITED: a line is not what was written
        REMOVED: lines are missing between others
        REORDERED: lines stand in another order
        INSERTED: a line or file stands where none was written
        MISSING_DAY: whole files are missing
        TRUNCATED: acknowledged lines are missing at the end
        REWRITTEN: the chain holds, but it is another than the head or a seal knows
        HEAD: the head file itself is missing or was changed
        FOREIGN: a seal is of another store
        UNFINISHED: what a crash leaves; nothing that was acknowledged is missing
    """

    EDITED = "edited"
    REMOVED = "removed"
    REORDERED = "reordered"
    INSERTED = "inserted"
    MISSING_DAY = "missing day"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    HEAD = "head"
    FOREIGN = "foreign"
    UNFINISHED = "unfinished"


class Verdict(enum.StrEnum):
    """All findings in one word: `truncated` if nothing but the end is missing, `tampered` if anything else is wrong."""

    INTACT = "intact"
    UNFINISHED = "unfinished"
    TRUNCATED = "truncated"
    TAMPERED = "tampered"


@dataclass(slots=True, frozen=True)
class Finding:
    """One thing: where, what. `line` is 0 when the whole file is meant."""

    file: str
    line: int
    sort: Sort
    what: str

    def __str__(self) -> str:
        """`file:line: sort: what`."""
        return f"{self.file}{f':{self.line}' if self.line else ''}: {self.sort}: {self.what}"


@dataclass(slots=True)
class Report:
    """What verifying found.

    Attributes:
        folder: The store.
        store: Its id; empty if none could be read.
        days: Day files read.
        lines: Lines read.
        records: Records of flows among them.
        events: Events among them.
        seq: Number of the last acknowledged line; -1 if none is known.
        digest: Its hash.
        day: Date of the file that it is in.
        sealed: Number of the last line that a seal vouches for; -1 without seals.
        more: Findings beyond the first `MOST_FINDINGS`.
    """

    folder: str
    store: str = ""
    days: int = 0
    lines: int = 0
    records: int = 0
    events: int = 0
    seq: int = -1
    digest: str = ""
    day: str = ""
    sealed: int = -1
    more: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def verdict(self) -> Verdict:
        """All findings in one word."""
        sorts = {finding.sort for finding in self.findings}
        if sorts - {Sort.TRUNCATED, Sort.UNFINISHED}:
            return Verdict.TAMPERED
        if Sort.TRUNCATED in sorts:
            return Verdict.TRUNCATED
        return Verdict.UNFINISHED if sorts else Verdict.INTACT

    @property
    def holds(self) -> bool:
        """Whether everything that was acknowledged is there as it was written."""
        return self.verdict in {Verdict.INTACT, Verdict.UNFINISHED}

    def add(self, file: str, line: int, sort: Sort, what: str) -> None:
        """Remember one finding."""
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(Finding(file, line, sort, what))
        else:
            self.more += 1

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"ok": self.holds, "verdict": self.verdict, **asdict(self)}
