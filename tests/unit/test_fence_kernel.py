"""The fence's table in a kernel: every shape of packet, windows, rights, and replacing it under load.

In network namespaces of this machine's own; where nft or the right to make them is missing, `tests/lab` has the same.
"""

from __future__ import annotations

from typing import Any

import pytest

import fence_rig
from citynet.design.windows import ALWAYS, DAY, WEEK
from citynet.plan.fences.shapes import SHAPES, Fate
from citynet.plan.model import DeviceFence, FenceEntry, FencePort
from citynet.platforms.whitebox.fencing import table

LACK = fence_rig.lacks()
pytestmark = pytest.mark.skipif(bool(LACK), reason=LACK)

IDENTIFIER = 1 << 16 | 7
HERE, THERE = "fd11::/64", "fd11:0:0:1::/64"
ENDS = {"source": "fd11::2", "target": "fd11:0:0:1::2"}


def fence(
    *, fenced: bool = True, bits: int = 32, schedule: Any = ALWAYS, more: int = 0, block: str = "fd12"
) -> DeviceFence:
    """One identifier that may go from the one host to the other, and to `more` places that do not exist."""
    targets = [THERE, *(f"{block}:0:{number >> 16:x}:{number & 0xFFFF:x}::/64" for number in range(more))]
    return DeviceFence(
        3,
        [60, 0],
        bits,
        [
            FencePort("eth2", "attachment", fenced, [HERE], [IDENTIFIER, IDENTIFIER + 1], ["fd11::1"]),
            FencePort("eth3", "attachment", fenced, [THERE], [IDENTIFIER], ["fd11:0:0:1::1"]),
        ],
        [
            FenceEntry("test", IDENTIFIER, "in", [HERE], targets, list(schedule)),
            FenceEntry("test", IDENTIFIER, "out", [HERE], [THERE], list(schedule)),
        ],
    )


def shapes(text: str, **more: Any) -> dict[str, dict[str, Any]]:
    return fence_rig.ask({"do": "try_shapes", "table": text, "identifier": IDENTIFIER, **ENDS, **more})


@pytest.mark.parametrize("fenced", [True, False])
def test_every_shape_meets_the_fate_that_the_proof_counts_on(fenced: bool) -> None:
    found = shapes(table(fence(fenced=fenced)))
    for name, result in found.items():
        shape = SHAPES[name.removesuffix("-hop")]
        fate = shape.fenced if fenced else shape.other
        assert result["came"] is (fate is not Fate.DROPPED), name
        if fate is Fate.DROPPED and name != "jumbo":  # the kernel itself drops what is shorter than it says
            assert result["counted"] == ["shapes" if shape.other is Fate.DROPPED else "untagged"], name


@pytest.mark.parametrize(
    ("more", "counter"),
    [
        ({"identifier": IDENTIFIER + 2}, "spoofed"),
        ({"source": "fd99::2"}, "spoofed"),
        ({"identifier": IDENTIFIER + 1}, "denied"),
    ],
)
def test_what_is_no_right_and_what_is_no_way(more: dict[str, Any], counter: str) -> None:
    result = shapes(table(fence()), **more)["labelled"]
    assert (result["came"], result["counted"]) == (False, [counter])


def border(side: str) -> DeviceFence:
    """A border device whose port to the other domain is that of the sender (`in`) or of the taker (`out`)."""
    crossing = {"in": "eth2", "out": "eth3"}[side]
    inner = {"eth2": HERE, "eth3": THERE}
    ports = [
        FencePort(name, "interconnect", True)
        if name == crossing
        else FencePort(name, "attachment", False, [block], [IDENTIFIER, IDENTIFIER + 1])
        for name, block in inner.items()
    ]
    entries = [FenceEntry("test", IDENTIFIER, way, [HERE], [THERE], list(ALWAYS)) for way in ("in", "out")]
    return DeviceFence(3, [60, 0], 32, ports, entries)


@pytest.mark.parametrize("side", ["in", "out"])
def test_nothing_crosses_without_an_identifier_on_the_list(side: str) -> None:
    found = shapes(table(border(side)))
    assert found["labelled"]["came"]
    came = {name for name, result in found.items() if result["came"]}
    assert came == {name for name in found if SHAPES[name.removesuffix("-hop")].fenced is Fate.JUDGED}
    assert found["untagged"]["counted"] == ["untagged"]
    other = shapes(table(border(side)), identifier=IDENTIFIER + 1)["labelled"]
    assert (other["came"], other["counted"]) == (False, ["denied"])


def test_windows_open_and_close_by_the_kernels_clock() -> None:
    import datetime as dt

    now = dt.datetime.now(dt.UTC)
    minute = now.weekday() * DAY + now.hour * 60 + now.minute
    around = [((minute - 5) % WEEK, (minute - 5) % WEEK + 10)]
    if around[0][1] > WEEK:
        around = [(0, around[0][1] - WEEK), (around[0][0], WEEK)]
    apart = [((minute + 100) % (WEEK - 10), (minute + 100) % (WEEK - 10) + 10)]
    assert shapes(table(fence(schedule=around)))["labelled"]["came"]
    result = shapes(table(fence(schedule=apart)))["labelled"]
    assert (result["came"], result["counted"]) == (False, ["closed"])


@pytest.mark.alone
def test_no_packet_is_lost_or_let_through_while_10_000_entries_are_replaced() -> None:
    texts = [table(fence(more=10_000, block=block), told=True) for block in ("fd12", "fd13")]
    request = {"do": "replace_under_load", "table": texts[0], "other": texts[1], "seconds": 5, **ENDS}
    found = fence_rig.ask({**request, "identifier": IDENTIFIER, "wrong": IDENTIFIER + 2})
    times = sorted(found["replace_s"])
    print(f"{len(times)} replacements of 10,001 entries, {times[0]:.2f} to {times[-1]:.2f} s, {found['sent']} packets")
    assert len(times) > 2
    assert (found["passed"], found["wrongly"]) == (found["sent"], 0)
