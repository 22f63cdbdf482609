#!/usr/bin/python3
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
import math
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import syslog
import time
from pathlib import Path
from typing import Any, Dict, List, Optional, Set, Tuple

SETTINGS = "/etc/citynet/paths.json"
STATE = "/run/citynet/paths.json"
NAME, SUPERVISOR = "citynet-paths", "citynet-pathsd"
PROTOCOL = 203
"""The routing protocol number that marks our routes; FRR's are 186 to 199."""
METRIC, LAST_METRIC = 10, 4000
FIRST_TABLE = 300_000
"""Tables of steering have greater numbers; nobody else's have."""
FAMILIES = ("-4", "-6")
HOP_LIMIT = 255
READY = 3
"""Replies in a row after which a path counts as good when there is none better."""
QUICK = 4
"""After a late probe the next go so many times as often, until one comes back or enough are lost."""
_CHECK_S, _WRITE_S = 10.0, 2.0
_REST = 4.0
"""Rest after work, in times of the work: a fifth of a processor at most, less where others want it."""
_IPV6_RECVHOPLIMIT, _IPV6_HOPLIMIT, _IPV6_RTHDR = 51, 52, 57
_STAMP = struct.Struct("!IQHH28x")
_PADDING = struct.Struct("!BBH8sI")
"""Extra padding TLV (RFC 8972, 4.1) with what tells our probes from others: a number of this run, and the path's."""
_NTP = 2208988800


def routing_header(segments: List[str]) -> bytes:
    """A segment routing header (RFC 8754, 2) for segments in the order of travel; the last is the destination."""
    last = len(segments) - 1
    head = struct.pack("!BBBBBBH", 0, 2 * len(segments), 4, last, last, 0, 0)
    return head + b"".join(socket.inet_pton(socket.AF_INET6, segment) for segment in reversed(segments))


class Way:
    """One segment list, and what its probes say; paths with the same settings share it."""

    def __init__(self, settings: Dict[str, Any], number: int) -> None:
        self.name: str = settings["name"]
        self.hop_limit = HOP_LIMIT - settings["forwarders"]
        self.interval_s = settings["interval_ms"] / 1000.0
        self.missed: int = settings["missed"]
        self.hold_s = float(settings["hold_s"])
        # A probe is late after its way there and back, and three quarters of an interval on top for busy nodes.
        self.wait_s: float = 0.75 * self.interval_s + settings["round_trip_us"] / 1e6
        self.number = number
        self.up: Optional[bool] = None
        self.sent = self.received = self.detours = self.in_a_row = self.rtt_us = 0
        self.answered = -1
        self.good_since = self.due = self.settled_by = 0.0
        self.late_at = math.inf
        self._waiting: Dict[int, float] = {}
        self._socket: Optional[socket.socket] = None
        self._target = ("", 0)

    def open(self, probe: List[str], source: str, port: int) -> None:
        """Make the socket whose packets go along the path and back."""
        self._target = (source, port)
        self._socket = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind((source, 0))
        self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, HOP_LIMIT)
        self._socket.setsockopt(socket.IPPROTO_IPV6, _IPV6_RTHDR, routing_header([*probe, source]))

    def start(self, now: float) -> None:
        """From now on it is probed."""
        self.due = now
        self.settled_by = now + self.wait_s + (self.missed + 1) * self.interval_s

    @property
    def wake(self) -> float:
        """When there is something to do next: a probe is due, or one becomes late."""
        return min(self.due, self.late_at)

    def tick(self, run: bytes, now: float) -> None:
        """Judge it and send the next probe, when it is time; a late device probes less, not all the time."""
        if now < self.wake:
            return
        step = self.interval_s
        if self.judge(now):
            step /= QUICK
            self.due = min(self.due, now)
        if now >= self.due:
            self.due = max(self.due + step, now + step / 2)
            self._waiting[self.sent] = now
            self._send(run)
            self.sent += 1
        pending = [at for sequence, at in self._waiting.items() if sequence > self.answered and not self._late(at, now)]
        self.late_at = min(pending, default=math.inf) + self.wait_s

    def _late(self, sent_at: float, now: float) -> bool:
        return now >= sent_at + self.wait_s

    def _send(self, run: bytes) -> None:
        stamp = int((time.time() + _NTP) * (1 << 32)) & ((1 << 64) - 1)
        packet = _STAMP.pack(self.sent & 0xFFFFFFFF, stamp, 0, self.number) + _PADDING.pack(0, 1, 12, run, self.number)
        try:
            if self._socket is not None:
                self._socket.sendto(packet, self._target)
        except OSError:  # no route at the moment: the probe is lost
            return

    def reply(self, sequence: int, hop_limit: int, now: float) -> None:
        """Take note of a probe that came back."""
        if sequence not in self._waiting:
            return
        if hop_limit != self.hop_limit:
            self.detours += 1
            return
        self.rtt_us = int((now - self._waiting.pop(sequence)) * 1e6)
        self.received += 1
        self.in_a_row = self.in_a_row + 1 if sequence == self.answered + 1 else 1
        if self.in_a_row == 1:
            self.good_since = now
        self.answered = max(self.answered, sequence)
        if self.answered == self.sent - 1:
            self.late_at = math.inf

    def judge(self, now: float) -> bool:
        """Up or down, from the probes that had time to come back; whether it is up and yet some are lost."""
        late = [sequence for sequence, at in self._waiting.items() if self._late(at, now)]
        lost = [sequence for sequence in late if sequence > self.answered]
        for sequence in late:
            if sequence < self.answered or sequence < self.sent - 2 * self.missed:
                del self._waiting[sequence]
        if lost:
            self.in_a_row = 0
        if len(lost) >= self.missed:
            self.up = False
        elif self.ready and (self.up is None or now - self.good_since >= self.hold_s):
            self.up = True
        return bool(self.up and lost)

    @property
    def ready(self) -> bool:
        """Whether it is good just now, if not yet for long."""
        return self.in_a_row >= READY


