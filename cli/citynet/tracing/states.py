"""What the devices of a running lab counted lately."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from citynet.errors import DeviceError
from citynet.tracing.hops import Place

if TYPE_CHECKING:
    from citynet.lab.running import Lab

STATE = "/run/citynet/trace.json"
_AT_ONCE = 8


@dataclass(slots=True)
class Traced:
    """What was counted of one identifier, in the same periods at every device that tells.

    Attributes:
        period_s: How long a period is.
        first: Number of the first period; its start is that many periods after 1970 UTC.
        end: Number behind that of the last one.
        counted: Packets at each place, period by period.
        strangers: Places where it was seen and does not belong, with packets.
        silent: Devices that tell nothing.
        probes: Ways of probes between two devices, as numbers of devices.
        carried: Packets by the way that they told of themselves, at each device that reads them.
    """

    period_s: int
    first: int = 0
    end: int = 0
    counted: dict[Place, list[int]] = field(default_factory=dict)
    strangers: dict[Place, int] = field(default_factory=dict)
    silent: list[str] = field(default_factory=list)
    probes: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    carried: dict[tuple[str, tuple[int, ...]], int] = field(default_factory=dict)


def traced(lab: Lab, identifier: int, period_s: int, most: int) -> Traced:
    """Ask every device of a lab, and take the periods that all of them counted whole, at most so many."""
    names = list(lab.plan.devices)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        states = dict(zip(names, pool.map(lambda name: _state(lab, name), names), strict=True))
    return together(states, identifier, period_s, most)


def together(states: dict[str, dict[str, Any]], identifier: int, period_s: int, most: int) -> Traced:
    """The states of devices, by name, as one; a state is empty where a device tells nothing."""
    found = Traced(period_s, silent=[name for name, state in states.items() if not state.get("periods")])
    telling = {name: state for name, state in states.items() if name not in found.silent}
    if telling:
        last = min(state["periods"][-1][0] for state in telling.values())
        found.first = max([last - most + 1, *(state["periods"][0][0] for state in telling.values())])
        found.end = max(found.first, last + 1)
    for name, state in telling.items():
        _add_counts(found, name, state, identifier)
    for name, state in states.items():
        _add_rest(found, name, state, identifier)
    return found


def _add_counts(found: Traced, name: str, state: dict[str, Any], identifier: int) -> None:
    for period, rows in state["periods"]:
        if found.first <= period < found.end:
            for number, interface, way, node, packets, _ in rows:
                if number == identifier:
                    nothing = [0] * (found.end - found.first)
                    values = found.counted.setdefault(Place(name, interface, way, node), nothing)
                    values[period - found.first] += packets


def _add_rest(found: Traced, name: str, state: dict[str, Any], identifier: int) -> None:
    found.probes |= {(name, far): numbers for far, numbers in state.get("ways", {}).items()}
    for number, nodes, packets, period in state.get("carried", ()):
        if number == identifier and found.first <= period:
            found.carried[name, tuple(nodes)] = packets
    for number, interface, way, node, packets in state.get("strangers", ()):
        if number == identifier:
            found.strangers[Place(name, interface, way, node)] = packets


def _state(lab: Lab, name: str) -> dict[str, Any]:
    try:
        text = lab.node(name, f"cat {STATE} 2>/dev/null || true").strip()
        state: dict[str, Any] = json.loads(text) if text else {}
    except (DeviceError, ValueError):
        return {}
    return state
