"""Bringing flows and events of devices into a store: each once, over any restart of this process.

How far a device was read is part of the batch with what was read: both are in the store, or neither.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.errors import CitynetError
from citynet.evidence import event, flows, refused
from citynet.evidence.reading import Happened
from citynet.evidence.record import Outcome, Verdict
from citynet.evidence.sources import Stream, key
from citynet.evidence.store import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from citynet.evidence.crossing import Crossings
    from citynet.evidence.event import Event
    from citynet.evidence.head import Position
    from citynet.evidence.record import Record
    from citynet.evidence.sources import Pulled, Source
    from citynet.evidence.store import Receipt, Store

_WORKERS = 16
_MOST_TEXT = 4096
LOST = "lost"
"""Passed over: how often a device's file was gone or cut short, so that lines may be missing."""


@dataclass(slots=True)
class Collected:
    """What was brought.

    Attributes:
        records: Flows that crossed, or were refused.
        refused: Those of them that were refused.
        unmatched: Those that crossed and that no rule of the plan lets pass.
        events: What devices decided or saw otherwise.
        alarms: Those of them that are alarms.
        unread: Lines that are neither; kept as they came.
        passed_over: Flows of no concern, by the reason.
        lost: Sources (`sources.key`) whose lines may be missing, and why.
        failed: Sources that could not be read, and why; nothing of theirs is lost by that.
        more: Whether there is more already.
    """

    records: int = 0
    refused: int = 0
    unmatched: int = 0
    events: int = 0
    alarms: int = 0
    unread: int = 0
    passed_over: Counter[str] = field(default_factory=Counter)
    lost: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    more: bool = False

    def __str__(self) -> str:
        """How far it is, for people."""
        return f"{self.records:,} records" + (f", {self.events:,} events" if self.events else "")


@dataclass(slots=True)
class Collector:
    """Brings what was read of devices into a store.

    Attributes:
        store: Where it goes.
        crossings: What the plan says of flows.
        alarm: Hears of each alarm when it is on the disk.
        result: What was brought so far.
    """

    store: Store
    crossings: Crossings
    alarm: Callable[[Happened], None] = lambda _: None
    result: Collected = field(default_factory=Collected)

    def position(self, source: Source) -> Position | None:
        """How far a source was read."""
        return self.store.head.positions.get(key(source))

    def failed(self, source: Source, error: CitynetError) -> None:
        """A source could not be read."""
        self.result.failed[key(source)] = str(error).removeprefix(f"{source.name}: ")

    def keep(self, source: Source, pulled: Pulled) -> None:
        """Write what a source had, and how far it was read, in one batch."""
        result, device = self.result, source.name
        if pulled.lost:
            result.lost[key(source)] = pulled.lost
        result.more = result.more or pulled.more
        if not pulled.lines and not pulled.lost:
            return
        batch = self._batch(source, pulled.lines)
        if pulled.lost:
            batch.over[LOST] += 1
            batch.unread.append(Unread(device, f"citynet: {pulled.lost}"))
        positions = {key(source): pulled.position} if pulled.position is not None else {}
        receipt = self.store.append(
            batch.records, events=batch.events, unread=batch.unread, positions=positions, passed_over=batch.over
        )
        result.records += len(batch.records)
        result.refused += sum(record.outcome is Outcome.REFUSED for record in batch.records)
        result.unmatched += sum(
            policy.result is Verdict.UNMATCHED for record in batch.records for policy in record.policies
        )
        result.events += len(batch.events)
        result.unread += len(batch.unread)
        result.passed_over += batch.over
        self._tell(batch.events, receipt)

    def _tell(self, events: Sequence[Event], receipt: Receipt) -> None:
        for seq, item in enumerate(events, receipt.first + receipt.records):
            if item.alarm:
                self.result.alarms += 1
                self.alarm(Happened(seq, "", item))

    def _batch(self, source: Source, lines: Sequence[bytes]) -> _Batch:
        """Lines of a device, each as what it is."""
        batch = _Batch()
        for line in lines:
            found = self._read(source, line)
            if found is None:
                batch.unread.append(Unread(source.name, line[:_MOST_TEXT].decode(errors="backslashreplace")))
            elif isinstance(found, str):
                batch.over[found] += 1
            elif isinstance(found, event.Event):
                batch.events.append(found)
            else:
                batch.records.append(found)
        return batch

    def _read(self, source: Source, line: bytes) -> Record | Event | str | None:
        if source.stream is Stream.EVENTS:
            return event.parse(source.name, line)
        try:
            if source.stream is Stream.REFUSED:
                dropped = refused.parse(line)
                return refused.record(self.crossings, source.name, dropped) if dropped is not None else None
            flow = flows.parse(line)
            return self.crossings.record(source.name, flow) if flow is not None else None
        except ValueError:  # pydantic's too: a number is out of its range
            return None


@dataclass(slots=True)
class _Batch:
    """Lines of a device: flows, events, lines that are neither, and counts of what is of no concern."""

    records: list[Record] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    over: Counter[str] = field(default_factory=Counter)


def collect(
    store: Store, sources: Sequence[Source], crossings: Crossings, tell: Callable[[str], None] = lambda _: None
) -> Collected:
    """Read each device once, from where the store says, all at the same time; then write, device by device."""
    collector = Collector(store, crossings)
    once(collector, sources, tell)
    return collector.result


def once(collector: Collector, sources: Sequence[Source], tell: Callable[[str], None] = lambda _: None) -> None:
    """A round of a collector; its result says whether there is more already."""
    collector.result.more, collector.result.failed = False, {}
    with ThreadPoolExecutor(_WORKERS) as pool:
        waiting = [(source, pool.submit(source.pull, collector.position(source))) for source in sources]
        for source, future in waiting:
            try:
                pulled = future.result()
            except CitynetError as error:
                collector.failed(source, error)
                continue
            collector.keep(source, pulled)
            tell(str(collector.result))
