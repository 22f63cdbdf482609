"""`citynet render`: the whole configuration of every device, as files."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citynet.commands.common import DesignArgument, JsonOption, QuietOption, print_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.build import Tell


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("render")(render)


def render(  # noqa: PLR0917 - Typer's way
    design: DesignArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="folder to write; `build` beside the design when absent")
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", min=0, max=256, help="processes; 0 chooses by cores and devices")
    ] = 0,
    no_cache: Annotated[bool, typer.Option("--no-cache", help="render every device anew, changed or not")] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Check, plan and render a design: writes citynet.lock, plan.json, manifest.json and what changed in configs/."""
    from citynet import build

    with _progress(silent=json or quiet) as tell:
        result = build.build(design, output, jobs=jobs, anew=no_cache, tell=tell)
    count = len(result.plan.devices)
    if json:
        print_json(
            {
                "ok": True,
                "build": str(result.build_dir),
                "devices": list(result.plan.devices),
                "written": result.written,
            }
        )
    elif not quiet:
        kept = count - len(result.written)
        changed = f", {len(result.written)} of them written, the others unchanged" if kept else ""
        sys.stdout.write(f"{count} configurations in {result.build_dir}/configs{changed}\n")


@contextlib.contextmanager
def _progress(*, silent: bool) -> Iterator[Tell]:
    """A bar on the standard error, if that is a terminal. No thread redraws it: rendering forks, and threads don't."""
    if silent or not sys.stderr.isatty():
        yield lambda _what, _done, _all: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True) as shown:
        task = shown.add_task("planning", total=None)

        def tell(what: str, done: int, total: int) -> None:
            shown.update(task, description=what, completed=done, total=total or None, refresh=True)

        yield tell
