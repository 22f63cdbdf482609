"""`citynet check`: is the design right?"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from citynet.commands.common import JsonOption, QuietOption, print_json, table
from citynet.errors import Exit, InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from citynet.design.model import Design


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    design: Annotated[
        Path | None,
        typer.Argument(metavar="DESIGN", help="design file, or folder with design.yml or design/*.yml"),
    ] = None,
    *,
    explain: Annotated[
        str | None, typer.Option("--explain", metavar="RULE", help="explain a rule; `all` lists them")
    ] = None,
    sarif: Annotated[Path | None, typer.Option(help="also write what was found as SARIF 2.1.0, for code hosts")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="exit code 1 when there are warnings")] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Read a design and report everything wrong with it, each with file, line, column and hint."""
    if explain is not None:
        _explain(explain, as_json=json)
        return Exit.OK
    if design is None:
        raise InputError([Problem("check", 0, "no design given", "citynet check DESIGN", "or --explain RULE")])
    from citynet import build
    from citynet.reports.sarif import write_sarif

    try:
        checked = build.check(design)
    except InputError as error:
        if sarif is not None:
            write_sarif(sarif, error.problems)
        raise
    if sarif is not None:
        write_sarif(sarif, checked.warnings)
    _tell(checked, as_json=json, quiet=quiet)
    return Exit.CHECK_FAILED if strict and checked.warnings else Exit.OK


def _tell(design: Design, *, as_json: bool, quiet: bool) -> None:
    city, warnings = design.city, design.warnings
    counts = {
        "city": city.city,
        "domains": len(city.domains),
        "sites": len(city.sites),
        "fibres": len(city.fibres),
        "devices": len(city.devices),
        "services": len(city.services),
        "participants": len(city.participants),
    }
    if as_json:
        print_json({"ok": True, **counts, "warnings": [warning.as_dict() for warning in warnings]})
        return
    sys.stderr.write("".join(f"{warning}\n" for warning in warnings))
    if not quiet:
        found = f"{len(warnings)} warnings" if len(warnings) > 1 else "1 warning" if warnings else "no problem found"
        sys.stdout.write(", ".join(f"{key} {value}" for key, value in counts.items()) + f": {found}\n")


def _explain(wanted: str, *, as_json: bool) -> None:
    from citynet.design.rules import RULES

    if wanted != "all" and wanted not in RULES:
        raise InputError([Problem("--explain", 0, f"no rule '{wanted}'", "a rule's id", did_you_mean(wanted, RULES))])
    rules = [rule for rule in RULES.values() if wanted in {"all", rule.id}]
    if as_json:
        print_json([{"id": rule.id, "severity": str(rule.severity), "text": rule.text} for rule in rules])
    elif wanted == "all":
        rows = [[rule.id, str(rule.severity), rule.title] for rule in sorted(rules, key=lambda rule: rule.id)]
        table("", ["rule", "severity", "what must hold"], rows)
    else:
        sys.stdout.write(f"{rules[0].id} ({rules[0].severity})\n\n{rules[0].text}\n")
