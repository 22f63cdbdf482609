"""What the kernel does for the tracing of data identifiers: its tables, its programs, the filters that run them (tc).

`Kernel` makes them from the settings and reads what they counted; `wrong` tells from outside what is not so.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Set, Tuple

from . import bpf, trace_programs, trace_ways
from .bpf_maps import ARRAY, HASH, OLDEST_GOES, Table
from .system import must, run

FILE = "/etc/citynet/trace.json"
STATE = "/run/citynet/trace.json"
FIRST, LAST = 1000, 30
"""Places of our filters: where packets come in, after the tags; where they go out, before the tags are taken away."""
MOST_COUNTS, MOST_STRANGERS, MOST_WAYS = 65_536, 1024, 1024
_PINS = "/run/citynet/trace-bpf"
_DIRECTIONS = ((trace_programs.IN, "ingress", FIRST), (trace_programs.OUT, "egress", LAST))

Settings = Dict[str, Any]
Place = Tuple[bytes, int, int, int]
"""An identifier as packets carry it, the number of an interface, of the device of entry, and the direction."""
Values = Tuple[int, int, int, int]
"""Packets and octets of one colour and of the other."""


def settings_of(text: str) -> Settings:
    """The settings of a file; ValueError when it is no JSON, KeyError when something is not in it."""
    value: Settings = json.loads(text)
    shape_of(value)
    return value


def mark_of(text: str) -> str:
    """What tells one text of settings from another."""
    return hashlib.sha256(text.encode()).hexdigest()


def shape_of(settings: Settings) -> trace_programs.Shape:
    """How packets look, for the programs."""
    shape = trace_programs.Shape(
        settings["option"],
        settings["headers"],
        settings["bits"] // 8,
        settings["node"],
        settings["period_s"] * 1_000_000_000,
    )
    shape.every = settings.get("ioam_every", 0)
    return shape


def wrong(settings: Settings) -> List[str]:
    """Filters that the kernel lacks."""
    programs = trace_programs.programs(shape_of(settings), trace_programs.Tables(0, 0, 0, 0, 0))
    found = []
    for port in settings["ports"]:
        for direction, word, place in _DIRECTIONS:
            tag = bpf.tag_of(programs[port["kind"], direction])
            output = run(["tc", "-j", "filter", "show", "dev", port["interface"], word])
            items = json.loads(output.text or "[]") if output.code == 0 else []
            tags = [item["options"]["prog"]["tag"] for item in items if _is_ours(item, place)]
            if tags != [tag]:
                found.append(f"no filter {port['interface']} {word} {place}: {tag}")
    return found


def _is_ours(item: Dict[str, Any], place: int) -> bool:
    return item.get("pref") == place and "prog" in item.get("options", {})


class Kernel:
    """Tables, programs and filters of this device; they count as long as this process or the filters are there."""

    def __init__(self, settings: Settings) -> None:
        self._settings, shape = settings, shape_of(settings)
        self._key, self._way, self._node, self._octets = shape.key, shape.way, shape.node, shape.octets
        self._counts = Table(HASH, self._key.size, trace_programs.COUNTERS.size, MOST_COUNTS, "citynet_counts")
        self._strangers = Table(
            OLDEST_GOES, self._key.size, trace_programs.COUNTERS.size, MOST_STRANGERS, "citynet_off"
        )
        self._allowed = Table(HASH, shape.octets, 4, max(1, len(settings["identifiers"])), "citynet_allowed")
        self._clock = Table(ARRAY, 4, 8, 1, "citynet_clock")
        self._ways = Table(OLDEST_GOES, self._way.size, 8, MOST_WAYS, "citynet_ways")
        self.set_clock()
        for number, one in settings["identifiers"].items():
            if one["here"]:
                self._allowed.set(int(number).to_bytes(shape.octets, "big"), struct.pack("<I", 1))
        tables = (self._counts, self._strangers, self._allowed, self._clock, self._ways)
        self._programs = trace_programs.programs(shape, trace_programs.Tables(*(table.descriptor for table in tables)))
        self.interfaces: Dict[int, str] = {}

    def attach(self) -> None:
        """Let the filters of all ports run the programs, in the place of those that did before."""
        loaded = {f"{kind}{way}": bpf.load(code, f"trace{way}") for (kind, way), code in self._programs.items()}
        with bpf.pinned(loaded, _PINS):
            for port in self._settings["ports"]:
                name = port["interface"]
                run(["tc", "qdisc", "add", "dev", name, "clsact"])  # it may be there already, and others use it
                for direction, word, place in _DIRECTIONS:
                    where = ["dev", name, word, "protocol", "ipv6", "pref", str(place), "handle", "1"]
                    program = f"{_PINS}/{port['kind']}{direction}"
                    must(["tc", "filter", "replace", *where, "bpf", "direct-action", "object-pinned", program])
        self.interfaces = {_number(port["interface"]): port["interface"] for port in self._settings["ports"]}

    def stale(self) -> bool:
        """Whether an interface is another one than that of our filters."""
        return any(_number(name) != number for number, name in self.interfaces.items())

    def set_clock(self) -> None:
        """Tell the programs what makes the kernel's monotonic time that of the day."""
        offset = time.time_ns() - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        self._clock.set(bytes(4), struct.pack("<q", offset))

    def counts(self) -> Dict[Place, Values]:
        """What was counted of identifiers that may be here, since the programs were loaded."""
        return dict(self._read(self._counts))

    def strangers(self) -> Dict[Place, Values]:
        """The same of all others."""
        return {} if self._strangers.empty() else dict(self._read(self._strangers))

    def ways(self) -> Dict[trace_ways.Way, int]:
        """Packets by the way that they told of."""
        found: Dict[trace_ways.Way, int] = {}
        for key, value in ({} if self._ways.empty() else self._ways.items()).items():
            identifier, entry, told = self._way.unpack(key)
            way = trace_ways.way_of(identifier, entry, told, self._node)
            found[way] = found.get(way, 0) + int.from_bytes(value, sys.byteorder)
        return found

    def _read(self, table: Table) -> Iterator[Tuple[Place, Values]]:
        for key, value in table.items().items():
            yield self._key.unpack(key), trace_programs.COUNTERS.unpack(value)


def detach(interfaces: Set[str]) -> None:
    """Take our filters away from some interfaces."""
    for name in sorted(interfaces):
        for _, word, place in _DIRECTIONS:
            run(
                ["tc", "filter", "del", "dev", name, word, "protocol", "ipv6", "pref", str(place), "handle", "1", "bpf"]
            )


def _number(name: str) -> int:
    try:
        return socket.if_nametoindex(name)
    except OSError:
        return 0


def write_state(state: Dict[str, Any]) -> None:
    """Tell the state to whoever reads the file."""
    os.makedirs(os.path.dirname(STATE), exist_ok=True)
    Path(f"{STATE}.new").write_text(json.dumps(state, separators=(",", ":")), encoding="utf-8")
    os.replace(f"{STATE}.new", STATE)
