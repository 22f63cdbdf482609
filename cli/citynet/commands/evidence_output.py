"""How `citynet evidence` prints what it found, and alarms when they come."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from citynet.commands.common import print_json, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from citynet.commands.evidence_options import Quiet
    from citynet.evidence.reading import Found, Happened


def print_tables(items: Iterable[Found | Happened], utc_offset: int) -> None:
    """A table of flows and one of events; neither where there are none, but one in any case."""
    from citynet.evidence import terminal
    from citynet.evidence.reading import Found

    flows, events = [], []
    for item in items:
        if isinstance(item, Found):
            flows.append(terminal.row(item, utc_offset))
        else:
            events.append(terminal.event_row(item, utc_offset))
    if flows or not events:
        table("", terminal.HEADINGS, flows)
    if events:
        table("", terminal.EVENT_HEADINGS, events)


def print_report(found: dict[str, Any]) -> None:
    """The report of an identifier for people."""
    alarms = f"{found['alarms']} alarm{'s' if found['alarms'] != 1 else ''}"
    flows = f"{found['flows']} flow{'s' if found['flows'] != 1 else ''}"
    sys.stdout.write(f"identifier {found['identifier']}: {flows}, {alarms}\n")
    if found["between"]:
        table("", ["border", "direction", "from", "to", "flows", "sent", "returned", "results", "path"], [
            [
                pair["border"], pair["direction"] + (", refused" if pair["outcome"] == "refused" else ""),
                pair["source"], pair["destination"], str(pair["flows"]),
                f"{pair['bytes_sent']} B", f"{pair['bytes_returned']} B",
                " ".join(f"{name} {count}" for name, count in pair["results"].items()),
                "; ".join(" ".join(way) for way in pair["paths"]),
            ]
            for pair in found["between"]
        ])  # fmt: skip
    for one in found["last_alarms"]:
        sys.stdout.write(f"{one['time']} {one['device']} {one['kind']}: {one['reason']}\n")


def alarms_to(utc_offset: int, progress: Quiet, *, as_json: bool) -> Callable[[Happened], None]:
    """Prints an alarm: a line for people, or one of JSON (without a hash: `show` has it)."""
    from rich.console import Console

    from citynet.evidence.exporting import as_dict
    from citynet.evidence.terminal import alarm_line

    console = Console(highlight=False, soft_wrap=True)

    def say(found: Happened) -> None:
        progress.pause()
        if as_json:
            values = as_dict(found, utc_offset)
            del values["hash"]
            print_json(values, indent=None)
        else:
            console.print(alarm_line(found, utc_offset))
        sys.stdout.flush()

    return say
