"""`citynet evidence`: what crossed a border, kept in a chain; judged, sealed, looked up, given out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from citynet.commands.common import DesignArgument, JsonOption, QuietOption, print_json
from citynet.commands.evidence_options import (
    AlarmsOption,
    BorderOption,
    ClassOption,
    Format,
    IdentifierOption,
    KindOption,
    ParticipantOption,
    Quiet,
    RefusedOption,
    SinceOption,
    UnmatchedOption,
    UntilOption,
    wanted,
)
from citynet.commands.evidence_output import alarms_to, print_report, print_tables
from citynet.errors import DeviceError, Exit, InputError, Problem

FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="the evidence store", show_default=False)]
KeyOption = Annotated[Path | None, typer.Option("--key", help="sign with this private key (Ed25519, PEM)")]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(
        no_args_is_help=True,
        help="Evidence: flows that crossed a border or were refused, decisions, alarms.",
    )
    for command in (collect, append, verify, seal, key, show, report, export):
        group.command(command.__name__)(command)
    app.add_typer(group, name="evidence")


def collect(  # noqa: PLR0917 - Typer's way
    folder: FolderArgument,
    design: DesignArgument,
    lab: Annotated[str | None, typer.Option(help="devices of the running lab of this name")] = None,
    inventory: Annotated[
        Path | None, typer.Option("-i", "--inventory", help="devices as this Ansible inventory reaches them")
    ] = None,
    file: Annotated[
        list[str] | None,
        typer.Option("--file", help="DEVICE=FILE: a border's flows on this machine; may be repeated"),
    ] = None,
    refused: Annotated[
        list[str] | None,
        typer.Option("--refused", help="DEVICE=FILE: what a device refused, on this machine; may be repeated"),
    ] = None,
    events: Annotated[
        list[str] | None,
        typer.Option("--events", help="DEVICE=FILE: a device's events on this machine; may be repeated"),
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="go on until interrupted, print alarms")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="--follow: seconds until a device is read again")] = 2.0,
    utc_offset: Annotated[str, typer.Option(help="of the days of a new store")] = "+08:00",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Bring what devices recorded into the store, each once; makes the store if there is none."""
    from citynet import build
    from citynet.evidence import rounds
    from citynet.evidence.collecting import Collector
    from citynet.evidence.crossing import Crossings
    from citynet.evidence.sources import Stream

    planned, _ = build.plan(design)
    files = {Stream.FLOWS: file or [], Stream.REFUSED: refused or [], Stream.EVENTS: events or []}
    sources = rounds.sources(planned, lab, inventory, files)
    with rounds.opened(folder, utc_offset) as store, Quiet(silent=json or quiet) as progress:
        collector = Collector(store, Crossings(planned))
        if follow and not quiet:
            collector.alarm = alarms_to(store.head.identity.utc_offset, progress, as_json=json)
        rounds.run(collector, sources, every if follow else None, progress.say)
    result = collector.result
    if json:
        print_json(rounds.as_dict(store, result), indent=None if follow else 1)
    elif not quiet:
        sys.stdout.write(rounds.told(result, store.head) + "\n")
    if result.failed and not json:
        raise DeviceError(result.failed)
    return Exit.DEVICE_FAILED if result.failed else Exit.OK


def append(
    folder: FolderArgument,
    utc_offset: Annotated[str, typer.Option(help="of the days of a new store")] = "+08:00",
    quiet: QuietOption = False,
) -> int:
    """Take records and events from standard input, one JSON object a line; print `seq hash count` of each batch."""
    from citynet.evidence import rounds
    from citynet.evidence.intake import take

    with rounds.opened(folder, utc_offset) as store:
        for receipt in take(sys.stdin.buffer, store):
            if not quiet:
                sys.stdout.write(f"{receipt.seq} {receipt.digest} {receipt.records}\n")
                sys.stdout.flush()
    return Exit.OK


