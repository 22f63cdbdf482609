"""What stands behind the head of a store: commits that were whole but not acknowledged, and what a crash left."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from citynet.evidence import chain
from citynet.evidence.head import positions_of

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.evidence.chain import Line
    from citynet.evidence.head import Head


@dataclass(slots=True)
class Unfinished:
    """Octets at the end of a file that no commit closes."""

    path: Path
    offset: int
    octets: int


@dataclass(slots=True)
class Beyond:
    """What stands behind a head.

    Attributes:
        head: The last whole commit; the head itself when nothing whole follows it.
        unfinished: What is left after it.
    """

    head: Head
    unfinished: list[Unfinished]


def acknowledged(folder: Path, head: Head) -> bool:
    """Whether the last acknowledged line is where the head says, with its hash."""
    ending = b',"hash":"%b"}\n' % head.digest.hex().encode()
    try:
        with (folder / f"{head.day}.jsonl").open("rb") as file:
            file.seek(max(head.offset - len(ending), 0))
            return file.read(len(ending)) == ending
    except FileNotFoundError:
        return False


def beyond(folder: Path, head: Head) -> Beyond:
    """Walk from the head to the end of the store.

    A file of a later day counts as unfinished if the first commit in it is not whole; there is one at most.
    """
    path = folder / f"{head.day}.jsonl"
    reached = _walk(path, head)
    for later in chain.files(folder):
        if later.name > path.name and _left(path, reached) == 0:
            entered = _walk(later, replace(reached, day=later.stem, segment=reached.segment + 1, offset=0))
            if entered.offset == 0:
                break
            path, reached = later, entered
    rest = [Unfinished(path, reached.offset, size)] if (size := _left(path, reached)) else []
    rest += [Unfinished(later, 0, later.stat().st_size) for later in chain.files(folder) if later.name > path.name]
    return Beyond(reached, rest)


def foreign(unfinished: list[Unfinished]) -> Path | None:
    """A file that no crash leaves: beside another unfinished one, or a later day with a whole commit in it."""
    later = [rest.path for rest in unfinished if rest.offset == 0]
    if later and (len(unfinished) > 1 or any(map(_is_commit, chain.lines(later[0])))):
        return later[-1]
    return None


def _is_commit(raw: bytes) -> bool:
    line = chain.parse(raw)
    return line is not None and line.kind == chain.COMMIT


def _left(path: Path, head: Head) -> int:
    return path.stat().st_size - head.offset


def _walk(path: Path, head: Head) -> Head:
    """The last commit of a file at or behind a head, following the chain as long as it holds."""
    reached, digest, seq, offset, records = head, head.digest, head.seq, head.offset, 0
    for raw in chain.lines(path, head.offset):
        line = chain.parse(raw)
        if line is None or line.seq != seq or not line.follows(digest) or not _in_place(line, head, offset):
            break
        digest, seq, offset = line.digest, seq + 1, offset + len(raw)
        records += line.kind == chain.RECORD
        if line.kind == chain.COMMIT:
            moved = committed_positions(line)
            if moved is None:
                break
            reached = replace(
                reached,
                offset=offset,
                seq=seq,
                digest=digest,
                records=head.records + records,
                positions={**reached.positions, **moved},
            )
    return reached


def _in_place(line: Line, head: Head, offset: int) -> bool:
    if offset:
        return line.kind != chain.SEGMENT
    return segment_fault(line, head) == ""


def segment_fault(line: Line, head: Head) -> str:
    """What is wrong with the first line of the file that `head` names; `head.digest` is of the line before it."""
    members = members_of(line)
    if line.kind != chain.SEGMENT:
        return "the file does not begin with the line that begins a day"
    expected: dict[str, Any] = {
        "format": chain.FORMAT,
        "store": head.identity.store,
        "created": head.identity.created,
        "utc_offset": head.identity.utc_offset,
        "day": head.day,
        "segment": head.segment,
        "previous": head.digest.hex(),
    }
    for name, value in expected.items():
        if members.get(name) != value:
            return f"'{name}' is {members.get(name)!r}, expected {value!r}"
    return ""


def members_of(line: Line) -> dict[str, Any]:
    """The members of a line's object but number, kind and hash; empty if they cannot be read."""
    try:
        members = json.loads(b"{" + line.body + b"}")
    except (ValueError, RecursionError):
        return {}
    return members if isinstance(members, dict) else {}


def committed_positions(line: Line) -> Any:
    """The positions that a commit brings; None if it is none."""
    try:
        return positions_of(members_of(line)["positions"])
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError):
        return None
