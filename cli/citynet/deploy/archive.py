"""The archive of deployments: one folder per run, with who, when, from which design, and what changed where."""

from __future__ import annotations

import dataclasses
import datetime as dt
import getpass
import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from citynet.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from citynet.deploy.health import Health
    from citynet.deploy.transaction import Outcome


def new_name() -> str:
    """A run's name: the present time, UTC, to the millisecond, so that names sort by time."""
    return dt.datetime.now(dt.UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z"


def who() -> str:
    """Who deploys: user and machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


@dataclass(slots=True)
class Run:
    """The folder of one run. It holds no secret: outcomes arrive masked."""

    folder: Path

    def begin(self, facts: dict[str, Any]) -> None:
        """Record who, when and what, unless that was done already."""
        if not (self.folder / "run.json").exists():
            self._write("run.json", {"who": who(), "started": _now(), **facts})

    def end(self, facts: dict[str, Any]) -> None:
        """Add the end and the result."""
        begun = json.loads((self.folder / "run.json").read_text(encoding="utf-8"))
        self._write("run.json", {**begun, "ended": _now(), **facts})

    def record(self, outcome: Outcome) -> None:
        """Record the outcome on one device."""
        facts = dataclasses.asdict(outcome)
        diff = facts.pop("diff")
        self._write(f"devices/{outcome.device}.json", {**facts, "ended": _now()})
        if diff:
            write_whole(self.folder / "devices" / f"{outcome.device}.diff", diff + "\n", 0o640)

    def record_health(self, device: str, health: Health) -> None:
        """Record what a device saw after the last wave."""
        self._write(f"devices/{device}.health.json", dataclasses.asdict(health))

    def outcome(self, device: str) -> dict[str, Any] | None:
        """What was recorded about one device; None when nothing was."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "devices" / f"{device}.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return found

    def settled(self, names: Iterable[str]) -> bool:
        """Whether every one of these devices is as its neighbours knew it before, and in good health."""
        for name in names:
            found = self.outcome(name)
            if not found or found["status"] not in {"unchanged", "changed"}:
                return False
            if not found["health"] or found["health"]["missing"]:
                return False
        return True

    def diff(self, device: str) -> str:
        """The recorded difference of one device, empty when there was none."""
        try:
            return (self.folder / "devices" / f"{device}.diff").read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def _write(self, name: str, content: dict[str, Any]) -> None:
        write_whole(self.folder / name, json.dumps(content, indent=1, ensure_ascii=False) + "\n", 0o640)


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
