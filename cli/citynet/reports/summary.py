"""What every form of a scorecard shows: domains, their verdicts, the features' cells."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.levels.features import GROUPS, TITLES, asks, domain_title, levels_up_to
from citynet.levels.judging import cell, nothing_here, reached, reached_level
from citynet.levels.model import Feature, Verdict

if TYPE_CHECKING:
    from citynet.levels.model import Result, Scorecard
    from citynet.levels.text import Language, Text


@dataclass(frozen=True, slots=True)
class Cell:
    """One feature in one domain; `verdict` None with a `note` where the report asks nothing."""

    verdict: Verdict | None
    passed: int
    total: int
    note: Text | None


@dataclass(frozen=True, slots=True)
class Row:
    """One feature over all domains."""

    group: Text
    first_of_group: int
    feature: Feature
    title: Text
    asks: Text
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class DomainSummary:
    """One domain's outcome."""

    name: str
    title: Text
    target: str
    reached: bool
    level: str
    counts: dict[Verdict, int]
    results: list[Result]

    @property
    def total(self) -> int:
        """How many checks it has."""
        return len(self.results)


def domains(card: Scorecard) -> list[DomainSummary]:
    """The outcome of every domain."""
    found = []
    for name, title in card.domains.items():
        results = [result for result in card.results if result.domain == name]
        order = list(Feature)
        results.sort(key=lambda result: (result.level, order.index(result.feature), result.id))
        counted = Counter(result.verdict for result in results)
        level = reached_level(card, name)
        found.append(
            DomainSummary(
                name,
                domain_title(name, title),
                card.targets[name],
                reached(card, name),
                level.value if level else "",
                {verdict: counted[verdict] for verdict in Verdict},
                results,
            )
        )
    return found


def rows(card: Scorecard) -> list[Row]:
    """The nine features, in the report's order."""
    found = []
    for group, features in GROUPS:
        for number, feature in enumerate(features):
            cells = [_cell(card, name, feature) for name in card.domains]
            found.append(
                Row(
                    group,
                    len(features) if number == 0 else 0,
                    feature,
                    TITLES[feature],
                    asks(feature, card.level),
                    cells,
                )
            )
    return found


def _cell(card: Scorecard, domain: str, feature: Feature) -> Cell:
    results = [result for result in card.results if result.domain == domain and result.feature is feature]
    passed = sum(result.verdict is Verdict.PASSED for result in results)
    return Cell(cell(card, domain, feature), passed, len(results), None if results else nothing_here(card, feature))


def level_reached(card: Scorecard) -> bool:
    """Whether the level is reached in every domain that was judged."""
    return bool(card.domains) and all(reached(card, name) for name in card.domains)


def headline(result: Result, language: Language) -> str:
    """The one figure or sentence that tells most about a result."""
    if result.reason is not None:
        return result.reason.say(language)
    if result.findings:
        more = f" (+{len(result.findings) - 1})" if len(result.findings) > 1 else ""
        return result.findings[0].say(language) + more
    bounded = [figure for figure in result.figures if figure.bound]
    shown = (bounded or result.figures)[:2]
    return "; ".join(
        f"{figure.name.say(language)} {figure.value}" + (f" ({figure.bound})" if figure.bound else "")
        for figure in shown
    )


def levels(card: Scorecard) -> str:
    """The levels that the run covered, as text."""
    return ", ".join(level.value for level in levels_up_to(card.level))
