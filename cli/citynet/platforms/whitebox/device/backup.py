"""What was there before: kept on disk until the transaction is confirmed, and then what was committed."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING, Any, Optional

from .scope import EVERY_PART
from .system import StepError, mode_of, read, read_json, remove, write, write_json

if TYPE_CHECKING:
    from .compare import Comparison


class Backup:
    """The former files and running state of the parts that a transaction touches."""

    def __init__(self, state: str, content: dict[str, Any]) -> None:
        self._state = state
        self._content = content

    @property
    def _folder(self) -> str:
        return f"{self._state}/pending"

    @classmethod
    def take(cls, state: str, comparison: Comparison, identifier: str) -> Backup:
        """Save files and running state of every part that will be touched, and flush them to disk."""
        files = {path: {"text": read(path), "mode": mode_of(path)} for path in comparison.touched_paths()}
        snapshots = {part.name: part.snapshot(comparison.texts) for part in comparison.parts}
        backup = cls(state, {"id": identifier, "files": files, "snapshots": snapshots})
        os.makedirs(backup._folder, mode=0o700, exist_ok=True)
        write_json(f"{backup._folder}/backup.json", backup._content)
        return backup

    @classmethod
    def pending(cls, state: str) -> Optional[Backup]:
        """The backup of a transaction that nobody confirmed and whose guardian is gone."""
        content = read_json(f"{state}/pending/backup.json", None)
        return cls(state, content) if content else None

    def restore(self) -> None:
        """Put files back, bring them into force, and forget the backup; every part is tried even if one fails."""
        for path, former in self._content["files"].items():
            if former["text"] is None:
                remove(path)
            else:
                write(path, former["text"], former["mode"])
        failures = []
        for part in EVERY_PART:
            if part.name in self._content["snapshots"]:
                try:
                    part.restore(self._content["snapshots"][part.name])
                except StepError as error:
                    failures.append(f"{part.name}: {error}")
        shutil.rmtree(self._folder, ignore_errors=True)
        if failures:
            raise StepError("; ".join(failures))

    def forget(self) -> None:
        """Once it is remembered what was committed: from here on there is no way back by itself."""
        shutil.rmtree(self._folder, ignore_errors=True)
