"""The counters of a device's fence: what was dropped, and why; waits for one of them to have grown."""

from __future__ import annotations

import json
import subprocess
import sys
import time

ASK = ["nft", "-j", "list", "counters", "table", "inet", "citynet_fence"]


def counters() -> dict[str, int]:
    """Packets by counter; none when the device has no fence."""
    done = subprocess.run(ASK, capture_output=True, check=False)
    told = json.loads(done.stdout)["nftables"] if not done.returncode else []
    return {one["counter"]["name"]: one["counter"]["packets"] for one in told if "counter" in one}


def main() -> None:
    """Print them, as soon as the one that is asked for has come to a number, or the time is over."""
    asked = json.loads(sys.argv[1])
    deadline = time.monotonic() + asked.get("until_s", 0)
    found = counters()
    while found.get(asked.get("counter", ""), 0) < asked.get("least", 0) and time.monotonic() < deadline:
        time.sleep(0.1)
        found = counters()
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