class Watched:
    """A path: its ways, primaries first, and those that are in use."""

    def __init__(self, settings: Dict[str, Any], ways: List[Way]) -> None:
        self.name: str = settings["name"]
        self.strict: bool = settings["strict"]
        self.weights: List[int] = settings["weights"]
        self.primaries: int = settings["primaries"]
        self.ways = ways
        self.active: Optional[List[int]] = None
        self.switches = 0
        self.switched_at = 0.0

    def choose(self, now: float) -> bool:
        """Choose the ways to use; whether the choice is another one."""
        primaries = self.ways[: self.primaries]
        if self.active is None and any(not way.up and now < way.settled_by for way in primaries):
            return False  # just started: a primary may still answer
        chosen = self._chosen()
        if chosen == self.active:
            return False
        self.switches += self.active is not None
        self.active, self.switched_at = chosen, time.time()
        return True

    def _chosen(self) -> List[int]:
        """All primaries that are up, else the backup, else what is good just now, else none."""
        primaries, backups = range(self.primaries), range(self.primaries, len(self.ways))
        for good in ([bool(way.up) for way in self.ways], [way.ready for way in self.ways]):
            for kind in (primaries, backups):
                found = [index for index in kind if good[index]]
                if found:
                    return found
        return []

    def state(self) -> Dict[str, Any]:
        """What is told of it."""
        ways = [
            {
                "name": way.name,
                "backup": index >= self.primaries,
                "up": bool(way.up),
                "sent": way.sent,
                "received": way.received,
                "detours": way.detours,
                "rtt_us": way.rtt_us,
            }
            for index, way in enumerate(self.ways)
        ]
        names = [self.ways[index].name for index in self.active or []]
        times = {"switches": self.switches, "switched_at": self.switched_at}
        return {"active": names, "strict": self.strict, **times, "ways": ways}


