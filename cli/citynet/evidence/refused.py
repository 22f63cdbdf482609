"""Flows that a device refused: from the line that it wrote to a record, with the policy that decided."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.evidence.crossing import CONTROL, NOBODY, NOTHING, Ends, speaks_of
from citynet.evidence.flows import short
from citynet.evidence.labels import POLICY, Carried
from citynet.evidence.record import Direction, Outcome, PolicyResult, Record, Verdict
from citynet.plan.recording import Noted

if TYPE_CHECKING:
    from citynet.evidence.crossing import Crossings
    from citynet.plan.model import Device, Guard, Host

_WHY = {
    "spoofed": "the host at the port has no right to the identifier, or the source is not the port's",
    "shapes": "an identifier where nobody could judge it, or a routing header",
    "untagged": "no identifier, at a port that passes nothing without one",
    "closed": "a fence lets it at other times",
    "denied": "no fence lets this identifier go there",
}
"""The counters of a device's fence, for people."""
_JUDGED = {"denied", "closed"}
"""Those that depend on which fences there are."""
_LISTED = "a fence lets it go there, and no entry of the border does"


@dataclass(slots=True)
class Refused:
    """A flow that a device dropped; numbers may be out of their range.

    Attributes:
        policy: `fence`, `interconnect` or `exit`.
        rule: The counter of the fence, or the name of the interconnect or exit.
        came_by: The interface by which it came.
        leaves_by: That by which it was to leave; empty when it was dropped before that was decided.
        ends: Addresses, protocol and port.
        source_port: The opener's port.
        icmp: Type and code.
        identifier: The identifier that its packets carry; 0: none.
        start: When its first packet came, µs since 1970 UTC.
        end: When its last one came.
        packets: How many came.
        octets: Of their IP packets.
    """

    policy: str
    rule: str
    came_by: str
    leaves_by: str
    ends: Ends
    source_port: int | None
    icmp: tuple[int | None, int | None]
    identifier: int
    start: int
    end: int
    packets: int
    octets: int


def parse(line: bytes) -> Refused | None:
    """What a line of a device says; None if it is none (`platforms/whitebox/device/refused_flows.py`)."""
    try:
        raw = json.loads(line)
        port = raw["destination_port"]
        ends = Ends(short(raw["source"]), short(raw["destination"]), int(raw["protocol"]), port, 0)
        return Refused(
            policy=str(raw["policy"]),
            rule=str(raw["rule"]),
            came_by=str(raw["came_by"]),
            leaves_by=str(raw["leaves_by"]),
            ends=ends,
            source_port=raw["source_port"],
            icmp=(raw["icmp_type"], raw["icmp_code"]),
            identifier=int(raw["identifier"]),
            start=int(raw["start"]),
            end=int(raw["end"]),
            packets=int(raw["packets"]),
            octets=int(raw["octets"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def record(crossings: Crossings, name: str, flow: Refused) -> Record | str:
    """The record of a flow that a device refused; or why it is none: `CONTROL`.

    Raises:
        ValueError: A number of the flow is out of its range.
    """
    ends = flow.ends
    owners = crossings.owner(ends.source), crossings.owner(ends.destination)
    if NOBODY in owners or None not in owners:
        return CONTROL
    device = crossings.plan.devices[name]
    hosts = crossings.hosts.get(ends.source), crossings.hosts.get(ends.destination)
    guard = _guard_of(device, flow)
    carried = Carried(Noted(flow.identifier, unknown=False, several=False), NOTHING)
    services = list(dict.fromkeys(host.service for host in hosts if host is not None))
    values = {
        "border": name,
        "crossing": guard.interconnect if guard is not None else "",
        "direction": Direction.OUTWARD if flow.leaves_by else Direction.INWARD,
        "outcome": Outcome.REFUSED,
        "start": flow.start,
        "end": max(flow.end, flow.start),
        "protocol": ends.protocol,
        "icmp_type": flow.icmp[0],
        "icmp_code": flow.icmp[1],
        "source": {**crossings.party(hosts[0], ends.source), "port": flow.source_port},
        "destination": {**crossings.party(hosts[1], ends.destination), "port": ends.port},
        "labels": services,
        "data_class": crossings.class_of(services, carried),
        "identifier": flow.identifier,
        "path": _path(device, hosts[0], guard, flow),
        "load": {
            "bytes_sent": flow.octets,
            "packets_sent": flow.packets,
            "bytes_returned": 0,
            "packets_returned": 0,
        },
        "policies": [_deciding(crossings, guard, flow, hosts)],
    }
    return Record.model_validate(values)


def _guard_of(device: Device, flow: Refused) -> Guard | None:
    """The guard of the port at which it was refused; None at the port of a host."""
    port = flow.leaves_by or flow.came_by
    return next((one for one in (*device.guards, *device.exits) if device.interface(one.port) == port), None)


def _path(device: Device, source: Host | None, guard: Guard | None, flow: Refused) -> list[str]:
    """From the sender's device to this one; what a port of this device does not know as its own stays here."""
    start = [source.device] if source is not None and (guard is not None or flow.rule != "spoofed") else []
    before = [device.port(guard.port).peer] if guard is not None and not flow.leaves_by else []
    return list(dict.fromkeys([*start, *before, device.name]))


def _deciding(
    crossings: Crossings, guard: Guard | None, flow: Refused, hosts: tuple[Host | None, Host | None]
) -> PolicyResult:
    """The policy that decided, and why."""
    if flow.policy != POLICY:
        return PolicyResult(policy=flow.policy, rule=flow.rule, result=Verdict.DENY, detail=_unlisted(guard, flow))
    if flow.rule in _JUDGED and (judged := crossings.labels.judged(flow.identifier, hosts, flow.start)):
        names, lets = judged
        why = _LISTED if lets else _WHY[flow.rule]
        return PolicyResult(policy=POLICY, rule=names or flow.rule, result=Verdict.DENY, detail=why)
    return PolicyResult(policy=POLICY, rule=flow.rule, result=Verdict.DENY, detail=_WHY.get(flow.rule, ""))


def _unlisted(guard: Guard | None, flow: Refused) -> str:
    inward = not flow.leaves_by
    for rule in guard.rules if guard is not None else ():
        if rule.inward == inward and speaks_of(rule, flow.ends):
            return f"{rule.name} names these ends and this port, and not this identifier"
    return "no entry names these ends and this port"
