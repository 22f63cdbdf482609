"""`citynet docs`: the low-level design as documents, and the map."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from citynet.commands.common import DesignArgument, JsonOption, QuietOption, print_json

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from citynet.levels.text import Language

_LANGUAGES: dict[str, tuple[Language, ...]] = {"zh": ("zh",), "en": ("en",), "both": ("zh", "en")}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("docs")(docs)


def docs(
    design: DesignArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="folder to write; `build/docs` beside the design when absent")
    ] = None,
    language: Annotated[Literal["zh", "en", "both"], typer.Option(help="language of the documents")] = "both",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Write the low-level design: Markdown with pictures, a sheet per device, a map. Leaves citynet.lock as it is."""
    from citynet import build
    from citynet.reports.documents.write import write_documents

    folder = output or build.home_of(design) / "build" / "docs"
    with _status(silent=json or quiet):
        planned, _ = build.plan(design)
        written = write_documents(planned, folder, _LANGUAGES[language])
    if json:
        print_json({"ok": True, "docs": str(folder), "design_digest": planned.design_digest, "files": written.files})
    elif not quiet:
        sys.stdout.write(f"{len(written.files)} files in {folder}: README.md, map.html\n")


def _status(*, silent: bool) -> AbstractContextManager[object]:
    """A sign of life on a terminal while it goes on."""
    if silent or not sys.stderr.isatty():
        return contextlib.nullcontext()
    from rich.console import Console

    return Console(stderr=True).status("writing the documents")
