"""The key agent of a device: one process that owns every line and tunnel whose keys it brings into use.

Run as `python3 -B -m keys.agent`, with `--daemon` in the background. SIGHUP lets it read its settings anew: users whose
entry is as before are not touched; when its programs have changed it executes itself anew. With no settings left it
takes away everything and ends. SIGTERM ends it and leaves what is encrypted as it is: the next run takes it over.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import ctypes
import glob
import hashlib
import importlib
import json
import math
import os
import queue
import resource
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Set

from .base import Trouble, User
from .events import Alarms, Events

try:  # on a device it stands beside this file, in the tree one folder up
    from .keeping import keep  # type: ignore[import-not-found,import-untyped,unused-ignore]
except ImportError:
    from citynet.platforms.whitebox.device.keeping import keep

SETTINGS = "/etc/citynet/keys.json"
"""Of a device that is managed whole; beside it tasks have files of their own, `keys-SCOPE.json`."""
NAME, SUPERVISOR = "citynet-keys", "citynet-keysd"
MAKERS = (("lines", "lines", ""), ("ike", "tunnels", "ipsec"), ("sm4", "tunnels", "sm4"))
"""Programs that make users: module, the settings' list that it makes them of, method of those entries."""
_WRITE_S, _RETRY_S, _SOONEST_S = 1.0, 5.0, 0.01
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT, _PR_SET_DUMPABLE = 1, 2, 4, 4


class Mailbox:
    """Calls that other threads want done by the agent's own."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def fileno(self) -> int:
        """Readable when there is something."""
        return self._read

    def post(self, call: Callable[[], None]) -> None:
        """Have it called."""
        self._calls.put(call)
        self.ring()

    def ring(self) -> None:
        """Wake the agent up; also from a handler of signals."""
        try:
            os.write(self._write, b"x")
        except BlockingIOError:
            return

    def take(self) -> List[Callable[[], None]]:
        """What is to be called now."""
        try:
            os.read(self._read, 4096)
        except BlockingIOError:
            pass
        found = []
        while not self._calls.empty():
            found.append(self._calls.get_nowait())
        return found


class Agent:
    """The users of a device, and when each has something to do."""

    def __init__(self, events: Optional[Events] = None) -> None:
        self.events = events or Events()
        self.alarms = Alarms(self.events)
        self.mailbox = Mailbox()
        self.users: Dict[str, User] = {}
        self.settings: Dict[str, Any] = {}
        self.before = self.events.before()
        self.source: Any = None
        self._entries: Dict[str, Any] = {}
        self._due: Dict[str, float] = {}
        self._signals: Set[int] = set()
        self._digests: Dict[str, str] = {}
        self._since = time.time()
        self._programs = programs()

    # -- settings ---------------------------------------------------------------------------------------------------

    def configure(self, text: str) -> None:
        """Work by these settings from now on."""
        settings: Dict[str, Any] = json.loads(text) if text else {"lines": [], "tunnels": []}
        entries = {**{f"line {one['port']}": one for one in settings["lines"]}}
        entries.update({f"tunnel {one['name']}": one for one in settings["tunnels"]})
        self.settings = settings
        for name in [name for name in self.users if name not in entries]:
            self._part_with(name, User.remove)
        for name in [name for name in self.users if entries[name] != self._entries.get(name)]:
            self._part_with(name, User.stop)
        kept, self._entries = list(self.users.values()), entries
        for user in kept:
            self.guarded(user, user.reread, settings)
            self._due[user.name] = 0.0
        for module, kind, method in MAKERS:
            self._make(module, kind, method)
        self._follow_source()
        self.events.say("settings", users=len(self.users))

    def _make(self, module: str, kind: str, method: str) -> None:
        """Users for the entries of a kind that have none."""
        new = [
            entry
            for entry in self.settings[kind]
            if entry.get("method", "") == method
            and f"{kind[:-1]} {entry.get('name') or entry['port']}" not in self.users
        ]
        try:
            maker = load(module) if new else None
            if maker is None:
                return
            made = maker.users({**self.settings, "lines": [], "tunnels": [], kind: new})
        except (Trouble, OSError) as error:
            self.alarms.raise_(module, str(error))
            return
        self.alarms.clear(module)
        for user in made:
            self.users[user.name] = user
            self._due[user.name] = 0.0

    def _part_with(self, name: str, how: Callable[[User], None]) -> None:
        user = self.users.pop(name)
        self._due.pop(name, None)
        self.alarms.clear_all(name)
        if how is User.remove:
            self.guarded(user, user.remove)
        else:
            self.guarded(user, user.stop)

    def _follow_source(self) -> None:
        """Let the source of keys know users and settings; without the program for it there is none."""
        if self.source is None:
            module = load("source")
            if module is None:
                return
            self.source = module.Source(self)
        self.source.configure(self.settings)

    # -- work -------------------------------------------------------------------------------------------------------

    def guarded(self, user: User, call: Callable[..., Any], *arguments: Any, default: Any = None) -> Any:
        """Call something of a user; its failure is told and is not that of others."""
        alarm = f"{user.name}: {call.__name__}"
        try:
            found = call(*arguments)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on
            self.alarms.raise_(alarm, said(error))
            return default
        self.alarms.clear(alarm)
        return found

    def hurry(self, name: str) -> None:
        """A user has something to do now."""
        self._due[name] = 0.0

    def tick(self, ready: Set[int]) -> float:
        """Do what is due; until when nothing is, unless something happens."""
        for call in self.mailbox.take():
            call()
        now = time.monotonic()
        for name, user in list(self.users.items()):
            if now >= self._due.get(name, 0.0) or (ready and user.fileno() in ready):
                due = self.guarded(user, user.tick, now, default=now + _RETRY_S)
                self._due[name] = max(due, now + _SOONEST_S)
        next_s = self.source.tick(time.monotonic()) if self.source is not None else math.inf
        return min([next_s, *self._due.values()])

    def wait(self, until: float) -> Set[int]:
        """Wait for a time, a descriptor or a signal; the descriptors that are readable."""
        poller = select.poll()
        poller.register(self.mailbox.fileno(), select.POLLIN)
        for handle in {user.fileno() for user in self.users.values()} - {-1}:
            poller.register(handle, select.POLLIN)
        limit_s = min(max(until - time.monotonic(), 0.0), _WRITE_S)
        return {handle for handle, _ in poller.poll(math.ceil(limit_s * 1000))}

    def state(self) -> Dict[str, Any]:
        """All that may be told."""
        users = {}
        for name, user in self.users.items():
            status = self.guarded(user, user.status, default={"state": "failed"})
            if status["state"] == "open":
                self.alarms.raise_(f"{name}: open", "has no key and carries its traffic IN THE CLEAR, as it may")
            else:
                self.alarms.clear(f"{name}: open")
            users[name] = {"peer": user.peer, "master": user.master, "source": user.source, **status}
            if self.source is not None:
                users[name].update(self.source.status_of(user))
        told = {"device": self.settings.get("device", ""), "settings": self._digests, "since": self._since}
        server = self.source.status() if self.source is not None else {}
        return {**told, "server": server, "users": users, "alarms": self.alarms.listed()}

    def on_signal(self, number: int, _frame: object) -> None:
        """Remember a signal and wake up."""
        self._signals.add(number)
        self.mailbox.ring()

    def run(self) -> int:
        """Work until a signal says otherwise; the exit code."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, self.on_signal)
        self.events.say("start")
        self._reread()
        ready: Set[int] = set()
        write_at = 0.0
        while True:
            until = self.tick(ready)
            if time.monotonic() >= write_at:
                write_at = time.monotonic() + _WRITE_S
                self.events.write(self.state())
            ready = self.wait(until)
            if self._signals & {signal.SIGTERM, signal.SIGINT}:
                return self._end("stop")
            if signal.SIGHUP in self._signals:
                self._signals.clear()
                if not files():
                    return self._remove()
                self._renew()
                self._reread()
                write_at = 0.0

    def _reread(self) -> None:
        try:
            texts = {path: Path(path).read_text(encoding="utf-8") for path in files()}
            self.configure(merged(list(texts.values())))
            self._digests = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in texts.items()}
            self.alarms.clear("settings")
        except (OSError, ValueError, KeyError) as error:  # what JSON says of itself quotes no value
            self.alarms.raise_("settings", f"the settings cannot be read: {type(error).__name__}")

    def _renew(self) -> None:
        """Execute itself anew when its programs are others by now."""
        if programs() != self._programs:
            self._end("renew")
            os.execv(sys.executable, [sys.executable, "-B", "-m", "keys.agent"])  # noqa: S606 - the same program anew

    def _remove(self) -> int:
        """Nothing is configured any more."""
        self.configure("")
        self._end("removed")
        self.events.forget()
        return 0

    def _end(self, why: str) -> int:
        self.events.write(self.state())
        if self.source is not None:
            self.source.stop()
        for user in self.users.values():
            self.guarded(user, user.stop)
        self.events.say(why)
        return 0


