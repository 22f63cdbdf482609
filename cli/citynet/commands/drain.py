"""`citynet drain`: take a device out of service for maintenance, and back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from citynet.commands.common import DesignArgument, JsonOption, QuietOption, print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("drain")(drain)


def drain(  # noqa: PLR0917 - Typer's way
    node: Annotated[str, typer.Argument(help="the device", show_default=False)],
    design: DesignArgument,
    lab: Annotated[str | None, typer.Option(help="in the running lab of this name")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="take it back into service")] = False,
    force: Annotated[bool, typer.Option("--force", help="even if that cuts something off")] = False,
    check: Annotated[bool, typer.Option("--check", help="say what would be cut off, change nothing")] = False,
    inventory: Annotated[
        Path | None, typer.Option("-i", "--inventory", help="inventory to use instead of the plan's own")
    ] = None,
    settle: Annotated[float, typer.Option(min=0, help="seconds that the others get after each step")] = 1.5,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int | None:
    """Take a device out of the traffic's way without losing a packet; it stays so through reboots and deployments."""
    from citynet import build
    from citynet.deploy import runner
    from citynet.deploy.progress import Watcher
    from citynet.lab import Lab

    built = build.build(design)
    runner.require_device(built.plan, node)
    settings = runner.Settings(
        home=build.home_of(design),
        build_dir=built.build_dir,
        lab=None if lab is None else Lab.load(lab),
        check=check,
        limit=node,
        inventory=inventory,
        playbook="drain",
        variables={
            "citynet_drain_state": "in_service" if undo else "drained",
            "citynet_drain_force": force,
            "citynet_drain_settle": settle,
        },
    )
    with Watcher(silent=quiet or json) as watch:
        report = runner.run(settings, watch)
    device = report.devices[node]
    if json:
        status = {"status": device.status, "reason": device.reason, "notes": device.notes, "seconds": report.seconds}
        print_json({"ok": report.ok, "device": node, **status})
    elif not quiet or device.failed:
        said = device.reason or "; ".join(device.notes)
        state = "in service" if undo else "drained"
        word = {"changed": f"would be {state}" if check else state, "unchanged": f"{state} already"}
        line = f"{node}: {word.get(device.status, device.status)}{': ' if said else ''}{said}\n"
        (sys.stderr if device.failed else sys.stdout).write(line)
    return runner.exit_code(report)
