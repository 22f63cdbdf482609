"""Alarms of devices: waiting for one that is meant, and letting pass the time in which one of before hides it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from citynet.levels.bench import Bench

ROUNDS, ROUND_S = 3, 5.0
"""How often something is done, and how long its alarm is waited for each time."""
AGAIN_S = 60.0
"""What goes on is told again after so long, by sentries and by what traces identifiers."""


@dataclass(frozen=True, slots=True)
class Meant:
    """An alarm of a device: of a kind, with some values in it or in its details."""

    device: str
    kind: str
    values: dict[str, Any]

    def first(self, bench: Bench, after_s: float, until_s: float) -> dict[str, Any]:
        """The `event` since some time (None when there is none), and when it could be read (`at`)."""
        told = {"kind": self.kind, "values": self.values, "after_us": int(after_s * 1e6), "until_s": until_s}
        found: dict[str, Any] = bench.access.ask(self.device, "noticed", told, until_s + 60)
        return found

    def let_pass(self, bench: Bench) -> None:
        """Wait until such an alarm would be told again; what goes on may be told once more meanwhile."""
        for _ in range(ROUNDS):
            now = clock(bench, self.device)
            event = self.first(bench, now - AGAIN_S, 0)["event"]
            if not event:
                return
            time.sleep(max(0.0, AGAIN_S + 1 - (now - event["time"] / 1e6)))

    def provoked(self, bench: Bench, do: Callable[[], object]) -> tuple[float, dict[str, Any]] | None:
        """Do something, again if need be; seconds from the last time to its alarm, and that; None without one."""
        for _ in range(ROUNDS):
            began = clock(bench, self.device)
            do()
            answer = self.first(bench, began, ROUND_S)
            if answer["event"]:
                return round(answer["at"] - began, 2), answer["event"]
        return None


def clock(bench: Bench, device: str) -> float:
    """The time by a device, in seconds since 1970."""
    return float(bench.access.run(device, "date +%s.%N"))
