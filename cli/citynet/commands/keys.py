"""`citynet keys`: which keys a running city uses, and other ones on demand. IDs are shown, keys never."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from citynet.commands.common import JsonOption, QuietOption, print_json, table

app = typer.Typer(no_args_is_help=True, help="Keys of lines and tunnels: which are in use, and other ones now.")

NameOption = Annotated[str, typer.Option("--name", "-n", help="which lab; not needed when one lab runs")]
DeviceOption = Annotated[str, typer.Option("--device", "-d", help="one device only")]


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="keys")


@app.command("status")
def status(
    name: NameOption = "", device: DeviceOption = "", json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Lines and tunnels with the IDs and ages of their keys, and alarms."""
    from citynet.lab import keys, request

    found = keys.status(request.find(name), device)
    alarms = {one: state["alarms"] for one, state in found.items() if state["alarms"]}
    if json:
        print_json({"ok": not alarms, "devices": found})
    elif not quiet:
        table("", ["device", "line or tunnel", "peer", "state", "key", "age", "alarms"], list(keys.rows(found)))
        for one, raised in alarms.items():
            for alarm in raised:
                sys.stdout.write(f"{one}: {alarm['alarm']}: {alarm['text']}\n")


@app.command("rotate")
def rotate(
    user: Annotated[str, typer.Argument(help="a line or tunnel, such as 'line eth1'; all when absent")] = "",
    name: NameOption = "",
    device: DeviceOption = "",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Have keys replaced now, without a gap."""
    from citynet.lab import keys, request

    found = keys.rotate(request.find(name), device, user)
    if json:
        print_json({"ok": True, "devices": found})
    elif not quiet:
        for one, rotating in found.items():
            sys.stdout.write(f"{one}: {', '.join(rotating) or 'no keys of QKD'}\n")
