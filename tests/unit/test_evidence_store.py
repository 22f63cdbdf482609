"""The evidence store: batches, days, what a crash leaves, who may write."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

import evidence_town
from citynet.errors import InputError
from citynet.evidence import chain
from citynet.evidence import head as heads
from citynet.evidence.chain import StoreError
from citynet.evidence.days import day_of
from citynet.evidence.findings import Sort, Verdict
from citynet.evidence.head import Position
from citynet.evidence.reading import Wanted, records
from citynet.evidence.store import Store, Unread
from citynet.evidence.verifying import verify

DAYS = ["2026-11-26.jsonl", "2026-11-27.jsonl", "2026-11-28.jsonl"]


def numbers(folder: Path) -> list[int]:
    return [found.record.load.bytes_sent for found in records(folder, Wanted())]


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_what_is_written_is_read_again_and_each_day_has_a_file(tmp_path: Path) -> None:
    folder = evidence_town.filled(tmp_path / "store")
    assert [path.name for path in chain.files(folder)] == DAYS
    assert numbers(folder) == list(range(18))
    found = [item.record for item in records(folder, Wanted())]
    assert found == [evidence_town.record(number) for number in range(18)]
    report = verify(folder)
    assert (report.verdict, report.days, report.records) == (Verdict.INTACT, 3, 18)


def test_every_line_is_json_numbered_without_a_gap(tmp_path: Path) -> None:
    folder = evidence_town.filled(tmp_path / "store")
    read = [line for path in chain.files(folder) for line in lines(path)]
    assert [line["seq"] for line in read] == list(range(len(read)))
    openings = [line for line in read if line["kind"] == "segment"]
    assert [line["day"] for line in openings] == [name.removesuffix(".jsonl") for name in DAYS]
    assert openings[0]["previous"] == "0" * 64
    assert openings[1]["previous"] == lines(folder / DAYS[0])[-1]["hash"]


def test_days_are_those_of_the_city(tmp_path: Path) -> None:
    midnight_in_china = evidence_town.NOON + 12 * 3_600_000_000
    assert day_of(midnight_in_china - 1, 8 * 3600) == "2026-11-26"
    assert day_of(midnight_in_china, 8 * 3600) == "2026-11-27"
    assert day_of(midnight_in_china, 0) == "2026-11-26"


def test_a_clock_that_goes_back_begins_no_day_again(tmp_path: Path) -> None:
    clock = evidence_town.Clock()
    with Store.create(tmp_path / "store", clock=clock) as store:
        clock.at += evidence_town.DAY
        store.append([evidence_town.record(0)])
        clock.at -= evidence_town.DAY
        store.append([evidence_town.record(1)])
    assert len(lines(tmp_path / "store" / DAYS[1])) == 5
    assert verify(tmp_path / "store").verdict is Verdict.INTACT


def test_positions_come_back_with_what_was_read(tmp_path: Path) -> None:
    first, second = Position(1, 100, "a" * 64), Position(1, 200, "b" * 64)
    with Store.create(tmp_path / "store") as store:
        store.append([evidence_town.record(0)], positions={"one": first, "other": first})
        store.append([], positions={"one": second}, unread=[Unread("one", "no\nflow")], passed_over={"inside": 2})
    with Store.open(tmp_path / "store") as store:
        assert store.head.positions == {"one": second, "other": first}
    (unread,) = [line for path in chain.files(tmp_path / "store") for line in lines(path) if line["kind"] == "unread"]
    assert unread["text"] == "no\nflow"


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store"), pytest.raises(InputError) as caught:
        Store.open(tmp_path / "store")
    assert str(caught.value) == (f"{tmp_path}/store: another process writes this store, expected one writer at a time")
    Store.open(tmp_path / "store").close()


def test_no_store_is_made_where_something_is(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError) as caught:
        Store.create(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}: holds something already, expected no store there, choose an empty folder for a new store"
    )
    with pytest.raises(InputError):
        Store.open(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("name", ["write", "fsync", "replace"])
def test_a_batch_that_fails_is_not_acknowledged_and_closes_the_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    folder = evidence_town.filled(tmp_path / "store", days=1)
    store = Store.open(folder, evidence_town.Clock())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        if name == "write":
            patch.setattr(os, "pwrite", lambda fd, data, offset: os.write(fd, b"") or full())
        elif name == "fsync":
            patch.setattr(os, "fsync", full)
        else:
            patch.setattr(heads, "write", full)
        with pytest.raises(OSError, match="No space"):
            store.append([evidence_town.record(100)])
    with pytest.raises(StoreError, match="closed after an error"):
        store.append([evidence_town.record(101)])
    store.close()
    with Store.open(folder, evidence_town.Clock()) as store:
        store.append([evidence_town.record(102)])
    kept = numbers(folder)
    assert kept[:6] == list(range(6))
    assert kept[-1] == 102
    assert 101 not in kept
    assert verify(folder).verdict is Verdict.INTACT


def test_nothing_is_acknowledged_before_it_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, done = evidence_town.Clock(), []
    write, sync, replace = os.pwrite, os.fsync, heads.write
    with Store.create(tmp_path / "store", clock=clock) as store:

        def synced(descriptor: int) -> None:
            name = Path(f"/proc/self/fd/{descriptor}").readlink().name
            done.append(f"sync {name}")
            sync(descriptor)

        monkeypatch.setattr(os, "pwrite", lambda *args: done.append("write") or write(*args))
        monkeypatch.setattr(os, "fsync", synced)
        monkeypatch.setattr(heads, "write", lambda *args: done.append("head") or replace(*args))
        store.append([evidence_town.record(0)])
        done.append("acknowledged")
        clock.at += evidence_town.DAY
        store.append([evidence_town.record(1)])
    assert done == [
        *("write", f"sync {DAYS[0]}", "head", "sync .head.new", "acknowledged"),
        *("write", f"sync {DAYS[1]}", "sync store", "head", "sync .head.new"),
    ]


def test_a_store_without_its_head_is_never_taken_for_one_that_was_just_made(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store") as store:
        assert Store.unborn(tmp_path / "store") is False  # it has its head
        store.append([], unread=[Unread("one", "a line")])
    (tmp_path / "store/head").unlink()
    assert not Store.unborn(tmp_path / "store")
    with pytest.raises(InputError, match="holds something already"):
        Store.create(tmp_path / "store")


def torn_at(whole: Path, before: Path, offset: int, copy: Path) -> Path:
    """A store that crashed when its last batch was on the disk up to an octet: files so far, the head of before."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(whole, copy)
    shutil.copy(before, copy / "head")
    last = chain.files(copy)[-1]
    last.write_bytes(last.read_bytes()[:offset])
    return copy


