"""What the machine was told to be (the wiring), and what is in force now."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARE = Path("/mnt")
RUN = Path("/run/citynet")
NETNS = Path("/run/netns")


@dataclass(frozen=True)
class End:
    """One end of a line: the node, its port, and the interface of the machine that the port's cable hangs on."""

    node: str
    port: str
    mac: str
    outer: str


@dataclass(frozen=True)
class Line:
    """A cable between two nodes.

    `light` is above 0 when an optical network carries it, which must light it first; it is the number of the kernel's
    action (`tc actions … index`) that lets the line's packets pass, or not, without either end noticing.
    """

    name: str
    a: End
    b: End
    light: int = 0

    @property
    def ends(self) -> tuple[End, End]:
        """Both ends."""
        return (self.a, self.b)


@dataclass(frozen=True)
class Node:
    """A router, a host or a server, as the lab wires it."""

    name: str
    kind: str
    management: str
    mac: str
    outer: str
    commands: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Wiring:
    """Every node and line of the lab."""

    prefix_length: int
    nodes: dict[str, Node]
    lines: dict[str, Line]

    def lines_of(self, node: str) -> list[Line]:
        """The lines that end at a node."""
        return [line for line in self.lines.values() if node in (line.a.node, line.b.node)]


def wiring() -> Wiring:
    """Read the wiring that the host wrote into the share."""
    raw = json.loads((SHARE / "wiring.json").read_text())
    nodes = {name: Node(name=name, **values) for name, values in raw["nodes"].items()}
    lines = {name: _line(name, **values) for name, values in raw["lines"].items()}
    return Wiring(raw["prefix_length"], nodes, lines)


def _line(name: str, a: dict[str, str], b: dict[str, str], light: int = 0) -> Line:
    return Line(name, End(**a), End(**b), light)


@dataclass
class Fault:
    """A fault in force; `options` are numbers such as `delay_ms`."""

    kind: str
    target: str
    options: dict[str, float] = field(default_factory=dict)


def faults() -> list[Fault]:
    """The faults in force, oldest first."""
    try:
        return [Fault(**values) for values in json.loads((RUN / "faults.json").read_text())]
    except FileNotFoundError:
        return []


def write_faults(now: list[Fault]) -> None:
    """Replace the list of faults in force."""
    write(RUN / "faults.json", json.dumps([asdict(fault) for fault in now]))


def lights() -> dict[str, str]:
    """What the optical network has told of lines: `lit`, `dark` or `off`; one that it has not spoken of is off."""
    try:
        told: dict[str, str] = json.loads((RUN / "light.json").read_text())
    except FileNotFoundError:
        return {}
    return told


def write_lights(now: dict[str, str]) -> None:
    """Replace what is known of lines' light."""
    write(RUN / "light.json", json.dumps(now))


def write(path: Path, text: str) -> None:
    """Write a file aside and rename it."""
    aside = path.with_name(path.name + ".new")
    aside.write_text(text)
    aside.replace(path)


@contextmanager
def alone() -> Iterator[None]:
    """Hold the machine's lock: one change at a time."""
    descriptor = os.open(RUN / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def say(**event: Any) -> None:
    """Tell the host something, one JSON object a line."""
    print(json.dumps(event), flush=True)  # noqa: T201
