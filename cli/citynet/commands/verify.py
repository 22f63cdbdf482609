"""`citynet verify`: which service level a running network reaches, proven by pyATS checks."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from citynet.commands.common import JsonOption, QuietOption, print_json
from citynet.errors import Exit

if TYPE_CHECKING:
    from citynet.levels.model import Scorecard

LevelName = Literal["L1", "L2", "L3", "L4"]
"""The levels by name: `Level` itself would bring all types of a design along, before it is known what is asked."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify)


def verify(  # noqa: PLR0917 - Typer's way
    design: Annotated[Path, typer.Argument(metavar="DESIGN", help="design file or folder")] = Path(),
    lab: Annotated[str | None, typer.Option(help="the running lab; the city's own when absent")] = None,
    level: Annotated[LevelName, typer.Option(help="service level to prove, with all below it")] = "L1",
    lang: Annotated[Literal["zh", "en"], typer.Option(help="language of the table and the page")] = "en",
    only: Annotated[list[str] | None, typer.Option(help="only this check, e.g. L1-REL-02; may be repeated")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="a threshold, ID.NAME=VALUE; may be repeated")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="folder for scorecard and evidence")] = None,
    list_: Annotated[bool, typer.Option("--list", help="list the checks and their thresholds, run nothing")] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Run the checks of a level and write the scorecard; exit code 0 only if every domain reaches the level."""
    from citynet.reports.summary import level_reached

    if list_:
        return _list(level, lang, as_json=json)
    asked = _Asked(design, lab, level, lang, only or [], set_ or [], output)
    card, files = _run(asked, silent=json or quiet)
    if json:
        from citynet.reports.plain import as_dict

        print_json({**as_dict(card), "written": {kind: str(path) for kind, path in files.items()}})
    elif not quiet:
        from citynet.reports.terminal import show

        show(card, lang)
        sys.stdout.write(f"{card.seconds:.0f} s · {files['html']}\n")
    return Exit.OK if level_reached(card) else Exit.CHECK_FAILED


@dataclass(frozen=True, slots=True)
class _Asked:
    """The command line."""

    design: Path
    lab: str | None
    level: LevelName
    lang: Literal["zh", "en"]
    only: list[str]
    settings: list[str]
    output: Path | None


def _run(asked: _Asked, *, silent: bool) -> tuple[Scorecard, dict[str, Path]]:
    from citynet import build
    from citynet.design.types import Level
    from citynet.lab import Lab
    from citynet.levels import runner
    from citynet.reports.write import write_all

    built = build.build(asked.design)
    running = Lab.load(asked.lab or built.plan.city)
    folder = asked.output or built.build_dir / "verify" / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    wanted = runner.Settings(
        design=asked.design.absolute(),
        lab=running,
        level=Level(asked.level),
        output=folder.absolute(),
        files=runner.files_of(built.build_dir),
        only=asked.only,
        settings=asked.settings,
    )
    with _Progress(silent=silent) as progress:
        card = runner.verify(wanted, progress.say)
    return card, write_all(card, folder, asked.lang)


def _list(level: LevelName, lang: Literal["zh", "en"], *, as_json: bool) -> int:
    from citynet.commands.common import table
    from citynet.design.types import Level
    from citynet.levels.catalogue import catalogue

    registry = catalogue()
    checks = registry.select(Level(level))
    if as_json:
        print_json(
            [
                {
                    "id": check.id,
                    "holds": check.holds.say(lang),
                    "procedure": check.procedure.say(lang),
                    "evidence": check.evidence,
                    "thresholds": {
                        item.name: {"default": item.default, "unit": item.unit, "origin": item.origin.say(lang)}
                        for item in check.thresholds
                    },
                }
                for check in checks
            ]
        )
    else:
        table(
            level,
            ["check", "holds", "evidence", "thresholds"],
            [
                [
                    check.id,
                    check.holds.say(lang),
                    check.evidence.value,
                    ", ".join(f"{item.name}={item.default:g} {item.unit}" for item in check.thresholds),
                ]
                for check in checks
            ],
        )
    return Exit.OK


class _Progress:
    """A spinner with the step that goes on; nothing where nobody looks."""

    def __init__(self, *, silent: bool) -> None:
        from rich.console import Console

        self._silent = silent
        self._console = Console(stderr=True)
        self._status = self._console.status("starting")

    def __enter__(self) -> _Progress:
        if not self._silent and self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def say(self, text: str) -> None:
        if not self._silent and self._console.is_terminal:
            self._status.update(text)
        elif not self._silent:
            self._console.print(text, highlight=False)
