"""`citynet explain`: what protects data between two ends, and whatever is not protected as it should be."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from citynet.commands.common import DesignArgument, JsonOption, identifier_of, print_json, table
from citynet.errors import Exit

if TYPE_CHECKING:
    from citynet.proof.encryption.explain import Stretch, Way


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="What protects data between two ends, and what is not protected.")
    group.command("encryption")(encryption)
    group.command("gaps")(gaps)
    app.add_typer(group, name="explain")


def encryption(  # noqa: PLR0917 - Typer's way
    design: DesignArgument,
    start: Annotated[str, typer.Argument(metavar="A", help="host, device or participant")],
    end: Annotated[str, typer.Argument(metavar="B", help="host, device or participant")],
    service: Annotated[str, typer.Option("--service", help="this service only")] = "",
    apn: Annotated[str, typer.Option("--apn", metavar="ID", help="packets with this data identifier only")] = "",
    json: JsonOption = False,
) -> int:
    """Say what protects data on each hop between two ends, and by which row of the table; exit code 1 when too weak."""
    from citynet import build
    from citynet.proof.encryption.explain import explain

    planned, _ = build.plan(design)
    ways = explain(planned, start, end, service, identifier_of(planned, apn))
    below = [what for way in ways for what in way.below]
    if json:
        print_json({"city": planned.city, "ways": [way.as_dict() for way in ways], "below": below})
    else:
        for way in ways:
            _way(way)
    return Exit.CHECK_FAILED if below else Exit.OK


def _way(way: Way) -> None:
    crossing = f" (crossing: {'; '.join(way.flows)})" if way.flows else ""
    sys.stdout.write(f"{way.start} → {way.end}{crossing}\n")
    for stretch in way.stretches:
        _stretch(stretch)
    for what in way.below:
        sys.stdout.write(f"  ✗ {what}\n")
    if not way.below:
        sys.stdout.write("  ✓ nothing is below its grade\n")
    sys.stdout.write("\n")


def _stretch(stretch: Stretch) -> None:
    words: tuple[str, ...] = (
        stretch.level and f"encryption of {stretch.level}",
        stretch.service and f"service {stretch.service}",
    )
    words += (stretch.path and f"path {stretch.path}", stretch.slice and f"slice {stretch.slice}")
    where = ", ".join(filter(None, (stretch.domain or "between the domains", *words)))
    sys.stdout.write(f"\n{where}: {' – '.join(stretch.devices)}\n")
    rows = [
        [f"{hop.kind} {hop.line}", ", ".join(hop.sites), hop.protection, hop.keys or "–", hop.light or "–"]
        for hop in stretch.hops
    ]
    if rows:
        table("", ["hop", "sites", "protection", "keys", "light"], rows)
    for seal in stretch.seals:
        sys.stdout.write(f"\nend to end, {seal.of} ({seal.row})\n")
        facts = {
            "grade": seal.grade or "none",
            "protection": seal.protection,
            "keys": seal.keys,
            "post-quantum": seal.post_quantum,
        }
        sys.stdout.writelines(f"  {name}: {value}\n" for name, value in facts.items() if value)


def gaps(design: DesignArgument, json: JsonOption = False) -> int:
    """List whatever leaves a site unprotected or below its data's class, and what is in the clear by design."""
    from citynet import build
    from citynet.proof import Area, prove

    proof = prove(build.plan(design)[0], [Area.ENCRYPTION])
    found = {(one.subject, one.what): one for result in proof.results for one in result.refutations}
    claims = {(one.subject, one.what): result.claim for result in proof.results for one in result.refutations}
    notes = list(dict.fromkeys(note for result in proof.results for note in result.notes))
    if json:
        listed = [
            {"claim": claims[key], "subject": one.subject, "what": one.what, "advice": one.advice}
            for key, one in found.items()
        ]
        print_json({"city": proof.city, "gaps": listed, "by_design": notes})
        return Exit.CHECK_FAILED if found else Exit.OK
    rows = [[claims[key], one.subject, one.what, one.advice or "–"] for key, one in found.items()]
    if rows:
        table("", ["claim", "subject", "gap", "would help"], rows)
    else:
        sys.stdout.write(f"{proof.city}: no gaps\n")
    for note in notes:
        sys.stdout.write(f"  · {note}\n")
    return Exit.CHECK_FAILED if found else Exit.OK
