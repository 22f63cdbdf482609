"""Tells where the packets of each data identifier passed this device, period by period, and which should not have.

The programs of `trace_programs` count. A period is read in the middle of the next one, when every packet of its colour
has passed even where clocks differ by less than half a period (RFC 9341, 3.2). What was counted stays readable for a
while in `/run/citynet/trace.json`; several periods at once become an event for the evidence store. An identifier that
the plan does not let pass here becomes an alarm at once.

Standard library only. SIGTERM takes the filters away and ends.
"""

from __future__ import annotations

import signal
import sys
import syslog
import time
from collections import deque
from pathlib import Path
from typing import Any, Deque, Dict, List, Optional, Tuple

from . import events, trace
from .keeping import keep
from .system import StepError
from .trace_probes import Probes, enable
from .trace_ways import Ways

NAME, SUPERVISOR = "citynet-trace", "citynet-traced"
KEPT = 60
"""Periods that stay readable on the device."""
LOOK_S = 0.5
"""How often it is looked for identifiers that do not belong here."""
AGAIN_S = 60.0
"""An alarm that goes on is told again after so long."""
MOST_ALARMS = 30
"""Alarms within `AGAIN_S`: somebody who makes up identifiers must not fill the log."""
MOST_IN_EVENT = 24
"""Places where packets were counted that one event tells of; a line has 4,000 octets and 64 details at most."""
_NS = 1_000_000_000

Row = Tuple[int, str, str, int, int, int]
"""Identifier, interface, `in` or `out`, device of entry, packets, octets."""


