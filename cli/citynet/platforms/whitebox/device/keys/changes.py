"""How a key of QKD comes into use at both ends of a line or tunnel, and what happens when none can be had.

The master leads, the other end follows (`base.py` has the words between them). Every step can be repeated, since
messages get lost. A key whose delivery is in doubt is never asked for again: the follower says that it is lost, and the
leader takes another one with another ID. Where nothing can be said, as a line is down, the leader offers another key
after a while by itself, ever more rarely.

A key in use is replaced before `rotate_s` are over. When no new one can be had it is held for `hold_s` more; then the
user is closed, and opened by the next key only.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Dict, Optional, Protocol, Tuple

if TYPE_CHECKING:
    from .base import Key, User
    from .kme import KmeTrouble

RETIRE_S = 5.0
"""How long the key before is still taken after both ends have changed: packets under it may be on their way."""
GRACE_S = 20.0
"""How long a change may take beyond `rotate_s` before it is said that the last key is held."""
BACK_OFF_S = (1.0, 60.0)


class Home(Protocol):
    """What a change needs of the agent."""

    rotate_s: float
    hold_s: float

    def fetch(self, change: Change) -> None:
        """Take a new key for the user's pair; `got` hears of it."""

    def take(self, change: Change, key_id: str) -> None:
        """Take the key of an ID; `got` hears of it."""

    def say(self, user: User, verb: str, key_id: str) -> None:
        """Tell the peer's agent."""

    def tell(self, event: str, user: User, **facts: Any) -> None:
        """Put it in the log."""

    def alarm(self, name: str, text: str) -> None:
        """Something is wrong; empty: no more."""

    def able(self) -> bool:
        """Whether the key server answers."""


class Change:
    """One user: the key in use, for how long, and the key that is to follow it."""

    def __init__(self, user: User, home: Home, taken: Tuple[str, float]) -> None:
        self.user, self.home = user, home
        self.current, self.pending, self.phase = "", "", ""
        self.count = 0
        self.state = ""
        self.closed = False
        self._known = taken
        """ID and time (since the epoch) of the key in use as an earlier run knew it."""
        self._taken_at = 0.0
        self._since = 0.0
        self._retire: Tuple[str, float] = ("", 0.0)
        self._lost: Dict[str, int] = {}
        self._again_at = 0.0

    # -- what is in use ----------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """See what is in use, close what was held for too long, go on with the change."""
        self.observe(now)
        self._hold(now)
        old, at = self._retire
        if old and now >= at:
            self._retire = ("", 0.0)
            self.user.retire(old, now)
            self.home.tell("retired", self.user, key_id=old)
        self.step(now)

    def step(self, now: float) -> None:
        """Go on with the change."""

    def observe(self, now: float) -> None:
        """Take note of the key that the user has in use."""
        status = self.user.status()
        self.state = status.get("state", "")
        found = status.get("key_id", "")
        if found != self.current and status.get("state") == "down":
            found = ""  # offered, but nothing is sent under it yet
        if found == self.current:
            return
        before, self.current = self.current, found
        if not found:
            return
        known, at = self._known
        wall = at if known == found else time.time()
        self._known, self._taken_at = (found, wall), now - max(0.0, time.time() - wall)
        self.count += 1
        self.closed = False
        self.home.alarm(f"{self.user.name}: closed", "")
        self.home.alarm(f"{self.user.name}: held", "")
        self.home.tell("in use", self.user, key_id=found, before=before)
        self.came_into_use(found, before, now)

    def came_into_use(self, key_id: str, before: str, now: float) -> None:
        """Another key is in use than before."""

    def _hold(self, now: float) -> None:
        """Say that the last key is held, and close when it has been for long enough."""
        if not self.current or self.closed:
            return
        age, rotate_s = now - self._taken_at, self.home.rotate_s
        if age >= rotate_s + self.home.hold_s:
            self.closed, self.current = True, ""
            self.user.close(now)
            self.home.alarm(
                f"{self.user.name}: closed", f"its last key is older than {rotate_s + self.home.hold_s:g} s"
            )
            self.home.tell("closed", self.user, key_id=self._known[0])
            self.was_closed()
        elif age >= rotate_s + min(GRACE_S, self.home.hold_s / 2):
            self.home.alarm(
                f"{self.user.name}: held", f"no new key since {age:.0f} s; closes at {rotate_s + self.home.hold_s:g} s"
            )

    def was_closed(self) -> None:
        """The user has been closed."""

    def _enter(self, phase: str, now: float, key_id: Optional[str] = None) -> None:
        self.phase, self._since = phase, now
        if key_id is not None:
            self.pending = key_id

    def _later(self, old: str, now: float) -> None:
        """Forget the key before in a while."""
        if self._retire[0]:
            self.user.retire(self._retire[0], now)
        self._retire = ("", 0.0)
        if old and old != self.current:
            self._retire = (old, now + RETIRE_S)

    def abandon(self, now: float) -> None:
        """Nobody will answer what was asked."""
        if self.phase == "fetching":
            self._enter("", now, "")

    # -- what comes in -----------------------------------------------------------------------------------------------

    def got(self, key: Optional[Key], error: Optional[KmeTrouble], now: float) -> None:
        """The key server has answered."""

    def heard(self, verb: str, key_id: str, now: float) -> None:
        """The peer's agent says something."""

    def rotate(self, now: float) -> None:
        """Somebody wants another key now."""

    def told(self) -> Dict[str, Any]:
        """For people and the next run; never a key."""
        return {"taken": self._known[1], "pending": self.pending, "phase": self.phase, "keys": self.count}
