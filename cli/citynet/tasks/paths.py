"""Paths of a router by segment lists, watched by probes, and what takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, model_validator

from citynet.plan.model import PathTo, SegmentPath, SteeredTo, Steering
from citynet.plan.paths.planning import SERVICE_TABLES
from citynet.tasks.base import Ipv6, Name, Part, Prefix, Prefix6, Task, Word

if TYPE_CHECKING:
    from typing import Self

    from citynet.plan.model import Device


class SegmentWay(Part):
    """One way, by the locators of its nodes; see `plan.model.SegmentPath`."""

    name: Word
    waypoints: Annotated[list[Ipv6], Field(min_length=1)]
    hops: Annotated[list[Ipv6], Field(min_length=1)]
    delay_us: Annotated[float, Field(ge=0)]
    weight: Annotated[int, Field(ge=1, le=255)] = 1

    def planned(self) -> SegmentPath:
        """The same as the plan has it."""
        return SegmentPath(self.name, self.waypoints, self.hops, self.delay_us, 0, 0, self.weight)


class WatchedPath(Part):
    """Ways to one router: the primary, or several that share the load, and the backup; see `plan.model.PathTo`."""

    name: Word
    primary: Annotated[list[SegmentWay], Field(min_length=1)]
    backup: list[SegmentWay] = Field(default_factory=list)
    strict: bool = False
    probe_interval_ms: Annotated[int, Field(ge=1, le=10_000)] = 20
    probe_missed: Annotated[int, Field(ge=1, le=100)] = 4
    probe_hold_s: Annotated[int, Field(ge=0, le=3600)] = 3

    def planned(self) -> PathTo:
        """The same as the plan has it."""
        found = PathTo(
            self.name,
            "",
            "",
            "",
            self.strict,
            [way.planned() for way in self.primary],
            [way.planned() for way in self.backup],
        )
        found.probe_interval_ms, found.probe_missed = self.probe_interval_ms, self.probe_missed
        found.probe_hold_s = self.probe_hold_s
        return found


class Destination(Part):
    """Prefixes behind one router, the path there, and the SID that hands packets on; see `plan.model.SteeredTo`."""

    path: Word
    sid: Ipv6
    prefixes: Annotated[list[Prefix], Field(min_length=1)]


class Steered(Part):
    """What takes paths: all packets of a VRF; see `plan.model.Steering`."""

    name: Word
    vrf: Name
    table: Annotated[int, Field(gt=SERVICE_TABLES, le=0xFFFFFFFF)]
    priority: Annotated[int, Field(ge=1, le=32_000)]
    to: Annotated[list[Destination], Field(min_length=1)]

    def planned(self) -> Steering:
        """The same as the plan has it."""
        to = [SteeredTo("", one.path, one.sid, one.prefixes) for one in self.to]
        return Steering(self.name, self.name, self.vrf, self.table, self.priority, to=to)


class Srv6Paths(Task):
    """All paths of a router."""

    technology: ClassVar[str] = "paths"

    prefix: Prefix6
    source_address: Ipv6
    paths: Annotated[list[WatchedPath], Field(min_length=1)]
    steering: Annotated[list[Steered], Field(min_length=1)]

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        known = {path.name for path in self.paths}
        for entry in self.steering:
            for one in entry.to:
                if one.path not in known:
                    raise ValueError(f"steering {entry.name}: no path '{one.path}', expected one of {sorted(known)}")
        return self

    def fill(self, device: Device) -> None:
        """Paths and steering."""
        device.srv6.prefix, device.underlay.loopback = self.prefix, self.source_address
        device.paths = [path.planned() for path in self.paths]
        device.steering = [entry.planned() for entry in self.steering]
