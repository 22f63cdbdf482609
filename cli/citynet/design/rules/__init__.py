"""Rules of sense: each one small, with an id, a severity and an explanation. `citynet check --explain` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.rules import (  # noqa: F401 - each module adds its rules
    access,
    addressing,
    capacity,
    encryption,
    fences,
    form,
    interconnects,
    internet,
    layer2,
    layer3,
    links,
    names,
    optical,
    paths,
    places,
    policies,
    sentries,
    services,
    slices,
    usage,
)
from citynet.design.rules.registry import RULES, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.errors import Problem, Severity

__all__ = ["RULES", "Rule", "check"]


def check(design: Design, severity: Severity) -> Iterator[Problem]:
    """Every problem that the rules of one severity find."""
    for rule in RULES.values():
        if rule.severity is severity:
            yield from rule.problems(design)
