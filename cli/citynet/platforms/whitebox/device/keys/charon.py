"""The IKE daemon of this device as its tunnels see it: what is up, what to load, start and end.

Connections stand in swanctl's file, which whoever deploys has the daemon load; here they are loaded again with what
changes while the device runs: the ID of the key (PPK, RFC 8784), and how much its policies are preferred.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, List, Optional, Set

from .base import Key, Trouble
from .vici import Vici

CONNECTIONS = "/etc/swanctl/conf.d/citynet.conf"
FOLDERS = {"certs": "/etc/swanctl/x509", "cacerts": "/etc/swanctl/x509ca"}
_LISTS = frozenset({"local_addrs", "remote_addrs", "proposals", "esp_proposals", "local_ts", "remote_ts"})
_EVENTS = ("ike-updown", "child-updown")
_LOOK_S, _SOON_S, _AGAIN_S = 5.0, 0.25, 0.5
"""How often it is asked: when nothing is heard, when much is, when it is not there."""


_CARRIES = frozenset({"INSTALLED", "REKEYING", "REKEYED", "UPDATING"})


class Association:
    """An IKE SA and its child SA.

    Attributes:
        number: Of this run of the daemon, greater than those of earlier ones.
        up: Whether both are there.
        starting: Whether it may be up soon.
        ppk: Whether a PPK is in its keys.
        exchange: Its key exchanges, as people write them.
    """

    def __init__(self, told: Dict[str, Any]) -> None:
        self.number = int(told["uniqueid"])
        children = [one for one in told.get("child-sas", {}).values() if one.get("state") in _CARRIES]
        self.up = told.get("state") in ("ESTABLISHED", "REKEYING", "REKEYED") and bool(children)
        self.starting = told.get("state") in ("CREATED", "CONNECTING")
        self.ppk = told.get("ppk") == "yes"
        exchanges = [told.get("dh-group", "")] + [f"KE{n}_{told[f'ake{n}']}" for n in range(1, 8) if f"ake{n}" in told]
        self.exchange = "/".join(one for one in [*exchanges, "PPK" if self.ppk else ""] if one)


class Charon:
    """The daemon; whoever uses it may come while it is not there."""

    def __init__(self, path: str = "") -> None:
        self._path = path
        self._vici: Optional[Vici] = None
        self._found: Dict[str, List[Association]] = {}
        self._loaded: Set[str] = set()
        self._looked_at = self._try_at = 0.0
        self.stale = True
        self.why = ""

    def fileno(self) -> int:
        """Readable when something has changed; -1 while it is not there."""
        return self._vici.fileno() if self._vici is not None else -1

    def look(self, now: float) -> bool:
        """See how things are, when something has changed or it was long ago; whether the daemon is there."""
        if self._vici is None and now < self._try_at:
            return False
        try:
            vici = self._connected()
            self.stale = bool(vici.events()) or self.stale or now >= self._looked_at + _LOOK_S
            if self.stale and now >= self._looked_at + _SOON_S:
                self._looked_at, self.stale = now, False
                self._read(vici)
        except Trouble as error:
            self.lose(error, now)
            return False
        return True

    def lose(self, error: Trouble, now: float) -> None:
        """It is gone, and everything with it."""
        if self._vici is not None:
            self._vici.close()
        self._vici, self.why = None, str(error)
        self._found, self._loaded = {}, set()
        self._try_at = now + _AGAIN_S

    def hurry(self) -> None:
        """Something was asked of it: look again soon."""
        self.stale = True

    def associations(self, connection: str) -> List[Association]:
        """Those of a connection, the oldest first."""
        return self._found.get(connection, [])

    def holds(self, name: str) -> bool:
        """Whether it has a key, by the name under which it was loaded."""
        return name in self._loaded

    def load_key(self, name: str, key: Key) -> None:
        """Give it a PPK; by its ID, and by no other, does it find it."""
        self._call("load-shared", {"id": name, "type": "ppk", "data": key.value, "owners": [key.id]})
        self._loaded.add(name)

    def forget_key(self, name: str) -> None:
        """Take a PPK away."""
        if name in self._loaded:
            self._loaded.discard(name)
            self._call("unload-shared", {"id": name})

    def load(self, connection: str, ppk_id: str = "", priority: int = 0) -> None:
        """Load a connection anew; what is up by it stays as it is.

        Args:
            connection: Its name.
            ppk_id: The PPK under which this end starts it; none, when the other end does and chooses.
            priority: Of its policies: of two the lower number is used; 0 for what the daemon thinks.
        """
        told = configured(connection)
        if ppk_id:
            told["ppk_id"] = ppk_id
        if priority:
            child = {**told["children"][connection], "priority": str(priority)}
            told["children"] = {connection: child}
        self._call("load-conn", {connection: told})

    def start(self, connection: str) -> None:
        """Begin to bring it up, beside what is up already."""
        self._call("initiate", {"ike": connection, "child": connection, "timeout": "-1", "init-limits": "no"})
        self.hurry()

    def end(self, association: Association) -> None:
        """Begin to bring one down."""
        self._call("terminate", {"ike-id": str(association.number), "timeout": "-1"})
        self.hurry()

    def _call(self, command: str, message: Dict[str, Any]) -> None:
        if self._vici is None:
            raise Trouble(self.why)
        self._vici.call(command, message)

    def _connected(self) -> Vici:
        if self._vici is None:
            found = Vici(self._path)
            for event in _EVENTS:
                found.listen(event)
            self._vici, self._looked_at, self.stale, self.why = found, 0.0, True, ""
        return self._vici

    def _read(self, vici: Vici) -> None:
        found: Dict[str, List[Association]] = {}
        for event in vici.stream("list-sas", "list-sa", {}):
            for name, told in event.items():
                found.setdefault(name, []).append(Association(told))
        for several in found.values():
            several.sort(key=lambda one: one.number)
        self._found = found
        self._loaded = set(vici.call("get-shared", {}).get("keys", []))


def configured(connection: str) -> Dict[str, Any]:
    """A connection of the file as VICI takes it."""
    try:
        told = _sections(os.stat(CONNECTIONS).st_mtime_ns).get(connection)
    except OSError as error:
        raise Trouble(f"{CONNECTIONS}: {error.strerror}") from None
    if told is None:
        raise Trouble(f"{CONNECTIONS} has no connection {connection}")
    return _with_files(told)


@lru_cache(maxsize=1)
def _sections(_changed_at: int) -> Dict[str, Any]:
    """The connections of the file, read once for all tunnels."""
    found: Dict[str, Any] = parsed(Path(CONNECTIONS).read_text(encoding="utf-8")).get("connections", {})
    return found


def parsed(text: str) -> Dict[str, Any]:
    """Sections and values of a file that has one thing a line, as ours has."""
    root: Dict[str, Any] = {}
    open_ones = [root]
    for line in map(str.strip, text.splitlines()):
        if line.endswith("{"):
            inner: Dict[str, Any] = {}
            open_ones[-1][line[:-1].strip()] = inner
            open_ones.append(inner)
        elif line == "}":
            open_ones.pop()
        elif "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            open_ones[-1][name.strip()] = value.strip()
    return root


def _with_files(section: Dict[str, Any]) -> Dict[str, Any]:
    """Lists as lists, and certificates instead of the names of their files."""
    found: Dict[str, Any] = {}
    for name, value in section.items():
        if isinstance(value, dict):
            found[name] = _with_files(value)
        elif name in FOLDERS:
            found[name] = [Path(FOLDERS[name], value).read_bytes()]
        elif name in _LISTS:
            found[name] = [one.strip() for one in value.split(",")]
        else:
            found[name] = value
    return found
