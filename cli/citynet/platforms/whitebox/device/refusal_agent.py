"""Writes down which flows this device refused: what its fence and its guards drop, a line for each flow.

The packet filter hands on so many refused packets a second and counts the rest (`chain told`), so that nobody can keep
this program or the disk busy with packets that go nowhere. What was counted only is told, too: an event with `alarm`.
Lines stand in a file of their own, that others' events are not pushed out of theirs.

Standard library only. SIGTERM ends all flows and the program.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import socket
import sys
import syslog
import time
from pathlib import Path
from typing import Any, Dict, List

from . import events, packet_ends
from .keeping import keep
from .nflog import Log, Logged
from .refused_flows import Flows, Place
from .system import StepError, run

FILE = "/etc/citynet/refusals.json"
STATE = "/run/citynet/refusals.json"
LINES = "/var/log/citynet/refused.jsonl"
NAME, SUPERVISOR = "citynet-refusal", "citynet-refused"
LOOK_S = 2.0
"""How often it is looked for flows that have ended, while there are any."""
COUNT_S = 60.0
"""How often it is looked what was counted only, after packets were refused."""
OCTETS = 256
"""Of each packet."""


class Agent:
    """What one run of the program knows.

    Args:
        settings: Device, group, option and octets of identifiers, tables, and by mark who refuses and why.
        path: Where lines go.
    """

    def __init__(self, settings: Dict[str, Any], path: str = LINES) -> None:
        self._settings, self._path = settings, path
        self._places = {int(mark): tuple(words) for mark, words in settings["reasons"].items()}
        self._names: Dict[int, str] = {0: ""}
        self._flows = Flows()
        self.log = Log(settings["group"], OCTETS)
        self._untold, self._lost = self._counted(), 0
        self._count_at = 0.0

    def step(self) -> float:
        """Take what came, and write what has ended; after how many seconds to come again, though nothing comes."""
        lines: List[bytes] = []
        for packet in self.log.read():
            lines += self._take(packet)
        lines += self._flows.ended(time.time_ns() // 1000)
        self._write(lines)
        now = time.monotonic()
        if self._count_at and now >= self._count_at:
            self._count_at = 0.0
            self.tell_untold()
        waits = [LOOK_S] if len(self._flows) else []
        return min([*waits, *([self._count_at - now] if self._count_at else [])], default=3600.0)

    def end(self) -> None:
        """Write what has not ended."""
        self._write(self._flows.end_all())

    def _take(self, packet: Logged) -> List[bytes]:
        reason = self._places.get(packet.mark)
        found = packet_ends.read(packet.content, self._settings["option"], self._settings["size"])
        if reason is None or found is None:
            return []
        self._count_at = self._count_at or time.monotonic() + COUNT_S
        place = Place(reason[0], reason[1], self._name(packet.came_by), self._name(packet.leaves_by))
        return self._flows.add(place, *found, packet.moment)

    def _name(self, number: int) -> str:
        if number not in self._names:
            try:
                self._names[number] = socket.if_indextoname(number)
            except OSError:
                return str(number)
        return self._names[number]

    def _write(self, lines: List[bytes]) -> None:
        if not lines:
            return
        try:
            events.append(self._path, b"".join(lines))
        except OSError as error:
            self._lost += len(lines)
            syslog.syslog(syslog.LOG_ERR, f"{len(lines)} flows were not written: {error.strerror}")

    def _counted(self) -> int:
        """Packets that were counted only, since the tables were made."""
        number = 0
        for table in self._settings["tables"]:
            output = run(["nft", "-j", "list", "counter", "inet", table, "untold"])
            if output.code == 0:
                number += sum(
                    one["counter"]["packets"] for one in json.loads(output.text)["nftables"] if "counter" in one
                )
        return number

    def tell_untold(self) -> None:
        """An event with what was counted only, if anything was."""
        counted = self._counted()
        before = self._untold if counted >= self._untold else 0  # tables were made anew
        lost, self.log.lost = self.log.lost, 0
        packets, flows = counted - before + lost, self._lost
        self._untold, self._lost = counted, 0
        if not packets and not flows:
            return
        device = self._settings["device"]
        reason = f"refused at {device} and in no record of a flow: {packets} packets, which came too fast"
        reason += f", and {flows} flows, which could not be written" if flows else ""
        detail = {"packets": packets, "flows": flows}
        try:
            events.record("refused", device, "deny", alarm=True, reason=reason, detail=detail)
        except OSError as error:
            self._untold -= packets
            self._lost += flows
            syslog.syslog(syslog.LOG_ERR, f"no event was written: {error.strerror}: {reason}")


def mark_of(text: str) -> str:
    """What tells one text of settings from another."""
    return hashlib.sha256(text.encode()).hexdigest()


def work() -> int:
    """Write down until told otherwise."""
    Path("/proc/self/comm").write_text(NAME, encoding="utf-8")
    syslog.openlog(NAME, syslog.LOG_PID, syslog.LOG_DAEMON)
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writer)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    text = Path(FILE).read_text(encoding="utf-8")
    agent = Agent(json.loads(text))
    os.makedirs(os.path.dirname(STATE), exist_ok=True)
    Path(STATE).write_text(json.dumps({"settings": mark_of(text)}), encoding="utf-8")
    try:
        while reader not in select.select([agent.log.fileno(), reader], [], [], agent.step())[0]:
            pass
    finally:
        agent.end()
        Path(STATE).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    if "--daemon" in sys.argv:
        keep(SUPERVISOR, work, (StepError, OSError, ValueError, KeyError))
    else:
        sys.exit(work())
