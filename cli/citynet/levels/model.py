"""What a check is, what it may say, and what a scorecard is made of."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from citynet.design.types import Level
from citynet.levels.text import Language, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from citynet.plan.model import Plan

_ID = re.compile(r"^(L[1-4])-(SEC|REL|PRI|RES|AVA|FLO|OPS|INT|COM)-(\d\d)$")


class Feature(enum.StrEnum):
    """The nine features of a trusted network (report, table 3-2), in the table's order."""

    SEC = "SEC"
    REL = "REL"
    PRI = "PRI"
    RES = "RES"
    AVA = "AVA"
    FLO = "FLO"
    OPS = "OPS"
    INT = "INT"
    COM = "COM"


class Evidence(enum.StrEnum):
    """Where a verdict comes from."""

    MEASURED = "measured"
    FAULT = "fault"
    STATE = "state"
    MODELLED = "modelled"
    ATTESTED = "attested"


class Verdict(enum.StrEnum):
    """What a check came to; only `PASSED` counts towards a level."""

    PASSED = "passed"
    FAILED = "failed"
    BLOCKED = "blocked"
    ATTESTED = "attested"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A bound of a check: a setting, with where its default comes from."""

    name: str
    default: float
    unit: str
    meaning: Text
    origin: Text


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it must be."""

    subject: str
    problem: Text
    expected: Text
    actual: Text

    def __str__(self) -> str:
        """`subject – problem – expected X, actual Y`."""
        return self.say("en")

    def say(self, language: Language) -> str:
        """The finding as one line in one language."""
        words = [part.say(language) for part in (self.problem, self.expected, self.actual)]
        if language == "zh":
            return "{} – {} – 期望 {}，实际 {}".format(self.subject, *words)
        return "{} – {} – expected {}, actual {}".format(self.subject, *words)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number (or a short word) that was found, and the bound that it was held against."""

    name: Text
    value: str
    bound: str = ""


@dataclass(slots=True)
class Judgement:
    """What a check says about one domain.

    `looked_at` counts the things that were examined: a check that saw nothing has not passed.
    """

    looked_at: int = 0
    findings: list[Finding] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    blocked: Text | None = None

    @property
    def verdict(self) -> Verdict:
        """Passed only if something was looked at and nothing was wrong."""
        if self.blocked is not None:
            return Verdict.BLOCKED
        if self.findings or not self.looked_at:
            return Verdict.FAILED
        return Verdict.PASSED

    def fail(self, subject: str, problem: Text, expected: Text | str, actual: Text | str) -> None:
        """Add one finding."""
        self.findings.append(Finding(subject, problem, _text(expected), _text(actual)))

    def note(self, name: Text, value: str, bound: str = "") -> None:
        """Add one figure."""
        self.figures.append(Figure(name, value, bound))


def _text(value: Text | str) -> Text:
    return value if isinstance(value, Text) else Text(value)


def blocked(reason: Text) -> Judgement:
    """A judgement that could not be made."""
    return Judgement(blocked=reason)


@dataclass(slots=True)
class View:
    """What a check may look at: the plan, one domain, what was measured there, its bounds."""

    plan: Plan
    domain: str
    facts: dict[str, Any]
    bounds: dict[str, float]


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the catalogue.

    Attributes:
        id: `<level>-<feature>-<nn>`; never reused.
        holds: What must hold.
        procedure: How it is found out.
        needs: Names of the measurements that `judge` reads from `View.facts`.
        judge: Pure function from what was measured to a judgement.
    """

    id: str
    holds: Text
    procedure: Text
    evidence: Evidence
    needs: tuple[str, ...]
    judge: Callable[[View], Judgement]
    thresholds: tuple[Threshold, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an identifier that names no level or feature."""
        if not _ID.match(self.id):
            raise ValueError(f"check id '{self.id}' is not of the form L1-REL-01")

    @property
    def level(self) -> Level:
        """The level that asks for it."""
        return Level(self.id[:2])

    @property
    def feature(self) -> Feature:
        """The feature it belongs to."""
        return Feature(self.id[3:6])


@dataclass(frozen=True, slots=True)
class Bound:
    """A threshold as it was applied in a run."""

    name: str
    value: float
    unit: str
    meaning: Text
    origin: Text
    changed: bool


@dataclass(slots=True)
class Result:
    """One check in one domain, as it goes into every report; `files` = evidence files and their SHA-256."""

    id: str
    domain: str
    verdict: Verdict
    evidence: Evidence
    holds: Text
    procedure: Text
    bounds: list[Bound] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    reason: Text | None = None
    files: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def key(self) -> str:
        """Identifier that is stable between runs and unique in one."""
        return f"{self.domain}/{self.id}"

    @property
    def feature(self) -> Feature:
        """The feature it belongs to."""
        return Feature(self.id[3:6])

    @property
    def level(self) -> Level:
        """The level that asks for it."""
        return Level(self.id[:2])


@dataclass(slots=True)
class Scorecard:
    """Everything that one run found out; written as JSON, and the source of all other reports."""

    city: str
    title: str
    lab: str
    level: Level
    domains: dict[str, str]
    targets: dict[str, str]
    design_digest: str
    plan_digest: str
    citynet: str
    software: dict[str, str]
    started: str
    finished: str
    seconds: float
    complete: bool
    results: list[Result] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
