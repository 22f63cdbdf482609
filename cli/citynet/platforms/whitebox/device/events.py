"""The events of a device: the one writer of its file, for programs on the device.

An event is what a program decided or saw: who was let on, an intrusion, a flow off its path. `citynet evidence collect`
brings them into the evidence store. A line of JSON each, in one write to the end of the file, so that programs may
write at the same time. The writer turns the file over itself, under a lock, so that no writer holds on to a file that
was put aside: a reader may go on to the next file as soon as that has something.

Programs that are written in Python import this file; others run it, and hand in lines of JSON on standard input.
"""

from __future__ import annotations

import errno
import fcntl
import json
import math
import os
import re
import sys
import time
from typing import Any, Dict

FILE = "/var/log/citynet/events.jsonl"
KINDS = ("access", "intrusion", "offpath", "path", "refused")
MOST_OCTETS = 4000
"""Of a line, with its newline."""
MOST_FILE = 8 << 20
"""Octets of the file before it is put aside, as `events.jsonl-` and a number."""
KEPT_FILES = 8
"""How many are kept that were put aside; older ones go, so that events never fill the disk."""

# What the evidence store takes of each part (`citynet.evidence.event`).
_MOST_SUBJECT, _MOST_VERDICT, _MOST_REASON, _MOST_NAME, _MOST_DETAILS = 200, 40, 1000, 60, 64
_MOST_IDENTIFIER = (1 << 128) - 1
_MOST_MOMENT = (1 << 53) - 1
_MOST_NUMBER = (1 << 63) - 1
_UNLESS_TOLD = {"alarm": False, "identifier": 0, "reason": "", "detail": {}}
_PARTS = {"time", "kind", "subject", "verdict", *_UNLESS_TOLD}
_ASIDE = re.compile("-[0-9]{20}")
_CUT = "…"
_LOCK_S = 1.0
"""How long a writer waits for others; one that was stopped with the lock must not stop everybody."""


def record(kind: str, subject: str, verdict: str, path: str = FILE, **more: Any) -> None:
    """Write an event.

    Args:
        kind: One of `KINDS`.
        subject: Who or what it is about; a name of the design where one is known.
        verdict: What was decided or seen: `allow`, `deny`, `withdrawn`, `seen`, …
        path: The file.
        **more: `alarm` (whether somebody should look at once), `identifier` (the data identifier that it is about;
            0: none), `reason` (why, for people), `detail` (more, by name: texts and numbers; anything else is written
            as text), `time` (µs since 1970 UTC; now unless told).

    Raises:
        ValueError: There is no such kind, or the identifier or time is out of its range.
        TypeError: There is no such argument.
        OSError: It could not be written, all of it. What is the matter is for the caller to judge: a right that was
            given without a record, or a service that stands still since a disk is full.
    """
    append(path, line_of({"kind": kind, "subject": subject, "verdict": verdict, **more}))


def line_of(event: Dict[str, Any]) -> bytes:
    """An event as its line, cut to `MOST_OCTETS` where it is longer: texts end with `…` then; see `record`."""
    values = {**_UNLESS_TOLD, "time": time.time_ns() // 1000, **event}
    if set(values) != _PARTS:
        raise TypeError(f"an event has {', '.join(sorted(_PARTS))}, not {', '.join(sorted(set(values) ^ _PARTS))}")
    if values["kind"] not in KINDS:
        raise ValueError(f"'{values['kind']}' is no kind of event: {', '.join(KINDS)}")
    if not isinstance(values["detail"], dict):
        raise TypeError("detail is no object")
    when, identifier = values["time"], values["identifier"]
    if not _whole(identifier, _MOST_IDENTIFIER) or not _whole(when, _MOST_MOMENT):
        raise ValueError(f"identifier {identifier!r} or time {when!r} is out of its range")
    return _fitting(
        {
            "time": when,
            "kind": values["kind"],
            "alarm": bool(values["alarm"]),
            "subject": _text(values["subject"], _MOST_SUBJECT),
            "verdict": _text(values["verdict"], _MOST_VERDICT),
            "identifier": identifier,
            "reason": _text(values["reason"], _MOST_REASON),
            "detail": _flat(values["detail"]),
        }
    )


def _whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _text(value: Any, most: int) -> str:
    """A text that UTF-8 can hold, of so many characters at most."""
    text = str(value).encode("utf-8", "replace").decode()
    return text if len(text) <= most else text[: most - 1] + _CUT


def _flat(detail: Dict[str, Any]) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    for name, value in list(detail.items())[:_MOST_DETAILS]:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if number and math.isfinite(value) and abs(value) <= _MOST_NUMBER:
            found[_text(name, _MOST_NAME)] = value
        else:
            found[_text(name, _MOST_NAME)] = _text(value, MOST_OCTETS)
    return found


def _fitting(values: Dict[str, Any]) -> bytes:
    """The line; the longest text is halved until it fits, then details go."""
    while True:
        line = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        if len(line) <= MOST_OCTETS:
            return line
        texts = [(values, "reason"), *((values["detail"], name) for name in values["detail"])]
        cuttable = [(holder, name) for holder, name in texts if isinstance(holder[name], str) and len(holder[name]) > 1]
        if not cuttable:
            values["detail"].popitem()
            continue
        holder, name = max(cuttable, key=lambda item: len(item[0][item[1]].encode()))
        half = len(holder[name]) // 2
        holder[name] = holder[name][:half] + _CUT if half > 1 else _CUT


def append(path: str, line: bytes) -> None:
    """Write a line, or several, to the end of a file that is kept as that of events is."""
    os.makedirs(os.path.dirname(path) or ".", mode=0o750, exist_ok=True)
    while True:
        file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)
        try:
            alone = _locked(file)
            if not _is(path, file):
                continue  # somebody put it aside meanwhile
            if alone and os.fstat(file).st_size + len(line) > MOST_FILE:
                _put_aside(path)
                continue
            _write(file, line, alone=alone)
            return
        finally:
            os.close(file)  # with its lock


def _locked(file: int) -> bool:
    end = time.monotonic() + _LOCK_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(0.005)
        else:
            return True


def _is(path: str, file: int) -> bool:
    try:
        there, here = os.stat(path), os.fstat(file)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _put_aside(path: str) -> None:
    """Each has a name of its own for good, in order of time: who reads them must not take one for another."""
    os.replace(path, f"{path}-{time.time_ns():020d}")
    folder, name = os.path.split(path)
    there = [other for other in os.listdir(folder or ".") if other.startswith(name)]
    aside = sorted(other for other in there if _ASIDE.fullmatch(other[len(name) :]))
    for other in aside[:-KEPT_FILES]:
        os.unlink(os.path.join(folder, other))


def _write(file: int, line: bytes, *, alone: bool) -> None:
    """One write; what a full disk or a crash left of a line before becomes a line of its own, which is no event."""
    size = os.fstat(file).st_size
    torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
    data = b"\n" + line if torn else line
    written = os.write(file, data)
    if written < len(data):
        if alone:
            os.ftruncate(file, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def main() -> int:
    """Write the events on standard input, a JSON object with the arguments of `record` on each line (but `path`)."""
    code = 0
    for number, text in enumerate(sys.stdin, 1):
        try:
            append(FILE, line_of(json.loads(text)))
        except (ValueError, TypeError, OSError) as error:
            sys.stderr.write(f"standard input:{number}: no event was written: {error}\n")
            code = 1
    return code


if __name__ == "__main__":
    sys.exit(main())
