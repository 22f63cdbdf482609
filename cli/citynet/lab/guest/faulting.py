"""Faults: what breaks in a city, done to the lab from outside its nodes."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from . import lines, nodes, state
from .system import GuestError

if TYPE_CHECKING:
    from .state import Fault

LINE_KINDS = ("cut", "silent", "impair")
NODE_KINDS = ("kill", "hang")


def apply(fault: Fault) -> None:
    """Put a fault in force; the same one again replaces it.

    Raises:
        GuestError: There is nothing of that name to break.
    """
    wiring = state.wiring()
    if fault.kind == "daemon":
        _kill_daemon(fault.target)
        return
    _known(wiring, fault)
    state.write_faults([*_without(fault), fault])
    if fault.kind == "kill":
        nodes.kill(wiring, fault.target)
        lines.bring(wiring.lines_of(fault.target))
    else:
        lines.bring(_struck(wiring, fault))


def undo(fault: Fault) -> None:
    """Take a fault back. A killed node starts again from its disk; a killed daemon is its supervisor's business."""
    wiring = state.wiring()
    if fault.kind == "daemon":
        return
    _known(wiring, fault)
    state.write_faults(_without(fault))
    if fault.kind == "kill":
        nodes.start(wiring, [fault.target], tell=lambda _: None, wire=lines.lay)
    else:
        lines.bring(_struck(wiring, fault))


def _struck(wiring: state.Wiring, fault: Fault) -> list[state.Line]:
    """The lines that a fault acts on."""
    if fault.kind == "hang":
        return wiring.lines_of(fault.target)
    if fault.kind == "deaf":
        node, _, port = fault.target.partition(":")
        return [line for line in wiring.lines_of(node) if (node, port) in {(end.node, end.port) for end in line.ends}]
    return [wiring.lines[fault.target]]


def _without(fault: Fault) -> list[Fault]:
    return [other for other in state.faults() if (other.kind, other.target) != (fault.kind, fault.target)]


def _known(wiring: state.Wiring, fault: Fault) -> None:
    if fault.kind not in (*LINE_KINDS, *NODE_KINDS, "deaf"):
        raise GuestError(f"no fault of kind '{fault.kind}'")
    names = wiring.lines if fault.kind in LINE_KINDS else wiring.nodes
    known = bool(_struck(wiring, fault)) if fault.kind == "deaf" else fault.target in names
    if not known:
        raise GuestError(f"nothing named '{fault.target}' to {fault.kind}")


def _kill_daemon(target: str) -> None:
    """Kill every process of that name in the node, found by its PID namespace."""
    node, _, daemon = target.partition(":")
    first = nodes.pid(node)
    if not first:
        raise GuestError(f"node '{node}' is not running")
    home = (Path("/proc") / str(first) / "ns/pid").readlink()
    struck = [number for number in _processes(daemon) if _namespace(number) == home]
    if not struck:
        raise GuestError(f"no process '{daemon}' on '{node}'")
    for number in struck:
        os.kill(number, signal.SIGKILL)


def _processes(name: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "comm").read_text().strip() == name[:15]:
                    found.append(int(entry.name))
            except OSError:
                continue  # it ended meanwhile
    return found


def _namespace(number: int) -> Path | None:
    try:
        return (Path("/proc") / str(number) / "ns/pid").readlink()
    except OSError:
        return None