def test_a_crash_at_any_octet_of_a_batch_leaves_all_of_it_or_nothing(tmp_path: Path) -> None:
    clock = evidence_town.Clock()
    with Store.create(tmp_path / "store", clock=clock) as store:
        store.append([evidence_town.record(0)])
        shutil.copy(tmp_path / "store/head", tmp_path / "before")
        start = store.head.offset
        store.append([evidence_town.record(1), evidence_town.record(2)], positions={"one": Position(1, 2, "c" * 64)})
        end = store.head.offset
    for offset in [*range(start, end, 11), *range(end - 3, end + 1)]:
        crashed = torn_at(tmp_path / "store", tmp_path / "before", offset, tmp_path / "crashed")
        whole, torn = offset == end, start < offset < end
        report = verify(crashed)
        assert report.verdict is (Verdict.UNFINISHED if torn else Verdict.INTACT), offset
        assert report.holds
        with Store.open(crashed, clock) as store:
            assert store.head.positions == ({"one": Position(1, 2, "c" * 64)} if whole else {})
            assert [rest.octets for rest in store.repaired] == ([offset - start] if torn else [])
        assert numbers(crashed) == ([0, 1, 2] if whole else [0])
        notes = [line for line in lines(chain.files(crashed)[-1]) if line["kind"] == "repair"]
        assert [note["octets"] for note in notes] == ([offset - start] if torn else [])
        assert verify(crashed).verdict is Verdict.INTACT


def test_a_crash_at_any_octet_of_a_new_day(tmp_path: Path) -> None:
    clock = evidence_town.Clock()
    with Store.create(tmp_path / "store", clock=clock) as store:
        store.append([evidence_town.record(0)])
        shutil.copy(tmp_path / "store/head", tmp_path / "before")
        clock.at += evidence_town.DAY
        store.append([evidence_town.record(1)])
        end = store.head.offset
    for offset in [*range(0, end, 11), *range(end - 3, end + 1)]:
        crashed = torn_at(tmp_path / "store", tmp_path / "before", offset, tmp_path / "crashed")
        report = verify(crashed)
        assert report.holds, [str(finding) for finding in report.findings]
        with Store.open(crashed, clock) as store:
            store.append([evidence_town.record(9)])
        assert numbers(crashed) == ([0, 1, 9] if offset == end else [0, 9])
        assert verify(crashed).verdict is Verdict.INTACT


def test_a_crash_at_any_octet_of_making_a_store(tmp_path: Path) -> None:
    Store.create(tmp_path / "store", clock=evidence_town.Clock()).close()
    (day,) = chain.files(tmp_path / "store")
    data = day.read_bytes()
    for offset in range(0, len(data) + 1, 7):
        unborn = tmp_path / f"unborn-{offset}"
        unborn.mkdir()
        (unborn / day.name).write_bytes(data[:offset])
        Store.create(unborn, clock=evidence_town.Clock()).close()
        assert verify(unborn).verdict is Verdict.INTACT


@pytest.mark.parametrize("tail", [b"\0" * 700, b"garbage", b"garbage\n", b'{"seq":99,"kind":"record",\n\n\n'])
def test_what_a_power_loss_leaves_behind_the_head_is_cut_off_and_written_down(tmp_path: Path, tail: bytes) -> None:
    folder = evidence_town.filled(tmp_path / "store", days=1)
    (day,) = chain.files(folder)
    with day.open("ab") as file:
        file.write(tail)
    report = verify(folder)
    assert [finding.sort for finding in report.findings] == [Sort.UNFINISHED]
    with Store.open(folder, evidence_town.Clock()) as store:
        assert [rest.octets for rest in store.repaired] == [len(tail)]
    assert verify(folder).verdict is Verdict.INTACT
    assert numbers(folder) == list(range(6))


@pytest.mark.parametrize("damage", ["cut", "gone", "no head", "head changed", "later day"])
def test_nothing_is_written_to_a_store_that_lost_what_was_acknowledged(tmp_path: Path, damage: str) -> None:
    folder = evidence_town.filled(tmp_path / "store")
    day, head = folder / DAYS[-1], folder / "head"
    if damage == "cut":
        os.truncate(day, day.stat().st_size - 1)
    elif damage == "gone":
        day.unlink()
    elif damage == "no head":
        head.unlink()
    elif damage == "head changed":
        head.write_bytes(head.read_bytes().replace(b'"records":18', b'"records":19'))
    else:
        shutil.copy(day, folder / "2026-12-01.jsonl")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises((StoreError, InputError)):
        Store.open(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not verify(folder).holds
