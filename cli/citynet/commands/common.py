"""Options and output that the commands share."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

DesignArgument = Annotated[
    Path,
    typer.Argument(metavar="DESIGN", help="design file, or folder with design.yml or design/*.yml", show_default=False),
]
JsonOption = Annotated[bool, typer.Option("--json", help="print JSON")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="print nothing but errors")]


def print_json(value: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(value, indent=1, ensure_ascii=False, default=str) + "\n")


def table(title: str, headings: list[str], rows: list[list[str]]) -> None:
    """Print a table; plain columns when the output is no terminal."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(*headings, title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        shown.add_row(*row)
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False).print(shown)
