"""`citynet schema`: what a design may say, for editors and for readers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from citynet.commands.common import QuietOption
from citynet.errors import InputError, Problem

if TYPE_CHECKING:
    from citynet.design.schema import Language


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("schema")(schema)


def schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="file to write; printed when absent")
    ] = None,
    override: Annotated[bool, typer.Option("--override", help="for the files in design/override")] = False,
    reference: Annotated[
        bool, typer.Option("--reference", help="the reference page in Markdown instead of the schema")
    ] = False,
    language: Annotated[
        Literal["en", "zh"], typer.Option("--language", "--lang", help="language of the descriptions")
    ] = "en",
    quiet: QuietOption = False,
) -> None:
    """Write the JSON Schema of a design file, from which an editor completes, explains and checks keys."""
    text = _text(language, override=override, reference=reference)
    if output is None:
        sys.stdout.write(text)
        return
    _write(output, text)
    if not quiet:
        sys.stdout.write(f"{output} written\n")


def _text(language: Language, *, override: bool, reference: bool) -> str:
    import json

    from citynet.design.reference import markdown
    from citynet.design.schema import json_schema

    if reference:
        return markdown(language)
    return json.dumps(json_schema(language, override=override), indent=1, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    from citynet.files import write_whole

    try:
        write_whole(path, text)
    except OSError as error:
        raise InputError([Problem(str(path), 0, f"cannot be written: {error.strerror}")]) from error
