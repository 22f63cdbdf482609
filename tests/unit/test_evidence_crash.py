"""The collector killed at random moments under load: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

import evidence_town
from citynet import build
from citynet.evidence import chain, collecting
from citynet.evidence import head as heads
from citynet.evidence import sources as places
from citynet.evidence.crossing import Crossings
from citynet.evidence.reading import Wanted, records
from citynet.evidence.sources import LocalSource
from citynet.evidence.store import Store
from citynet.evidence.verifying import verify
from tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUNDS = 60
LINES = 400


def killed(work: Callable[[int], None], after_s: float | None) -> bytes:
    """Run some work in a process of its own until it is killed by SIGKILL; what it wrote to its pipe.

    It is killed so long after it said something for the first time; None: it kills itself.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        try:
            work(writer)
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        said = pipe.read(1 << 16) or b""
        if after_s is not None:
            time.sleep(after_s)
            os.kill(child, signal.SIGKILL)
        while more := pipe.read(1 << 16):
            said += more
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "the process ended by itself"
    return said


def acknowledged(said: bytes) -> list[tuple[int, str]]:
    """Whole lines of `seq hash` that the process wrote after each commit."""
    return [(int(seq), digest) for seq, digest in (line.split() for line in said.decode().split("\n")[:-1])]


def kept(folder: Path) -> dict[int, str]:
    """Numbers and hashes of all lines that stand in a store."""
    lines = [chain.parse(raw) for path in chain.files(folder) for raw in chain.lines(path)]
    return {line.seq: line.digest.hex() for line in lines if line is not None}


@pytest.mark.parametrize("seed", range(5))
def test_a_writer_killed_under_load_loses_nothing_that_it_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    chance, folder = random.Random(seed), tmp_path / "store"
    clock = evidence_town.Clock()
    Store.create(folder, clock=clock).close()
    whole, left = os.pwrite, [0]

    def part(descriptor: int, data: memoryview, offset: int) -> int:
        """As a busy disk does: take a part only. After so many parts the process dies."""
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(descriptor, data[:300], offset)

    monkeypatch.setattr(os, "pwrite", part)
    flows = [evidence_town.record(number) for number in range(500)]

    def work(pipe: int) -> None:
        with Store.open(folder, clock) as store:
            while True:
                clock.at += chance.randrange(evidence_town.DAY // 40)  # days begin under load, too
                receipt = store.append(flows[: chance.choice([1, 10, 500])])
                os.write(pipe, f"{receipt.seq} {receipt.digest}\n".encode())

    repairs, batches = 0, 0
    for number in range(ROUNDS // 5):
        chance.seed(100 * seed + number)
        clock.at += evidence_town.DAY // 50
        left[0] = chance.randrange(1, 5000) if number % 2 else 0
        told = acknowledged(killed(work, None if number % 2 else chance.uniform(0.0, 0.1)))
        report = verify(folder)
        assert report.holds, [str(finding) for finding in report.findings]
        there = kept(folder)
        assert all(there.get(seq) == digest for seq, digest in told)
        with Store.open(folder, clock) as store:
            repairs += bool(store.repaired)
        batches += len(told)
    print(f"{batches} batches acknowledged, {repairs} of {ROUNDS // 5} kills left an unfinished one")
    assert batches
    assert repairs, "no round hit a batch under way: the test looks at nothing"
    assert verify(folder).verdict == "intact"


def test_a_collector_killed_under_load_has_each_flow_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The device's file grows and is rotated meanwhile; what counts is each of its lines, once."""
    monkeypatch.setattr(places, "LIMIT", 40_000)
    chance, folder, file = random.Random(11), tmp_path / "store", tmp_path / "flows.json"
    crossings = Crossings(build.plan(ROOT / "labs/mini")[0])
    Store.create(folder).close()
    written = 0

    def work(pipe: int) -> None:
        source = LocalSource("gov-border", file)
        with Store.open(folder) as store:
            while True:
                collecting.collect(store, [source], crossings)
                os.write(pipe, f"{store.head.seq - 1} {store.head.digest.hex()}\n".encode())

    for number in range(ROUNDS):
        with file.open("ab") as out:
            for _ in range(LINES):
                out.write(evidence_town.flow_line(written))
                written += 1
        told = acknowledged(killed(work, chance.uniform(0.0, 0.06)))
        there = kept(folder)
        assert all(there.get(seq) == digest for seq, digest in told)
        if number % 7 == 6:
            file.rename(tmp_path / f"flows.json.{number}")
    with Store.open(folder) as store:
        while collecting.collect(store, [LocalSource("gov-border", file)], crossings).more:
            pass
        head = heads.read(folder)
    assert head is not None
    counted = Counter(item.record.load.bytes_sent for item in records(folder, Wanted()))
    assert counted == Counter(range(written))
    assert head.records == written
    assert verify(folder).verdict == "intact"
