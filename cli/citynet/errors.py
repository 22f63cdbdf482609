"""What can go wrong, and the exit code each kind of trouble has.

Bad input is collected, never raised one by one: a reader sees every problem of a design at once.
"""

from __future__ import annotations

import difflib
import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Exit(enum.IntEnum):
    """Exit codes of every command (DESIGN.md, "Errors, secrets, exit codes")."""

    OK = 0
    CHECK_FAILED = 1
    BAD_INPUT = 2
    LACKING = 3
    DEVICE_FAILED = 4
    INTERRUPTED = 130


class Severity(enum.StrEnum):
    """An error stops everything; a warning is said and the work goes on."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with the input, where it stands, and what would be right.

    Attributes:
        file: Path as the user gave it.
        line: 1-based; 0 when the problem belongs to the file as a whole.
        what: What is wrong, naming the subject.
        expected: What would have been right; may be empty.
        hint: How to get there, e.g. the nearest valid name; may be empty.
        column: 1-based; 0 when the whole line is meant.
        rule: Id of the rule that found it (`citynet check --explain RULE`); may be empty.
        severity: Whether it stops the work.
    """

    file: str
    line: int
    what: str
    expected: str = ""
    hint: str = ""
    column: int = 0
    rule: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """`file:line:column: what, expected …, hint [rule]`, on one line."""
        where = ":".join([self.file, *(str(number) for number in (self.line, self.column) if number)])
        parts = [f"warning: {self.what}" if self.severity is Severity.WARNING else self.what]
        if self.expected:
            parts.append(f"expected {self.expected}")
        if self.hint:
            parts.append(self.hint)
        return f"{where}: {', '.join(parts)}" + (f" [{self.rule}]" if self.rule else "")

    @property
    def place(self) -> tuple[str, int, int, str]:
        """What problems are sorted by."""
        return self.file, self.line, self.column, self.what

    def as_dict(self) -> dict[str, str | int]:
        """The problem as JSON-ready values, for `--json`."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "rule": self.rule,
            "severity": str(self.severity),
            "what": self.what,
            "expected": self.expected,
            "hint": self.hint,
        }


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Problems sorted by place, each once."""
    return sorted(set(problems), key=lambda problem: problem.place)


class CitynetError(Exception):
    """Base of every error that a command turns into a message and an exit code."""

    exit_code: Exit = Exit.CHECK_FAILED


class InputError(CitynetError):
    """The input is wrong: every problem found, sorted by place."""

    exit_code = Exit.BAD_INPUT

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = in_order(problems)
        super().__init__("\n".join(str(p) for p in self.problems))


@dataclass(frozen=True, slots=True)
class Lack:
    """Something this machine lacks: what, which feature needs it, and the command that brings it."""

    what: str
    needed_for: str
    install: str = ""


class LackingError(CitynetError):
    """The environment lacks something; the message says how to get it."""

    exit_code = Exit.LACKING

    def __init__(self, lacks: Iterable[Lack]) -> None:
        self.lacks = list(lacks)
        lines = [
            f"{lack.what} is missing, needed for {lack.needed_for}" + (f"; try: {lack.install}" if lack.install else "")
            for lack in self.lacks
        ]
        super().__init__("\n".join(lines))


class DeviceError(CitynetError):
    """One or more devices failed; `failures` maps a device's name to the reason."""

    exit_code = Exit.DEVICE_FAILED

    def __init__(self, failures: dict[str, str]) -> None:
        self.failures = dict(failures)
        super().__init__("\n".join(f"{name}: {why}" for name, why in sorted(self.failures.items())))


@dataclass(slots=True)
class Findings:
    """Collects problems while a check goes on, then raises them all together."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """Remember one problem."""
        self.problems.append(problem)

    def raise_if_any(self) -> None:
        """Raise `InputError` with everything found so far, if anything was found."""
        if self.problems:
            raise InputError(self.problems)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint with the nearest known name, or the whole list when it is short, or nothing."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    if names and len(names) <= 8:
        return "known: " + ", ".join(names)
    return ""
