"""Wait for the flow records of some flows in a file of JSON lines (ulogd2, NFCT)."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

KEYS = {
    "source": ("src_ip", "orig.ip.saddr.str"),
    "destination": ("dest_ip", "orig.ip.daddr.str"),
    "protocol": ("orig.ip.protocol",),
    "source_port": ("orig.l4.sport",),
    "destination_port": ("orig.l4.dport",),
    "time": ("flow.start.sec",),
}
FLOW = ("source", "destination", "source_port", "destination_port")


def records(path: Path) -> list[dict[str, Any]]:
    """Every whole record in the file, in this project's words."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            raw = json.loads(line)
        except ValueError:
            continue
        record = {name: str(raw[key]) for name, keys in KEYS.items() for key in keys if raw.get(key) is not None}
        if "orig.raw.pktlen" in raw:
            record["bytes"] = str(int(raw["orig.raw.pktlen"]) + int(raw.get("reply.raw.pktlen", 0)))
        found.append(record)
    return found


def main() -> None:
    """Print the flows, each with its record if there is one."""
    asked = json.loads(sys.argv[1])
    flows, path, deadline = asked["flows"], Path(asked["file"]), time.monotonic() + asked["until_s"]
    while True:
        known = {tuple(record.get(name) for name in FLOW): record for record in records(path)}
        for flow in flows:
            flow["record"] = known.get(tuple(str(flow[name]) for name in FLOW), {})
        if all(flow["record"] for flow in flows) or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    sys.stdout.write(json.dumps(flows) + "\n")


if __name__ == "__main__":
    main()
