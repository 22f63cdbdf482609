"""Keeps the paths of this device: watches each with probes and holds the kernel's segment routes to those that live.

A probe is a STAMP packet (RFC 8762) in loopback mode (draft-ietf-spring-stamp-srpm): it carries a segment routing
header that leads it node by node to the far end and back to this device, so the far end runs nothing. Every node of
the path stands in the header; where a line is down, IS-IS sends the probe around it, which takes more hops than the
path has, and such a probe counts as lost. When the primary is lost the routes go over to the backup, which is watched
all the time, too; when all are lost they are taken away (the VRF's own routes carry on) or drop (strict).

Standard library only. SIGHUP reads the settings anew without a gap; SIGTERM takes away everything and ends.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import socket
import struct
import sys
import syslog
import time
from pathlib import Path
from typing import Any, Dict, List, Tuple

from .routes import FAMILIES, METRIC, PROTOCOL, Routes, drop_routes, ip, listed, rules_in_force
from .ways import Watched, Way, probe_in

try:  # on a device it stands beside this file, in the tree one folder up
    from .keeping import keep  # type: ignore[import-not-found,import-untyped,unused-ignore]
except ImportError:
    from citynet.platforms.whitebox.device.keeping import keep

SETTINGS = "/etc/citynet/paths.json"
STATE = "/run/citynet/paths.json"
NAME, SUPERVISOR = "citynet-paths", "citynet-pathsd"
AGENT = [sys.executable, "-B", "-m", "paths.agent"]
_CHECK_S, _WRITE_S = 10.0, 2.0
_REST = 4.0
"""Rest after work, in times of the work: a fifth of a processor at most, less where others want it."""
_IPV6_RECVHOPLIMIT, _IPV6_HOPLIMIT = 51, 52


class Agent:
    """The device's paths."""

    def __init__(self, settings: Dict[str, Any], digest: str) -> None:
        self.digest, self.since = digest, time.time()
        self.run_number = os.urandom(8)
        source, port = settings["source"], settings["port"]
        self.ways = [Way(way, number) for number, way in enumerate(settings["ways"])]
        for way, said in zip(self.ways, settings["ways"]):  # noqa: B905 - Python 3.9 knows no strict
            way.open(said["probe"], source, port)
        self.paths = {one["name"]: Watched(one, [self.ways[n] for n in one["ways"]]) for one in settings["paths"]}
        self.routes = Routes(settings["steering"])
        self.socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVHOPLIMIT, 1)
        self.socket.bind((source, port))
        self.wake, self._wake_end = os.pipe()
        self.signal = 0

    def on_signal(self, number: int, _frame: object) -> None:
        """Remember a signal and wake up."""
        self.signal = number
        os.write(self._wake_end, b"x")

    def run(self) -> int:
        """Work until a signal; its number."""
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, self.on_signal)
        self.routes.reconcile(self.paths)
        now = time.monotonic()
        for way in self.ways:
            way.start(now)
        check_at, write_at = now + _CHECK_S, now
        while not self.signal:
            self.receive(max(0.0, min(way.wake for way in self.ways) - now))
            now = time.monotonic()
            for way in self.ways:
                way.tick(self.run_number, now)
            if changed := [path for path in self.paths.values() if path.choose(now)]:
                self.switch(changed)
                write_at = now
            if now >= check_at:
                check_at = now + _CHECK_S
                self.repair()
            if now >= write_at:
                write_at = now + _WRITE_S
                self.write()
            self.rest(time.monotonic() - now)
        return self.signal

    def rest(self, worked_s: float) -> None:
        """Leave most of the time to others, however slow the device is: then it probes less often."""
        earliest = time.monotonic() + worked_s * _REST
        for way in self.ways:
            way.due = max(way.due, earliest)

    def receive(self, limit_s: float) -> None:
        """Wait for probes that come back, and take in all that have."""
        waiting: List[Any] = [self.socket, self.wake]
        ready, _, _ = select.select(waiting, [], [], limit_s)
        while self.socket in ready:
            try:
                data, ancillary, _, _ = self.socket.recvmsg(256, 64)
            except BlockingIOError:
                return
            self.take(data, ancillary, time.monotonic())

    def take(self, data: bytes, ancillary: List[Tuple[int, int, bytes]], now: float) -> None:
        """One packet: a probe of ours, or nothing."""
        probe = probe_in(data)
        if probe is None:
            return
        run, number, sequence = probe
        if run == self.run_number and number < len(self.ways):
            limits = [struct.unpack("i", value)[0] for _, kind, value in ancillary if kind == _IPV6_HOPLIMIT]
            self.ways[number].reply(sequence, limits[0] if limits else 0, now)

    def switch(self, changed: List[Watched]) -> None:
        """Put the routes of some paths on the ways that they chose."""
        ip([line for path in changed for line in self.routes.lines(path)])
        for path in changed:
            names = [path.ways[index].name for index in path.active or []]
            syslog.syslog(syslog.LOG_NOTICE, f"path {path.name}: {', '.join(names) or 'none'}")

    def repair(self) -> None:
        """Put back what somebody else took away (an interface that went down takes its routes along)."""
        there = [
            route
            for family in FAMILIES
            for route in listed(family, "route", "show", "table", "all", "proto", str(PROTOCOL))
            if route.get("metric") == METRIC and route.get("type") != "throw"
        ]
        if len(there) != len(self.routes.in_use):
            self.routes.reconcile(self.paths)
            ip(list(self.routes.in_use.values()))

    def write(self) -> None:
        """Tell the state to whoever reads the file."""
        paths = {path.name: path.state() for path in self.paths.values()}
        os.makedirs(os.path.dirname(STATE), exist_ok=True)
        state = json.dumps({"settings": self.digest, "since": self.since, "paths": paths})
        Path(f"{STATE}.new").write_text(state, encoding="utf-8")
        os.replace(f"{STATE}.new", STATE)


def clear() -> None:
    """Take away every rule and route."""
    for family in FAMILIES:
        present = rules_in_force(family)
        ip([f"rule del {rule}" for rule in present], family)
        drop_routes(family, set(present.values()), set())
    Path(STATE).unlink(missing_ok=True)


def work() -> int:
    """Read the settings and keep the paths until told otherwise."""
    Path("/proc/self/comm").write_text(NAME, encoding="utf-8")
    syslog.openlog(NAME, syslog.LOG_PID, syslog.LOG_DAEMON)
    # Soon, but not before everybody else: a probe is only missed when it was sent, so being late costs time alone.
    os.setpriority(os.PRIO_PROCESS, 0, -5)
    text = Path(SETTINGS).read_bytes()
    agent = Agent(json.loads(text), hashlib.sha256(text).hexdigest())
    if agent.run() == signal.SIGHUP:
        os.execv(sys.executable, AGENT)  # noqa: S606 - the same program anew
    clear()
    return 0


if __name__ == "__main__":
    if "--daemon" in sys.argv:
        keep(SUPERVISOR, work)
    else:
        sys.exit(work())
