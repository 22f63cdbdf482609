"""Ping several addresses at once; with `until_s`, keep trying those that lost something until that time."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from typing import Any

COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) (?:packets )?received")


HEADERS = {4: 28, 6: 48}
"""Bytes of IP and ICMP headers."""


def size(asked: dict[str, Any], version: int) -> list[str]:
    """Ping's options for IP packets of a size that nobody may fragment."""
    return ["-M", "do", "-s", str(asked["packet_bytes"] - HEADERS[version])] if "packet_bytes" in asked else []


def ping_all(targets: list[dict[str, Any]], asked: dict[str, Any]) -> None:
    """One round; fills in `sent` and `received`."""
    running = []
    for target in targets:
        options = ["-n", "-q", "-c", str(asked["count"]), "-i", "0.02", "-W", "1", *size(asked, target["version"])]
        argv = ["ping", *options, target["address"]]
        running.append((target, subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)))
    for target, process in running:
        counts = COUNTS.search(process.communicate()[0])
        target["sent"], target["received"] = (int(counts[1]), int(counts[2])) if counts else (asked["count"], 0)


def main() -> None:
    """Print the targets with their counts."""
    asked = json.loads(sys.argv[1])
    targets, deadline = asked["targets"], time.monotonic() + asked["until_s"]
    left = list(targets)
    while left:
        for first in range(0, len(left), 16):
            ping_all(left[first : first + 16], asked)
        left = [target for target in left if target["received"] < target["sent"]]
        if time.monotonic() >= deadline:
            break
    sys.stdout.write(json.dumps(targets) + "\n")


if __name__ == "__main__":
    main()
