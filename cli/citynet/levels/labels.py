"""Flows of hosts that give no identifier, at fenced ports: the edge may give them one, and a fence let that pass."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import TYPE_CHECKING

from citynet.design.windows import minute_of
from citynet.plan.fences.testing import Packet, follow

if TYPE_CHECKING:
    from citynet.plan.model import Device, EdgeTag, Guard, Host, Plan, PlannedIdentifier


def is_fenced(device: Device, guard: Guard) -> bool:
    """Whether nothing passes a guarded port without an identifier."""
    return device.fence is not None and device.interface(guard.port) in {
        port.name for port in device.fence.ports if port.fenced
    }


def given(plan: Plan, start: Host, end: Host, protocol: str, port: int) -> PlannedIdentifier | None:
    """The identifier that the edge gives to a flow to a port, if its hosts give none."""
    for tag in plan.devices[start.device].tags:
        if tag.service == start.service and _fits(tag, start, end, protocol, port):
            return next((one for one in plan.identifiers.values() if one.number == tag.identifier), None)
    return None


def answered(plan: Plan, start: Host, end: Host, protocol: str, port: int) -> bool:
    """Whether a plain IPv6 flow passes every fence on its way now, and its answer those on the way back."""
    minute = minute_of(dt.datetime.now(dt.UTC))
    ways = (
        (start, end, given(plan, start, end, protocol, port)),
        (end, start, given(plan, end, start, protocol, port)),
    )
    return all(one is not None and follow(plan, Packet(here, there, one, minute)).passes for here, there, one in ways)


def _fits(tag: EdgeTag, start: Host, end: Host, protocol: str, port: int) -> bool:
    """Either end may be the one that answers: tags are given to both directions."""
    if tag.protocol not in {protocol, "any"}:
        return False
    return (not tag.ports or port in tag.ports) and (_within(end, tag) or _within(start, tag))


def _within(host: Host, tag: EdgeTag) -> bool:
    place = ipaddress.ip_address(host.address(6))
    return not tag.prefixes or any(place in ipaddress.ip_network(block) for block in tag.prefixes)
