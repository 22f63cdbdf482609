"""The bytes of a source, within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.reader import MAX_BYTES
from citynet.imports.report import Report, Where

if TYPE_CHECKING:
    from pathlib import Path


def content(file: Path, report: Report) -> bytes | None:
    """What a file holds; None when that cannot be used, which the report then tells."""
    where = Where(str(file))
    try:
        with file.open("rb") as stream:
            found = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        report.wrong(where, f"cannot be read: {getattr(error, 'strerror', None) or error}")
        return None
    if len(found) > MAX_BYTES:
        report.wrong(where, "is too large", f"at most {MAX_BYTES // 2**20} MiB")
        return None
    if not found.strip():
        report.wrong(where, "is empty")
        return None
    return found


def text(file: Path, report: Report) -> str | None:
    """What a file of UTF-8 text holds, with or without a byte order mark; None as in `content`."""
    found = content(file, report)
    if found is None:
        return None
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        report.wrong(Where(str(file), line), "is not UTF-8", "UTF-8 text", "save it as UTF-8")
        return None
