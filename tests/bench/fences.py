"""What fences cost: a table replaced, a packet with few entries and with many, and the proof of a large city.

python tests/bench/fences.py [--nft | --proof]
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent / "cli")]

import fence_rig
from citynet import build
from citynet.design.windows import ALWAYS
from citynet.plan.model import DeviceFence, FenceEntry, FencePort
from citynet.platforms.whitebox.fencing import table
from citynet.proof import prove
from citynet.proof.model import Area

IDENTIFIER = 65543
FENCES = """
participant_groups:
  offices: {participants: [bureau, "office[001-227]"]}
  market: {participants: [exchange, bureau, "firm[001-227]"]}
identifiers:
  files: {group: offices, data_class: commercial, use: files}
  cases: {group: offices, data_class: commercial, use: cases}
  trades: {group: market, data_class: commercial, use: trades}
fences:
  in-town: {identifiers: [files, trades], allowed: [metropolis]}
  office-hours:
    identifiers: [cases]
    allowed: [downtown]
    windows: [{days: [mon, tue, wed, thu, fri], start: "08:00", end: "18:00"}]
  not-far: {data_classes: [commercial], forbidden: ["district[200-227]"]}
  "own[001-050]":
    {identifiers: [cases], sources: ["district[001-050]"], allowed: ["district[001-050]"], direction: both}
services:
  sharing: {fenced: true}
  circulation: {fenced: true}
  "office[001-227]": {fenced: true}
  "firm[001-227]": {fenced: true}
interconnects: {"gate[1-2]": {fenced: true}}
"""


def fence(count: int, block: str = "fd12") -> DeviceFence:
    """A port whose host may send to `count` places."""
    targets = ["fd11:0:0:1::/64", *(f"{block}:0:0:{number:x}::/64" for number in range(1, count))]
    return DeviceFence(
        3,
        [60, 0],
        32,
        [
            FencePort("eth2", "attachment", fenced=True, sources=["fd11::/64"], identifiers=[IDENTIFIER]),
            FencePort("eth3", "attachment", fenced=True, sources=["fd11:0:0:1::/64"]),
        ],
        [
            FenceEntry("bench", IDENTIFIER, "in", ["fd11::/64"], targets, list(ALWAYS)),
            FenceEntry("bench", IDENTIFIER, "out", ["fd11::/64"], targets[:1], list(ALWAYS)),
        ],
    )


def made(count: int, block: str = "fd12") -> str:
    """Its table, as devices have it that write down what they refuse."""
    return table(fence(count, block), told=True)


def load_average() -> str:
    """How busy the machine is beside all this."""
    return f"load average {os.getloadavg()[0]:.1f} on {len(os.sched_getaffinity(0))} processors"


def packet_filter() -> None:
    """Time to replace a table under load, and processor time for a packet."""
    ends = {"source": "fd11::2", "target": "fd11:0:0:1::2", "identifier": IDENTIFIER}
    request = {"do": "replace_under_load", "wrong": IDENTIFIER + 1, "seconds": 8, **ends}
    found = fence_rig.ask({**request, "table": made(10_000), "other": made(10_000, "fd13")})
    times = sorted(found["replace_s"])
    lost, wrong = found["sent"] - found["passed"], found["wrongly"]
    print(
        f"replacing 10,000 entries by 9,999 others, {len(times)} times: "
        f"median {times[len(times) // 2]:.2f} s, most {times[-1]:.2f} s, {load_average()}"
    )
    print(f"  meanwhile {found['sent']} allowed packets, {lost} lost; as many forbidden ones, {wrong} passed")
    tables = {"none": "table inet citynet_fence {\n}\n", "10": made(10), "10,000": made(10_000)}
    cost = fence_rig.ask(
        {"do": "measure", "tables": tables, "targets": [ends["target"]], "rounds": 15, "repeat": 10_000, **ends}
    )
    for name, value in cost.items():
        print(f"a packet, {name} entries: {value:.0f} ns of processor time from sender to taker")
    print(f"  10,000 against 10: {100 * (cost['10,000'] / cost['10'] - 1):+.1f} %")


def proof() -> None:
    """The proof of labs/metropolis with fences over all of it."""
    with tempfile.TemporaryDirectory() as folder:
        design = Path(folder) / "design"
        (design / "override").mkdir(parents=True)
        text = (TESTS.parent / "labs/metropolis/design.yml").read_text(encoding="utf-8")
        (design / "metropolis.yml").write_text(text, encoding="utf-8")
        (design / "override/fences.yml").write_text(FENCES, encoding="utf-8")
        planned, _ = build.plan(Path(folder))
        with build.uncollected():
            wall, busy = time.perf_counter(), time.process_time()
            results = prove(planned, [Area.FENCES]).results
            wall, busy = time.perf_counter() - wall, time.process_time() - busy
    print(f"proof of {len(planned.devices)} devices: {wall:.1f} s, {busy:.1f} s of processor time, {load_average()}")
    for result in results:
        print(f"  {result.claim}: {result.verdict}, {result.reason}")


if __name__ == "__main__":
    if "--proof" not in sys.argv:
        packet_filter()
    if "--nft" not in sys.argv:
        proof()
