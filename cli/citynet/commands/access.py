"""`citynet access`: who may get on with which right, who is on, and rights withdrawn."""

from __future__ import annotations

import enum
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citynet.commands.common import DesignArgument, JsonOption, QuietOption, print_json, table

if TYPE_CHECKING:
    from citynet.plan.model import Plan

NameOption = Annotated[str, typer.Option("--name", "-n", help="which lab; not needed when one lab runs")]
WhoArgument = Annotated[str, typer.Argument(metavar="HOST|ROLE|TASK", help="a host, a role or a task of the design")]


class DeviceState(enum.StrEnum):
    """States of a participant's device."""

    HEALTHY = "healthy"
    OUTDATED = "outdated"
    COMPROMISED = "compromised"


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Trusted access: who gets on, with which right, and who is on.")
    group.command("show")(show)
    group.command("status")(status)
    group.command("withdraw")(withdraw)
    group.command("restore")(restore)
    group.command("state")(state)
    app.add_typer(group, name="access")


def show(design: DesignArgument, json: JsonOption = False, quiet: QuietOption = False) -> None:
    """List the roles and tasks of a design, and the ports that they open."""
    from citynet import build

    planned, _ = build.plan(design)
    if json:
        print_json(_described(planned))
    elif not quiet:
        _tables(planned)


def _described(planned: Plan) -> dict[str, Any]:
    from dataclasses import asdict

    ports = [
        {"device": device.name, **asdict(port)}
        for device in planned.devices.values()
        if device.access
        for port in device.access.ports
    ]
    return {**(asdict(planned.access) if planned.access else {"servers": [], "roles": {}, "tasks": {}}), "ports": ports}


def _tables(planned: Plan) -> None:
    from citynet.design.windows import text

    told = _described(planned)

    def hours(one: dict[str, Any]) -> str:
        return text(tuple((first, end) for first, end in one["schedule"]))

    def some(names: list[str]) -> str:
        return " ".join(names) or "any"

    roles = [
        [
            one["name"],
            " ".join(one["hosts"]),
            some(one["services"]),
            " ".join(one["identifiers"]) or "–",
            some([*one["zones"], *one["devices"]]),
            " ".join(one["states"]),
            hours(one),
        ]
        for one in told["roles"].values()
    ]
    table("", ["role", "hosts", "services", "identifiers", "where", "state", "when (Beijing)"], roles)
    tasks = [
        [one["name"], " ".join(one["roles"]), " ".join(one["identifiers"]), hours(one)]
        for one in told["tasks"].values()
    ]
    table("", ["task", "roles", "identifiers", "when (Beijing)"], tasks)
    ports = [[one["device"], one["port"], one["host"], "IKE" if one["tunnel"] else "802.1X"] for one in told["ports"]]
    table("", ["device", "port", "host", "by"], ports)


def status(name: NameOption = "", json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Who is on in a lab, with which right; what was withdrawn, and states that were told."""
    from citynet.lab import access, request

    found = access.status(request.find(name))
    if json:
        print_json({"ok": True, **found})
        return
    if quiet:
        return
    rows = [
        [
            one["user"],
            device,
            one["port"],
            one["by"],
            "on" if one["open"] else "asks",
            " ".join(one["names"]),
            "any" if one["identifiers"] is None else " ".join(map(str, one["identifiers"])) or "none",
        ]
        for device, told in found["devices"].items()
        for one in told["sessions"]
    ]
    table("", ["host", "device", "port", "by", "state", "right", "identifiers"], rows)
    for word, what in (("withdrawn", found["withdrawn"]), ("states", [f"{k} {v}" for k, v in found["states"].items()])):
        if what:
            sys.stdout.write(f"{word}: {', '.join(what)}\n")


def withdraw(who: WhoArgument, name: NameOption = "", json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Withdraw the right of a host, or a role or task from all who have it, now and until it is restored."""
    _order({"what": "withdraw", "name": who}, name, json=json, quiet=quiet)


def restore(who: WhoArgument, name: NameOption = "", json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Take a withdrawal back."""
    _order({"what": "restore", "name": who}, name, json=json, quiet=quiet)


def state(
    host: Annotated[str, typer.Argument(metavar="HOST", help="a participant's host")],
    now: Annotated[DeviceState, typer.Argument(metavar="STATE", help="healthy, outdated or compromised")],
    name: NameOption = "",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Tell the state of a participant's device; rights that ask for another one end at once."""
    _order({"what": "state", "name": host, "state": str(now)}, name, json=json, quiet=quiet)


def _order(told: dict[str, str], name: str, *, json: bool, quiet: bool) -> None:
    from citynet.lab import access, request

    found = access.ask(request.find(name), **told)
    if json:
        print_json({"ok": True, **found})
    elif not quiet:
        sys.stdout.write(f"told the devices of: {', '.join(found['told']) or 'nobody, as nobody is on by it'}\n")
