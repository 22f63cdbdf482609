"""What a device is told of data identifiers that it counts, as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from citynet.plan.model import PortKind
from citynet.plan.tracing import node_of
from citynet.platforms.whitebox.device import trace_probes

if TYPE_CHECKING:
    from citynet.plan.model import Device, Port

KINDS = {PortKind.LINK: "link", PortKind.ATTACHMENT: "attachment"}
"""How packets look at a port, and who judges them; all others are `border`."""

PROBE_PORT = trace_probes.PORT
"""UDP port to which probes come back."""


def settings(device: Device) -> str:
    """What the agent of a device is to do: ports, and which identifiers may be seen here."""
    trace = device.trace
    assert trace is not None
    layer2 = {port.name for port in device.layer2_ports()}
    value: dict[str, Any] = {
        "device": device.name,
        "node": node_of(device),
        "source": device.underlay.loopback,
        "option": trace.option,
        "headers": trace.headers,
        "bits": trace.bits,
        "period_s": trace.period_s,
        "record_periods": trace.record_periods,
        "ports": [_port(port) for port in device.ports if port.name not in layer2],
        "identifiers": {str(one.number): {"name": one.name, "here": one.here} for one in trace.identifiers},
        "far": {far.name: {"locator": far.locator, "node": far.node} for far in trace.far},
    }
    if trace.ioam_every:
        value["ioam_every"] = trace.ioam_every
    return json.dumps(value, indent=1) + "\n"


def _port(port: Port) -> dict[str, Any]:
    return {"interface": port.interface, "kind": KINDS.get(port.kind, "border"), "to": port.peer}
