"""`citynet plan`: decide every number and keep it in the lock; or show what that would change."""

from __future__ import annotations

import itertools
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citynet.commands.common import DesignArgument, JsonOption, QuietOption, print_json, table
from citynet.errors import Exit

if TYPE_CHECKING:
    from citynet.plan.diff import PlanDiff
    from citynet.plan.model import Plan

AGAINST_HELP = "with --diff: a plan.json, a build folder or another design; the last build's plan when absent"
STYLES = {"+": "green", "-": "red", "~": "yellow"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan")(plan)


def plan(
    design: DesignArgument,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="leave citynet.lock as it is")] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="show what differs from the last build, by device; write nothing")
    ] = False,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="PLAN|DESIGN", help=AGAINST_HELP, show_default=False)
    ] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="with --diff: 1 when anything differs")] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Plan a design: addresses, locators, VRFs, ports. Writes citynet.lock beside the design."""
    from citynet import build

    if (against or exit_code) and not diff:
        raise typer.BadParameter("--against and --exit-code go with --diff")
    if diff:
        differs = _diff(design, against, as_json=json, quiet=quiet)
        return Exit.CHECK_FAILED if differs and exit_code else Exit.OK
    planned, changed = (build.plan(design)[0], False) if dry_run else build.plan_and_lock(design)
    if json:
        print_json(planned.as_dict())
    elif not quiet:
        _summary(planned)
        sys.stdout.write("citynet.lock " + ("written" if changed else "unchanged") + "\n")
    return Exit.OK


def _diff(design: Path, against: Path | None, *, as_json: bool, quiet: bool) -> bool:
    """Plan, compare and print; whether anything differs."""
    from rich.console import Console

    from citynet import build
    from citynet.plan.diff import compare

    progress = Console(stderr=True, quiet=quiet or not sys.stderr.isatty())
    with progress.status("planning") as status, build.uncollected():
        planned, lock = build.plan(design)
        status.update("reading what it was")
        old, where = _previous(design, against)
        status.update("comparing")
        found = compare(old, planned, lock.changes())
    if as_json:
        print_json({"city": planned.city, "against": where, **found.as_dict()})
    elif not quiet:
        _print_diff(planned, found, where)
    return bool(found)


def _previous(design: Path, against: Path | None) -> tuple[Plan | None, str]:
    """The plan to compare with, and where it comes from; none, and an empty text, when nothing was built yet."""
    from citynet import build
    from citynet.plan import codec

    path = against or build.home_of(design) / "build"
    file = path / "plan.json" if (path / "plan.json").is_file() else path
    if file.suffix == ".json":
        return codec.load(file), str(file)
    if against is None:
        return None, ""
    return build.plan(against)[0], str(against)


def _print_diff(planned: Plan, found: PlanDiff, where: str) -> None:
    from citynet.plan import diff_text

    compared = f"against {where}" if where else "there is no plan of an earlier build, so everything is new"
    heading = diff_text.Line(f"{planned.city}: {diff_text.summary(found)} ({compared})")
    lines = itertools.chain([heading], diff_text.lines(found))
    if not sys.stdout.isatty():
        sys.stdout.writelines(f"{line.text}\n" for line in lines)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for line in lines:
        console.print(Text(line.text, STYLES[line.sign] if line.sign else "bold"))


def _summary(planned: Plan) -> None:
    rows: list[list[Any]] = []
    for name, domain in planned.domains.items():
        devices = [device for device in planned.devices.values() if device.domain == name]
        hosts = [host for host in planned.hosts.values() if host.domain == name]
        lines = [line for line in planned.lines.values() if line.domain == name and line.kind == "link"]
        rows.append(
            [
                name,
                domain.title,
                domain.level,
                str(domain.asn),
                domain.locators,
                str(len(devices)),
                str(len(lines)),
                str(len(hosts)),
            ]
        )
    if planned.optical is not None:
        from citynet.reports.optical import figures

        sys.stdout.write(figures(planned.optical) + "\n")
    table(
        f"{planned.city} {planned.title}", ["domain", "", "level", "AS", "locators", "devices", "links", "hosts"], rows
    )
