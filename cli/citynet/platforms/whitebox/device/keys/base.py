"""What the parts of the key agent share: a key that cannot be printed, and what uses keys.

The programs that have users make them: `lines`, `ike` and `sm4` each have a function

    def users(settings: Dict[str, Any]) -> List[User]

that gets the settings of `/etc/citynet/keys.json`, with only those entries of `lines` and `tunnels` that are new or
changed, and returns a user for each. A user's name is `line PORT` or `tunnel NAME`: that is how the agent finds it
again when it reads the settings anew. One of an entry that has changed gets `stop` before its successor is made, which
takes over what is there; one whose entry is gone gets `remove`. All calls come from one thread, and none may block for
long: others wait meanwhile.

How a key gets to both ends (`source.py`), always make-before-break:

* `announced` False (lines): the master's agent takes a key and calls `use`. The user offers it on the wire under its
  ID; the peer's user tells that ID by `wanted`, and gets the key by `use`.
* `announced` True (tunnels): the master's agent takes a key, calls `prepare` and announces the ID by the agents'
  channel. The peer's agent takes the key, too, and calls `prepare`; when its `prepared` is true it says so. Then the
  master calls `switch`, and when its `switched` is true the peer's agent calls it as well. Some seconds later both
  call `retire` for the key before. Whoever is told to switch to a key that he uses already does nothing.

Users whose `source` is `vault` get none of these calls: their secrets stand in the settings.

Standard library only, Python 3.9 and later.
"""

# ruff: noqa: ARG002, B027 - what not every user has to do
from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import Any, Dict, List, Optional


class Trouble(Exception):  # noqa: N818 - it is what people are told
    """Something is wrong; the message is for people and the log, and never holds a key."""


def read(path: str) -> Optional[str]:
    """A short file of the kernel, without the space around it; None when there is none.

    Several are read each second for every line: this way it costs a third of what a text file's object does.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return os.read(handle, 4096).decode("utf-8", "replace").strip()
    except OSError:
        return None
    finally:
        os.close(handle)


class Key:
    """A key and its name. Only the name may be told: to the peer, to people, to logs."""

    __slots__ = ("id", "value")

    def __init__(self, identifier: str, value: bytes) -> None:
        self.id = identifier
        self.value = value

    def __repr__(self) -> str:
        """The name alone."""
        return f"Key({self.id})"


class User(ABC):
    """A line or tunnel that is encrypted with keys of the agent; it changes from one to the next without a gap.

    Attributes:
        name: Its name in status and log: `line eth1`, `tunnel circulation--cross-pe-east`.
        peer: The device at the other end, which is its SAE ID.
        master: Whether this end takes new keys from its key server and the other follows.
        source: `qkd` or `vault`.
        announced: Whether the peer learns IDs of new keys by the agents' channel; False for lines, whose CKN says it.
    """

    name: str = ""
    peer: str = ""
    master: bool = False
    source: str = ""
    announced: bool = True

    def use(self, key: Key, now: float) -> None:
        """Not announced: begin to change over to a key; the one in use stays until the peer has the new one, too."""
        raise NotImplementedError

    def prepare(self, key: Key, now: float) -> None:
        """Announced: take what comes in under this key as well; go on sending under the one in use."""
        raise NotImplementedError

    def prepared(self, key_id: str) -> bool:
        """Whether what comes in under a key that was prepared is taken by now."""
        return True

    def switch(self, key_id: str, now: float) -> None:
        """Announced: begin to send under a key that both ends have prepared; still take what comes in under the old."""
        raise NotImplementedError

    def switched(self, key_id: str) -> bool:
        """Whether it is sent under that key by now; `tick` is called until it is."""
        return True

    def retire(self, key_id: str, now: float) -> None:
        """Announced: both ends send under another key, or this one is not to be used after all: forget it."""

    @abstractmethod
    def close(self, now: float) -> None:
        """The last key has been held for as long as it may be: carry nothing any more until there is another."""

    @abstractmethod
    def tick(self, now: float) -> float:
        """Do what is due; when there is something to do next (monotonic seconds)."""

    @abstractmethod
    def stop(self) -> None:
        """The agent ends, or takes over anew: leave what is encrypted as it is."""

    def remove(self) -> None:
        """It is not configured any more: take away what was made for it."""
        self.stop()

    def reread(self, settings: Dict[str, Any]) -> None:
        """Its own entry is as before, but files beside it (certificates, interfaces) may not be: look at them again."""

    @abstractmethod
    def status(self) -> Dict[str, Any]:
        """For people, and never a key.

        `state` (`up`, `changing`, `down`, `closed`, `open`), `key_id` (of the key that is sent under, also when an
        earlier run of the agent brought it; empty when there is none), `since` (when it came into use, seconds
        since the epoch), and whatever else is worth knowing.
        """

    def wanted(self) -> List[str]:
        """IDs of keys that the peer uses or offers and this end lacks, as a line sees them on the wire."""
        return []

    def fileno(self) -> int:
        """A descriptor that becomes readable when `tick` should be called; -1 when there is none."""
        return -1
