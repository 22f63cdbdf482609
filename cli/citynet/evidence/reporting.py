"""What a store holds about one data identifier, summed up: for systems that ask by identifier."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from citynet.evidence.days import text_of
from citynet.evidence.reading import Found, Wanted, entries, head_of

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.evidence.event import Event
    from citynet.evidence.record import Record

_MOST_ALARMS = 20


@dataclass(slots=True)
class _Pair:
    """Flows between two participants that one border saw pass, or refused."""

    flows: int = 0
    load: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    first: int = 0
    last: int = 0
    ways: set[tuple[str, ...]] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)

    def add(self, flow: Record) -> None:
        self.flows += 1
        self.load.update(flow.load.model_dump())
        self.results.update({str(item.result) for item in flow.policies})
        self.first = min(self.first or flow.start, flow.start)
        self.last = max(self.last, flow.end)
        self.ways.add(tuple(flow.path))
        self.classes |= {str(flow.data_class)} if flow.data_class else set()


def report(folder: Path, identifier: int, since: int | None = None, until: int | None = None) -> dict[str, Any]:
    """The report of an identifier, as JSON-ready values.

    Flows count when their packets, or the answers, carry it; one that crosses an interconnect is told by both borders,
    so flows are told border by border. The store is not judged; see `verifying`.

    Args:
        folder: The store.
        identifier: Its number.
        since: What ended at this time or later (µs since 1970 UTC).
        until: What began before.

    Raises:
        InputError: There is no store.
        StoreError: It was changed.
    """
    head = head_of(folder)
    offset = head.identity.utc_offset
    pairs: dict[tuple[str, ...], _Pair] = {}
    events: Counter[str] = Counter()
    alarms: list[Event] = []
    for item in entries(folder, Wanted(identifier=identifier, since=since, until=until)):
        if isinstance(item, Found):
            pairs.setdefault(_key(item.record), _Pair()).add(item.record)
            continue
        events[str(item.event.event)] += 1
        alarms += [item.event] if item.event.alarm else []
    return {
        "identifier": identifier,
        "store": head.identity.store,
        "until_seq": head.seq - 1,
        "flows": sum(pair.flows for pair in pairs.values()),
        "between": [_pair(key, pair, offset) for key, pair in sorted(pairs.items())],
        "events": dict(sorted(events.items())),
        "alarms": len(alarms),
        "last_alarms": [
            {"time": text_of(one.time, offset), "device": one.device, "kind": str(one.event), "reason": one.reason}
            for one in alarms[-_MOST_ALARMS:]
        ],
    }


def _key(flow: Record) -> tuple[str, ...]:
    ends = (end.participant or end.address for end in (flow.source, flow.destination))
    return flow.border, flow.crossing, str(flow.direction), str(flow.outcome), *ends


def _pair(key: tuple[str, ...], pair: _Pair, offset: int) -> dict[str, Any]:
    names = ("border", "crossing", "direction", "outcome", "source", "destination")
    return {
        **dict(zip(names, key, strict=True)),
        "flows": pair.flows,
        **{name: pair.load[name] for name in ("bytes_sent", "packets_sent", "bytes_returned", "packets_returned")},
        "data_classes": sorted(pair.classes),
        "results": dict(sorted(pair.results.items())),
        "first": text_of(pair.first, offset),
        "last": text_of(pair.last, offset),
        "paths": [list(way) for way in sorted(pair.ways)],
    }
