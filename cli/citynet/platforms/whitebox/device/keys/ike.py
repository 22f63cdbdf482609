"""Tunnels that IKE keys: their post-quantum pre-shared keys (PPK, RFC 8784) come and go without a gap.

A PPK enters an IKE SA when that is made, so a change of key is a new IKE SA beside the one in use, and the end of the
old one later. Nothing is lost on the way:

* The master starts the new one and sends under it as soon as it is up; the other end takes that by then.
* The other end has the new one up before the master has, so it goes on sending under the old one: from `prepare` on it
  gives the policies of the new one a worse priority. When the master ends the old one, the new one is what is left.

Without a key that is known at both ends nothing comes up, since `ppk_required` stands in the connection; that nothing
leaves in the clear meanwhile is the packet filter's doing.

Standard library only, Python 3.9 and later.
"""

# ruff: noqa: ARG002 - what every user is asked
from __future__ import annotations

import time
from typing import Any, Dict, List, Set

from .base import Key, Trouble, User
from .charon import Association, Charon
from .events import Events

_DAEMON = Charon()
"""One connection to the daemon for all tunnels."""
_RETRY_S, _RETRY_MOST_S = 2.0, 32.0
"""When a start is tried again; each time twice as long, up to the greater."""
_PATIENCE_S = 6.0
"""How long the other end waits for the master before it starts itself."""
_SWEEP_S = 6.0
"""How long two are up before the older one goes, when nobody is changing keys: a peer that restarted left it."""
_SOON_S, _CALM_S = 0.1, 1.0


def users(settings: Dict[str, Any]) -> List[User]:
    """The tunnels of a device that IKE keys."""
    entries = [one for one in settings.get("tunnels", []) if one["method"] == "ipsec"]
    before = Events().before().get("users", {}) if entries else {}
    return [Tunnel(entry, before.get(f"tunnel {entry['name']}", {}), _DAEMON) for entry in entries]


