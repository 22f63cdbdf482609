"""A stream of pings until standard input ends; then the time of each answer, by this node's clock."""

from __future__ import annotations

import json
import sys
import threading

import stream  # type: ignore[import-not-found]  # lies beside this file on the node


def main() -> None:
    """Run until told to stop."""
    asked = json.loads(sys.argv[1])
    interval, limit = f"{asked['interval_ms'] / 1000:.4f}", str(asked["limit_s"])
    probe = stream.Probe(["ping", "-n", "-D", "-i", interval, "-w", limit, asked["address"]])
    probe.first.wait(5)
    sys.stdout.write(json.dumps({"running": bool(probe.replies)}) + "\n")
    sys.stdout.flush()
    threading.Thread(target=lambda: (sys.stdin.read(), probe.stop()), daemon=True).start()
    probe.process.wait()
    probe.stop()
    sys.stdout.write(json.dumps({"answers": [at for at, _ in probe.replies]}) + "\n")


if __name__ == "__main__":
    main()
