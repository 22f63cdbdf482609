"""`citynet plan`: decide every number and keep it in the lock."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from citynet.commands.common import DesignArgument, JsonOption, QuietOption, print_json, table

if TYPE_CHECKING:
    from citynet.plan.model import Plan


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("plan")(plan)


def plan(
    design: DesignArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="leave citynet.lock as it is")] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Plan a design: addresses, locators, VRFs, ports. Writes citynet.lock beside the design."""
    from citynet import build

    planned, changed = (build.plan(design)[0], False) if dry_run else build.plan_and_lock(design)
    if json:
        print_json(planned.as_dict())
    elif not quiet:
        _summary(planned)
        sys.stdout.write("citynet.lock " + ("written" if changed else "unchanged") + "\n")


def _summary(planned: Plan) -> None:
    rows = []
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
    table(
        f"{planned.city} {planned.title}", ["domain", "", "level", "AS", "locators", "devices", "links", "hosts"], rows
    )
