"""The end of a line or tunnel that is no master: it takes the keys that the other end names (`changes.py`).

Standard library only, Python 3.9 and later.
"""

# ruff: noqa: ARG002 - both ends have one signature
from __future__ import annotations

import time
from typing import TYPE_CHECKING, Optional, Set, Tuple

from .changes import BACK_OFF_S, Change, Home

if TYPE_CHECKING:
    from .base import Key, User
    from .kme import KmeTrouble

ASK_S = 3.0
"""How often an end that has no key asks for one."""
_TRIES = 2
"""How often a key is asked for that the key server does not know (yet)."""
_REMEMBERED = 1000


class Follower(Change):
    """The other end."""

    def __init__(self, user: User, home: Home, taken: Tuple[str, float]) -> None:
        super().__init__(user, home, taken)
        self._ask_at = 0.0
        self._taken: Set[str] = set()
        self._old = ""

    def step(self, now: float) -> None:
        """Take what is on the wire, or go on with what was announced."""
        if not self.user.announced:
            self._look(now)
        elif self.phase == "prepared" and self.user.prepared(self.pending):
            self.home.say(self.user, "ready", self.pending)
            self._enter("ready", now)
        elif self.phase == "switching" and self.user.switched(self.pending):
            self._done(now)
        elif not self.phase and not self.current and now >= self._ask_at:
            self._ask_at = now + ASK_S
            self.home.say(self.user, "ask", "")

    def _look(self, now: float) -> None:
        """Take the keys that the peer offers on the line, each once."""
        if self.phase or now < self._again_at or not self.home.able():
            return
        for key_id in self.user.wanted():
            if self._lost.get(key_id, 0) < _TRIES and key_id not in self._taken:
                self._fetch(key_id, now)
                return

    def _fetch(self, key_id: str, now: float) -> None:
        self._enter("fetching", now, key_id)
        self.home.take(self, key_id)

    def got(self, key: Optional[Key], error: Optional[KmeTrouble], now: float) -> None:
        """The key of the ID that was asked for, or none."""
        key_id = self.pending
        self._enter("", now, "")
        if key is None:
            self._failed(key_id, error, now)
        elif self.user.announced:
            self._old = self.current
            self.user.prepare(key, now)
            self._enter("prepared", now, key_id)
            self.step(now)
        else:
            self._remember(key_id)
            self.user.use(key, now)

    def _failed(self, key_id: str, error: Optional[KmeTrouble], now: float) -> None:
        """What was not delivered is asked for again; what may have been, or is not to be had, is lost."""
        self._again_at = now + BACK_OFF_S[0]
        if error is None or error.spent or error.kind in ("identity", "malformed"):
            self._lost[key_id] = _TRIES
        elif error.kind == "refused" and error.code != 503:
            self._lost[key_id] = self._lost.get(key_id, 0) + 1
        if self._lost.get(key_id, 0) >= _TRIES:
            self.home.tell("lost", self.user, key_id=key_id)
            self.home.say(self.user, "lost", key_id)
        if len(self._lost) > _REMEMBERED:
            self._lost = {key_id: self._lost.get(key_id, 0)}

    def _remember(self, key_id: str) -> None:
        if len(self._taken) > _REMEMBERED:
            self._taken.clear()
        self._taken.add(key_id)

    def heard(self, verb: str, key_id: str, now: float) -> None:
        """What the leader says; a line's leader says it on the line."""
        if not self.user.announced or not key_id:
            return
        if verb == "announce":
            self._announce(key_id, now)
        elif verb == "switch":
            self._switch(key_id, now)

    def _announce(self, key_id: str, now: float) -> None:
        if key_id == self.current or (key_id == self.pending and self.phase == "ready"):
            self.home.say(self.user, "ready", key_id)
        elif self._lost.get(key_id, 0) >= _TRIES:
            self.home.say(self.user, "lost", key_id)
        elif key_id != self.pending and self.phase != "fetching" and self.home.able() and now >= self._again_at:
            if self.pending and self.pending != self.current:
                self.user.retire(self.pending, now)
            self._fetch(key_id, now)

    def _switch(self, key_id: str, now: float) -> None:
        if key_id == self.current and not self.phase:
            self.home.say(self.user, "switched", key_id)
        elif key_id == self.pending and self.phase in ("prepared", "ready"):
            self.user.switch(key_id, now)
            self._enter("switching", now)
            self.step(now)
        elif key_id != self.pending:
            self.home.say(self.user, "lost", key_id)

    def _done(self, now: float) -> None:
        key_id, old = self.pending, self._old
        self.observe(now)
        self._enter("", now, "")
        self.home.say(self.user, "switched", key_id)
        self._later(old, now)

    def was_closed(self) -> None:
        """Only a new key opens it again."""
        if self.phase != "fetching":
            self._enter("", time.monotonic(), "")

    def rotate(self, now: float) -> None:
        """The leader is asked; a line's is found by the key in use."""
        self.home.say(self.user, "ask", "" if self.user.announced else self.current)
