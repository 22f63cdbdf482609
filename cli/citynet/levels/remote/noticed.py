"""Wait for events of this device that say certain things, and tell when they could be read."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

FILE = Path("/var/log/citynet/events.jsonl")
_PACE_S = 0.1


def fits(event: dict[str, Any], asked: dict[str, Any]) -> bool:
    """Whether it is an alarm of that kind, of then or later, with these values; those of `detail` may be meant."""
    if event.get("kind") != asked["kind"] or not event.get("alarm") or event.get("time", 0) < asked["after_us"]:
        return False
    values = {**event.get("detail", {}), **event}
    return all(values.get(name) == value for name, value in asked["values"].items())


def found(path: Path, asked: dict[str, Any]) -> list[dict[str, Any]]:
    """The events that fit, the oldest first."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    events = []
    for line in lines:
        try:
            event = json.loads(line)
        except ValueError:  # it is just being written
            continue
        if isinstance(event, dict) and fits(event, asked):
            events.append(event)
    return events


def main() -> None:
    """Print the first one and the time; nothing but the time when there is none."""
    asked = json.loads(sys.argv[1])
    deadline = time.monotonic() + asked["until_s"]
    events = found(FILE, asked)
    while not events and time.monotonic() < deadline:
        time.sleep(_PACE_S)
        events = found(FILE, asked)
    sys.stdout.write(json.dumps({"event": events[0] if events else None, "at": time.time()}) + "\n")


if __name__ == "__main__":
    main()
