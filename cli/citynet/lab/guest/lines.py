"""Cables: a veth pair per end, both outer ends in the machine and joined by redirection.

So the machine can cut, silence, delay and watch a line without touching its nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import nodes, state
from .system import batch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .state import End, Fault, Line, Wiring

_CABLE_MTU = 9600  # bytes; a cable never is what limits a line, its routers' ports are


def lay(wiring: Wiring, nodes: Iterable[str]) -> None:
    """Make the cable ends of these nodes (which must run) and bring their lines into the state the faults ask for."""
    fresh = set(nodes)
    lines = [line for line in wiring.lines.values() if {end.node for end in line.ends} & fresh]
    batch(
        "ip",
        [
            f"link add {end.outer} mtu {_CABLE_MTU} type veth peer name {end.port} address {end.mac} netns {end.node}"
            for line in lines
            for end in line.ends
            if end.node in fresh
        ],
    )
    bring(lines)


def bring(lines: Iterable[Line]) -> None:
    """Bring lines into the state that the faults in force ask for."""
    now, lights = state.faults(), state.lights()
    links: list[str] = []
    rules: list[str] = []
    for line in lines:
        faults = [fault for fault in now if fault.target in _names(line)]
        dead = {end.node for end in line.ends if not nodes.pid(end.node)}
        if line.light:
            faults.append(state.Fault(lights.get(line.name, "off"), line.name))
        _one(line, faults, dead, links, rules)
    batch("ip", links)
    batch("tc", rules)


def _names(line: Line) -> set[str]:
    """What a fault may name that acts on this line: itself, its nodes, its ports."""
    return {line.name} | {end.node for end in line.ends} | {f"{end.node}:{end.port}" for end in line.ends}


def _one(line: Line, faults: list[Fault], dead: set[str], links: list[str], rules: list[str]) -> None:
    kinds = {fault.kind for fault in faults}
    deaf = {fault.target for fault in faults if fault.kind == "deaf"}
    down = "cut" in kinds or "off" in kinds or bool(dead)
    impair = next((fault for fault in faults if fault.kind == "impair"), None)
    for end, other in (line.ends, line.ends[::-1]):
        if end.node in dead:
            continue
        silent = bool(kinds & {"silent", "hang"}) or f"{other.node}:{other.port}" in deaf
        # Every rule may be given again: `replace`, and flower (which knows it, unlike matchall) with a fixed handle.
        rules.append(f"qdisc replace dev {end.outer} clsact")
        silent = silent or other.node in dead
        rules.append(_redirect(end, other, _gate(line, kinds), silent=silent))
        rules.append(f"qdisc replace dev {end.outer} root {_queue(impair)}")
        links.append(f"link set {end.outer} {'down' if down else 'up'}")


def _gate(line: Line, kinds: set[str]) -> str:
    """The action by which the optical network opens and shuts both directions of a line at once."""
    return f"action gact {'drop' if 'dark' in kinds else 'pipe'} index {line.light} " if line.light else ""


def _redirect(end: End, other: End, gate: str, *, silent: bool) -> str:
    action = "action drop" if silent else f"{gate}action mirred egress redirect dev {other.outer}"
    return f"filter replace dev {end.outer} ingress pref 1 handle 1 protocol all flower {action}"


def _queue(impair: Fault | None) -> str:
    if impair is None:
        return "noqueue"
    words = ["netem", "limit 100000"]
    delay = impair.options.get("delay_ms", 0.0)
    jitter = impair.options.get("jitter_ms", 0.0)
    if delay or jitter:
        words.append(f"delay {delay}ms" + (f" {jitter}ms" if jitter else ""))
    if loss := impair.options.get("loss_percent", 0.0):
        words.append(f"loss {loss}%")
    return " ".join(words)
