"""What the evidence store takes on one core, beside SQLite and a log file, each synced to the same disk.

python tests/bench/evidence.py
"""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "cli"), str(ROOT / "tests")]

import evidence_town
from citynet import build
from citynet.evidence import collecting
from citynet.evidence.crossing import Crossings
from citynet.evidence.record import ADAPTER
from citynet.evidence.sources import LocalSource
from citynet.evidence.store import Store
from citynet.evidence.verifying import verify

if TYPE_CHECKING:
    from collections.abc import Callable

WANTED = 5_000
"""Records a second on one core that the store has to take."""
SECONDS = 1.0
FLOWS = 40_000


@dataclass(frozen=True)
class Rate:
    """How many records, in how many seconds by the clock and of processor."""

    records: int
    clock: float
    processor: float

    def __str__(self) -> str:
        return f"{self.records / self.clock:>10,.0f}/s{self.processor / self.records * 1e6:>10.1f} µs"


def rate(work: Callable[[], int], seconds: float = SECONDS) -> Rate:
    """Do some work again and again for a while."""
    records, clock, processor = 0, time.perf_counter(), time.process_time()
    while (passed := time.perf_counter() - clock) < seconds:
        records += work()
    return Rate(records, passed, time.process_time() - processor)


def store(folder: Path, size: int) -> Rate:
    """The evidence store: records as the collector makes them, hashed, synced twice a batch."""
    batch = [evidence_town.record(number) for number in range(size)]
    with Store.create(folder / f"store-{size}") as open_store:
        return rate(lambda: open_store.append(batch).records)


def sqlite(folder: Path, size: int) -> Rate:
    """SQLite with a write-ahead log, synced at every commit; one column of the same JSON, no chain."""
    batch = [(ADAPTER.dump_json(evidence_town.record(number)),) for number in range(size)]
    with sqlite3.connect(folder / f"{size}.db") as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE records (seq INTEGER PRIMARY KEY, record BLOB)")

        def insert() -> int:
            connection.executemany("INSERT INTO records (record) VALUES (?)", batch)
            connection.commit()
            return size

        return rate(insert)


def log_file(folder: Path, size: int) -> Rate:
    """A log file, synced after each batch; the same JSON, no chain."""
    batch = b"".join(ADAPTER.dump_json(evidence_town.record(number)) + b"\n" for number in range(size))
    with (folder / f"{size}.log").open("ab", buffering=0) as file:

        def write() -> int:
            file.write(batch)
            os.fsync(file.fileno())
            return size

        return rate(write)


def collected(folder: Path) -> Rate:
    """From lines of ulogd on this disk to records in the store: read, parsed, looked up in the plan, written."""
    file = folder / "flows.json"
    with file.open("wb") as out:
        out.writelines(evidence_town.flow_line(number) for number in range(FLOWS))
    crossings, source = Crossings(build.plan(ROOT / "labs/mini")[0]), LocalSource("gov-border", file)
    with Store.create(folder / "collected") as open_store:
        clock, processor, more = time.perf_counter(), time.process_time(), True
        while more:
            more = collecting.collect(open_store, [source], crossings).more
        return Rate(open_store.head.records, time.perf_counter() - clock, time.process_time() - processor)


def verified(folder: Path) -> Rate:
    """Judging what was collected."""
    clock, processor = time.perf_counter(), time.process_time()
    report = verify(folder / "collected")
    assert report.verdict == "intact"
    return Rate(report.records, time.perf_counter() - clock, time.process_time() - processor)


def main() -> None:
    """Print the table."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    rows = []
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".bench-") as name:
        folder = Path(name)
        rows += [(f"evidence store, batches of {size:,}", store(folder, size)) for size in (1, 16, 256, 4096)]
        rows.append((f"collect {FLOWS:,} flows from a file of ulogd", collected(folder)))
        rows.append(("verify them", verified(folder)))
        for size in (1, 256):
            rows.append((f"SQLite, WAL, synced, commits of {size:,}", sqlite(folder, size)))
            rows.append((f"log file, synced after {size:,}", log_file(folder, size)))
    sys.stdout.write("evidence, one core              records by the clock    processor each\n")
    sys.stdout.write("".join(f"{what:<44}{found}\n" for what, found in rows))
    reached = next(found for what, found in rows if "256" in what)
    word = "reached" if reached.records / reached.clock >= WANTED else "MISSED"
    sys.stdout.write(f"wanted: {WANTED:,}/s into the store on one core: {word}\n")


if __name__ == "__main__":
    main()
