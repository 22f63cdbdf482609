"""Give what a file of lines has got since a position, over rotations of the file.

Asked by one JSON argument: `file`, `limit` (octets at most) and `position` (`inode`, `offset`, `check`; null to begin).
Answers with one line of JSON: `position` to ask with next, `data` (whole lines; zlib, base64), `more` (whether there
is more already), and `lost` (why lines may be missing; empty usually).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

FINGERPRINT = 128
_COMPRESSED = {".gz", ".xz", ".zst", ".bz2"}


def pull(path: Path, position: dict[str, Any] | None, limit: int) -> tuple[dict[str, Any] | None, bytes, bool, str]:
    """What there is after a position: the next position, whole lines, whether there is more, what was lost."""
    with ExitStack() as stack:
        files, lost = _files(path, stack), ""
        if not files:
            return position, b"", False, f"{path} is gone" if position else ""
        at = _find(files, position)
        offset = position["offset"] if position and at is not None else 0
        if position and at is None:
            lost = f"the file that was read up to octet {position['offset']} is gone or was cut short"
        at = at or 0
        data = _whole(files[at], offset, limit, last=at == len(files) - 1)
        # The writer closes a file before it writes to the next one: it is read out once the next one has something.
        while not data and at + 1 < len(files) and _stat(files[at + 1]).st_size:
            at, offset = at + 1, 0
            data = _whole(files[at], offset, limit, last=at == len(files) - 1)
        offset += len(data)
        more = bool(data) and (_stat(files[at]).st_size > offset or at + 1 < len(files))
        there = {"inode": _stat(files[at]).st_ino, "offset": offset, "check": _check(files[at], offset)}
        return there, data, more, lost


def _files(path: Path, stack: ExitStack) -> list[BinaryIO]:
    """The file and what it was renamed to, the oldest first; compressed ones cannot be read by position.

    All are opened before any is looked at, since a name may be another file's in the next moment; the file itself
    first, so that it is among them even if it is renamed just then.
    """
    current = _opened(path, stack)
    rotated = [
        (file, other.name)
        for other in path.parent.glob("*")
        if other.name.startswith((path.name + ".", path.name + "-")) and other.suffix not in _COMPRESSED
        for file in _opened(other, stack)
    ]
    rotated.sort(key=lambda item: (_stat(item[0]).st_mtime_ns, item[1]))
    found = [file for file, _ in rotated]
    inodes = {_stat(file).st_ino for file in found}
    return found + [file for file in current if _stat(file).st_ino not in inodes]


def _opened(path: Path, stack: ExitStack) -> list[BinaryIO]:
    try:
        return [stack.enter_context(path.open("rb"))]
    except FileNotFoundError:
        return []


def _stat(file: BinaryIO) -> os.stat_result:
    return os.fstat(file.fileno())


def _find(files: list[BinaryIO], position: dict[str, Any] | None) -> int | None:
    """Which of the files was read; None if none is."""
    for at, file in enumerate(files if position else []):
        assert position is not None
        found = _stat(file)
        same = found.st_ino == position["inode"] and found.st_size >= position["offset"]
        if same and _check(file, position["offset"]) == position["check"]:
            return at
    return None


def _check(file: BinaryIO, offset: int) -> str:
    return hashlib.sha256(_read(file, 0, min(FINGERPRINT, offset))).hexdigest()


def _read(file: BinaryIO, offset: int, limit: int) -> bytes:
    file.seek(offset)
    return file.read(limit)


def _whole(file: BinaryIO, offset: int, limit: int, *, last: bool) -> bytes:
    """Whole lines; all of it where a line is longer than the limit, or nothing more will come to the last one."""
    data = _read(file, offset, limit)
    end = data.rfind(b"\n") + 1
    if len(data) < limit and last:
        return data[:end]
    return data[:end] if end else data


def main() -> None:
    """Answer."""
    asked = json.loads(sys.argv[1])
    position, data, more, lost = pull(Path(asked["file"]), asked["position"], asked["limit"])
    packed = base64.b64encode(zlib.compress(data, 1)).decode()
    sys.stdout.write(json.dumps({"position": position, "data": packed, "more": more, "lost": lost}) + "\n")


if __name__ == "__main__":
    main()
