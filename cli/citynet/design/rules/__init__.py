"""Rules of sense: each one small, with an id, a severity and an explanation. `citynet check --explain` lists them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.rules import (  # noqa: F401 - each module adds its rules
    addressing,
    capacity,
    form,
    interconnects,
    links,
    names,
    paths,
    places,
    services,
    usage,
)
from citynet.design.rules.registry import RULES, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.errors import Problem

__all__ = ["RULES", "Rule", "check"]


def check(design: Design) -> Iterator[Problem]:
    """Every problem that the rules find, warnings too."""
    for rule in RULES.values():
        yield from rule.problems(design)
