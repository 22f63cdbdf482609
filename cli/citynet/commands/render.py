"""`citynet render`: the whole configuration of every device, as files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from citynet.commands.common import DesignArgument, JsonOption, QuietOption, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("render")(render)


def render(
    design: DesignArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="folder to write; `build` beside the design when absent")
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check, plan and render a design: writes citynet.lock, plan.json, manifest.json and configs/."""
    from citynet import build

    result = build.build(design, output)
    if json:
        print_json({"ok": True, "build": str(result.build_dir), "devices": list(result.plan.devices)})
    elif not quiet:
        sys.stdout.write(f"{len(result.plan.devices)} configurations in {result.build_dir}/configs\n")
