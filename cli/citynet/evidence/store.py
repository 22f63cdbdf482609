"""Writing a store: whole batches, each acknowledged when it is on the disk.

A batch is lines and a commit, in one write; then the day's file is synced, then the head is replaced. Only then
`append` returns. Whatever a crash leaves without a commit was never acknowledged, so opening cuts it off and says so
in the store.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import time
import uuid
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Self

from citynet.errors import InputError, Problem
from citynet.evidence import chain, days, recovery
from citynet.evidence import event as happenings
from citynet.evidence import head as heads
from citynet.evidence.chain import StoreError, body_of
from citynet.evidence.head import Head, Identity, Position
from citynet.evidence.record import ADAPTER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from citynet.evidence.chain import Tip
    from citynet.evidence.event import Event
    from citynet.evidence.record import Record
    from citynet.evidence.recovery import Unfinished


_SEE = "see `citynet evidence verify`"
_NEWBORN = 2  # lines of a store that was just made: the beginning of a day and a commit


def now() -> int:
    """µs since 1970 UTC."""
    return time.time_ns() // 1000


@dataclass(slots=True, frozen=True)
class Receipt:
    """What was acknowledged.

    Attributes:
        seq: Number of the commit.
        digest: Its hash.
        records: How many records it closed.
        events: How many events.
        first: Number of the first line of what was handed in: records, events, what could not be read, in this order.
    """

    seq: int
    digest: str
    records: int
    events: int = 0
    first: int = 0


@dataclass(slots=True, frozen=True)
class Unread:
    """A line of a device that is neither flow nor event: kept as it came, so that nothing is passed over in silence."""

    device: str
    text: str


class Store:
    """A store, open for writing by this process alone; use it as a context manager."""

    def __init__(self, folder: Path, clock: Callable[[], int] = now) -> None:
        self.folder = folder
        self._clock = clock
        self._lock = -1
        self._file = -1
        self._broken = False
        self.head = Head(Identity("", 0, 0))
        self.repaired: list[Unfinished] = []

    @classmethod
    def create(cls, folder: Path, utc_offset: int = days.CHINA, clock: Callable[[], int] = now) -> Self:
        """Make a store in an empty or missing folder, and open it.

        Raises:
            InputError: The folder has something in it.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        store = cls(folder, clock)
        store._take()
        try:
            _clear(folder)
            store.head = Head(Identity(str(uuid.uuid4()), clock(), utc_offset))
            store.append([])
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def open(cls, folder: Path, clock: Callable[[], int] = now) -> Self:
        """Open a store, and repair what a crash left.

        Raises:
            InputError: There is no store, or another process writes it.
            StoreError: What was acknowledged is not all there; nothing is written to such a store.
        """
        store = cls(folder, clock)
        if not folder.is_dir():
            raise _none_there(folder)
        store._take()
        try:
            store._recover()
        except BaseException:
            store.close()
            raise
        return store

    @staticmethod
    def unborn(folder: Path) -> bool:
        """Whether a folder holds no more than what a creation left that was killed before its end."""
        found = [path for path in folder.iterdir() if path.name != heads.ASIDE]
        return found == chain.files(folder)[:1] and all(path.read_bytes().count(b"\n") <= _NEWBORN for path in found)

    def __enter__(self) -> Self:
        """The open store."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the files; nothing is lost that was acknowledged."""
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock = -1

    def append(
        self,
        records: Sequence[Record],
        *,
        events: Sequence[Event] = (),
        unread: Sequence[Unread] = (),
        positions: Mapping[str, Position] | None = None,
        passed_over: Mapping[str, int] | None = None,
    ) -> Receipt:
        """Write a batch; when this returns it is on the disk.

        Args:
            records: What crossed.
            events: What devices decided or saw otherwise.
            unread: Lines that could not be read.
            positions: How far the devices' files are read with this batch; kept with it or not at all.
            passed_over: How many lines of devices were of no concern, by the reason.

        Raises:
            OSError: It could not be written. The store must be opened again; then it is without this batch, or with
                all of it.
        """
        bodies = [(chain.RECORD, ADAPTER.dump_json(record)[1:-1]) for record in records]
        bodies += [(chain.EVENT, happenings.ADAPTER.dump_json(event)[1:-1]) for event in events]
        bodies += [(chain.UNREAD, body_of({"device": line.device, "text": line.text})) for line in unread]
        receipt = self._commit(bodies, len(records), positions or {}, passed_over or {})
        return replace(receipt, events=len(events), first=receipt.seq - len(bodies))

    def _commit(
        self,
        bodies: Sequence[tuple[bytes, bytes]],
        records: int,
        positions: Mapping[str, Position],
        passed_over: Mapping[str, int],
    ) -> Receipt:
        if self._broken or self._lock < 0:
            raise StoreError(f"{self.folder}: is closed after an error; open it again")
        at, head, tip = self._clock(), replace(self.head), self.head.tip
        lines = self._begin_day(head, tip, at)
        lines += [tip.add(kind, body) for kind, body in bodies]
        closing = {
            "at": at,
            "lines": len(lines),
            "positions": {name: asdict(position) for name, position in sorted(positions.items())},
            "passed_over": dict(sorted(passed_over.items())),
        }
        lines.append(tip.add(chain.COMMIT, body_of(closing)))
        if max(map(len, lines)) > chain.MOST_BYTES:
            raise StoreError(f"{self.folder}: a line may have {chain.MOST_BYTES} octets at most")
        data = b"".join(lines)
        self._broken = True  # until all of it is on the disk
        self._write(head, data)
        head.offset, head.seq, head.digest = head.offset + len(data), tip.seq, tip.digest
        head.records, head.positions = head.records + records, {**head.positions, **positions}
        heads.write(self.folder, head)
        self.head, self._broken = head, False
        return Receipt(head.seq - 1, head.digest.hex(), records)

    def _begin_day(self, head: Head, tip: Tip, at: int) -> list[bytes]:
        """The first line of a new day's file; none while the day lasts. A clock that goes back ends no day."""
        day = max(head.day, days.day_of(at, head.identity.utc_offset))
        if day == head.day:
            return []
        head.segment, head.day, head.offset = head.segment + 1, day, 0
        opening = {
            "format": chain.FORMAT,
            **asdict(head.identity),
            "day": day,
            "segment": head.segment,
            "previous": head.digest.hex(),
        }
        return [tip.add(chain.SEGMENT, body_of(opening))]

    def _write(self, head: Head, data: bytes) -> None:
        new = head.offset == 0
        if new or self._file < 0:
            self._enter(head.day, os.O_CREAT | os.O_EXCL if new else 0)
        view, offset = memoryview(data), head.offset
        while view:
            written = os.pwrite(self._file, view, offset)
            view, offset = view[written:], offset + written
        os.fsync(self._file)
        if new:
            os.fsync(self._lock)  # the folder: the name of the new file

    def _enter(self, day: str, flags: int) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
        self._file = os.open(self.folder / f"{day}.jsonl", os.O_WRONLY | flags, 0o640)

    def _take(self) -> None:
        self._lock = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            what = "another process writes this store"
            raise InputError([Problem(str(self.folder), 0, what, "one writer at a time")]) from error

    def _recover(self) -> None:
        head = heads.read(self.folder)
        if head is None:
            if chain.files(self.folder):
                raise StoreError(f"{self.folder / heads.NAME}: is missing; {_SEE}")
            raise _none_there(self.folder)
        if not recovery.acknowledged(self.folder, head):
            what = f"does not hold what was acknowledged up to octet {head.offset}"
            raise StoreError(f"{self.folder / head.day}.jsonl: {what}; nothing is written to it, {_SEE}")
        found = recovery.beyond(self.folder, head)
        if foreign := recovery.foreign(found.unfinished):
            raise StoreError(f"{foreign}: is not what a crash leaves; {_SEE}")
        self.head, self.repaired = found.head, found.unfinished
        if found.head.seq != head.seq:
            self._acknowledge()
        if found.unfinished:
            self._repair(found.unfinished)

    def _acknowledge(self) -> None:
        """Take in batches that were whole, but whose writer was gone before it could say so."""
        self._enter(self.head.day, 0)
        os.fsync(self._file)
        os.fsync(self._lock)
        heads.write(self.folder, self.head)

    def _repair(self, unfinished: list[Unfinished]) -> None:
        """Cut off what no commit closes, and write down what it was."""
        notes = []
        for rest in unfinished:
            cut = rest.path.read_bytes()[rest.offset :]
            note = {"at": self._clock(), "file": rest.path.name, "offset": rest.offset, "octets": len(cut)}
            notes.append(
                (chain.REPAIR, body_of({**note, "sha256": hashlib.sha256(cut).hexdigest(), "why": "unfinished batch"}))
            )
            if rest.offset:
                os.truncate(rest.path, rest.offset)
            else:
                rest.path.unlink()
        os.fsync(self._lock)
        self._commit(notes, 0, {}, {})


def _clear(folder: Path) -> None:
    """Take away what a creation left that was killed before its end; anything else is in the way."""
    if not Store.unborn(folder):
        what, hint = "holds something already", "choose an empty folder for a new store"
        raise InputError([Problem(str(folder), 0, what, "no store there", hint)])
    for path in chain.files(folder):
        path.unlink()


def _none_there(folder: Path) -> InputError:
    hint = "`citynet evidence collect` and `append` make one"
    return InputError([Problem(str(folder), 0, "is no evidence store", "a folder with a head and days", hint)])
