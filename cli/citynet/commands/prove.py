"""`citynet prove`: what the plan alone proves, and what refutes it."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from citynet.commands.common import DesignArgument, JsonOption, QuietOption, print_json
from citynet.errors import Exit, InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.status import Status

    from citynet.proof.model import Area, Proof, Result, Tell

_SHOWN = 5
_STYLES = {"proven": "green", "refuted": "bold red", "undecided": "yellow", "not applicable": "dim"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("prove")(prove)


def prove(
    design: DesignArgument,
    only: Annotated[
        str,
        typer.Option(
            "--only",
            help="isolation, reachability, risk, capacity, encryption, fences: some of them, with commas between",
        ),
    ] = "",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Prove from the plan alone: isolation, reachability under failures, shared risks, capacity, encryption, fences."""
    from citynet import build
    from citynet import proof as proofs

    areas = _areas(only)
    with _progress(silent=json or quiet) as tell:
        tell("planning")
        proof = proofs.prove(build.plan(design)[0], areas, tell)
    if json:
        print_json(proof.as_dict())
    elif not quiet:
        _show(proof)
    return Exit.OK if proof.holds else Exit.CHECK_FAILED


def _areas(only: str) -> list[Area]:
    from citynet.proof.model import Area

    known = [str(area) for area in Area]
    words = [word.strip() for word in only.split(",") if word.strip()] or known
    problems = [
        Problem("--only", 0, f"nothing is called '{word}'", ", ".join(known), did_you_mean(word, known))
        for word in words
        if word not in known
    ]
    if problems:
        raise InputError(problems)
    return [Area(word) for word in words]


def _show(proof: Proof) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from citynet.proof.model import CLAIMS

    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False, soft_wrap=True, markup=False)
    shown = Table(
        "", "claim", "subject", "verdict", "by", title=proof.city, title_justify="left", box=None, pad_edge=False
    )
    for result in proof.results:
        verdict = Text(result.verdict, _STYLES[result.verdict])
        shown.add_row(result.claim, CLAIMS[result.claim].holds, result.subject, verdict, result.reason)
    console.print(shown)
    for result in proof.results:
        if result.refutations or result.notes:
            _details(console, result)


def _details(console: Console, result: Result) -> None:
    from citynet.proof.model import some

    console.print(f"\n{result.claim} {result.subject}: {result.verdict}", style=_STYLES[result.verdict])
    for refutation in result.refutations[:_SHOWN]:
        console.print(f"  ✗ {refutation.subject}: {refutation.what}")
        if refutation.services:
            console.print(f"      services: {some(refutation.services)}")
        if refutation.advice:
            console.print(f"      would help: {refutation.advice}")
    if len(result.refutations) > _SHOWN:
        console.print(f"  ✗ and {len(result.refutations) - _SHOWN} more; --json lists them all")
    for note in result.notes:
        console.print(f"  · {note}")


class _Spinner:
    def __init__(self, status: Status) -> None:
        self._status = status

    def __call__(self, step: str) -> None:
        self._status.update(step)


@contextmanager
def _progress(*, silent: bool) -> Iterator[Tell]:
    """A spinner with the step that goes on; nothing where nobody looks."""
    from rich.console import Console

    from citynet.proof.model import silent as nothing

    console = Console(stderr=True)
    if silent or not console.is_terminal:
        yield nothing
        return
    with console.status("") as status:
        yield _Spinner(status)
