"""Slices and the FlexE groups that carry them (OIF-FLEXE-02.1)."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class PlannedSlice:
    """Bandwidth of its own on every line of its way.

    `number` names it in packets (8 bits of the outer flow label), `client` in the groups; `lab_mbps` is its rate to
    the scale of the lab.
    """

    name: str
    title: str
    domain: str
    number: int
    client: int
    bandwidth_gbps: float
    lab_mbps: float
    services: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FlexeClient:
    """A client of a group: a slice with its places in the calendar.

    `slots` as `3` or, where it has only a part of a slot, `3.1` (slot, sub-slot; both from 0).
    """

    slice: str
    client: int
    bandwidth_gbps: float
    slots: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FlexeGroup:
    """The PHYs of a line, bonded; `calendar` is the one in use, A or B.

    A plan that changes the places of clients fills the other calendar and switches to it: what does not change place
    notices nothing, and what does loses nothing.
    """

    line: str
    number: int
    phys: int
    phy_gbps: int
    instances: int
    slots: int
    granule_gbps: float
    calendar: str
    clients: list[FlexeClient] = field(default_factory=list)


@dataclass(slots=True)
class SliceQueue:
    """What a port keeps for one slice: rate in kbit/s and queue in bytes, to the scale of the lab."""

    slice: str
    number: int
    kbit: int
    queue_bytes: int


@dataclass(slots=True)
class SlicedPort:
    """A port on a line that carries slices; `base_kbit` is left for control and for services without a slice."""

    port: str
    base_kbit: int
    base_queue_bytes: int
    queues: list[SliceQueue] = field(default_factory=list)


@dataclass(slots=True)
class SliceEntry:
    """A port by which customers' packets enter, and the number of their slice (0: none).

    `identifiers` are data identifiers whose packets have a slice of their own: numbers of both.
    """

    port: str
    number: int
    identifiers: dict[int, int] = field(default_factory=dict)
