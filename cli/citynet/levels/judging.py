"""From what was measured to results: pure, the same for a live run and for evidence read back from files."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from citynet.design.types import Level
from citynet.levels.features import NOTHING_ASKED, asks, asks_nothing, levels_up_to
from citynet.levels.model import Evidence, Feature, Judgement, Result, Scorecard, Verdict, View
from citynet.levels.parts import missing
from citynet.levels.text import Text, t

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from citynet.levels.model import Bound, Check
    from citynet.plan.model import Plan

NO_CHECK = t("this version has no check for it yet", "本版本尚无对应检查")
_NOT_MEASURED = t("it was not measured", "未测量")


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured in one domain, and why the rest was not."""

    facts: Mapping[str, Any]
    troubles: Mapping[str, Text] = field(default_factory=dict)


def judge(check: Check, plan: Plan, domain: str, measured: Measured, bounds: Mapping[str, Bound]) -> Result:
    """The result of one check in one domain; blocked when something that it needs could not be measured."""
    lacking = [need for need in check.needs if need not in measured.facts]
    if lacking:
        judgement = Judgement(blocked=measured.troubles.get(lacking[0], _NOT_MEASURED))
    else:
        view = View(plan, domain, dict(measured.facts), {name: bound.value for name, bound in bounds.items()})
        judgement = check.judge(view)
    return Result(
        id=check.id,
        domain=domain,
        verdict=judgement.verdict,
        evidence=check.evidence,
        holds=check.holds,
        procedure=check.procedure,
        bounds=list(bounds.values()),
        findings=judgement.findings,
        figures=judgement.figures,
        reason=judgement.blocked,
    )


def uncovered(level: Level, domain: str, covered: Iterable[Check]) -> list[Result]:
    """A blocked result for whatever the report asks up to a level and no check covers.

    Whole features without any check, and parts of features (`parts.py`) without theirs.
    """
    checks = list(covered)
    levels = levels_up_to(level)
    lacking = missing(levels, {check.id for check in checks})
    cells = {(check.level, check.feature) for check in checks} | {(Level(n[:2]), Feature(n[3:6])) for n in lacking}
    empty = {
        f"{at.value}-{feature.value}-00": asks(feature, at)
        for at in levels
        for feature in Feature
        if not asks_nothing(feature, at) and (at, feature) not in cells
    }
    return [
        Result(name, domain, Verdict.BLOCKED, Evidence.ATTESTED, what, NO_CHECK, reason=NO_CHECK)
        for name, what in {**lacking, **empty}.items()
    ]


def reached(scorecard: Scorecard, domain: str) -> bool:
    """Whether every check of every level asked for passed in a domain; a run of some checks proves no level."""
    results = [result for result in scorecard.results if result.domain == domain]
    return scorecard.complete and bool(results) and all(result.verdict is Verdict.PASSED for result in results)


def reached_level(scorecard: Scorecard, domain: str) -> Level | None:
    """The highest level of which, and of all below it, every check passed in a domain."""
    best: Level | None = None
    for level in levels_up_to(scorecard.level):
        results = [result for result in scorecard.results if result.domain == domain and result.level is level]
        if not scorecard.complete or not results or any(result.verdict is not Verdict.PASSED for result in results):
            return best
        best = level
    return best


def cell(scorecard: Scorecard, domain: str, feature: Feature) -> Verdict | None:
    """The verdict of a feature in a domain: the worst of its checks; None when there are none."""
    verdicts = {result.verdict for result in scorecard.results if result.domain == domain and result.feature is feature}
    for verdict in (Verdict.FAILED, Verdict.BLOCKED, Verdict.ATTESTED, Verdict.PASSED):
        if verdict in verdicts:
            return verdict
    return None


def nothing_here(scorecard: Scorecard, feature: Feature) -> Text | None:
    """Why a feature has no result at all, if the report asks for nothing there."""
    empty = all(asks_nothing(feature, level) for level in levels_up_to(scorecard.level))
    return NOTHING_ASKED if empty else None
