"""Looking things up in a store: flows and events that somebody asks for, in the order in which they were written."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from citynet.errors import InputError, Problem
from citynet.evidence import chain, event, record
from citynet.evidence import head as heads
from citynet.evidence.chain import StoreError
from citynet.evidence.record import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from citynet.design.types.words import DataClass
    from citynet.evidence.chain import Line
    from citynet.evidence.event import Event
    from citynet.evidence.head import Head
    from citynet.evidence.record import Record


FLOW = "flow"
"""The kind of a flow, beside those of events."""
_FLOWS = frozenset({FLOW})
_BEFORE_KIND = 48


@dataclass(slots=True, frozen=True)
class Wanted:
    """What is asked for; what is not set lets all pass.

    Attributes:
        participant: At either end of a flow; who an event is about.
        identifier: The data identifier.
        data_class: The class of data; events have none.
        since: Flows that had not ended by then, events from then on (µs since 1970 UTC).
        until: Flows that had begun before, events before.
        border: The device that saw it.
        unmatched: Only flows that crossed though some policy denies them, or no rule speaks of them.
        seq: What has this number only.
        kinds: `FLOW`, and kinds of events.
        alarms: Only events that are alarms.
        refused: Only flows that were refused.
    """

    participant: str | None = None
    identifier: int | None = None
    data_class: DataClass | None = None
    since: int | None = None
    until: int | None = None
    border: str | None = None
    unmatched: bool = False
    seq: int | None = None
    kinds: frozenset[str] = frozenset()
    alarms: bool = False
    refused: bool = False

    def needles(self, kind: bytes) -> list[bytes] | None:
        """What a line of some kind must hold: most need not be read to be left out. None: no such line is asked for."""
        if kind == chain.RECORD and not self.alarms and (not self.kinds or FLOW in self.kinds):
            return self._common(b'"border":') + self._of_flows()
        flows_only = self.unmatched or self.refused or self.data_class is not None or self.kinds == _FLOWS
        if kind == chain.EVENT and not flows_only:
            return self._common(b'"device":') + self._of_events()
        return None

    def _common(self, device: bytes) -> list[bytes]:
        found = []
        if self.border is not None:
            found.append(device + _text(self.border))
        if self.identifier is not None:
            found.append(b'identifier":%d,' % self.identifier)  # of a flow or of its answers
        if self.seq is not None:
            found.append(b'{"seq":%d,' % self.seq)
        return found

    def _of_flows(self) -> list[bytes]:
        found = [b'"outcome":"refused",'] if self.refused else []
        if self.participant is not None:
            found.append(b'"participant":' + _text(self.participant))
        if self.data_class is not None:
            found.append(b'"data_class":' + _text(self.data_class))
        return found

    def _of_events(self) -> list[bytes]:
        found = [b'"alarm":true,'] if self.alarms else []
        if self.participant is not None:
            found.append(_text(self.participant))
        return found

    def takes(self, item: Record | Event) -> bool:
        """Whether it is among what is asked for; its number was looked at before."""
        return self._takes_event(item) if isinstance(item, event.Event) else self._takes_flow(item)

    def _takes_flow(self, flow: Record) -> bool:
        return (
            self.participant in {None, flow.source.participant, flow.destination.participant}
            and (self.identifier is None or self._has(flow.identifier, flow.answer_identifier))
            and self.data_class in {None, flow.data_class}
            and self.border in {None, flow.border}
            and (self.since is None or flow.end >= self.since)
            and (self.until is None or flow.start < self.until)
            and (not self.refused or flow.outcome is Outcome.REFUSED)
            and (not self.unmatched or _should_not_have_crossed(flow))
        )

    def _has(self, *identifiers: int) -> bool:
        """Whether one of them is asked for; 0: that there is none."""
        return self.identifier in identifiers if self.identifier else not any(identifiers)

    def _takes_event(self, item: Event) -> bool:
        return (
            self.participant in {None, item.subject, item.detail.get("participant")}
            and self.identifier in {None, item.identifier}
            and self.border in {None, item.device}
            and (self.since is None or item.time >= self.since)
            and (self.until is None or item.time < self.until)
            and (not self.kinds or item.event in self.kinds)
            and (not self.alarms or item.alarm)
        )


def _should_not_have_crossed(flow: Record) -> bool:
    return flow.outcome is Outcome.CROSSED and any(item.result is not Verdict.ALLOW for item in flow.policies)


def _text(value: str) -> bytes:
    return json.dumps(str(value), ensure_ascii=False).encode()


@dataclass(slots=True)
class Found:
    """A flow with its number and hash in the chain."""

    seq: int
    digest: str
    record: Record


@dataclass(slots=True)
class Happened:
    """An event with its number and hash in the chain."""

    seq: int
    digest: str
    event: Event


def head_of(folder: Path) -> Head:
    """The head of a store that can be read.

    Raises:
        InputError: There is no store.
        StoreError: Its head was changed.
    """
    head = heads.read(folder)
    if head is None:
        raise InputError([Problem(str(folder), 0, "is no evidence store", "a folder with a head and days")])
    return head


def entries(folder: Path, wanted: Wanted) -> Iterator[Found | Happened]:
    """Acknowledged flows and events that are asked for.

    Raises:
        StoreError: A line that would have to be read is none of a store.
    """
    head = head_of(folder)
    needles = {kind: found for kind in (chain.RECORD, chain.EVENT) if (found := wanted.needles(kind)) is not None}
    for path in chain.files(folder):
        if path.stem > head.day:
            return
        for number, raw in enumerate(chain.lines(path, 0, head.offset if path.stem == head.day else None), 1):
            kind = _kind(raw)
            if kind not in needles or not all(needle in raw for needle in needles[kind]):
                continue
            line = chain.parse(raw)
            if line is None or line.kind != kind:
                raise StoreError(f"{path}:{number}: is no line of a store; see `citynet evidence verify`")
            entry = read(line, f"{path}:{number}")
            if wanted.seq in {None, line.seq} and wanted.takes(
                entry.record if isinstance(entry, Found) else entry.event
            ):
                yield entry


def records(folder: Path, wanted: Wanted) -> Iterator[Found]:
    """The flows among them; see `entries`."""
    return (found for found in entries(folder, replace(wanted, kinds=_FLOWS)) if isinstance(found, Found))


def _kind(raw: bytes) -> bytes:
    """The kind of a line, which stands behind its number; empty if it does not look like one."""
    start = raw.find(b'"kind":"', 0, _BEFORE_KIND)
    return raw[start + 8 : raw.find(b'"', start + 8, start + 24)] if start >= 0 else b""


def read(line: Line, place: str) -> Found | Happened:
    """The record or event of a line.

    Raises:
        StoreError: It holds none of this version.
    """
    text = b"{" + line.body + b"}"
    try:
        if line.kind == chain.EVENT:
            return Happened(line.seq, line.digest.hex(), event.ADAPTER.validate_json(text))
        return Found(line.seq, line.digest.hex(), record.ADAPTER.validate_json(text))
    except ValueError as error:
        what = "event" if line.kind == chain.EVENT else "record"
        raise StoreError(f"{place}: is no {what} of this version; see `citynet evidence verify`") from error