class Routes:
    """The kernel's rules and routes of all steering entries."""

    def __init__(self, steering: List[Dict[str, Any]]) -> None:
        self.steering = steering
        self.in_use: Dict[Tuple[str, int], str] = {}

    def lines(self, path: Watched) -> List[str]:
        """What to tell `ip` so that the packets of a path take its active ways."""
        found = []
        for entry in self.steering:
            for to in entry["to"]:
                if to["path"] == path.name:
                    found += [self._route(entry["table"], one, path, to["segments"]) for one in to["prefixes"]]
        return found

    def _route(self, table: int, prefix: str, path: Watched, segments: List[List[str]]) -> str:
        start = f"{prefix} table {table} proto {PROTOCOL} metric {METRIC}"
        active = path.active or []
        if not active:
            self.in_use.pop((prefix, table), None)
            return f"route del {start}"
        gateway = "via fe80::1 " if ":" in prefix else ""  # IPv6 knows no several devices without a gateway
        hops = [f"encap seg6 mode encap segs {','.join(segments[index])} {gateway}dev sr0" for index in active]
        if len(hops) > 1:
            hops = [f"nexthop {hop} weight {path.weights[index]}" for index, hop in zip(active, hops)]  # noqa: B905
        line = f"route replace {start} {' '.join(hops)}"
        self.in_use[prefix, table] = line
        return line

    def base(self, paths: Dict[str, Watched]) -> List[str]:
        """What is there whatever the probes say: what keeps segments out of the tables, and what drops."""
        lines = []
        for entry in self.steering:
            end = f"table {entry['table']} proto {PROTOCOL} metric"
            lines.append(f"route replace throw {entry['block']} {end} {METRIC}")
            strict = [to for to in entry["to"] if paths[to["path"]].strict]
            lines += [f"route replace blackhole {one} {end} {LAST_METRIC}" for to in strict for one in to["prefixes"]]
        return lines

    def rules(self, family: str) -> List[str]:
        """The rules that lead into the tables, without the verb."""
        return [
            f"pref {entry['priority']}"
            + (f" fwmark {entry['mark']}" if entry["mark"] else "")
            + (f" iif {entry['vrf']}" if entry["vrf"] else "")
            + f" lookup {entry['table']}"
            for entry in self.steering
            if family in entry["families"]
        ]

    def reconcile(self, paths: Dict[str, Watched]) -> None:
        """Make what is always there, and take away what earlier settings left."""
        ip(self.base(paths))
        wanted = {(prefix, e["table"]) for e in self.steering for to in e["to"] for prefix in to["prefixes"]}
        for family in FAMILIES:
            present, rules = rules_in_force(family), self.rules(family)
            ip([f"rule add {rule}" for rule in rules if rule not in present], family)
            ip([f"rule del {rule}" for rule in present if rule not in rules], family)
            drop_routes(family, {*present.values(), *(entry["table"] for entry in self.steering)}, wanted)


def ip(lines: List[str], family: str = "") -> None:
    """Let iproute2 do some lines at once; what cannot be done (a route gone already) is passed over."""
    if lines:
        command = ["ip", *([family] if family else []), "-force", "-batch", "-"]
        subprocess.run(command, input="\n".join(lines).encode() + b"\n", stderr=subprocess.DEVNULL, check=False)


def listed(*words: str) -> List[Dict[str, Any]]:
    """What iproute2 lists."""
    done = subprocess.run(["ip", "-j", "-N", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    try:
        found: List[Dict[str, Any]] = json.loads(done.stdout or b"[]")
    except ValueError:
        return []
    return found


def rules_in_force(family: str) -> Dict[str, int]:
    """Our rules, those with tables of the steering ranges, as `Routes.rules` words them, each with its table."""
    found = {}
    for rule in listed(family, "rule", "show"):
        table = str(rule.get("table", ""))
        if table.isdigit() and int(table) > FIRST_TABLE:
            mark = f" fwmark {rule['fwmark']}/{rule.get('fwmask', '0xffffffff')}" if "fwmark" in rule else ""
            iif = f" iif {rule['iif']}" if "iif" in rule else ""
            found[f"pref {rule['priority']}{mark}{iif} lookup {table}"] = int(table)
    return found


def drop_routes(family: str, tables: Set[int], kept: Set[Tuple[str, int]]) -> None:
    """Take away our routes of some tables but those to some prefixes."""
    lines = []
    for table in tables:
        for route in listed(family, "route", "show", "table", str(table), "proto", str(PROTOCOL)):
            whole = route["dst"] if "/" in route["dst"] else f"{route['dst']}/{32 if family == '-4' else 128}"
            if (whole, table) not in kept and (route.get("type") != "throw" or not kept):
                lines.append(f"route del {route['dst']} table {table} metric {route.get('metric', 0)}")
    ip(lines, family)


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
        if len(data) != _STAMP.size + _PADDING.size:
            return
        sequence = _STAMP.unpack_from(data)[0]
        _, _, _, run, number = _PADDING.unpack_from(data, _STAMP.size)
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
        os.execv(sys.executable, [sys.executable, os.path.abspath(__file__)])  # noqa: S606 - the same program anew
    clear()
    return 0


def supervise() -> None:
    """Go into the background and keep a worker alive: what systemd does where there is one."""
    if os.fork():
        return
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    Path("/proc/self/comm").write_text(SUPERVISOR, encoding="utf-8")
    while True:
        worker = os.fork()
        if not worker:
            os._exit(work())
        _, status = os.waitpid(worker, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 0:
            os._exit(0)
        time.sleep(1.0)


if __name__ == "__main__":
    if "--daemon" in sys.argv:
        supervise()
    else:
        sys.exit(work())
