"""Flows and events for somebody else: JSON with everything, CSV with one row each.

Times are ISO 8601 with the store's own distance from UTC.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import time
from typing import TYPE_CHECKING, Any, BinaryIO

from citynet.evidence.days import text_of
from citynet.evidence.ipfix import to_ipfix
from citynet.evidence.reading import Found, entries, head_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from citynet.evidence.head import Head
    from citynet.evidence.reading import Happened, Wanted

COLUMNS = (
    "seq", "border", "crossing", "direction", "outcome", "start", "end", "protocol", "icmp_type", "icmp_code",
    *(f"{end}_{name}" for end in ("source", "destination")
      for name in ("participant", "kind", "host", "domain", "zone", "service", "device", "address", "port")),
    "labels", "data_class", "identifier", "answer_identifier", "path", "path_basis",
    "bytes_sent", "packets_sent", "bytes_returned", "packets_returned", "policies", "hash",
    "event", "alarm", "subject", "verdict", "reason", "detail",
)  # fmt: skip
"""Of a CSV file. Lists are joined by spaces; a policy is `policy:rule=result`. `event` is empty in rows of flows; a row
of an event has its device as `border` and its moment as `start` and `end`, and nothing in the columns of flows."""


def as_dict(found: Found | Happened, utc_offset: int) -> dict[str, Any]:
    """A flow or event as JSON-ready values, with its number, its hash, and times as text."""
    if isinstance(found, Found):
        values = {"kind": "record", **found.record.model_dump(mode="json")}
        values["start"], values["end"] = text_of(found.record.start, utc_offset), text_of(found.record.end, utc_offset)
    else:
        values = {"kind": "event", **found.event.model_dump(mode="json")}
        values["time"] = text_of(found.event.time, utc_offset)
    return {"seq": found.seq, **values, "hash": found.digest}


def export_to(folder: Path, wanted: Wanted, format_: str, output: Path | None, enterprise: int) -> int:
    """Write what is asked for to a file, whole or not at all, or to standard output; how many."""
    head = head_of(folder)
    if output is None:
        return _write(entries(folder, wanted), head, format_, enterprise, sys.stdout.buffer)
    output.parent.mkdir(parents=True, exist_ok=True)
    aside = output.with_name(f".{output.name}.new")
    try:
        with aside.open("wb") as out:
            number = _write(entries(folder, wanted), head, format_, enterprise, out)
        aside.replace(output)
    finally:
        aside.unlink(missing_ok=True)
    return number


def _write(found: Iterable[Found | Happened], head: Head, format_: str, enterprise: int, out: BinaryIO) -> int:
    if format_ == "ipfix":
        return to_ipfix(found, int(time.time()), out, enterprise)
    return (to_csv if format_ == "csv" else to_json)(found, head, out)


def to_json(found: Iterable[Found | Happened], head: Head, out: BinaryIO) -> int:
    """Write one JSON document: the store, its head, flows and events (`kind`) as they came; how many these are."""
    store = {
        "store": head.identity.store,
        "records_until": {"seq": head.seq - 1, "hash": head.digest.hex()},
        "records": [],
    }
    opening = json.dumps(store, ensure_ascii=False, indent=1).encode().removesuffix(b"[]\n}")
    out.write(opening + b"[")
    number = 0
    for number, item in enumerate(found, 1):
        out.write(b",\n  " if number > 1 else b"\n  ")
        out.write(json.dumps(as_dict(item, head.identity.utc_offset), ensure_ascii=False).encode())
    out.write(b"\n ]\n}\n" if number else b"]\n}\n")
    return number


def to_csv(found: Iterable[Found | Happened], head: Head, out: BinaryIO) -> int:
    """Write a table (RFC 4180, UTF-8) with a row of names first; how many rows follow."""
    text = io.TextIOWrapper(out, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    number = 0
    for item in found:
        writer.writerow(_row(as_dict(item, head.identity.utc_offset)))
        number += 1
    text.detach()
    return number


def _row(values: dict[str, Any]) -> list[str]:
    flat = _flat_flow(values) if values["kind"] == "record" else _flat_event(values)
    return ["" if flat.get(name) is None else str(flat[name]) for name in COLUMNS]


def _flat_flow(values: dict[str, Any]) -> dict[str, Any]:
    flat = {**values, **values["load"]}
    for end in ("source", "destination"):
        flat.update({f"{end}_{name}": value for name, value in values[end].items()})
    flat["labels"], flat["path"] = " ".join(values["labels"]), " ".join(values["path"])
    flat["policies"] = " ".join(f"{item['policy']}:{item['rule']}={item['result']}" for item in values["policies"])
    return flat


def _flat_event(values: dict[str, Any]) -> dict[str, Any]:
    moment, detail = values["time"], json.dumps(values["detail"], ensure_ascii=False)
    alarm = "yes" if values["alarm"] else "no"
    return {**values, "border": values["device"], "start": moment, "end": moment, "alarm": alarm, "detail": detail}
