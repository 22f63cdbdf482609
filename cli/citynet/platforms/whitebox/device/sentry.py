"""Keeps Suricata running on this device and makes events of its alerts.

Suricata writes alerts into a socket of this program, which tells them to those who collect events. Told to read its
files anew (SIGHUP) it lets Suricata load other rules while it goes on looking; another configuration needs a new start.
When Suricata ends it is started again, and both are told, because meanwhile nobody looks.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import syslog
import threading
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple

from .keeping import keep
from .sentry_alerts import SETTINGS, Told

CONFIGURATION, RULES = "/etc/citynet/sentry.yaml", "/etc/citynet/sentry.rules"
RUN = "/run/citynet/sentry"
STATE = f"{RUN}/state.json"
NAME, SUPERVISOR = "citynet-sentry", "citynet-sentryd"
_ALERTS, _COMMAND, _LOG = f"{RUN}/alerts", f"{RUN}/command", f"{RUN}/suricata.log"
_START_LIMIT_S, _RELOAD_LIMIT_S = 90.0, 90.0
_LONGEST_PAUSE_S = 30.0
_COUNT_S = 10.0
_MOST_LINE = 1 << 20
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG, prctl(2)


def ask(command: str, limit_s: float = 10.0, **arguments: str) -> Any:
    """What Suricata answers to a command; OSError or ValueError when it does not, or refuses."""
    more = {"arguments": arguments} if arguments else {}
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(limit_s)
        connection.connect(_COMMAND)
        answers = connection.makefile(encoding="utf-8")
        for request in ({"version": "0.2"}, {"command": command, **more}):
            connection.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(answers.readline() or "{}")
            if answer.get("return") != "OK":
                raise ValueError(str(answer.get("message", "no answer")))
    return answer.get("message")


def digests() -> Dict[str, str]:
    """SHA-256 of each file that this works by."""
    found = {}
    for path in (CONFIGURATION, RULES, SETTINGS):
        try:
            found[path] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        except OSError:
            found[path] = ""
    return found


def refused() -> str:
    """What is wrong with rules that Suricata did not take, though it took the others; empty usually."""
    number = sum(int(one.get("rules_failed", 0)) for one in ask("ruleset-stats"))
    return f"Suricata refused {number} rules: {last_error()}" if number else ""


def lost() -> Tuple[int, int]:
    """Packets that there were so far, and those of them that nobody looked at."""
    packets = drops = 0
    for name in ask("iface-list")["ifaces"]:
        found = ask("iface-stat", iface=name)
        packets, drops = packets + int(found["pkts"]), drops + int(found["drop"])
    return packets, drops


class Engine:
    """Suricata as a process: started, asked, told, ended."""

    def __init__(self) -> None:
        self.process: Optional[subprocess.Popen[bytes]] = None
        self.up = False
        self.refused = ""
        self.begun = 0.0

    def start(self) -> None:
        """Start it; `look` says when it is up."""
        for path in (_COMMAND, _LOG):
            if os.path.lexists(path):
                os.unlink(path)
        prctl = ctypes.CDLL(None).prctl
        with open(_LOG, "wb") as log:
            self.process = subprocess.Popen(
                ["suricata", "-c", CONFIGURATION, "--af-packet", "--runmode", "workers"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                preexec_fn=lambda: prctl(_DIE_WITH_PARENT, signal.SIGKILL),  # noqa: PLW1509 - no threads yet
            )
        self.up, self.begun = False, time.monotonic()

    def look(self) -> None:
        """See whether it looks at packets by now."""
        if not self.up and os.path.exists(_COMMAND):
            try:
                self.refused = refused()
                self.up = True
            except (OSError, ValueError, TypeError):
                self.up = False

    def ended(self) -> Optional[str]:
        """How it ended, in words; None while it lives."""
        code = self.process.poll() if self.process else None
        if code is None:
            return None
        return f"killed by signal {-code}" if code < 0 else f"exit code {code}: {last_error()}"

    def stop(self) -> None:
        """End it."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10.0)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process, self.up = None, False


def last_error() -> str:
    """The last line of Suricata's log that tells of an error, or just the last one."""
    try:
        lines = Path(_LOG).read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    errors = [line for line in lines if line.startswith(("E", "Error"))]
    return (errors or lines or [""])[-1][:300]


