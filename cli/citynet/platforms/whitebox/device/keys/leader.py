"""The master's end of a line or tunnel: it takes new keys and leads both ends to them (`changes.py`).

Standard library only, Python 3.9 and later.
"""

# ruff: noqa: ARG002 - both ends have one signature
from __future__ import annotations

import time
import zlib
from typing import TYPE_CHECKING, Optional, Tuple

from .changes import BACK_OFF_S, Change, Home

if TYPE_CHECKING:
    from .base import Key, User
    from .kme import KmeTrouble

ANNOUNCE_S = (1.0, 10.0)
"""How often a key is announced, at first and at last."""
PATIENCE_S = (30.0, 300.0)
"""How long a line may take to change to an offered key before another one is offered: at first, and at most."""
SWITCH_LIMIT_S = 60.0
"""How long a tunnel may take to change over."""
_SPREAD = 0.1
"""Part of `rotate_s` by which users change earlier, each by its own, so that not all do at once."""


class Leader(Change):
    """The master's end."""

    def __init__(self, user: User, home: Home, taken: Tuple[str, float]) -> None:
        super().__init__(user, home, taken)
        self._next_at = 0.0
        self._say_at, self._every_s = 0.0, ANNOUNCE_S[0]
        self._back_off_s, self._patience_s = BACK_OFF_S[0], PATIENCE_S[0]
        self._ready = self._ordered = False
        self._old = ""
        self._down_at = 0.0

    def step(self, now: float) -> None:
        """One step of whatever phase it is in."""
        {
            "": self._begin,
            "offered": self._offered,
            "announced": self._announced,
            "switching": self._switching,
            "telling": self._telling,
        }.get(self.phase, lambda _now: None)(now)

    def _begin(self, now: float) -> None:
        wanted = not self.current or self._ordered or now >= self._next_at or self._is_down(now)
        if wanted and now >= self._again_at and self.home.able():
            self._down_at, self._ordered = 0.0, False
            self._enter("fetching", now, "")
            self.home.fetch(self)

    def _is_down(self, now: float) -> bool:
        """A line whose key the other end seems to have lost, as it has been down for long."""
        if self.user.announced or self.state != "down":
            self._down_at = 0.0
            return False
        self._down_at = self._down_at or now
        return now - self._down_at >= self._patience_s

    def got(self, key: Optional[Key], error: Optional[KmeTrouble], now: float) -> None:
        """A new key, or none."""
        if key is None:
            self._again(now)
            return
        back_off_s = self._back_off_s
        self._again(now)  # should the user fail now
        if self.user.announced:
            self._ready, self._old = False, self.current
            self.user.prepare(key, now)
            self._say_at, self._every_s = now, ANNOUNCE_S[0]
            self._enter("announced", now, key.id)
        else:
            self.user.use(key, now)
            self._enter("offered", now, key.id)
        self._back_off_s = back_off_s

    def _again(self, now: float) -> None:
        """Another key is needed, in a while."""
        self._again_at = now + self._back_off_s
        self._back_off_s = min(2 * self._back_off_s, BACK_OFF_S[1])
        self._next_at = min(self._next_at, now)
        self._enter("", now, "")

    def _offered(self, now: float) -> None:
        if now - self._since >= self._patience_s:
            self._patience_s = min(2 * self._patience_s, PATIENCE_S[1])
            self.home.tell("not taken", self.user, key_id=self.pending)
            self._next_at = now
            self._enter("", now, "")

    def _announced(self, now: float) -> None:
        if self._ready and self.user.prepared(self.pending):
            self.user.switch(self.pending, now)
            self._enter("switching", now)
        elif now >= self._say_at:
            self._repeat("announce", now)

    def _switching(self, now: float) -> None:
        if self.user.switched(self.pending):
            self._say_at, self._every_s = now, ANNOUNCE_S[0]
            self._enter("telling", now)
            self._telling(now)
        elif now - self._since >= SWITCH_LIMIT_S:
            self._give_up("not taken", now)

    def _telling(self, now: float) -> None:
        if now >= self._say_at:
            self._repeat("switch", now)

    def _repeat(self, verb: str, now: float) -> None:
        self.home.say(self.user, verb, self.pending)
        self._say_at = now + self._every_s
        self._every_s = min(2 * self._every_s, ANNOUNCE_S[1])

    def _give_up(self, event: str, now: float) -> None:
        key_id = self.pending
        if self.user.announced and key_id and key_id != self.current:
            self.user.retire(key_id, now)
        self.home.tell(event, self.user, key_id=key_id)
        self._again(now)

    def came_into_use(self, key_id: str, before: str, now: float) -> None:
        """Count from here; a line has changed when it says so."""
        rotate_s = self.home.rotate_s
        early = _SPREAD * rotate_s * (zlib.crc32(self.user.name.encode()) % 1000) / 1000
        self._next_at = self._taken_at + rotate_s - early
        self._back_off_s, self._patience_s = BACK_OFF_S[0], PATIENCE_S[0]
        if self.phase == "offered" and key_id == self.pending:
            self._enter("", now, "")

    def was_closed(self) -> None:
        """Only a new key opens it again."""
        if self.phase != "fetching":
            self._enter("", time.monotonic(), "")

    def heard(self, verb: str, key_id: str, now: float) -> None:
        """What the follower says."""
        if verb == "ready" and key_id == self.pending and self.phase == "announced":
            self._ready = True
            self._announced(now)
        elif verb == "switched" and key_id == self.pending and self.phase == "telling":
            self._later(self._old, now)
            self._enter("", now, "")
        elif verb == "lost" and key_id in {self.pending, self.current} - {""}:
            self._give_up("lost", now)
        elif verb == "ask":
            self._asked(now)

    def _asked(self, now: float) -> None:
        if self.phase == "announced":
            self._repeat("announce", now)
        elif self.phase == "telling":
            self._repeat("switch", now)
        elif not self.phase:
            self.rotate(now)

    def rotate(self, now: float) -> None:
        """As soon as may be: a change that is under way comes to its end before."""
        self._ordered = self.phase != "fetching"
