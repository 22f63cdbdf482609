"""`citynet fence`: data identifiers and fences of a design, and what becomes of a packet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from citynet.commands.common import DesignArgument, JsonOption, identifier_of, print_json, table
from citynet.errors import Exit, InputError, Problem, did_you_mean

if TYPE_CHECKING:
    import datetime as dt

    from citynet.plan.model import Host, Plan, PlannedIdentifier


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Fences: which data may go where, and why a packet does not.")
    group.command("show")(show)
    group.command("test")(answer)
    app.add_typer(group, name="fence")


def show(design: DesignArgument, json: JsonOption = False) -> None:
    """List the data identifiers of a design with their numbers, and its fences."""
    from citynet import build
    from citynet.design.windows import text

    planned, _ = build.plan(design)
    identifiers = [
        [one.name, str(one.number), str(one.application), str(one.user), one.data_class, one.use, one.group]
        for one in planned.identifiers.values()
    ]
    fences = [
        [
            one.name,
            " ".join(one.identifiers),
            one.direction,
            " ".join(one.sources) or "any",
            " ".join(one.allowed) or "–",
            " ".join(one.forbidden) or "–",
            text(tuple((first, end) for first, end in one.schedule)),
        ]
        for one in planned.fences.values()
    ]
    heads = ["identifier", "number", "application", "user", "class", "use", "group"]
    fence_heads = ["fence", "identifiers", "direction", "sources", "allowed", "forbidden", "in force (Beijing)"]
    if json:
        rows = [dict(zip(heads, row, strict=True)) for row in identifiers]
        print_json({"identifiers": rows, "fences": [dict(zip(fence_heads, row, strict=True)) for row in fences]})
        return
    table("", heads, identifiers)
    table("", fence_heads, fences)


def answer(  # noqa: PLR0917 - Typer's way
    design: DesignArgument,
    start: Annotated[str, typer.Argument(metavar="SRC", help="host that sends")],
    end: Annotated[str, typer.Argument(metavar="DST", help="host that it sends to")],
    apn: Annotated[
        str, typer.Option("--apn", metavar="ID", help="data identifier, by name or number; none: untagged")
    ] = "",
    time: Annotated[str, typer.Option("--time", help='when, Beijing time: "2026-11-27T22:30"; now when absent')] = "",
    lab: Annotated[str, typer.Option("--lab", metavar="NAME", help="send the packet in this running lab, too")] = "",
    json: JsonOption = False,
) -> int:
    """Say whether a packet arrives, and which rule decides. Exit code 1 when it does not, or the lab differs."""
    from citynet import build
    from citynet.design.windows import minute_of
    from citynet.plan.fences.testing import Packet, follow

    planned, _ = build.plan(design)
    sender, taker = (_host(planned, name) for name in (start, end))
    identifier = identifier_of(planned, apn)
    found = follow(planned, Packet(sender, taker, identifier, minute_of(_when(time))))
    seen = _probed(planned, lab, sender, taker, identifier) if lab else None
    if json:
        print_json({**found.as_dict(), **({} if seen is None else {"arrived": seen})})
    else:
        word = "passes" if found.passes else "dropped"
        typer.echo(f"{start} to {end} with {found.identifier or 'no identifier'}: {word}, by: {found.rule}")
        for step in found.steps:
            typer.echo(f"  {'✓' if step.passes else '✗'} {step.gate}: {step.rule}")
        for one in found.handled:
            typer.echo(f"  in {one.service}: {one.text}")
        if seen is not None:
            typer.echo(f"  in the lab: {'arrived' if seen else 'did not arrive'}")
    return Exit.OK if found.passes and seen is not False else Exit.CHECK_FAILED


def _probed(planned: Plan, name: str, start: Host, end: Host, identifier: PlannedIdentifier | None) -> bool:
    from citynet.lab.fence_crossing import arrives_across, crossing
    from citynet.lab.fence_probe import arrives
    from citynet.lab.running import Lab

    fence = planned.devices[start.device].fence
    if fence is None:
        raise InputError([Problem("--lab", 0, f"{start.device} has no fence", "a design with fences")])
    # The edge may give an identifier to what is on the list, so only a datagram shows what becomes of one without.
    over = crossing(planned, start, end) if identifier and start.service != end.service else None
    if over is not None:
        return arrives_across(Lab.load(name), start, over, fence, identifier)
    return arrives(Lab.load(name), start, end, fence, identifier)


def _host(planned: Plan, name: str) -> Host:
    if name not in planned.hosts:
        hint = did_you_mean(name, planned.hosts)
        raise InputError([Problem("fence test", 0, f"no host '{name}'", "a host of the plan", hint)])
    return planned.hosts[name]


def _when(text: str) -> dt.datetime:
    from datetime import UTC, datetime

    try:
        return datetime.fromisoformat(text) if text else datetime.now(UTC)
    except ValueError as error:
        raise InputError([Problem("--time", 0, f"'{text}' is no time", "such as 2026-11-27T22:30")]) from error
