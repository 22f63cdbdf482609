"""What the key agent tells: a log of events, and the state of all users. IDs of keys stand there, keys never.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import json
import os
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, List

LOG = "/var/log/citynet/keys.log"
STATE = "/run/citynet/keys.json"
_LIMIT = 4_000_000
"""Bytes after which the log is put aside, once."""


class Alarms:
    """What is wrong just now: by whom or what, since when, in words."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._raised: Dict[str, Dict[str, Any]] = {}

    def raise_(self, name: str, text: str) -> None:
        """Something is wrong; told once, until it is over."""
        if name not in self._raised:
            self._events.say("alarm", alarm=name, text=text)
            self._raised[name] = {"alarm": name, "since": time.time()}
        self._raised[name]["text"] = text

    def clear(self, name: str) -> None:
        """It is over."""
        found = self._raised.pop(name, None)
        if found is not None:
            self._events.say("over", alarm=name, after_s=round(time.time() - found["since"], 1))

    def clear_all(self, subject: str) -> None:
        """Whatever was wrong with something: it is no more."""
        for name in [name for name in self._raised if name == subject or name.startswith(f"{subject}: ")]:
            self.clear(name)

    def listed(self) -> List[Dict[str, Any]]:
        """Those in force, the oldest first."""
        return list(self._raised.values())


class Events:
    """The log and the file of state."""

    def __init__(self, log: str = LOG, state: str = STATE) -> None:
        self._log, self._state, self._written = log, state, ""

    def say(self, event: str, **facts: Any) -> None:
        """Add a line to the log."""
        at = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = json.dumps({"at": at, "event": event, **{name: _plain(fact) for name, fact in facts.items()}})
        try:
            os.makedirs(os.path.dirname(self._log), mode=0o750, exist_ok=True)
            if os.path.exists(self._log) and os.path.getsize(self._log) > _LIMIT:
                os.replace(self._log, f"{self._log}.1")
            handle = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o640)
            with os.fdopen(handle, "a", encoding="utf-8") as file:
                file.write(line + "\n")
        except OSError:  # a full disk must not stop what is encrypted
            return

    def write(self, state: Dict[str, Any]) -> None:
        """Tell the state to whoever reads the file; only when it has changed."""
        text = json.dumps(state, sort_keys=True)
        if text == self._written:
            return
        try:
            os.makedirs(os.path.dirname(self._state), exist_ok=True)
            Path(f"{self._state}.new").write_text(text, encoding="utf-8")
            os.replace(f"{self._state}.new", self._state)
        except OSError:
            return
        self._written = text

    def before(self) -> Dict[str, Any]:
        """The state that an earlier run left; empty when there is none."""
        try:
            found = json.loads(Path(self._state).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def forget(self) -> None:
        """There is nothing to tell any more."""
        Path(self._state).unlink(missing_ok=True)


def _plain(fact: Any) -> Any:
    """A fact as the log takes it: numbers, words and lists of them; bytes, of which keys are, never get there."""
    if fact is None or isinstance(fact, (bool, int, float, str)):
        return fact
    if isinstance(fact, (list, tuple)):
        return [_plain(one) for one in fact]
    raise TypeError(f"the log takes no {type(fact).__name__}")
