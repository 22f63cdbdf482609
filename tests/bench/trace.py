"""What counting costs a core router: processor time for a packet through it, with the programs and without.

python tests/bench/trace.py    (as root: the kernel takes programs from nobody else)
"""

from __future__ import annotations

import ipaddress
import struct
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "cli")]

import fence_rig
from citynet.platforms.whitebox.device import trace
from fence_packets import packets

IDENTIFIER, REPEAT, ROUNDS = 1001, 20_000, 40
SETTINGS = {
    "device": "core",
    "node": 1,
    "far": {},
    "option": 3,
    "headers": [60, 0],
    "bits": 32,
    "period_s": 2,
    "record_periods": 5,
    "ports": [{"interface": name, "kind": "link", "to": ""} for name in ("eth2", "eth3")],
    "identifiers": {str(IDENTIFIER): {"name": "bench", "here": True}},
}


def encapsulated(inside: bytes, target: str) -> bytes:
    """A packet as one router sends it to another; the rig's second host stands for that one."""
    segments = struct.pack("!BBBBBBH", 41, 2, 4, 0, 0, 0, 0) + bytes(16)
    ends = ipaddress.IPv6Address("fd11::2").packed + ipaddress.IPv6Address(target).packed
    return struct.pack("!IHBB", 6 << 28, len(segments) + len(inside), 43, 64) + ends + segments + inside


def main() -> None:
    """Inside of namespaces of its own: a router between two hosts, packets through it, the two ways in turn."""
    if "--inside" not in sys.argv:
        subprocess.run(["unshare", "--net", "--mount", "--", sys.executable, __file__, "--inside"], check=True)
        return
    fence_rig.build()
    kernel = trace.Kernel(SETTINGS)
    with fence_rig.Inside("a"):
        sender = fence_rig.raw()
    inner = packets("fd11::2", "fd11:0:0:1::2", IDENTIFIER)
    sent = {name: encapsulated(inner[name], "fd11:0:0:1::2") for name in ("labelled", "untagged")}
    best: dict[str, float] = {}
    for _ in range(ROUNDS):
        for counting in (False, True):
            (kernel.attach if counting else lambda: trace.detach({"eth2", "eth3"}))()
            for name, packet in sent.items():
                began = time.process_time_ns()
                for _ in range(REPEAT):
                    sender.sendto(packet, ("fd11:0:0:1::2", 0))
                took = (time.process_time_ns() - began) / REPEAT
                word = f"{name}, {'counted' if counting else 'not counted'}"
                best[word] = min(best.get(word, took), took)
    for word, took in best.items():
        print(f"{word}: {took:,.0f} ns a packet, {1e9 / took:,.0f} packets/s")
    counted = sum(values[0] + values[2] for place, values in kernel.counts().items() if place[3] == 0)
    print(f"counted at the way in: {counted:,} of {ROUNDS * REPEAT:,}")


if __name__ == "__main__":
    main()
