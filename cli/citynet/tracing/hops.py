"""From counters to hops: what each device got and sent on, what was lost inside of it and on the lines behind it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from citynet.plan.model import PortKind
from citynet.plan.tracing import node_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from citynet.plan.model import Device, Plan, Port


class Place(NamedTuple):
    """Where packets were counted: `way` is `in` or `out`, `node` the number of the device where they entered.

    The number is 0 where nobody could tell any more: behind the end of an encrypted service.
    """

    device: str
    interface: str
    way: str
    node: int


@dataclass(slots=True)
class Leg:
    """A way out of a device.

    Attributes:
        interface: By which packets went.
        to: The device or host there.
        packets: How many went.
        lost: How many of them did not arrive; None where that cannot be told.
        periods: Packets sent and lost, period by period.
    """

    interface: str
    to: str
    packets: int
    lost: int | None
    periods: list[tuple[int, int | None]] = field(default_factory=list)


@dataclass(slots=True)
class Hop:
    """A device on the way.

    Attributes:
        device: Its name.
        came_in: Interfaces by which packets came.
        packets: How many came.
        lost: How many of them did not go out again; None where that cannot be told.
        legs: The ways out.
    """

    device: str
    came_in: list[str]
    packets: int
    lost: int | None
    legs: list[Leg] = field(default_factory=list)


@dataclass(slots=True)
class Flow:
    """All packets of an identifier that entered a domain at one device; the entry is empty where nobody could tell."""

    entered: str
    hops: list[Hop] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Packets lost on the way, as far as that can be told."""
        return sum(hop.lost or 0 for hop in self.hops) + sum(leg.lost or 0 for hop in self.hops for leg in hop.legs)

    def as_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return {**asdict(self), "lost": self.lost}


def flows(plan: Plan, counted: Mapping[Place, Sequence[int]]) -> list[Flow]:
    """The flows that counters tell of.

    Args:
        plan: The plan by which devices are joined.
        counted: Packets at each place in each of some periods, the same for all places.
    """
    heads = {(device.domain, node_of(device)): device.name for device in plan.devices.values()}
    parts: dict[tuple[str, int], dict[Place, Sequence[int]]] = {}
    for place, values in counted.items():
        if place.device in plan.devices:
            parts.setdefault((plan.devices[place.device].domain, place.node), {})[place] = values
    return [_Tracer(plan, heads.get(key, ""), part).flow() for key, part in sorted(parts.items())]


@dataclass(slots=True)
class _Tracer:
    """Puts the counters of one flow in order."""

    plan: Plan
    entered: str
    counted: Mapping[Place, Sequence[int]]

    def flow(self) -> Flow:
        found = Flow(self.entered)
        devices = dict.fromkeys(place.device for place in self.counted)
        seen: set[str] = set()
        for start in ([self.entered] if self.entered in devices else []) + list(devices):
            open_ = [start]
            while open_:
                name = open_.pop(0)
                if name in seen or name not in devices:
                    continue
                seen.add(name)
                hop = self._hop(self.plan.devices[name])
                found.hops.append(hop)
                open_ += [leg.to for leg in hop.legs]
        return found

    def _hop(self, device: Device) -> Hop:
        places = sorted(place for place in self.counted if place.device == device.name)
        came = [place for place in places if place.way == "in"]
        legs = [self._leg(device, place) for place in places if place.way == "out"]
        packets = _sum(self.counted[place] for place in came)
        # The end of an encrypted service hides the identifier, or finds it where it was hidden.
        hidden = bool(device.protections) and (not came or not any(leg.packets for leg in legs))
        lost = None if hidden or not came else packets - sum(leg.packets for leg in legs)
        return Hop(device.name, [place.interface for place in came], packets, lost, legs)

    def _leg(self, device: Device, place: Place) -> Leg:
        port = _port(device, place.interface)
        sent = self.counted[place]
        if port is None or port.kind is not PortKind.LINK:
            to = port.peer if port is not None else ""
            return Leg(place.interface, to, sum(sent), None, [(one, None) for one in sent])
        far = self.plan.devices[port.peer]
        there = Place(far.name, far.interface(port.peer_port), "in", place.node)
        got = self.counted.get(there, [0] * len(sent))
        periods = [(one, one - other) for one, other in zip(sent, got, strict=True)]
        return Leg(place.interface, port.peer, sum(sent), sum(sent) - sum(got), list[tuple[int, int | None]](periods))


def _port(device: Device, interface: str) -> Port | None:
    return next((port for port in device.ports if port.interface == interface), None)


def _sum(series: Iterable[Sequence[int]]) -> int:
    return sum(sum(one) for one in series)
