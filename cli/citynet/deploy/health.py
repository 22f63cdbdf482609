"""After the last wave: has the network come together, as seen from each device?"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.deploy.program import ask
from citynet.deploy.ssh import Connection, Target

if TYPE_CHECKING:
    from collections.abc import Container

    from citynet.plan.model import Device

_ANSWER_SLACK_S = 30.0


@dataclass(slots=True)
class Expected:
    """What one device should see.

    Attributes:
        adjacencies: Interfaces that should have an IS-IS adjacency.
        sessions: `VRF/address` of BGP peers that should be established.
    """

    adjacencies: list[str] = field(default_factory=list)
    sessions: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Health:
    """What one device saw when it was last asked; `missing` is empty when all that was expected is up."""

    adjacencies: list[str]
    sessions: list[str]
    missing: list[str]
    waited_s: float
    drained: bool = False


def expected(device: Device, deployed: Container[str]) -> Expected:
    """What the plan promises a device, as far as its neighbours are deployed too."""
    ports = {interface.port for interface in device.underlay.interfaces}
    sessions = [f"default/{peer.address}" for peer in device.bgp.neighbors if peer.name in deployed]
    sessions += [f"{vrf.name}/{peer.address}" for vrf in device.vrfs for peer in vrf.peers if peer.name in deployed]
    return Expected([port.interface for port in device.ports if port.name in ports and port.peer in deployed], sessions)


def wait(target: Target, wanted: Expected, deadline_s: float) -> Health:
    """Wait, on the device, until everything wanted is up or the deadline has passed.

    Raises:
        UnreachableError: The device cannot be reached.
        DeviceProgramError: It gave no answer.
    """
    request = {"adjacencies": wanted.adjacencies, "sessions": wanted.sessions, "deadline_s": deadline_s}
    with Connection(target) as connection:
        answer = ask(connection, "health", request, deadline_s + _ANSWER_SLACK_S)
    return Health(answer["adjacencies"], answer["sessions"], answer["missing"], answer["waited_s"], answer["drained"])
