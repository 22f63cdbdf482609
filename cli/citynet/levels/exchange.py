"""What the command and the judging process tell each other, as JSON files."""

from __future__ import annotations

from dataclasses import dataclass, field

from citynet.levels.model import Result  # noqa: TC001 - pydantic reads the annotation


@dataclass(slots=True)
class Request:
    """What the command asks the judging process to do."""

    plan: str
    design: str
    lab: str
    output: str
    domains: list[str]
    checks: list[str]
    settings: list[str]
    files: dict[str, list[str]]


@dataclass(slots=True)
class Answer:
    """What the judging process found."""

    results: list[Result] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    software: dict[str, str] = field(default_factory=dict)
