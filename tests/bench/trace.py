"""What counting costs a core router, and packets that tell their own way (IOAM6) three routers: processor time.

python tests/bench/trace.py [--ways]    (as root: the kernel takes programs from nobody else)
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
import trace_rig
from citynet.platforms.whitebox.device import trace
from fence_packets import packets

IDENTIFIER, REPEAT, ROUNDS = 1001, 20_000, 40
EVERY = (0, 1000, 100, 10, 1)
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
    """In namespaces of its own."""
    if "--inside" not in sys.argv:
        words = [sys.executable, __file__, *sys.argv[1:], "--inside"]
        subprocess.run(["unshare", "--net", "--mount", "--", *words], check=True)
    elif "--ways" in sys.argv:
        ways()
    else:
        counting()


def ways() -> None:
    """Three routers in a row between two hosts; of so many packets that enter one tells its way."""
    trace_rig.build()
    home, usual = trace_rig.HOME, 0.0
    for every in EVERY:
        trace_rig.HOME = home / str(every)
        agents = {name: trace_rig.start(name, every) for name in trace_rig.NODES}
        assert trace_rig.until(lambda: all(trace_rig.state(name).get("periods") for name in trace_rig.NODES))
        took = min(_sending(trace_rig.Sender()) for _ in range(ROUNDS))
        usual = usual or took
        told = sum(packets for _, _, packets, _ in trace_rig.state("east")["carried"])
        print(
            f"ioam_every {every}: {took:,.0f} ns a packet, {100 * took / usual - 100:+.1f} %; {told:,} told their way"
        )
        for agent in agents.values():
            agent.terminate()
            agent.wait(10)


def _sending(sender: trace_rig.Sender) -> float:
    """Nanoseconds of processor time a packet: all of its way is part of sending it."""
    began = time.process_time_ns()
    for _ in range(REPEAT // 4):
        sender.send_one()
    return (time.process_time_ns() - began) / (REPEAT // 4)


def counting() -> None:
    """A router between two hosts, packets through it, the two ways in turn."""
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
