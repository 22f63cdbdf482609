"""Options and output that the commands share."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from citynet.plan.model import Plan, PlannedIdentifier

DesignArgument = Annotated[
    Path,
    typer.Argument(metavar="DESIGN", help="design file, or folder with design.yml or design/*.yml", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="print nothing but errors")]


def print_json(value: Any, indent: int | None = 1) -> None:
    """Print one JSON document; on one line without `indent`."""
    sys.stdout.write(json.dumps(value, indent=indent, ensure_ascii=False, default=str) + "\n")


def table(title: str, headings: list[str], rows: list[list[str]]) -> None:
    """Print a table; plain columns when the output is no terminal."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(*headings, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        shown.add_row(*row)
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False).print(shown)


def identifier_of(planned: Plan, word: str) -> PlannedIdentifier | None:
    """The data identifier of a plan by name or number; None when there is no word.

    Raises:
        InputError: There is no such identifier.
    """
    from citynet.errors import InputError, Problem, did_you_mean
    from citynet.plan.model import PlannedIdentifier

    if not word:
        return None
    known = planned.identifiers
    if word in known:
        return known[word]
    for one in known.values():
        if word.lower() in {str(one.number), hex(one.number)}:
            return one
    for binding in (one for service in planned.services.values() for one in service.bindings):
        if word.lower() in {str(binding.number), hex(binding.number)}:  # steered, and not named
            return PlannedIdentifier(binding.name, "", "", "", "", 0, 0, binding.number, [])
    raise InputError([Problem("--apn", 0, f"no identifier '{word}'", "one of the design", did_you_mean(word, known))])
