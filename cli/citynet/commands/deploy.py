"""`citynet deploy`: bring devices to their configuration."""

from __future__ import annotations

import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from citynet.commands.common import DesignArgument, JsonOption, QuietOption, print_json, table

if TYPE_CHECKING:
    from citynet.deploy.runner import DeviceReport, Report


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("deploy")(deploy)


def deploy(  # noqa: PLR0917 - Typer's way
    design: DesignArgument,
    lab: Annotated[str | None, typer.Option(help="deploy to the running lab of this name")] = None,
    check: Annotated[bool, typer.Option("--check", help="compare on the devices, change nothing")] = False,
    diff: Annotated[bool, typer.Option("--diff", help="print the difference per device, without secrets")] = False,
    limit: Annotated[str, typer.Option(help="only these devices: an Ansible host pattern")] = "",
    only: Annotated[
        Literal["fence"] | None,
        typer.Option(help="this part of the devices alone, all at a time: quick", metavar="PART"),
    ] = None,
    inventory: Annotated[
        Path | None, typer.Option("-i", "--inventory", help="inventory to use instead of the plan's own")
    ] = None,
    confirm: Annotated[int, typer.Option(min=5, help="seconds until an unconfirmed device goes back by itself")] = 60,
    deadline: Annotated[int, typer.Option(min=1, help="seconds to wait for the network to come together")] = 120,
    forks: Annotated[int, typer.Option(min=0, help="devices at a time; 0 chooses by the number of cores")] = 0,
    vault_id: Annotated[list[str] | None, typer.Option(help="vault identity, as Ansible takes it")] = None,
    vault_password_file: Annotated[list[Path] | None, typer.Option(help="vault password file")] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int | None:
    """Render a design and bring its devices to it, one transaction each; a second run changes nothing."""
    from citynet import build
    from citynet.deploy import runner
    from citynet.deploy.progress import Watcher

    running = None
    if lab is not None:
        from citynet.lab import Lab

        running = Lab.load(lab)
    began = monotonic()
    built = build.build(design)
    planned_s = round(monotonic() - began, 1)
    vault = [part for name in vault_id or [] for part in ("--vault-id", name)]
    vault += [part for path in vault_password_file or [] for part in ("--vault-password-file", str(path))]
    settings = runner.Settings(
        home=build.home_of(design),
        build_dir=built.build_dir,
        lab=running,
        check=check,
        limit=limit,
        inventory=inventory,
        confirm_s=confirm,
        deadline_s=deadline,
        forks=forks,
        vault=vault,
        only=only or "",
    )
    with Watcher(silent=quiet or json) as watch:
        report = runner.run(settings, watch)
    report.took = {"plan": planned_s, **report.took}
    if json:
        print_json(_as_json(report, with_diff=diff))
    else:
        _print(report, diff=diff, quiet=quiet)
    return runner.exit_code(report)


def _as_json(report: Report, *, with_diff: bool) -> dict[str, Any]:
    devices = {}
    for name, device in report.devices.items():
        devices[name] = {
            "status": device.status,
            "seconds": device.seconds,
            "reason": device.reason,
            "parts": device.parts,
            "notes": device.notes,
        }
        if with_diff:
            devices[name]["diff"] = report.run.diff(name)
    return {
        "ok": report.ok,
        "check": report.check,
        "run": str(report.run.folder),
        "seconds": report.seconds,
        "took": report.took,
        "counts": report.counts,
        "devices": devices,
    }


def _said(device: DeviceReport) -> str:
    return device.reason or "; ".join(filter(None, [", ".join(device.parts), *device.notes]))


def _print(report: Report, *, diff: bool, quiet: bool) -> None:
    if diff:
        for name in report.devices:
            text = report.run.diff(name)
            sys.stdout.write(f"== {name}\n{text}\n" if text else "")
    if quiet:
        for name, device in report.devices.items():
            sys.stderr.write(f"{name}: {device.status}: {device.reason}\n" if device.failed else "")
        return
    rows = [
        [
            name,
            device.status,
            f"{device.seconds:.1f}",
            device.reason or "; ".join([", ".join(device.parts), *device.notes]).strip("; "),
        ]
        for name, device in report.devices.items()
    ]
    table("would change, changing nothing" if report.check else "", ["device", "result", "seconds", ""], rows)
    counts = ", ".join(f"{number} {status}" for status, number in report.counts.items())
    parts = ", ".join(f"{name} {seconds} s" for name, seconds in report.took.items())
    sys.stdout.write(f"{counts} in {report.seconds} s ({parts}); archived in {report.run.folder}\n")
