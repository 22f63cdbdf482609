"""What happens to a lab's light, as its controller tells it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from citynet.lab import Lab
from citynet.lab.optics import controller
from citynet.lab.running import INSIDE
from citynet.lab.waiting import until
from figures.flows import NotCarriedError

WAIT_S = 60.0
QUIET_S = 2.5


def lab() -> Lab:
    """The lab that this process runs in."""
    return Lab.load(os.environ[INSIDE])


def circuits(at: Lab) -> dict[str, dict[str, Any]]:
    """Every service of the light by name."""
    return {one["name"]: one for one in controller.state(at)["circuits"]}


def riders(at: Lab, fibre: str, kind: str = "") -> list[str]:
    """The services, of one class or of all, whose light is on a fibre now."""
    return [name for name, one in circuits(at).items() if fibre in one["way"] and kind in ("", one["class"])]


@dataclass
class Watch:
    """Events and obeyed orders from a moment on."""

    at: Lab
    first: int
    orders: int

    @classmethod
    def begin(cls, at: Lab) -> Watch:
        """From now on."""
        state = controller.state(at)
        return cls(at, len(state["events"]), state["done"][-1]["id"] if state["done"] else 0)

    def events(self) -> list[dict[str, Any]]:
        """What has happened since."""
        found: list[dict[str, Any]] = controller.state(self.at, self.first)["events"]
        return found

    def wait(self, kind: str, subjects: Iterable[str]) -> float:
        """Seconds from the first event to the last of some services' first of a kind.

        Raises:
            NotCarriedError: Not all of them came.
        """
        wanted = set(subjects)
        times: dict[str, float] = {}
        begin = 0.0

        def there() -> bool:
            nonlocal begin
            events = self.events()
            begin = events[0]["at"] if events else 0.0
            for event in events:
                if event["kind"] == kind:
                    times.setdefault(event["subject"], event["at"])
            return wanted <= set(times)

        if not until(there, WAIT_S, 0.2):
            raise NotCarriedError(f"no '{kind}' of {', '.join(sorted(wanted - set(times)))}")
        return max(times[name] for name in wanted) - begin

    def settled(self) -> list[dict[str, Any]]:
        """What has happened since, once nothing has for a while: restorations take at most two seconds."""
        found: list[dict[str, Any]] = []

        def quiet() -> bool:
            found[:] = self.events()
            return not found or time.time() - found[-1]["at"] > QUIET_S

        until(quiet, WAIT_S, 0.5)
        return found

    def switched_ms(self) -> float:
        """How long the first order took, from dark to light, by the clock of the machine that switches lines."""
        done = self._obeyed()
        mine = [step["at"] for step in done if step["id"] == done[0]["id"]]
        return 1000 * (mine[-1] - mine[0])

    def lasted_s(self) -> float:
        """From the first line that obeyed to the last, by the same clock."""
        done = self._obeyed()
        return float(done[-1]["at"] - done[0]["at"])

    def _obeyed(self) -> list[dict[str, Any]]:
        done = [step for step in controller.state(self.at)["done"] if step["id"] > self.orders]
        if not done:
            raise NotCarriedError("no line obeyed")
        return done


def whole(at: Lab) -> None:
    """Repair everything, and wait until each service is on its working way again.

    Raises:
        NotCarriedError: One is not.
    """
    for fibre, state in controller.state(at)["fibres"].items():
        if state["fault"]:
            controller.strike(at, "repair", fibre)
    _await(lambda: [name for name, one in circuits(at).items() if one["role"] != "working"])


def _await(late: Callable[[], list[str]]) -> None:
    if not until(lambda: not late(), WAIT_S, 0.5):
        raise NotCarriedError(f"not on their working ways again: {', '.join(late())}")
