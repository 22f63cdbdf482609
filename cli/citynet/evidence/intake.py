"""Records and events from a stream: whatever waits is one batch, acknowledged when it is on the disk."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, BinaryIO

from pydantic import ValidationError

from citynet.errors import Findings, Problem
from citynet.evidence import event, record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.evidence.store import Receipt, Store

_READ = 1 << 20
_EVENT = re.compile(rb'"event"\s*:')
"""A record has no such member, and no text of one can look like it: quotation marks in texts are escaped."""


def take(stream: BinaryIO, store: Store) -> Iterator[Receipt]:
    """Read to the end; a receipt for each batch.

    Raises:
        InputError: A line is neither record nor event. What was acknowledged stays; nothing is kept of the batch with
            that line.
    """
    number, rest = 0, b""
    while data := os.read(stream.fileno(), _READ):
        *lines, rest = (rest + data).split(b"\n")
        if lines:
            yield _keep(store, lines, number)
            number += len(lines)
    if rest:
        yield _keep(store, [rest], number)


def _keep(store: Store, lines: list[bytes], before: int) -> Receipt:
    findings, found, happened = Findings(), [], []
    for number, line in enumerate(lines, before + 1):
        is_event = _EVENT.search(line) is not None
        try:
            if is_event:
                happened.append(event.ADAPTER.validate_json(line))
            else:
                found.append(record.ADAPTER.validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            what = "event" if is_event else "record"
            findings.add(Problem("standard input", number, f"is no {what}: {where}: {first['msg']}"))
    findings.raise_if_any()
    return store.append(found, events=happened)
