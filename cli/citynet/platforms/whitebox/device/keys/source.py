"""Where the keys of a device come from: its key server, watched all the time, and the peers' agents.

Requests go to the key server one after the other in a thread of their own, so that no line or tunnel waits for it. Its
status is asked for every 1.5 s: that is how an outage or an empty pool becomes an alarm before a key is missing.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import time
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Tuple

from .control import Control
from .follower import Follower
from .leader import Leader

if TYPE_CHECKING:
    from .base import Key, User
    from .changes import Change
    from .clerk import Clerk
    from .kme import Kme, KmeTrouble
    from .peers import Channel

POLL_S, LATE_S = 1.5, 4.0
"""How often the key server's status is asked for; when a request that does not come back is an alarm."""
_AT_ONCE = 8
"""Pairs whose pools are looked at in one round."""
_FEW = 0.1
"""Part of a pool below which its keys are few."""
_BUSY_S, _CALM_S = 0.25, 1.0
"""How often changes are gone on with while there are some, and looked for else."""
SERVER = "key server"


class Source:
    """The keys of QKD for all users of an agent."""

    def __init__(self, agent: Any) -> None:
        self._agent = agent
        self.rotate_s = self.hold_s = 0.0
        self._changes: Dict[str, Change] = {}
        self._taken: Dict[str, Tuple[str, float]] = {
            name: (one.get("key_id", ""), one["taken"])
            for name, one in agent.before.get("users", {}).items()
            if "taken" in one
        }
        self._clerk: Optional[Clerk] = None
        self._channel: Optional[Channel] = None
        self._told: Any = None
        self._poll_at, self._polling, self._round = 0.0, 0, 0
        self._next_at = 0.0
        self._able = False
        self._stored: Dict[str, int] = {}
        self._control = Control(agent.mailbox.post, self._ordered)

    # -- settings ----------------------------------------------------------------------------------------------------

    def configure(self, settings: Dict[str, Any]) -> None:
        """Follow settings and users as they are now."""
        self.rotate_s, self.hold_s = settings.get("rotate_s", 3600), settings.get("hold_s", 0)
        self._follow_users()
        told = {key: settings.get(key) for key in ("device", "server", "pki")}
        told["channel"] = {key: (settings.get("channel") or {}).get(key) for key in ("address", "port")}
        if self._clerk is not None and told == self._told and self._channel is not None:
            self._channel.follow(settings["channel"])
            self._clerk.ask(lambda kme: kme.close(), lambda _found, _trouble: None)  # certificates may be others
            return
        self._told = told
        self._end_threads()
        if settings.get("server") and settings.get("pki"):
            # What speaks HTTPS and TLS is large, and an agent whose keys all come from the vault needs none of it.
            from .clerk import Clerk  # noqa: PLC0415
            from .kme import Kme  # noqa: PLC0415
            from .peers import Channel  # noqa: PLC0415

            kme = Kme(settings["device"], settings["server"], settings["pki"])
            self._clerk = Clerk(kme, self._agent.mailbox.post)
            if (settings.get("channel") or {}).get("peers"):
                self._channel = Channel(settings["device"], settings["channel"], settings["pki"], self._hear)
        self._poll_at, self._polling = 0.0, 0

    def _follow_users(self) -> None:
        users = {name: user for name, user in self._agent.users.items() if user.source == "qkd"}
        for name, change in list(self._changes.items()):
            if users.get(name) is not change.user:
                self._taken[name] = (change.current, change.told()["taken"])
                del self._changes[name]
        for name, user in users.items():
            if name not in self._changes:
                kind = Leader if user.master else Follower
                self._changes[name] = kind(user, self, self._taken.get(name, ("", 0.0)))

    def _end_threads(self) -> None:
        for one in (self._clerk, self._channel):
            if one is not None:
                one.stop()
        self._clerk = self._channel = None
        for change in self._changes.values():
            change.abandon(time.monotonic())

    def stop(self) -> None:
        """The agent ends."""
        self._end_threads()
        self._control.stop()

    # -- work --------------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> float:
        """Watch the server and go on with every change."""
        if self._clerk is not None:
            self._watch(now)
        elif self._changes:
            self.alarm(SERVER, "none is configured")
        if now >= self._next_at:
            self._next_at = now + _BUSY_S
            for name, change in list(self._changes.items()):
                self._agent.guarded(change.user, change.tick, now)
                if change.phase:
                    self._agent.hurry(name)
        busy = any(change.phase for change in self._changes.values())
        due = now + (_BUSY_S if busy else _CALM_S)
        return due if self._clerk is None or self._polling else min(due, self._poll_at)

    def _watch(self, now: float) -> None:
        clerk = self._clerk
        if clerk is None:
            return
        if self._channel is not None:
            self.alarm("channel", self._channel.failure)
        if clerk.busy_since and now - clerk.busy_since >= LATE_S:
            self._able = False
            self.alarm(SERVER, "no answer")
        if now < self._poll_at or self._polling:
            return
        self._poll_at = now + POLL_S
        for peer in self._due_peers():
            self._polling += 1
            clerk.ask(methodcaller("status", peer=peer), partial(self._status, peer))

    def _due_peers(self) -> List[str]:
        """The pairs that are looked at in this round; without any, the device itself stands for one."""
        peers = sorted({change.user.peer for change in self._changes.values()}) or [self._agent.settings["device"]]
        first = self._round % len(peers)
        self._round += _AT_ONCE
        return (peers[first:] + peers[:first])[: 1 if not self._able else _AT_ONCE]

    def _status(self, peer: str, found: Any, error: Optional[KmeTrouble]) -> None:
        self._polling = max(0, self._polling - 1)
        if error is not None:
            self._trouble(error, peer)
            return
        self._works()
        stored, most = found["stored_key_count"], found["max_key_count"]
        self._stored[peer] = stored
        text = "there are none" if not stored else f"few are left: {stored} of {most}" if stored < _FEW * most else ""
        self.alarm(f"keys with {peer}", text)

    def _works(self) -> None:
        if not self._able:
            self._agent.events.say("key server answers")
        self._able = True
        self.alarm(SERVER, "")

    def _trouble(self, error: KmeTrouble, peer: str) -> None:
        """Say what is wrong with the server; what only this pair lacks is that pair's alarm."""
        if error.code:
            self.alarm(f"keys with {peer}", str(error))
            return
        self._able = self._able and error.kind == "malformed"
        self.alarm(SERVER, str(error))

    # -- what changes ask --------------------------------------------------------------------------------------------

    def able(self) -> bool:
        """Whether the key server answers."""
        return self._able

    def fetch(self, change: Change) -> None:
        """A new key for a pair."""
        self._order(change, lambda kme: kme.new_key(change.user.peer))

    def take(self, change: Change, key_id: str) -> None:
        """The key that the master of a pair named."""
        self._order(change, lambda kme: kme.take(change.user.peer, key_id))

    def _order(self, change: Change, what: Callable[[Kme], Key]) -> None:
        if self._clerk is not None:
            self._clerk.ask(what, lambda found, error: self._got(change, found, error))

    def _got(self, change: Change, key: Optional[Key], error: Optional[KmeTrouble]) -> None:
        if self._changes.get(change.user.name) is not change or change.phase != "fetching":
            return  # nobody waits for it any more; the key is gone
        if error is not None:
            self._agent.events.say("no key", user=change.user.name, why=str(error), spent=error.spent)
            self._trouble(error, change.user.peer)
        elif key is not None:
            self._agent.events.say("key", user=change.user.name, key_id=key.id)
            self._works()
        self._agent.guarded(change.user, change.got, key, error, time.monotonic())
        self._agent.hurry(change.user.name)

    def say(self, user: User, verb: str, key_id: str) -> None:
        """Tell the peer's agent; a tunnel is told by its name without the peer, a line by its key."""
        name = user.name.partition(" ")[2].rpartition("--")[0] if user.announced else ""
        if self._channel is not None:
            self._channel.say(user.peer, verb, name, key_id)

    def tell(self, event: str, user: User, **facts: Any) -> None:
        """Put it in the log."""
        self._agent.events.say(event, user=user.name, **facts)

    def alarm(self, name: str, text: str) -> None:
        """Raise an alarm; without a text take it back."""
        if text:
            self._agent.alarms.raise_(name, text)
        else:
            self._agent.alarms.clear(name)

    # -- what comes from outside -------------------------------------------------------------------------------------

    def _hear(self, sender: str, verb: str, name: str, key_id: str) -> None:
        """In the channel's thread."""
        self._agent.mailbox.post(lambda: self._heard(sender, verb, name, key_id))

    def _heard(self, sender: str, verb: str, name: str, key_id: str) -> None:
        change = self._changes.get(f"tunnel {name}--{sender}") if name else self._by_key(sender, key_id)
        if change is not None and change.user.peer == sender:
            self._agent.guarded(change.user, change.heard, verb, key_id, time.monotonic())
            self._agent.hurry(change.user.name)

    def _by_key(self, peer: str, key_id: str) -> Optional[Change]:
        for change in self._changes.values():
            if key_id and change.user.peer == peer and key_id in (change.pending, change.current):
                return change
        return None

    def _ordered(self, order: Dict[str, Any]) -> Dict[str, Any]:
        """What somebody on this device asks for by the socket."""
        if order.get("verb") == "status":
            state: Dict[str, Any] = self._agent.state()
            return state
        if order.get("verb") != "rotate":
            return {"error": "expected the verb 'status' or 'rotate'"}
        name = order.get("name") or ""
        if name and name not in self._changes:
            return {"error": f"no line or tunnel '{name}' with keys of QKD"}
        chosen = [change for one, change in self._changes.items() if name in ("", one)]
        for change in chosen:
            self._agent.guarded(change.user, change.rotate, time.monotonic())
        return {"rotating": {change.user.name: change.current for change in chosen}}

    # -- telling -----------------------------------------------------------------------------------------------------

    def status(self) -> Dict[str, Any]:
        """Of the key server."""
        server = self._agent.settings.get("server")
        return {"name": server["name"], "answers": self._able, "stored": self._stored} if server else {}

    def status_of(self, user: User) -> Dict[str, Any]:
        """Of one user."""
        change = self._changes.get(user.name)
        return change.told() if change is not None else {}
