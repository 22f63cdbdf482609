"""What an import took, guessed and left out, and what is wrong with its source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from citynet.errors import Findings, Problem
from citynet.imports.names import title

LONGEST_LINE = 300
"""Letters of a message; names of a source may be of any length."""


class Where(NamedTuple):
    """A line of a source; 0 for the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.line}" if self.line else self.file


class LeftOut(NamedTuple):
    """Something of the source that is not in the design, and why."""

    where: Where
    what: str

    def __str__(self) -> str:
        """`file:line: what`."""
        return f"{self.where}: {self.what}"


@dataclass(slots=True)
class Report:
    """What became of a source.

    Args:
        lenient: Leave single things that are wrong out instead of refusing the source.
    """

    lenient: bool = False
    taken: dict[str, int] = field(default_factory=dict)
    guessed: dict[str, list[str]] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)

    def guess(self, what: str, subject: object) -> None:
        """Something that the source does not say was chosen for `subject`."""
        self.guessed.setdefault(what, []).append(str(subject))

    def leave(self, where: Where, what: str) -> None:
        """Something is not taken over."""
        self.left_out.append(LeftOut(where, title(what, LONGEST_LINE)))

    def wrong(self, where: Where, what: str, expected: str = "", hint: str = "") -> None:
        """The source as a whole cannot be used."""
        shown = title(what, LONGEST_LINE)  # nothing that a terminal would obey
        self.findings.add(Problem(where.file, where.line, shown, expected, hint, rule="import"))

    def faulty(self, where: Where, what: str, expected: str = "", hint: str = "") -> None:
        """One thing of the source is wrong; it is left out when that was asked for."""
        if self.lenient:
            self.leave(where, what)
        else:
            self.wrong(where, what, expected, hint or "--lenient leaves it out")

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "taken": self.taken,
            "guessed": [{"what": what, "of": of} for what, of in self.guessed.items()],
            "left_out": [{"file": w.file, "line": w.line, "what": what} for w, what in self.left_out],
        }
