"""A stream of pings with equal spacing, until standard input ends; then its losses and gaps."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
from itertools import pairwise

REPLY = re.compile(r"\[(\d+\.\d+)\].*icmp_seq=(\d+).*time=([\d.]+)")
SENT = re.compile(r"(\d+) packets transmitted")
WRAP = 65536


def gaps(replies: list[tuple[float, int]], sent: int, interval_ms: float) -> list[float]:
    """Milliseconds for which probes were lost, one figure per run of lost probes.

    Only lost probes make a gap: a late one does not. Between two replies the gap is the time between them; at either
    end it is the number of lost probes times their spacing.
    """
    if not replies:
        return [sent * interval_ms] if sent else []
    found = []
    ordered = sorted(replies, key=lambda reply: reply[1])
    if ordered[0][1] > 1:
        found.append((ordered[0][1] - 1) * interval_ms)
    for (before, low), (after, high) in pairwise(ordered):
        if high - low > 1:
            found.append(max((after - before) * 1000.0, (high - low - 1) * interval_ms))
    tail = sent - ordered[-1][1]
    # A few probes are still on their way when the stream is stopped.
    if tail * interval_ms > 200:
        found.append(tail * interval_ms)
    return found


class Probe:
    """Reads ping's output as it comes."""

    def __init__(self, argv: list[str]) -> None:
        self.replies: list[tuple[float, int]] = []
        self.times: list[float] = []
        self.sent = 0
        self.first = threading.Event()
        self._wraps = 0
        self._last = 0
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            if reply := REPLY.search(line):
                self.add(float(reply[1]), int(reply[2]), float(reply[3]))
            elif sent := SENT.search(line):
                self.sent = int(sent[1])
        self.first.set()

    def add(self, at: float, number: int, took_ms: float) -> None:
        """Remember one reply; ping's sequence number has 16 bits."""
        if number < self._last - WRAP // 2:
            self._wraps += 1
        self._last = number
        self.replies.append((at, number + self._wraps * WRAP))
        self.times.append(took_ms)
        self.first.set()

    def stop(self) -> None:
        """End ping and read what it has to say last."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait()
        self.reader.join()


def main() -> None:
    """Run until told to stop."""
    asked = json.loads(sys.argv[1])
    interval = asked["interval_ms"]
    probe = Probe(["ping", "-n", "-D", "-i", f"{interval / 1000:.4f}", "-w", str(asked["limit_s"]), asked["address"]])
    probe.first.wait(5)
    sys.stdout.write(json.dumps({"running": bool(probe.replies)}) + "\n")
    sys.stdout.flush()

    def stop_when_told() -> None:
        sys.stdin.read()
        probe.process.send_signal(signal.SIGINT)

    threading.Thread(target=stop_when_told, daemon=True).start()
    probe.process.wait()
    probe.stop()
    received = len({number for _, number in probe.replies})
    found = gaps(probe.replies, probe.sent, interval)
    told = {
        "interval_ms": interval,
        "sent": probe.sent,
        "received": received,
        "longest_outage_ms": round(max(found, default=0.0), 1),
        "outages_ms": [round(gap, 1) for gap in found[:200]],
        "rtt_ms": round(sum(probe.times) / len(probe.times), 3) if probe.times else 0.0,
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