class Tunnel(User):
    """A tunnel."""

    def __init__(self, entry: Dict[str, Any], before: Dict[str, Any], daemon: Charon) -> None:
        self.name, self.peer = f"tunnel {entry['name']}", entry["peer"]
        self.master, self.source = entry["master"], entry["source"] if entry["ppk"] else "vault"
        self._connection: str = entry["name"].replace(".", "/")
        self._daemon = daemon
        self._keys: Dict[str, Key] = {}
        self._current: str = before.get("key_id", "") if entry["ppk"] else ""
        self._since: float = before.get("since", 0.0)
        self._next = self._prepared = self._exchange = ""
        self._old: Set[int] = set()
        self._closed = self._up = False
        self._priority = self._priority_next = 0
        self._down_since = self._several_since = 0.0
        self._retry_at, self._wait_s = 0.0, _RETRY_S

    # -- what the agent asks -----------------------------------------------------------------------------------------

    def prepare(self, key: Key, now: float) -> None:
        """Take an IKE SA under this key as well; what is sent stays under the one in use."""
        self._closed, self._prepared = False, key.id
        self._keys[key.id] = key
        if self._daemon.look(now):
            self._give()
            if not self.master and self._up:
                self._priority_next = int(time.time())  # worse than before also after a restart of the agent
                self._daemon.load(self._connection, priority=self._priority_next)

    def prepared(self, key_id: str) -> bool:
        """Whether the daemon has the key."""
        return self._daemon.holds(self._label(key_id))

    def switch(self, key_id: str, now: float) -> None:
        """The master makes an IKE SA under the key; the other end has it by then."""
        if key_id == self._current and self._up:
            return
        if not self.master:
            self._use(key_id)
            return
        self._next, self._retry_at, self._wait_s = key_id, 0.0, _RETRY_S
        self._old = {one.number for one in self._daemon.associations(self._connection)}
        self.tick(now)

    def switched(self, key_id: str) -> bool:
        """Whether it is up under that key."""
        return self._current == key_id and not self._next

    def retire(self, key_id: str, now: float) -> None:
        """End what is up under the key before, or is not to be used after all, and forget the key."""
        self._keys.pop(key_id, None)
        if self._daemon.look(now):
            if self.master and key_id != self._next:
                self._end([one for one in self._daemon.associations(self._connection) if one.number in self._old])
            elif not self.master and key_id == self._prepared:
                self._daemon.load(self._connection, priority=self._priority)
            self._daemon.forget_key(self._label(key_id))
        if key_id != self._prepared:
            self._priority = self._priority_next or self._priority
        self._next = "" if key_id == self._next else self._next
        self._old, self._prepared, self._priority_next = set(), "", 0

    def close(self, now: float) -> None:
        """End all of it; without a key nothing comes up again."""
        known = {*self._keys, self._current} - {""}
        self._keys, self._current, self._next, self._closed = {}, "", "", True
        if self._daemon.look(now):
            self._end(self._daemon.associations(self._connection))
            for key_id in known:
                self._daemon.forget_key(self._label(key_id))

    def tick(self, now: float) -> float:
        """Bring up what is to be up."""
        try:
            return now + self._tick(now)
        except Trouble as error:
            self._daemon.lose(error, now)
            return now + _CALM_S

    def stop(self) -> None:
        """Everything stays."""

    def remove(self) -> None:
        """End it; its connection is unloaded by whoever changes the daemon's file."""
        self.close(time.monotonic())

    def reread(self, settings: Dict[str, Any]) -> None:
        """The daemon may have forgotten its keys when its own files were read anew."""
        self._daemon.hurry()

    def status(self) -> Dict[str, Any]:
        """How it is; never a key."""
        state = "changing" if self._next else "up"
        if not self._up:
            state = "closed" if self._closed else "down"
        told = {"state": state, "key_id": self._current, "since": self._since, "exchange": self._exchange}
        return told if self._up or not self._daemon.why else {**told, "why": self._daemon.why}

    def fileno(self) -> int:
        """Readable when the daemon tells of a change."""
        return self._daemon.fileno()

    # -- what it does ------------------------------------------------------------------------------------------------

    def _tick(self, now: float) -> float:
        """Do what is due; seconds until there is more."""
        if not self._daemon.look(now):
            self._up = False
            return _CALM_S
        self._give()
        found = self._daemon.associations(self._connection)
        up = [one for one in found if one.up]
        self._note(up, now)
        if self._next:
            self._change(found, now)
            return _SOON_S
        if not up:
            self._revive(found, now)
        else:
            self._sweep(up, now)
        return _SOON_S if self._daemon.stale else _CALM_S

    def _note(self, up: List[Association], now: float) -> None:
        """What is to be known of those that are up."""
        if not up and (self._up or not self._down_since):
            self._down_since = now
        self._up = bool(up)
        if up:
            self._retry_at, self._wait_s = (0.0, _RETRY_S) if not self._next else (self._retry_at, self._wait_s)
            self._exchange = up[-1].exchange
            self._since = self._since or time.time()
        elif self._current and not self.prepared(self._current):
            self._current = ""  # its key went with the daemon, and with an agent before this one: a new one is needed

    def _change(self, found: List[Association], now: float) -> None:
        """The master waits for the one under the new key, and starts it again while it does not come."""
        fresh = [one for one in found if one.number not in self._old]
        if any(one.up for one in fresh):
            self._use(self._next)
            self._next = ""
        elif not fresh:
            self._start(self._next, now)

    def _revive(self, found: List[Association], now: float) -> None:
        """Start it, unless it is starting, is closed, or the master may be about to."""
        waited = self.master or now - self._down_since >= _PATIENCE_S
        may = not self._closed and (self.source == "vault" or self.prepared(self._current))
        if waited and may and not any(one.starting for one in found):
            self._start(self._current, now)

    def _start(self, key_id: str, now: float) -> None:
        if now < self._retry_at:
            return
        self._retry_at, self._wait_s = now + self._wait_s, min(2 * self._wait_s, _RETRY_MOST_S)
        if key_id:
            self._daemon.load(self._connection, key_id, self._priority)
        self._daemon.start(self._connection)

    def _sweep(self, up: List[Association], now: float) -> None:
        """End what a restart of the peer left behind."""
        if len(up) < 2 or self._prepared or self._old:
            self._several_since = 0.0
        elif not self._several_since:
            self._several_since = now
        elif now - self._several_since > _SWEEP_S:
            self._end(up[:-1])
            self._several_since = 0.0

    def _use(self, key_id: str) -> None:
        self._current, self._since = key_id, time.time()
        if not self._old and not self._priority_next:
            self._prepared = ""  # there was none before it, so nothing will be retired

    def _give(self) -> None:
        """Let the daemon have the keys that it lacks."""
        for key in self._keys.values():
            if not self._daemon.holds(self._label(key.id)):
                self._daemon.load_key(self._label(key.id), key)

    def _end(self, associations: List[Association]) -> None:
        for one in associations:
            self._daemon.end(one)

    def _label(self, key_id: str) -> str:
        return f"{self._connection} {key_id}"