def load(name: str) -> Any:
    """A program of the agent; None when it is not there."""
    try:
        return importlib.import_module(f"{__package__}.{name}")
    except ModuleNotFoundError as error:
        if error.name == f"{__package__}.{name}":
            return None
        raise


def files() -> List[str]:
    """The settings' files."""
    return sorted(glob.glob(SETTINGS) + glob.glob(SETTINGS.replace(".json", "-*.json")))


def merged(texts: List[str]) -> str:
    """The settings of all files as one.

    What is one for the whole device stands in the file that names the key server; without one, in the first that has
    it: what brings lines or tunnels alone need not know under which name the device is known there, nor how long keys
    live.
    """
    found: Dict[str, Any] = {}
    for told in sorted(map(json.loads, texts), key=lambda one: not one.get("server")):
        settled = bool(found.get("server"))
        for name, value in told.items():
            if isinstance(value, list):
                found[name] = found.get(name, []) + value
            elif name not in found or not (found[name] or settled):
                found[name] = value
    return json.dumps(found)


def programs() -> str:
    """Digest of all programs of the agent, as they are on disk."""
    found = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()


def said(error: BaseException) -> str:
    """What may be told of a failure: the words of those that know of keys, of others only kind and place."""
    if isinstance(error, (Trouble, OSError)):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {os.path.basename(frame.filename)}:{frame.lineno}"


def keep_to_itself() -> None:
    """Keep what is in memory from swap, core dumps and other users' debuggers; in vain where the kernel refuses."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)


def work() -> int:
    """Be the agent."""
    Path("/proc/self/comm").write_text(NAME, encoding="utf-8")
    os.umask(0o077)
    keep_to_itself()
    return Agent().run()


if __name__ == "__main__":
    if "--daemon" in sys.argv:
        keep(SUPERVISOR, work)
    else:
        sys.exit(work())
