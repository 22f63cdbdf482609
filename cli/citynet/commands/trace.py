"""`citynet trace`: which way the data of an identifier go, hop by hop, and where they are lost."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citynet.commands.common import DesignArgument, JsonOption, print_json, table
from citynet.errors import Exit, InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.evidence.reading import Found
    from citynet.plan.model import Plan, TracedIdentifier
    from citynet.tracing import Flow, Traced
    from citynet.tracing.stored import Refused


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("trace")(trace)


def trace(  # noqa: PLR0917 - Typer's way
    identifier: Annotated[str, typer.Argument(metavar="IDENTIFIER", help="data identifier, by name or number")],
    design: DesignArgument,
    lab: Annotated[str, typer.Option("--lab", metavar="NAME", help="ask the devices of this running lab")] = "",
    store: Annotated[
        Path | None, typer.Option("--store", metavar="FOLDER", help="take what an evidence store has of it")
    ] = None,
    flow: Annotated[
        int | None, typer.Option("--flow", metavar="SEQ", min=0, help="--store: in the time of the flow of this number")
    ] = None,
    since: Annotated[str, typer.Option("--since", help="--store: date or time")] = "",
    until: Annotated[str, typer.Option("--until", help="--store: date or time")] = "",
    periods: Annotated[
        int, typer.Option("--periods", metavar="N", min=1, max=60, help="--lab: the last so many periods")
    ] = 30,
    json: JsonOption = False,
) -> int:
    """Show the hops of an identifier, with what was lost at each. Exit code 1 when it is off its path.

    From a lab only whole periods are told that every device counted; the last one is half a period to one and a half
    old.
    """
    from citynet import build
    from citynet.tracing import flows

    planned, _ = build.plan(design)
    one = _identifier(planned, identifier)
    if bool(lab) == (store is not None):
        raise InputError([Problem("trace", 0, "nobody is asked, or two are", "either --lab or --store")])
    seen: Found | None = None
    dropped: list[Refused] = []
    if store is not None:
        found, seen, dropped = _stored(store, one.number, flow, since, until, _block_s(planned))
    else:
        found = _live(planned, lab, one.number, periods)
    ways = flows(planned, found.counted)
    if json:
        values = _told(one, found, ways) | {"probes": _probes(planned, found), "carried": _carried(planned, found)}
        values["refused"] = [item.as_dict() for item in dropped]
        print_json(values | (_evidence(seen, ways) if seen else {}))
    else:
        if seen:
            _print_flow(_evidence(seen, ways)["flow"])
        _print(one, found, ways)
        for item in dropped:
            ends = f"{item.ends[0]} to {item.ends[1]}: {item.flows} flows, {item.packets} packets"
            typer.echo(f"  refused: {item.device}, by {item.by}: {ends}; {item.why}")
        for carried in _carried(planned, found):
            typer.echo(f"  packets that tell their way: {' > '.join(carried['devices'])}, {carried['packets']}")
        for probe in _probes(planned, found):
            typer.echo(f"  a probe to {probe['to']} passed {' > '.join(probe['devices'])}")
    return Exit.CHECK_FAILED if found.strangers else Exit.OK


def _live(planned: Plan, lab: str, number: int, periods: int) -> Traced:
    from citynet.lab.running import Lab
    from citynet.tracing import traced

    period_s = next(device.trace.period_s for device in planned.devices.values() if device.trace)
    return traced(Lab.load(lab), number, period_s, periods)


def _block_s(planned: Plan) -> int:
    return next(d.trace.period_s * d.trace.record_periods for d in planned.devices.values() if d.trace)


def _stored(  # noqa: PLR0917 - the options as they are
    store: Path, number: int, flow: int | None, since: str, until: str, block_s: int
) -> tuple[Traced, Found | None, list[Refused]]:
    from citynet.evidence.days import moment_of
    from citynet.evidence.reading import Wanted, head_of, records
    from citynet.tracing.stored import refused, stored

    offset = head_of(store).identity.utc_offset
    if flow is None:
        times = [
            moment_of(text, offset, option) if text else None
            for text, option in ((since, "--since"), (until, "--until"))
        ]
        return stored(store, number, *times), None, refused(store, number, *times)
    seen = next(records(store, Wanted(seq=flow)), None)
    if seen is None:
        raise InputError([Problem("--flow", 0, f"{flow} is no flow of the store", "a number of `evidence show`")])
    # An event has the time when its block was over: the last one that the flow touched ends behind it.
    first, end = seen.record.start + 1, seen.record.end + block_s * 1_000_000
    return stored(store, number, first, end), seen, refused(store, number, first, end)


def _evidence(seen: Found, ways: list[Flow]) -> dict[str, Any]:
    """The record of a flow, with the way that was measured in the place of its ends."""
    from citynet.evidence.record import Outcome
    from citynet.tracing.stored import way

    record = seen.record
    measured = way(ways, record.source.device, record.destination.device)
    values = {"seq": seen.seq, **record.model_dump(mode="json"), "hash": seen.digest}
    if measured and record.outcome is Outcome.CROSSED:
        values |= {"path": measured, "path_basis": "measured"}
    return {"flow": values}


def _print_flow(values: dict[str, Any]) -> None:
    ends = [
        f"{end['host'] or end['address']} ({end['participant']})" for end in (values["source"], values["destination"])
    ]
    typer.echo(
        f"flow {values['seq']}{', refused,' if values['outcome'] == 'refused' else ''} at {values['border']}, "
        f"{values['crossing'] or 'no crossing'}: {' to '.join(ends)}"
    )
    typer.echo(f"  way, {values['path_basis']}: {' > '.join(values['path'])}")
    typer.echo("  " + ", ".join(f"{one['policy']} {one['rule']}: {one['result']}" for one in values["policies"]))


def _probes(planned: Plan, found: Traced) -> list[dict[str, Any]]:
    """The ways of probes, by names of devices."""
    return [
        {"from": start, "to": end, "devices": _named(planned, start, way)}
        for (start, end), way in found.probes.items()
        if start in planned.devices
    ]


def _carried(planned: Plan, found: Traced) -> list[dict[str, Any]]:
    """The ways that packets told of themselves, by names of devices; without those that went on from there."""
    ways = {(name, nodes): packets for (name, nodes), packets in found.carried.items() if name in planned.devices}
    domains = {(planned.devices[name].domain, nodes) for name, nodes in ways}
    return [
        {"devices": _named(planned, name, nodes), "packets": packets}
        for (name, nodes), packets in sorted(ways.items())
        if not any(
            domain == planned.devices[name].domain and len(other) > len(nodes) and other[: len(nodes)] == nodes
            for domain, other in domains
        )
    ]


def _named(planned: Plan, device: str, numbers: Iterable[int]) -> list[str]:
    """Devices by their numbers in the domain of one of them."""
    from citynet.plan.tracing import node_of

    domain = planned.devices[device].domain
    names = {node_of(one): name for name, one in planned.devices.items() if one.domain == domain}
    return [names.get(number, str(number)) for number in numbers]


def _identifier(planned: Plan, word: str) -> TracedIdentifier:
    known = next((device.trace.identifiers for device in planned.devices.values() if device.trace), None)
    if known is None:
        raise InputError([Problem("trace", 0, "this design traces nothing", "a section `tracing`")])
    for one in known:
        if word.lower() in {one.name, str(one.number), hex(one.number)}:
            return one
    hint = did_you_mean(word, [one.name for one in known])
    raise InputError([Problem("trace", 0, f"no identifier '{word}'", "one of the design", hint)])


def _moment(found: Traced, period: int) -> str:
    return datetime.fromtimestamp(period * found.period_s, UTC).isoformat()


def _told(one: TracedIdentifier, found: Traced, ways: list[Flow]) -> dict[str, Any]:
    return {
        "identifier": one.number,
        "name": one.name,
        "period_s": found.period_s,
        "from": _moment(found, found.first),
        "to": _moment(found, found.end),
        "flows": [way.as_dict() for way in ways],
        "off_path": [{**place._asdict(), "packets": packets} for place, packets in found.strangers.items()],
        "silent": found.silent,
    }


def _print(one: TracedIdentifier, found: Traced, ways: list[Flow]) -> None:
    typer.echo(f"{one.name} ({one.number}), {_moment(found, found.first)} to {_moment(found, found.end)}")
    for way in ways:
        rows = [
            [hop.device, " ".join(hop.came_in) or "–", str(hop.packets), _lost(hop.lost), *leg]
            for hop in way.hops
            for leg in [[leg.interface, leg.to, str(leg.packets), _lost(leg.lost)] for leg in hop.legs] or [["–"] * 4]
        ]
        heads = ["device", "in", "packets", "lost in it", "out", "to", "packets", "lost on the way"]
        table(f"entered at {way.entered or 'an encrypted end'}", heads, rows)
    if not ways:
        typer.echo("  no packets")
    for place, packets in found.strangers.items():
        typer.echo(f"  off its path: {place.device}, {place.way} by {place.interface}, {packets} packets")
    if found.silent:
        typer.echo(f"  these tell nothing: {', '.join(found.silent)}")


def _lost(number: int | None) -> str:
    return "–" if number is None else str(number)
