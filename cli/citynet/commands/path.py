"""`citynet path`: which way data take, and why; and how the paths of a running lab are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from citynet.commands.common import DesignArgument, JsonOption, print_json, table
from citynet.errors import Exit, InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from citynet.design.types import City
    from citynet.plan.model import Plan
    from citynet.plan.paths.choice import Chooser
    from citynet.plan.paths.explain import Described, Explanation
    from citynet.plan.paths.wanted import Wanted


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Paths: why one is taken, all of a design, how they are in a lab.")
    group.command("explain")(explain)
    group.command("show")(show)
    group.command("status")(status)
    app.add_typer(group, name="path")


def explain(
    design: DesignArgument,
    start: Annotated[str, typer.Argument(metavar="A", help="device or host")],
    end: Annotated[str, typer.Argument(metavar="B", help="device or host of the same domain")],
    wanted: Annotated[
        str, typer.Option("--as", help="low-latency, bandwidth, high-trust, default, or a path of the design")
    ] = "default",
    json: JsonOption = False,
) -> int:
    """Say which path is taken between two devices, why, and why not the next two."""
    from citynet import build
    from citynet.plan.paths.explain import explain as why

    planned, _ = build.plan(design)
    city = build.check(design).city
    ends = [_device(planned, name) for name in (start, end)]
    chooser, want = _asked(city, planned, wanted, ends)
    found = why(chooser, want, *ends)
    if found is None:
        raise InputError([Problem("--as", 0, f"no path from {ends[0]} to {ends[1]} as '{wanted}'", "bounds that fit")])
    if json:
        print_json({"city": planned.city, "as": wanted, **found.as_dict()})
    else:
        _print(wanted, found)
    return Exit.OK


def show(design: DesignArgument, json: JsonOption = False) -> None:
    """List the paths of a design: where they lead, their backups, what they cannot help sharing."""
    from citynet import build

    planned, _ = build.plan(design)
    headings = ["from", "path", "by", "delay ms", "backup", "shares", "available %"]
    rows = [
        [
            device.name,
            path.name,
            " + ".join(way.name for way in path.primary),
            f"{path.primary[0].delay_us / 1000:.4g}",
            " ".join(way.name for way in path.backup) or "–",
            ", ".join(path.shared) or "–",
            f"{path.availability_percent:.5f}",
        ]
        for device in planned.devices.values()
        for path in device.paths
    ]
    if json:
        print_json([dict(zip(headings, row, strict=True)) for row in rows])
    else:
        table("", headings, rows)


def status(
    name: Annotated[str, typer.Option("--name", "-n", help="which lab; not needed when one lab runs")] = "",
    json: JsonOption = False,
) -> None:
    """Show which ways the paths of a running lab take, as their devices tell."""
    from citynet.lab import request
    from citynet.lab.path_states import path_states

    states = path_states(request.find(name))
    if json:
        print_json(states)
        return
    rows = [
        [device, path, " + ".join(state["active"]) or "none", str(state["switches"]), str(way["rtt_us"]), lost]
        for device, paths in states.items()
        for path, state in paths.items()
        for way in state["ways"][:1]
        for lost in [", ".join(one["name"] for one in state["ways"] if not one["up"]) or "–"]
    ]
    table("", ["from", "path", "takes", "switches", "round trip µs", "down"], rows)


def _device(planned: Plan, name: str) -> str:
    if name in planned.hosts:
        return planned.hosts[name].device
    if name not in planned.devices:
        hint = did_you_mean(name, [*planned.devices, *planned.hosts])
        raise InputError([Problem("path", 0, f"no device or host '{name}'", "one of the plan", hint)])
    return name


def _asked(city: City, planned: Plan, word: str, ends: list[str]) -> tuple[Chooser, Wanted]:
    from citynet.design.types import Intent
    from citynet.plan.paths.choice import Chooser
    from citynet.plan.paths.explain import ad_hoc
    from citynet.plan.paths.network import networks
    from citynet.plan.paths.wanted import wanted

    domains = {planned.devices[end].domain for end in ends}
    if len(domains) > 1 or ends[0] == ends[1]:
        what = f"no path leads from {ends[0]} to {ends[1]}"
        raise InputError([Problem("path", 0, what, "two devices of one domain")])
    chooser = Chooser(networks(city)[domains.pop()], city.failure_rates)
    if word in city.paths:
        return chooser, wanted(chooser, city, word, *ends)
    known = [str(intent) for intent in Intent]
    if word not in known:
        hint = did_you_mean(word, [*known, *city.paths])
        raise InputError([Problem("--as", 0, f"nothing is called '{word}'", ", ".join(known), hint)])
    return chooser, ad_hoc(Intent(word), [])


def _print(word: str, found: Explanation) -> None:
    typer.echo(f"{found.start} to {found.end} as {word} ({found.intent})")
    if not found.steered:
        typer.echo("  not steered: IS-IS takes its shortest ways, all that are equal, and repairs them by itself")
    for path in found.chosen:
        _print_path("takes" if len(found.chosen) == 1 else f"takes, weight {path.weight}", path)
    if found.steered and found.backup is not None:
        _print_path("backup", found.backup)
    elif found.steered and len(found.chosen) == 1:
        typer.echo("  no backup: there is no other path within the bounds")
    if found.steered:
        typer.echo(f"  available together {found.availability_percent:.7g} % (between the ends)")
    for path in found.refused:
        _print_path("refused", path)
    for number, path in enumerate(found.next_best, 1):
        _print_path(f"not, {number}", path)


def _print_path(word: str, path: Described) -> None:
    typer.echo(f"  {word}: {' > '.join(path.nodes)}")
    typer.echo(f"      {path.why}")
    typer.echo(
        f"      delay {path.delay_ms:g} ms, metric {path.metric}, trust {path.trust}, {path.rate_gbps} Gbit/s, "
        f"available {path.availability_percent:.5f} %, segments {' '.join(path.segments)}"
    )
    typer.echo(f"      risk groups {', '.join(path.risk_groups) or 'none'}")