def verify(
    folder: FolderArgument,
    anchor: Annotated[
        Path | None, typer.Option("--anchor", help="seals of this store that were kept elsewhere, one a line")
    ] = None,
    public_key: Annotated[
        Path | None, typer.Option("--public-key", help="the only key that may have signed the seals (PEM)")
    ] = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Judge the whole chain, and against seals; exit code 1 if anything acknowledged is changed or missing."""
    from citynet.evidence import seals
    from citynet.evidence.reading import head_of
    from citynet.evidence.verifying import verify as judge

    if not folder.is_dir() or not any(folder.iterdir()):
        head_of(folder)
    trusted = seals.public_key(public_key) if public_key else ""
    if trusted and anchor is None:
        raise InputError([Problem("--public-key", 0, "there are no seals to check", "--anchor FILE")])
    known = {f"{anchor}:{line}": made for line, made in seals.read(anchor, trusted).items()} if anchor else {}
    with Quiet(silent=json or quiet) as progress:
        report = judge(folder, known, progress.say)
    if json:
        print_json(report.as_dict())
    elif not quiet or not report.holds:
        out = sys.stdout if report.holds else sys.stderr
        out.write("".join(f"{finding}\n" for finding in report.findings))
        if report.more:
            out.write(f"… and {report.more} more\n")
        if not quiet:
            sealed = f", sealed up to number {report.sealed}" if report.sealed >= 0 else ", held against no seal"
            events = f", {report.events} events" if report.events else ""
            sys.stdout.write(
                f"{report.verdict}: {report.days} days, {report.lines} lines, "
                f"{report.records} records{events}{sealed}\n"
                f"head: number {report.seq}, {report.digest or 'unknown'}\n"
            )
    return Exit.OK if report.holds else Exit.CHECK_FAILED


def seal(
    folder: FolderArgument,
    key: KeyOption = None,
    anchor: Annotated[Path | None, typer.Option("--anchor", help="add the seal to this file as well")] = None,
    quiet: QuietOption = False,
) -> int:
    """Judge the store, then print its head as a seal, a line of JSON: for somebody else to keep."""
    from citynet.evidence import seals
    from citynet.evidence.reading import head_of
    from citynet.evidence.store import now
    from citynet.evidence.verifying import verify as judge

    private = seals.private_key(key) if key else None
    head_of(folder)
    known = {f"{anchor}:{n}": made for n, made in seals.read(anchor).items()} if anchor and anchor.exists() else {}
    with Quiet(silent=quiet) as progress:
        report = judge(folder, known, progress.say)
        if not report.holds:
            sys.stderr.write(
                "".join(f"{finding}\n" for finding in report.findings) + "a store like this is not sealed\n"
            )
            return Exit.CHECK_FAILED
        made = seals.seal(report, now(), private)
    if anchor:
        seals.keep(anchor, made)
    if not quiet:
        sys.stdout.write(made.model_dump_json() + "\n")
    return Exit.OK


def key(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="where the private key goes; FILE.pub gets the public")],
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Make a pair of keys to sign seals with (Ed25519)."""
    from citynet.evidence import seals

    public = seals.new_key(file)
    if json:
        print_json({"ok": True, "private": str(file), "public": f"{file}.pub", "key": public})
    elif not quiet:
        sys.stdout.write(f"{file} (keep it), {file}.pub (give it away): {public}\n")
    return Exit.OK


def show(  # noqa: PLR0917 - Typer's way
    folder: FolderArgument,
    participant: ParticipantOption = None,
    identifier: IdentifierOption = None,
    class_: ClassOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    border: BorderOption = None,
    unmatched: UnmatchedOption = False,
    refused: RefusedOption = False,
    kind: KindOption = None,
    alarms: AlarmsOption = False,
    seq: Annotated[int | None, typer.Option("--seq", min=0, help="all of the record of this number")] = None,
    last: Annotated[int, typer.Option("--last", min=1, help="how many at most, the last ones")] = 20,
    json: JsonOption = False,
) -> int:
    """Look flows and events up."""
    from collections import deque

    from citynet.evidence.exporting import as_dict
    from citynet.evidence.reading import entries, head_of

    head = head_of(folder)
    offset = head.identity.utc_offset
    asked = wanted(
        offset, participant, identifier, class_, since, until, border,
        unmatched=unmatched, seq=seq, kinds=kind, alarms=alarms, refused=refused,
    )  # fmt: skip
    found = deque(entries(folder, asked), maxlen=last)
    if seq is not None and not found:
        what = f"{seq} is neither record nor event"
        raise InputError([Problem("--seq", 0, what, f"the number of one, below {head.seq}")])
    if json or seq is not None:
        values = [as_dict(item, offset) for item in found]
        print_json(values[0] if seq is not None else values)
    else:
        print_tables(found, offset)
    return Exit.OK


def report(  # noqa: PLR0917 - Typer's way
    folder: FolderArgument,
    identifier: Annotated[int, typer.Option("--identifier", "--apn", min=1, help="data identifier, by its number")],
    since: SinceOption = None,
    until: UntilOption = None,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Sum up what a data identifier did: flows and load between participants, results of policies, ways, alarms."""
    from citynet.evidence.days import moment_of
    from citynet.evidence.reading import head_of
    from citynet.evidence.reporting import report as summed

    offset = head_of(folder).identity.utc_offset
    first, end = (
        moment_of(text, offset, option) if text else None for text, option in ((since, "--since"), (until, "--until"))
    )
    found = summed(folder, identifier, first, end)
    if json:
        print_json(found)
    elif not quiet:
        print_report(found)
    return Exit.OK


def export(  # noqa: PLR0917 - Typer's way
    folder: FolderArgument,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="file; standard output when absent")] = None,
    format_: Annotated[
        Format, typer.Option("--format", help="json: everything; csv: a table; ipfix: RFC 7011")
    ] = Format.JSON,
    participant: ParticipantOption = None,
    identifier: IdentifierOption = None,
    class_: ClassOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    border: BorderOption = None,
    unmatched: UnmatchedOption = False,
    refused: RefusedOption = False,
    kind: KindOption = None,
    alarms: AlarmsOption = False,
    enterprise: Annotated[
        int, typer.Option(min=1, max=0xFFFFFFFF, help="ipfix: private enterprise number of the elements of ours")
    ] = 32473,
    unverified: Annotated[bool, typer.Option("--unverified", help="do not judge the store before")] = False,
    quiet: QuietOption = False,
) -> int:
    """Give flows and events out, from a store that was judged just before."""
    from citynet.evidence.exporting import export_to
    from citynet.evidence.reading import head_of
    from citynet.evidence.verifying import verify as judge

    offset = head_of(folder).identity.utc_offset
    asked = wanted(
        offset, participant, identifier, class_, since, until, border,
        unmatched=unmatched, kinds=kind, alarms=alarms, refused=refused,
    )  # fmt: skip
    with Quiet(silent=quiet) as progress:
        if not unverified:
            report = judge(folder, tell=progress.say)
            if not report.holds:
                sys.stderr.write("".join(f"{item}\n" for item in report.findings) + "nothing is given out\n")
                return Exit.CHECK_FAILED
        progress.say("writing")
        number = export_to(folder, asked, format_, output, enterprise)
    if output is not None and not quiet:
        sys.stdout.write(f"{number} records and events: {output}\n")
    return Exit.OK
