"""Who refuses flows on a device, by the mark that the packet filter gives to what it drops."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from citynet.platforms.whitebox import fencing, telling

if TYPE_CHECKING:
    from citynet.plan.model import Device, Guard

_FIRST_GUARD = 16
"""Marks below are those of fences (`fencing.marks`)."""


def reasons(device: Device) -> dict[int, tuple[str, str]]:
    """By mark: `fence` and why, `interconnect` or `exit` and its name."""
    found: dict[int, tuple[str, str]] = {}
    if device.fence is not None:
        found |= {mark: ("fence", name) for name, mark in fencing.marks().items()}
    kinds = ["interconnect"] * len(device.guards) + ["exit"] * len(device.exits)
    for mark, (kind, guard) in enumerate(zip(kinds, [*device.guards, *device.exits], strict=True), _FIRST_GUARD):
        found[mark] = (kind, guard.interconnect)
    return found


def asking(device: Device, guard: Guard) -> str:
    """What stands before the drop of a guard."""
    return telling.asking(next(mark for mark, words in reasons(device).items() if words[1] == guard.interconnect))


def settings(device: Device) -> str:
    """What the program on the device must know, as JSON."""
    refusals = device.refusals
    assert refusals is not None
    tables = [fencing.TABLE] if device.fence is not None else []
    tables += ["citynet"] if device.guards or device.exits else []
    value = {
        "device": device.name,
        "group": telling.GROUP,
        "option": refusals.option,
        "size": refusals.bits // 8,
        "tables": tables,
        "reasons": {str(mark): list(words) for mark, words in reasons(device).items()},
    }
    return json.dumps(value, indent=1) + "\n"
