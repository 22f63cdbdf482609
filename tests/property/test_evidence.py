"""Any change of any octet, line or file of a store is found; whatever is written is read again."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import evidence_town
from citynet import build
from citynet.evidence import chain, collecting
from citynet.evidence.crossing import Crossings
from citynet.evidence.findings import Verdict
from citynet.evidence.reading import Wanted, records
from citynet.evidence.record import ADAPTER, Load, Party, PolicyResult, Record
from citynet.evidence.sources import LocalSource, Stream
from citynet.evidence.store import Store
from citynet.evidence.verifying import verify
from tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("2026-11-26.jsonl", "2026-11-27.jsonl", "2026-11-28.jsonl")


@pytest.fixture(scope="module")
def store() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield evidence_town.filled(Path(folder) / "store")


def verdict_with(store: Path, contents: dict[str, bytes | None]) -> Verdict:
    """The verdict on a copy of a store in which some files are others, or gone."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "store"
        shutil.copytree(store, copy)
        for name, content in contents.items():
            if content is None:
                (copy / name).unlink()
            else:
                (copy / name).write_bytes(content)
        return verify(copy).verdict


BAD = {Verdict.TAMPERED, Verdict.TRUNCATED}


@given(st.data())
def test_any_octet_changed(store: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([*NAMES, "head"]))
    content = (store / name).read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    octet = data.draw(st.integers(0, 255).filter(lambda value: value != content[at]))
    assert verdict_with(store, {name: content[:at] + bytes([octet]) + content[at + 1 :]}) in BAD


@given(st.data())
def test_any_octets_taken_out_or_put_in(store: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([*NAMES, "head"]))
    content = (store / name).read_bytes()
    start = data.draw(st.integers(0, len(content)))
    stop = data.draw(st.integers(start, min(len(content), start + 2000)))
    changed = content[:start] + data.draw(st.binary(max_size=20)) + content[stop:]
    assume(changed != content)
    # What stands behind the last acknowledged line was never acknowledged: it is told, and harms nothing.
    harmless = name == NAMES[-1] and changed.startswith(content)
    assert (verdict_with(store, {name: changed}) in BAD) is not harmless


@given(st.data())
def test_any_lines_in_another_order_or_number(store: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(NAMES))
    lines = (store / name).read_bytes().splitlines(keepends=True)
    others = [line for other in NAMES for line in (store / other).read_bytes().splitlines(keepends=True)]
    kind = data.draw(st.sampled_from(["order", "some", "insert"]))
    if kind == "order":
        changed = data.draw(st.permutations(lines))
    elif kind == "some":
        kept = data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
        changed = [line for line, keep in zip(lines, kept, strict=True) if keep]
    else:
        at = data.draw(st.integers(0, len(lines) - 1))
        changed = [*lines[:at], data.draw(st.sampled_from(others)), *lines[at:]]
    assume(changed != lines)
    assert verdict_with(store, {name: b"".join(changed)}) in BAD


@given(st.permutations(NAMES), st.sets(st.sampled_from(NAMES)))
def test_any_files_exchanged_or_missing(store: Path, order: list[str], missing: set[str]) -> None:
    assume(missing or tuple(order) != NAMES)
    contents = {
        name: None if name in missing else (store / other).read_bytes()
        for name, other in zip(NAMES, order, strict=True)
    }
    assert verdict_with(store, contents) in BAD


@given(st.integers(0, 10_000))
def test_any_cut_of_the_end_is_told_from_tampering(store: Path, octets: int) -> None:
    content = (store / NAMES[-1]).read_bytes()
    cut = content[: max(len(content) - 1 - octets, 0)]
    assert verdict_with(store, {NAMES[-1]: cut}) is Verdict.TRUNCATED


words = st.text(max_size=120)
counts = st.integers(0, 2**64 - 1)
addresses = st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)).map(str)
parties = st.builds(
    Party,
    **dict.fromkeys(("participant", "kind", "host", "domain", "zone", "service", "device"), words),
    address=addresses,
    port=st.none() | st.integers(0, 65535),
)
any_record = st.builds(
    Record,
    border=words,
    crossing=words,
    direction=st.sampled_from(["inward", "outward"]),
    start=st.integers(0, 2**53 - 1),
    end=st.integers(0, 2**53 - 1),
    protocol=st.integers(0, 255),
    icmp_type=st.none() | st.integers(0, 255),
    icmp_code=st.none() | st.integers(0, 255),
    source=parties,
    destination=parties,
    labels=st.lists(words, max_size=4),
    data_class=st.none() | st.sampled_from(["public", "commercial", "important", "core"]),
    identifier=st.integers(0, 2**128 - 1),
    path=st.lists(words, max_size=6),
    path_basis=st.sampled_from(["ends", "measured"]),
    load=st.builds(Load, bytes_sent=counts, packets_sent=counts, bytes_returned=counts, packets_returned=counts),
    policies=st.lists(
        st.builds(
            PolicyResult,
            policy=words,
            rule=words,
            result=st.sampled_from(["allow", "deny", "unmatched"]),
            detail=words,
        ),
        max_size=3,
    ),
)


@given(st.lists(st.lists(any_record, max_size=4), max_size=3))
def test_any_record_is_read_as_it_was_written(batches: list[list[Record]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with Store.create(Path(folder) / "store") as store:
            for batch in batches:
                store.append(batch)
        found = list(records(Path(folder) / "store", Wanted()))
        assert [item.record for item in found] == [record for batch in batches for record in batch]
        assert verify(Path(folder) / "store").verdict is Verdict.INTACT


@given(any_record)
def test_the_same_record_gives_the_same_octets(record: Record) -> None:
    text = ADAPTER.dump_json(record)
    assert b"\n" not in text
    assert ADAPTER.dump_json(ADAPTER.validate_json(text)) == text


@given(st.binary(max_size=300))
def test_no_octets_upset_the_reader_of_lines(raw: bytes) -> None:
    line = chain.parse(raw)
    assert line is None or raw.startswith(line.covered)


odd = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.lists(st.integers(), max_size=2)
)
flow_lines = st.builds(
    lambda changes: evidence_town.flow_line(1, **changes),
    st.dictionaries(st.sampled_from(sorted(json.loads(evidence_town.flow_line(1)))), odd, max_size=4),
)


@pytest.fixture(scope="module")
def crossings() -> Crossings:
    return Crossings(build.plan(ROOT / "labs/mini")[0])


@given(st.sampled_from(Stream), st.lists(flow_lines | st.binary(max_size=60), max_size=4))
def test_whatever_a_device_wrote_is_a_record_or_kept_or_counted(
    crossings: Crossings, stream: Stream, lines: list[bytes]
) -> None:
    source = LocalSource("gov-border", Path("flows.json"), stream)
    batch = collecting.Collector(cast("Store", None), crossings)._batch(source, lines)
    assert len(batch.records) + len(batch.events) + len(batch.unread) + batch.over.total() == len(lines)
