"""The scorecard on a terminal."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text as Styled

from citynet.levels.model import Verdict
from citynet.reports import summary
from citynet.reports.words import VERDICTS, label

if TYPE_CHECKING:
    from citynet.levels.model import Scorecard
    from citynet.levels.text import Language

STYLES = {
    Verdict.PASSED: "green",
    Verdict.FAILED: "bold red",
    Verdict.BLOCKED: "yellow",
    Verdict.ATTESTED: "cyan",
}
MARKS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.BLOCKED: "■", Verdict.ATTESTED: "○"}


def show(card: Scorecard, language: Language) -> None:
    """Print features × domains, then every check, then the levels reached."""
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    console.print(_features(card, language))
    for domain in summary.domains(card):
        console.print()
        console.print(_checks(domain, language))
    console.print()
    for domain in summary.domains(card):
        console.print(_verdict(card, domain, language))


def mark(verdict: Verdict, language: Language) -> Styled:
    """A verdict with its sign and colour."""
    return Styled(f"{MARKS[verdict]} {VERDICTS[verdict].say(language)}", STYLES[verdict])


def _features(card: Scorecard, language: Language) -> Table:
    table = Table(
        title=f"{card.title or card.city} · {label('heading', language)} · {card.level.value}",
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for heading in (
        label("dimension", language),
        label("feature", language),
        label("asks", language),
        *(domain.title.say(language) for domain in summary.domains(card)),
    ):
        table.add_column(heading)
    for row in summary.rows(card):
        cells = []
        for cell in row.cells:
            if cell.verdict is None:
                cells.append(Styled(cell.note.say(language) if cell.note else "–", "dim"))
            else:
                cells.append(mark(cell.verdict, language).append(f"  {cell.passed}/{cell.total}", "dim"))
        table.add_row(
            row.group.say(language) if row.first_of_group else "",
            row.title.say(language),
            row.asks.say(language),
            *cells,
        )
    return table


def _checks(domain: summary.DomainSummary, language: Language) -> Table:
    table = Table(title=domain.title.say(language), title_justify="left", box=None, pad_edge=False, header_style="bold")
    for heading in ("check", "result", "kind", "figures"):
        table.add_column(label(heading, language), overflow="fold", no_wrap=heading in {"check", "result"})
    for result in domain.results:
        table.add_row(
            result.id, mark(result.verdict, language), result.evidence.value, summary.headline(result, language)
        )
    return table


def _verdict(card: Scorecard, domain: summary.DomainSummary, language: Language) -> Styled:
    if not card.complete:
        return Styled(f"{domain.title.say(language)}: {label('not_graded', language)}", "yellow")
    word, style = ("reached", "bold green") if domain.reached else ("not_reached", "bold red")
    counts = ", ".join(
        f"{VERDICTS[verdict].say(language)} {count}" for verdict, count in domain.counts.items() if count
    )
    return Styled(f"{domain.title.say(language)}: {card.level.value} {label(word, language)} ({counts})", style)
