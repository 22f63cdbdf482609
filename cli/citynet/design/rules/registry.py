"""What a rule is, and the list of them.

A rule yields a `Problem` for whatever breaks it. Its docstring is what `citynet check --explain` prints: the first
line says what must hold, the rest why, and how to mend it.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.errors import Problem, Severity

if TYPE_CHECKING:
    from citynet.design.model import Design

Check = Callable[["Design"], Iterator[Problem]]
RULES: dict[str, Rule] = {}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        id: Its name, lower case with hyphens.
        severity: What breaking it means.
        text: What must hold, why, and how to mend it.
        check: Finds what breaks it; None when reading the files, or a later step, does.
        needs: Sections it needs whole: where one lost a faulty entry, the rule would only bring echoes.
    """

    id: str
    severity: Severity
    text: str
    check: Check | None = None
    needs: frozenset[str] = field(default_factory=frozenset)

    @property
    def title(self) -> str:
        """What must hold, in a line."""
        return self.text.partition("\n")[0]

    def problems(self, design: Design) -> Iterator[Problem]:
        """What of a design breaks it."""
        if self.check is None or design.aside.sections & self.needs:
            return
        for problem in self.check(design):
            yield dataclasses.replace(problem, rule=self.id, severity=self.severity)


def add(rule: Rule) -> None:
    """Add a rule to the list; ValueError when its id is taken."""
    if rule.id in RULES:
        raise ValueError(f"two rules are called {rule.id}")
    RULES[rule.id] = rule


def rule(name: str, *needs: str, severity: Severity = Severity.ERROR) -> Callable[[Check], Check]:
    """Make a rule of a function, whose docstring explains it."""

    def register(function: Check) -> Check:
        add(Rule(name, severity, inspect.getdoc(function) or "", function, frozenset(needs)))
        return function

    return register


def warning(name: str, *needs: str) -> Callable[[Check], Check]:
    """Make a rule of a function that warns only."""
    return rule(name, *needs, severity=Severity.WARNING)