class Agent:
    """What one run of the program knows."""

    def __init__(self, settings: trace.Settings, mark: str) -> None:
        self.settings, self._mark = settings, mark
        self.period_ns: int = settings["period_s"] * _NS
        self.block: int = settings["record_periods"]
        self.kernel = trace.Kernel(settings)
        self.kernel.attach()
        self.first = self._period() + 1
        """The first period that is counted whole."""
        self._before: Dict[trace.Place, trace.Values] = {}
        self._rows: Deque[Tuple[int, List[Row]]] = deque(maxlen=KEPT)
        self._strangers: Dict[trace.Place, Tuple[int, float]] = {}
        self._due = self.first - 1
        self._ways = Ways(KEPT)
        self._probes = _probes(settings)
        self._alarms: Deque[float] = deque(maxlen=MOST_ALARMS)
        self._write()

    def _period(self) -> int:
        return time.time_ns() // self.period_ns

    def step(self) -> None:
        """Look for strangers, and read the period that is over."""
        self._look(time.monotonic())
        for far, numbers in (self._probes.hear() if self._probes else {}).items():
            self._tell_way(far, numbers)
        elapsed, into = divmod(time.time_ns(), self.period_ns)
        if elapsed > self._due and into >= self.period_ns // 2:
            self._read(elapsed - 1)

    def _read(self, period: int) -> None:
        """Read the counters of a period; when an earlier one was missed, its colour's are worth nothing."""
        now = self.kernel.counts()
        late = period > self._due or self._period() != period + 1
        rows = [] if late else self._rows_of(now, period)
        # What came of the other colour belongs to the period that runs.
        for place, values in now.items():
            before = self._before.get(place, (0, 0, 0, 0))
            colour = period & 1
            self._before[place] = values if late else _of_both(values, before, colour)
        if late:
            self.first = period + 2  # the one that runs was read half way
            self._rows.clear()
        elif period >= self.first:
            self._rows.append((period, rows))
            if period % self.block == self.block - 1:
                self._record(period // self.block)
        self._due = period + 1
        for (identifier, numbers), packets in self._ways.read(self.kernel.ways(), period):
            self._tell_carried(identifier, numbers, packets)
        self.kernel.set_clock()
        if self._probes:
            self._probes.send()
        if self.kernel.stale():
            raise StepError("an interface was made anew")
        self._write()

    def _rows_of(self, now: Dict[trace.Place, trace.Values], period: int) -> List[Row]:
        rows = []
        at = 2 * (period & 1)
        for place, values in sorted(now.items()):
            before = self._before.get(place, (0, 0, 0, 0))
            packets, octets = values[at] - before[at], values[at + 1] - before[at + 1]
            if packets:
                rows.append((*self._worded(place), packets, octets))
        return rows

    def _worded(self, place: trace.Place) -> Tuple[int, str, str, int]:
        identifier, interface, node, direction = place
        name = self.kernel.interfaces.get(interface, str(interface))
        return int.from_bytes(identifier, "big"), name, "out" if direction else "in", node

    def _record(self, block: int) -> None:
        """An event for each identifier, of all periods of a block."""
        periods = [rows for period, rows in self._rows if period // self.block == block]
        sums: Dict[int, Dict[Tuple[str, str, int], List[int]]] = {}
        for identifier, interface, way, node, packets, octets in (row for rows in periods for row in rows):
            counted = sums.setdefault(identifier, {}).setdefault((interface, way, node), [0, 0])
            counted[0] += packets
            counted[1] += octets
        for identifier, places in sums.items():
            for start in range(0, len(places), MOST_IN_EVENT):
                self._tell_block(identifier, block, len(periods), list(places.items())[start : start + MOST_IN_EVENT])

    def _tell_block(self, identifier: int, block: int, periods: int, places: List[Any]) -> None:
        span_us = self.block * self.period_ns // 1000
        detail: Dict[str, Any] = {
            "device": self.settings["device"],
            "start": block * span_us,
            "seconds": self.block * self.settings["period_s"],
            "whole": int(periods == self.block),
        }
        for (interface, way, node), (packets, octets) in places:
            detail[f"{interface} {way} {node}"] = packets
            detail[f"{interface} {way} {node} octets"] = octets
        name, end = self._name(identifier), (block + 1) * span_us
        reason = f"{name} passed {self.settings['device']}"
        _tell("path", name, identifier=identifier, reason=reason, detail=detail, time=end)

    def _name(self, identifier: int) -> str:
        known = self.settings["identifiers"].get(str(identifier))
        return str(known["name"]) if known else f"identifier {identifier}"

    def _look(self, now: float) -> None:
        """Alarms for identifiers that do not belong here: at once, and again while it goes on."""
        for place, values in self.kernel.strangers().items():
            packets = values[0] + values[2]
            seen, told = self._strangers.get(place, (0, 0.0))
            if packets != seen and (not seen or now - told >= AGAIN_S) and self._may_alarm(now):
                self._strangers[place] = packets, now
                self._alarm(place, packets)
                self._write()

    def _tell_way(self, far: str, numbers: List[int]) -> None:
        """An event: a probe took a way to a far end that is another one than before."""
        device, way = self.settings["device"], " ".join(str(number) for number in numbers)
        detail = {"device": device, "to": far, "nodes": way}
        _tell("path", far, reason=f"a probe from {device} to {far} passed nodes {way}", detail=detail)

    def _tell_carried(self, identifier: int, numbers: Tuple[int, ...], packets: int) -> None:
        """An event: packets took a way here that none took lately, as they say themselves."""
        device, name = self.settings["device"], self._name(identifier)
        way = " ".join(str(number) for number in numbers)
        detail = {"device": device, "nodes": way, "packets": packets}
        reason = f"packets of {name} passed nodes {way}"
        _tell("path", name, identifier=identifier, reason=reason, detail=detail)

    def _may_alarm(self, now: float) -> bool:
        if len(self._alarms) == MOST_ALARMS and now - self._alarms[0] < AGAIN_S:
            return False
        self._alarms.append(now)
        return True

    def _alarm(self, place: trace.Place, packets: int) -> None:
        identifier, interface, way, node = self._worded(place)
        device, name = self.settings["device"], self._name(identifier)
        to = next((port["to"] for port in self.settings["ports"] if port["interface"] == interface), "")
        known = str(identifier) in self.settings["identifiers"]
        why = "which is on none of its ways" if known else "and is none of the design's"
        side = f"came in from {to}" if way == "in" else f"goes out to {to}"
        detail = {
            "device": device,
            "interface": interface,
            "direction": way,
            "neighbour": to,
            "entered": node,
            "packets": packets,
        }
        reason = f"{name} seen at {device}, {why}: {side}"
        _tell("offpath", device, identifier=identifier, alarm=True, reason=reason, detail=detail)

    def _write(self) -> None:
        strangers = [(*self._worded(place), packets) for place, (packets, _) in self._strangers.items()]
        trace.write_state(
            {
                "settings": self._mark,
                "device": self.settings["device"],
                "period_s": self.settings["period_s"],
                "first": self.first,
                "periods": list(self._rows),
                "strangers": strangers,
                "ways": self._probes.ways if self._probes else {},
                "carried": self._ways.rows(),
            }
        )


def _of_both(values: trace.Values, before: trace.Values, colour: int) -> trace.Values:
    return (*values[:2], *before[2:]) if colour == 0 else (*before[:2], *values[2:])


def _probes(settings: trace.Settings) -> Optional[Probes]:
    """Probes to far ends; counting goes on where the kernel knows no IOAM6."""
    try:
        enable(settings)
        return Probes(settings) if settings["far"] else None
    except (StepError, OSError) as error:
        syslog.syslog(syslog.LOG_ERR, f"no probes are sent: {error}")
        return None


def _tell(kind: str, subject: str, **more: Any) -> None:
    """An event; a device whose disk is full goes on counting."""
    try:
        events.record(kind, subject, "seen", **more)
    except OSError as error:
        syslog.syslog(syslog.LOG_ERR, f"no event was written: {error.strerror}: {more['reason']}")


def work() -> int:
    """Count and tell until told otherwise."""
    Path("/proc/self/comm").write_text(NAME, encoding="utf-8")
    syslog.openlog(NAME, syslog.LOG_PID, syslog.LOG_DAEMON)
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    text = Path(trace.FILE).read_text(encoding="utf-8")
    settings = trace.settings_of(text)
    agent = Agent(settings, trace.mark_of(text))
    while signal.sigtimedwait(stop, LOOK_S) is None:
        agent.step()
    trace.detach({port["interface"] for port in settings["ports"]})
    Path(trace.STATE).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    if "--daemon" in sys.argv:
        keep(SUPERVISOR, work, (StepError, OSError, ValueError, KeyError))
    else:
        sys.exit(work())
