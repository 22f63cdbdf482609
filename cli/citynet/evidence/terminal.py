"""Flows and events for people: a row each, and a line for an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from citynet.evidence.days import text_of
from citynet.evidence.record import Outcome

if TYPE_CHECKING:
    from citynet.evidence.event import Event
    from citynet.evidence.reading import Found, Happened
    from citynet.evidence.record import Party

HEADINGS = ["seq", "time", "border", "way", "from", "to", "protocol", "class", "identifier", "bytes", "policies"]
_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmpv6", 132: "sctp"}


EVENT_HEADINGS = ["seq", "time", "device", "event", "verdict", "subject", "identifier", "reason"]


def row(found: Found, utc_offset: int) -> list[str]:
    """A record as a row."""
    record = found.record
    return [
        str(found.seq),
        _time(record.start, utc_offset),
        record.border,
        f"{record.direction}, refused" if record.outcome is Outcome.REFUSED else str(record.direction),
        _party(record.source),
        _party(record.destination),
        _PROTOCOLS.get(record.protocol, str(record.protocol)),
        record.data_class or "",
        "/".join(str(one) for one in dict.fromkeys((record.identifier, record.answer_identifier)) if one),
        f"{record.load.bytes_sent}+{record.load.bytes_returned}",
        " ".join(f"{item.policy}:{item.rule} {item.result}" for item in record.policies),
    ]


def event_row(found: Happened, utc_offset: int) -> list[str]:
    """An event as a row; alarms stand out."""
    item = found.event
    kind = f"[bold red]{item.event} alarm[/bold red]" if item.alarm else str(item.event)
    return [str(found.seq), _time(item.time, utc_offset), item.device, kind, *_said(item)]


def alarm_line(found: Happened, utc_offset: int) -> str:
    """An alarm as a line, when it comes."""
    item = found.event
    verdict, subject, identifier, reason = _said(item)
    about = f" (identifier {identifier})" if identifier else ""
    what = f"[bold red]{item.event}[/bold red] at {item.device}: {verdict} {subject}{about}: {reason}"
    return f"{_time(item.time, utc_offset)} {what}"


def _said(item: Event) -> list[str]:
    return [escape(item.verdict), escape(item.subject), str(item.identifier or ""), escape(item.reason)]


def _time(moment: int, utc_offset: int) -> str:
    return text_of(moment, utc_offset)[:19].replace("T", " ")


def _party(party: Party) -> str:
    port = "" if party.port is None else f"]:{party.port}" if ":" in party.address else f":{party.port}"
    place = f"[{party.address}{port}" if port.startswith("]") else f"{party.address}{port}"
    return escape(f"{party.participant} {place}".strip())  # brackets are not markup
