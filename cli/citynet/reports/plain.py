"""The scorecard as JSON, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from citynet.levels.model import Scorecard
from citynet.reports import summary
from citynet.reports.words import EVIDENCE, VERDICTS, label

if TYPE_CHECKING:
    from citynet.levels.text import Language

COLUMNS = ("domain", "id", "level", "feature", "verdict", "evidence", "holds", "figures", "findings", "reason", "files")


def as_dict(card: Scorecard) -> dict[str, Any]:
    """Everything, with what follows from it: who reached what."""
    data: dict[str, Any] = TypeAdapter(Scorecard).dump_python(card, mode="json")
    data["reached"] = summary.level_reached(card)
    data["outcome"] = {
        domain.name: {
            "reached": domain.reached,
            "level": domain.level or None,
            "counts": {verdict.value: count for verdict, count in domain.counts.items()},
        }
        for domain in summary.domains(card)
    }
    return data


def as_json(card: Scorecard) -> str:
    """The scorecard as one JSON document."""
    return json.dumps(as_dict(card), indent=1, ensure_ascii=False) + "\n"


def as_csv(card: Scorecard, language: Language) -> str:
    """One line per check and domain."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for domain in summary.domains(card):
        for result in domain.results:
            writer.writerow(
                [
                    domain.name,
                    result.id,
                    result.level.value,
                    result.feature.value,
                    result.verdict.value,
                    result.evidence.value,
                    result.holds.say(language),
                    "; ".join(
                        f"{figure.name.say(language)} {figure.value} {figure.bound}".rstrip()
                        for figure in result.figures
                    ),
                    "; ".join(finding.say(language) for finding in result.findings),
                    result.reason.say(language) if result.reason else "",
                    " ".join(result.files),
                ]
            )
    return out.getvalue()


def as_markdown(card: Scorecard, language: Language) -> str:
    """Tables for a wiki or a merge request."""
    domains = summary.domains(card)
    lines = [f"# {card.title or card.city}: {label('heading', language)} {card.level.value}", ""]
    for domain in domains:
        word = label("not_graded" if not card.complete else "reached" if domain.reached else "not_reached", language)
        lines.append(f"- **{domain.title.say(language)}**: {card.level.value} {word}")
    titles = [domain.title.say(language) for domain in domains]
    lines += [
        "",
        *_table(
            [label("feature", language), label("asks", language), *titles],
            [
                [row.title.say(language), row.asks.say(language), *(_cell(cell, language) for cell in row.cells)]
                for row in summary.rows(card)
            ],
        ),
    ]
    for domain in domains:
        lines += [
            "",
            f"## {domain.title.say(language)}",
            "",
            *_table(
                [label(name, language) for name in ("check", "result", "kind", "figures")],
                [
                    [
                        result.id,
                        VERDICTS[result.verdict].say(language),
                        EVIDENCE[result.evidence].say(language),
                        summary.headline(result, language),
                    ]
                    for result in domain.results
                ],
            ),
        ]
    lines += [
        "",
        f"{label('design_digest', language)} `{card.design_digest}` · citynet {card.citynet} · {card.started}",
        "",
    ]
    return "\n".join(lines)


def _cell(cell: summary.Cell, language: Language) -> str:
    if cell.verdict is None:
        return cell.note.say(language) if cell.note else "–"
    return f"{VERDICTS[cell.verdict].say(language)} {cell.passed}/{cell.total}"


def _table(headings: list[str], rows: list[list[str]]) -> list[str]:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return [line(headings), "|" + "---|" * len(headings), *(line(row) for row in rows)]
