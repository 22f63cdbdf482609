"""Collecting from the outside: which sources, which store, once or until interrupted."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citynet import ending
from citynet.errors import Findings, InputError, Problem, did_you_mean
from citynet.evidence import collecting, crossing, days, following
from citynet.evidence import sources as places
from citynet.evidence.sources import Stream
from citynet.evidence.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from citynet.evidence.collecting import Collected, Collector
    from citynet.evidence.head import Head
    from citynet.evidence.sources import Source
    from citynet.plan.model import Plan


def sources(plan: Plan, lab: str | None, inventory: Path | None, files: Mapping[Stream, Sequence[str]]) -> list[Source]:
    """What the devices of a plan write, by the way that is said.

    Flows of border devices, of those with a fence also what they refused, events of all and of authentication servers.
    A plan without a border has events only.

    Raises:
        InputError: Not just one way is said, or one of the files is of no such device.
    """
    if sum(map(bool, (lab, inventory, any(files.values())))) != 1:
        what = "one of --lab, --inventory, or files (--file, --refused, --events) says where the devices are"
        raise InputError([Problem("collect", 0, what, "one")])
    servers = [server.name for server in plan.access.servers] if plan.access else []
    devices = {
        Stream.FLOWS: crossing.borders(plan),
        Stream.REFUSED: [device.name for device in plan.devices.values() if device.refusals is not None],
        Stream.EVENTS: [*plan.devices, *servers],
    }
    if lab:
        from citynet.lab import Lab  # noqa: PLC0415 - the lab is not needed elsewhere

        return places.of_lab(Lab.load(lab), devices)
    if inventory:
        return places.of_inventory(inventory, devices)
    findings = Findings()
    found = [
        source for stream, names in devices.items() for source in _local(stream, files.get(stream, ()), names, findings)
    ]
    findings.raise_if_any()
    return found


_WHICH = {
    Stream.FLOWS: ("--file", "border device", "a device with an interconnect or exit"),
    Stream.REFUSED: ("--refused", "device that refuses flows", "a device with a fence, an interconnect or an exit"),
    Stream.EVENTS: ("--events", "device", "a device of the design"),
}


def _local(stream: Stream, files: Sequence[str], devices: Sequence[str], findings: Findings) -> list[Source]:
    found: dict[str, Source] = {}
    option, which, expected = _WHICH[stream]
    for text in files:
        device, equals, path = text.partition("=")
        if not equals or not path:
            findings.add(Problem(option, 0, f"'{text}' names no file", "DEVICE=FILE"))
        elif device not in devices:
            hint = did_you_mean(device, devices)
            findings.add(Problem(option, 0, f"'{device}' is no {which}", expected, hint))
        elif device in found:
            findings.add(Problem(option, 0, f"'{device}' has two files", "one for each device"))
        else:
            found[device] = places.LocalSource(device, Path(path), stream)
    return list(found.values())


def opened(folder: Path, utc_offset: str) -> Store:
    """The store in a folder; a new one if the folder is missing or empty."""
    seconds = days.offset_of(utc_offset, "--utc-offset")
    if (folder / "head").exists() or (folder.is_dir() and any(folder.glob("*.jsonl")) and not Store.unborn(folder)):
        return Store.open(folder)
    return Store.create(folder, seconds)


def run(collector: Collector, sources: Sequence[Source], every_s: float | None, tell: Callable[[str], None]) -> None:
    """Bring in what the devices have; with `every_s`, go on until interrupted or ended."""
    if every_s is not None:
        with suppress(KeyboardInterrupt), ending.together():
            following.follow(collector, sources, every_s, tell)
        return
    with ending.together():
        collecting.once(collector, sources, tell)
        while collector.result.more:
            collecting.once(collector, sources, tell)


def as_dict(store: Store, result: Collected) -> dict[str, Any]:
    """What was collected, and where the store stands: JSON-ready."""
    return {
        "ok": not result.failed,
        "records": result.records,
        "refused": result.refused,
        "unmatched": result.unmatched,
        "events": result.events,
        "alarms": result.alarms,
        "unread": result.unread,
        "passed_over": dict(result.passed_over),
        "lost": result.lost,
        "failed": result.failed,
        "repaired": [{"file": rest.path.name, "octets": rest.octets} for rest in store.repaired],
        "seq": store.head.seq - 1,
        "hash": store.head.digest.hex(),
    }


def told(result: Collected, head: Head) -> str:
    """What was collected, for people."""
    over = ", ".join(f"{number} {why}" for why, number in sorted(result.passed_over.items()))
    lines = [
        f"{result.records} records"
        + (f", {result.refused} of them of flows that were refused" if result.refused else "")
        + (f", {result.unmatched} of them of flows that no rule lets pass" if result.unmatched else "")
        + (f", {result.unread} lines that are neither flows nor events" if result.unread else "")
        + (f"; passed over: {over}" if over else ""),
        *([f"{result.events} events, {result.alarms} of them alarms"] if result.events else []),
        *(f"{device}: lines may be missing: {why}" for device, why in sorted(result.lost.items())),
        f"head: number {head.seq - 1}, {head.digest.hex()}",
    ]
    return "\n".join(lines)
