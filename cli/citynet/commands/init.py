"""`citynet init`: start a design from an example."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from citynet.commands.common import JsonOption, QuietOption, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("init")(init)


def init(
    folder: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="folder for the design; this one when absent")
    ] = Path(),
    *,
    example: Annotated[str, typer.Option("--from", metavar="EXAMPLE", help="mini, wuhan … or blank")] = "mini",
    city: Annotated[str, typer.Option(help="short name of the city; made from DIR when absent")] = "",
    title: Annotated[str, typer.Option(help="its name for people; DIR's when absent")] = "",
    force: Annotated[bool, typer.Option("--force", help="put it in place of a design that is there")] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Start a design: an example under a name of your own, or a blank sheet that explains every section."""
    from citynet.imports import names, placing, starting

    if city:
        starting.check_name(city, "--city")
    label = folder.resolve().name
    name = city or names.Namer("city").name(label)
    texts = starting.texts(example, name, names.title(title or label) or name)
    placing.put(folder, texts, force=force)
    files = [str(folder / path) for path in texts]
    steps = [f"citynet {step} {folder}" for step in ("check", "plan", "render")]
    if json:
        print_json({"ok": True, "city": name, "example": example, "files": files, "next": steps})
    elif not quiet:
        sys.stdout.write(f"{name}, from the example '{example}': {', '.join(files)}\n")
        sys.stdout.write("next: " + "\n      ".join(steps) + "\n")
