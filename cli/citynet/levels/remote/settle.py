"""Wait until the planned neighbours are there, and (with `daemon`) a process of that name."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import frr  # type: ignore[import-not-found]  # lies beside this file on the node


def running(name: str, not_pid: int = 0) -> int:
    """The process identifier of a program by its name, 0 if there is none."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != not_pid:
            try:
                if (entry / "comm").read_text().strip() == name and (entry / "stat").read_text().rsplit(")", 1)[
                    1
                ].split()[0] != "Z":
                    return int(entry.name)
            except OSError:
                continue
    return 0


def missing(ports: list[str], addresses: list[str]) -> list[str]:
    """What is not up yet."""
    up = {item["port"] for item in frr.adjacencies() if item["state"].lower() == "up"} if ports else set()
    left = [port for port in ports if port not in up]
    if left or not addresses:
        return left
    established = {item["address"] for item in frr.sessions() if item["state"] == "Established"}
    return [address for address in addresses if address not in established]


def main() -> None:
    """Print when the daemon ran and when everything was up; null if never."""
    asked = json.loads(sys.argv[1])
    start = time.monotonic()
    deadline = start + asked["until_s"]
    daemon, old = asked.get("daemon", ""), asked.get("not_pid", 0)
    restarted = None
    left = [daemon] if daemon else ["?"]
    while time.monotonic() < deadline:
        if daemon and restarted is None:
            if not running(daemon, old):
                time.sleep(0.05)
                continue
            restarted = time.monotonic() - start
        left = missing(asked["ports"], asked["sessions"])
        if not left:
            break
        time.sleep(0.2)
    took = time.monotonic() - start
    sys.stdout.write(
        json.dumps({"settled_s": None if left else round(took, 2), "restarted_s": restarted, "missing": left}) + "\n"
    )


if __name__ == "__main__":
    main()
