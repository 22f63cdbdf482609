"""Evidence for tests: records, and stores with days of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from citynet.evidence.record import Load, Party, PolicyResult, Record
from citynet.evidence.store import Store

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400_000_000
NOON = 1_795_665_600_000_000  # 2026-11-26T12:00+08:00


def record(number: int, **changes: Any) -> Record:
    """A flow of the exchange to the data bureau; its source port and load tell which one it is."""
    values: dict[str, Any] = {
        "border": "gov-border",
        "crossing": "guard",
        "direction": "inward",
        "start": NOON + number,
        "end": NOON + number + 1_500_000,
        "protocol": 6,
        "source": Party(
            participant="exchange",
            kind="service",
            host="exchange-1",
            domain="cross",
            service="circulation",
            device="cross-pe-west",
            address="10.12.0.2",
            port=1024 + number % 60_000,
        ),
        "destination": Party(
            participant="data-bureau",
            kind="provider",
            host="data-bureau-1",
            domain="government",
            service="gov-sharing",
            device="gov-pe-west",
            address="10.11.0.2",
            port=8443,
        ),
        "labels": ["circulation", "gov-sharing"],
        "data_class": "public",
        "path": ["cross-pe-west", "cross-border", "gov-border", "gov-pe-west"],
        "load": Load(bytes_sent=number, packets_sent=2, bytes_returned=3, packets_returned=4),
        "policies": [PolicyResult(policy="interconnect", rule="allow-1", result="allow")],
    }
    return Record(**{**values, **changes})


class Clock:
    """A clock that a test turns."""

    def __init__(self, at: int = NOON) -> None:
        self.at = at

    def __call__(self) -> int:
        """The time, a µs later each time that somebody asks."""
        self.at += 1
        return self.at


def filled(folder: Path, days: int = 3, batches: int = 3, size: int = 2) -> Path:
    """A store of some days, with so many batches of so many records on each."""
    clock, number = Clock(), 0
    with Store.create(folder, clock=clock) as store:
        for _ in range(days):
            for _ in range(batches):
                store.append([record(number + i) for i in range(size)])
                number += size
            clock.at += DAY
    return folder


def flow_line(number: int, **changes: Any) -> bytes:
    """What ulogd writes of a flow of the exchange to the data bureau of labs/mini; its octets tell which one it is."""
    values = {
        "timestamp": "2026-11-26T12:00:00.000000+0800",
        "dvc": "Netfilter",
        "orig.ip.protocol": 6,
        "orig.l4.sport": 1024 + number % 60_000,
        "orig.l4.dport": 8443,
        "orig.raw.pktlen": number,
        "orig.raw.pktcount": 5,
        "reply.raw.pktlen": 42,
        "reply.raw.pktcount": 4,
        "ct.mark": 0,
        "ct.id": number,
        "ct.event": 4,
        "flow.start.sec": NOON // 1_000_000,
        "flow.start.usec": number % 1_000_000,
        "flow.end.sec": NOON // 1_000_000 + 1,
        "flow.end.usec": number % 1_000_000,
        "oob.family": 2,
        "oob.protocol": 0,
        "src_ip": "10.12.0.2",
        "dest_ip": "10.11.0.2",
        **changes,
    }
    return json.dumps({name: value for name, value in values.items() if value is not None}).encode() + b"\n"