class Sentry:
    """The work: alerts in, events out, Suricata kept alive."""

    def __init__(self) -> None:
        os.makedirs(RUN, mode=0o750, exist_ok=True)
        self.engine = Engine()
        self.told = Told(json.loads(Path(SETTINGS).read_text(encoding="utf-8")))
        self.listener = self._listen()
        self.streams: Dict[socket.socket, bytes] = {}
        self.wake, self._wake_end = os.pipe()
        os.set_blocking(self._wake_end, False)
        self.signals: List[int] = []
        self.files: Dict[str, str] = {}
        self.running_configuration = ""
        self.error = ""
        self.restarts, self.pause_s, self.again_at = 0, 1.0, 0.0
        self.blind_since = 0.0
        self.count_at, self.counted = 0.0, (0, 0)
        self.reload: Optional[threading.Thread] = None

    @staticmethod
    def _listen() -> socket.socket:
        if os.path.lexists(_ALERTS):
            os.unlink(_ALERTS)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(_ALERTS)
        os.chmod(_ALERTS, 0o600)
        listener.listen(4)
        return listener

    def on_signal(self, number: int, _frame: object) -> None:
        """Remember a signal and wake up."""
        self.signals.append(number)
        try:
            os.write(self._wake_end, b"x")
        except BlockingIOError:  # it will wake up anyway
            pass

    def run(self) -> None:
        """Work until told to end."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, self.on_signal)
        if os.path.exists(STATE):
            self.told.blind("the sentry was ended by force, and started again")
        self._start()
        while True:
            waiting: List[Any] = [self.wake, self.listener, *self.streams]
            ready, _, _ = select.select(waiting, [], [], 0.2 if not self.engine.up else 1.0)
            for one in ready:
                self._serve(one)
            while self.signals:
                if self._signalled(self.signals.pop(0)):
                    self.engine.stop()
                    return
            self._keep_alive()
            self._count()
            self.told.flush()

    def _serve(self, one: Any) -> None:
        if one is self.listener:
            self.streams[self.listener.accept()[0]] = b""
        elif one == self.wake:
            os.read(self.wake, 64)
        else:
            self._take(one)

    def _take(self, stream: socket.socket) -> None:
        """Whole lines of a stream are alerts."""
        try:
            data = stream.recv(1 << 16)
        except OSError:
            data = b""
        *lines, rest = (self.streams[stream] + data).split(b"\n")
        for line in lines:
            self.told.alert(line)
        self.streams[stream] = rest[:_MOST_LINE]
        if not data:
            stream.close()
            del self.streams[stream]

    def _signalled(self, number: int) -> bool:
        """Do what a signal asks for; True when that is to end."""
        if number == signal.SIGHUP:
            self._reread()
        return number in (signal.SIGTERM, signal.SIGINT)

    def _start(self) -> None:
        self.files = digests()
        self.running_configuration = self.files[CONFIGURATION]
        self.counted = 0, 0
        self.engine.start()
        self.write()

    def _reread(self) -> None:
        """Work by the files as they are now."""
        if self.reload:
            self.reload.join(_RELOAD_LIMIT_S)
        self.error = ""
        self.told.settings(json.loads(Path(SETTINGS).read_text(encoding="utf-8")))
        files = digests()
        if files[CONFIGURATION] != self.running_configuration or not self.engine.up:
            self.engine.stop()
            self.pause_s, self.again_at = 1.0, 0.0
            self._start()
        elif files[RULES] != self.files[RULES]:
            self.reload = threading.Thread(target=self._load_rules, args=(files,), daemon=True)
            self.reload.start()
        else:
            self.files = files
            self.write()

    def _load_rules(self, files: Dict[str, str]) -> None:
        """Let Suricata take the new rules; it looks by the old ones until they are ready."""
        try:
            ask("reload-rules", _RELOAD_LIMIT_S)
            self.error = refused()
            self.files = files
        except (OSError, ValueError) as error:
            self.error = f"the rules were not taken: {error}"
        self.write()

    def _keep_alive(self) -> None:
        how = self.engine.ended()
        if self.engine.process and how is not None:
            self.engine.stop()
            self.error = f"Suricata ended ({how})"
            if not self.blind_since:
                self.blind_since = time.monotonic()
                self.told.blind(f"{self.error}: nobody looks until it runs again")
            self.again_at = time.monotonic() + self.pause_s
            self.pause_s = min(2 * self.pause_s, _LONGEST_PAUSE_S)
            self.restarts += 1
            self.write()
        if not self.engine.process and time.monotonic() >= self.again_at:
            self._start()
        if self.engine.process and not self.engine.up:
            self._await_up()

    def _count(self) -> None:
        """Tell when packets come faster than Suricata looks at them."""
        now = time.monotonic()
        if not self.engine.up or now < self.count_at or (self.reload and self.reload.is_alive()):
            return
        self.count_at = now + _COUNT_S
        try:
            packets, drops = lost()
        except (OSError, ValueError, KeyError, TypeError):
            return
        more = drops - self.counted[1]
        if more > 0:
            self.told.overrun(more, packets - self.counted[0])
        self.counted = packets, drops

    def _await_up(self) -> None:
        self.engine.look()
        if self.engine.up:
            self.error = self.engine.refused
            if self.blind_since:
                self.told.sees_again(time.monotonic() - self.blind_since)
            self.blind_since = 0.0
            self.write()
        elif time.monotonic() - self.engine.begun > _START_LIMIT_S:
            self.engine.stop()

    def write(self) -> None:
        """Tell the state to whoever reads the file."""
        process = self.engine.process
        state = {
            "files": self.files,
            "up": self.engine.up,
            "error": self.error,
            "pid": process.pid if process else 0,
            "restarts": self.restarts,
        }
        aside = f"{STATE}.{threading.get_ident()}"
        Path(aside).write_text(json.dumps(state), encoding="utf-8")
        os.replace(aside, STATE)


def work() -> int:
    """Watch until told to end."""
    Path("/proc/self/comm").write_text(NAME, encoding="utf-8")
    syslog.openlog(NAME, syslog.LOG_PID, syslog.LOG_DAEMON)
    Sentry().run()
    Path(STATE).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    if "--daemon" in sys.argv:
        keep(SUPERVISOR, work)
    else:
        sys.exit(work())
