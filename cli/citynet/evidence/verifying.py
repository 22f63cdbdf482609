"""Judging a store: every line from the first to the head, the head, and seals that somebody else held."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.evidence import breaks, chain, recovery
from citynet.evidence import head as heads
from citynet.evidence.chain import StoreError
from citynet.evidence.days import text_of
from citynet.evidence.findings import Report, Sort
from citynet.evidence.walking import Walk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from citynet.evidence.head import Head
    from citynet.evidence.seals import Seal


def verify(
    folder: Path, seals: Mapping[str, Seal] | None = None, tell: Callable[[str], None] = lambda _: None
) -> Report:
    """Judge a store; it may be written meanwhile.

    Args:
        folder: The store.
        seals: Heads that others kept, by where they stand (`FILE:LINE`).
        tell: Hears what goes on.
    """
    seals = seals or {}
    report = Report(str(folder))
    head = _head(folder, report)
    walk = Walk({seal.seq for seal in seals.values()} | ({head.seq - 1} if head else set()))
    for path in chain.files(folder):
        if head is not None and path.stem > head.day:
            break
        tell(f"{path.name}: {walk.lines:,} lines so far")
        whole = head is None or path.stem != head.day or not recovery.acknowledged(folder, head)
        walk.file(path, None if head is None or whole else head.offset)
    report.store, report.days, report.lines = walk.store, walk.files, walk.lines
    report.records, report.events = walk.records, walk.events
    for item in walk.misplaced:
        report.add(item.file, item.line, Sort.EDITED, item.what)
    reached = breaks.judge(report, walk.runs, None if head is None else head.seq)
    if head is not None:
        _judge_head(folder, report, head, walk, reached)
    _judge_seals(report, seals, walk, reached)
    report.findings.sort(key=lambda finding: (finding.file, finding.line))
    return report


def _head(folder: Path, report: Report) -> Head | None:
    try:
        head = heads.read(folder)
    except StoreError:
        report.add(heads.NAME, 0, Sort.HEAD, "the head was changed: it is not what a store writes")
        return None
    if head is None:
        report.add(heads.NAME, 0, Sort.HEAD, "the head is missing: nothing says how many lines were acknowledged")
        return None
    report.seq, report.digest, report.day = head.seq - 1, head.digest.hex(), head.day
    return head


def _judge_head(folder: Path, report: Report, head: Head, walk: Walk, reached: int) -> None:
    """What the head knows against what there is."""
    name = f"{head.day}.jsonl"
    if reached < head.seq:
        there = (folder / name).exists()
        gone = "" if there else "this file is missing, and with it "
        what = f"{gone}the last of {head.seq} acknowledged lines: the chain ends at number {reached - 1}"
        report.add(name, 0, Sort.TRUNCATED, what if gone else f"missing are {what}")
        return
    found = walk.hashes.get(head.seq - 1)
    if found is not None and found != head.digest and not report.findings:
        report.add(name, 0, Sort.REWRITTEN, f"number {head.seq - 1} has another hash than the head")
    if not recovery.acknowledged(folder, head):
        return
    rest = recovery.beyond(folder, head).unfinished
    if foreign := recovery.foreign(rest):
        report.add(foreign.name, 0, Sort.INSERTED, "the file does not follow the head")
        return
    for item in rest:
        what = f"{item.octets} octets that no commit closes; nothing acknowledged is among them"
        report.add(item.path.name, 0, Sort.UNFINISHED, what)


def _judge_seals(report: Report, seals: Mapping[str, Seal], walk: Walk, reached: int) -> None:
    for place, seal in seals.items():
        file, _, line = place.rpartition(":")
        when = text_of(seal.sealed, 0)
        if walk.store and seal.store != walk.store:
            report.add(file, int(line), Sort.FOREIGN, f"the seal is of store {seal.store}, not of {walk.store}")
        elif seal.seq >= reached and seal.seq not in walk.hashes:
            what = f"number {seal.seq} was sealed at {when}, but the store ends at number {reached - 1}"
            report.add(file, int(line), Sort.TRUNCATED, what)
        elif seal.seq in walk.hashes and walk.hashes[seal.seq].hex() != seal.hash:
            report.add(file, int(line), Sort.REWRITTEN, f"number {seal.seq} is not the one that was sealed at {when}")
        else:
            report.sealed = max(report.sealed, seal.seq)
