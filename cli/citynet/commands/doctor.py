"""`citynet doctor`: what this machine has and lacks, for which feature, and how to get it."""

from __future__ import annotations

import sys

import typer

from citynet.commands.common import JsonOption, QuietOption, print_json, table
from citynet.errors import Exit


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor)


def doctor(json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Look for everything that citynet needs of this machine; exit code 3 when something is missing."""
    from rich.markup import escape

    from citynet.lab import capacity, needs

    found = [(need, need.present()) for need in needs.every()]
    missing = [need for need, present in found if not present]
    memory = capacity.memory_available_mib()
    if json:
        print_json(
            {
                "ok": not missing,
                "memory_available_mib": memory,
                "needs": [
                    {"what": need.what, "feature": need.feature, "present": present, "install": need.install}
                    for need, present in found
                ],
            }
        )
    elif not quiet:
        table(
            "",
            ["", "what", "for", "to get it"],
            [
                ["ok" if present else "MISSING", need.what, need.feature, "" if present else escape(need.install)]
                for need, present in found
            ],
        )
        sys.stdout.write(f"\n{memory} MiB of memory available\n")
        sys.stdout.write(f"{len(missing)} missing\n" if missing else "nothing is missing\n")
    if missing:
        raise typer.Exit(Exit.LACKING)
