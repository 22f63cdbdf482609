"""Paths of a router by segment lists, watched by probes, and what takes them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from citynet.plan.bindings import EXTENSIONS
from citynet.plan.model import IdentifierOption, PathTo, SegmentPath, SteeredTo, Steering, Vrf
from citynet.plan.paths.planning import LAST_NUMBER, SERVICE_TABLES
from citynet.tasks.base import Ipv6, Name, Part, PortName, Prefix, Prefix6, Task

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from citynet.plan.model import Device

Label = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_./> -]{0,254}$")]
"""A name for people, such as `share/1003` or `west>north>east`."""


class SegmentWay(Part):
    """One way, by the locators of its nodes; see `plan.model.SegmentPath`."""

    name: Label
    waypoints: Annotated[list[Ipv6], Field(min_length=1)]
    hops: Annotated[list[Ipv6], Field(min_length=1)]
    delay_us: Annotated[float, Field(ge=0)]
    weight: Annotated[int, Field(ge=1, le=255)] = 1

    def planned(self) -> SegmentPath:
        """The same as the plan has it."""
        return SegmentPath(self.name, self.waypoints, self.hops, self.delay_us, 0, 0, self.weight)


class WatchedPath(Part):
    """Ways to one router: the primary, or several that share the load, and the backup; see `plan.model.PathTo`."""

    name: Label
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

    path: Label
    sid: Ipv6
    prefixes: Annotated[list[Prefix], Field(min_length=1)]


class Steered(Part):
    """What takes paths: packets of a VRF, those of it with one data identifier, or, without a VRF, any to the prefixes.

    See `plan.model.Steering`.
    """

    name: Label
    vrf: Name | None = None
    table: Annotated[int, Field(gt=SERVICE_TABLES, le=0xFFFFFFFF)]
    priority: Annotated[int, Field(ge=1, le=32_000)]
    identifier: Annotated[int, Field(ge=0, lt=1 << 128)] = 0
    number: Annotated[int, Field(ge=0, le=LAST_NUMBER)] = 0
    interfaces: list[PortName] = Field(default_factory=list)
    to: Annotated[list[Destination], Field(min_length=1)]

    def planned(self) -> Steering:
        """The same as the plan has it."""
        to = [SteeredTo("", one.path, one.sid, one.prefixes) for one in self.to]
        return Steering(
            self.name, self.name, self.vrf or "", self.table, self.priority, self.identifier, self.number, to=to
        )

    def wrong(self, bits: int) -> Iterator[str]:
        """What does not fit together; an identifier has so many bits."""
        marked = {
            "identifier": bool(self.identifier),
            "number": bool(self.number),
            "interfaces": bool(self.interfaces),
        }
        missing = [option for option, given in marked.items() if not given]
        if missing and len(missing) < len(marked):
            yield f"{', '.join(marked)} belong together, expected {' and '.join(missing)}, too"
        if self.identifier and not self.vrf:
            yield "identifier: data identifiers are looked for in a VRF, expected vrf"
        if self.identifier >> bits:
            yield f"identifier {self.identifier} has more than {bits} bits"
        if self.identifier or not self.vrf:
            why = "data identifiers stand in IPv6 headers" if self.identifier else "tunnels have IPv6 headers"
            for number, one in enumerate(self.to):
                if not any(":" in prefix for prefix in one.prefixes):
                    yield f"to.{number}: no IPv6 prefix, and {why}"


class DataIdentifiers(Part):
    """How packets carry a data identifier, as in a design; see `plan.model.IdentifierOption`."""

    option: Annotated[int, Field(ge=1, le=255)] = 3
    header: Literal["destination", "hop-by-hop", "any"] = "any"
    bits: Literal[32, 64, 128] = 32


class Srv6Paths(Task):
    """All paths of a router."""

    technology: ClassVar[str] = "paths"

    prefix: Prefix6
    source_address: Ipv6
    paths: Annotated[list[WatchedPath], Field(min_length=1)]
    steering: Annotated[list[Steered], Field(min_length=1)]
    data_identifiers: DataIdentifiers | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        found = [*self._unknown_paths(), *self._twice(), *self._beside_each_other()]
        for entry in self.steering:
            found += [f"steering {entry.name}: {problem}" for problem in entry.wrong(self._carried.bits)]
        if found:
            raise ValueError("; ".join(found))
        return self

    def _unknown_paths(self) -> Iterator[str]:
        known = {path.name for path in self.paths}
        for entry in self.steering:
            for one in entry.to:
                if one.path not in known:
                    yield f"steering {entry.name}: no path '{one.path}', expected one of {sorted(known)}"

    def _twice(self) -> Iterator[str]:
        marked = [entry for entry in self.steering if entry.identifier]
        for option, values in (
            ("paths: name", [path.name for path in self.paths]),
            ("steering: name", [entry.name for entry in self.steering]),
            ("steering: table", [entry.table for entry in self.steering]),
            ("steering: number", [entry.number for entry in marked]),
            ("steering: identifier", [f"{entry.identifier} in {entry.vrf}" for entry in marked]),
        ):
            for value, times in Counter(values).items():
                if times > 1:
                    yield f"{option} {value} stands twice"

    def _beside_each_other(self) -> Iterator[str]:
        """Identifiers of one VRF are looked for at the same ports, and before a rule for all of its packets."""
        for entry in [entry for entry in self.steering if entry.identifier]:
            for other in [other for other in self.steering if other.vrf == entry.vrf]:
                if not other.identifier and other.priority <= entry.priority:
                    yield (
                        f"steering {entry.name}: priority {entry.priority} is not before that of {other.name}, "
                        f"expected less than {other.priority}"
                    )
                if other.identifier and sorted(set(other.interfaces)) > sorted(set(entry.interfaces)):
                    yield f"steering {entry.name}: interfaces differ from those of {other.name} in the same VRF"

    @property
    def _carried(self) -> DataIdentifiers:
        return self.data_identifiers or DataIdentifiers()

    def fill(self, device: Device) -> None:
        """Paths and steering; of VRFs only where packets with identifiers enter them."""
        device.srv6.prefix, device.underlay.loopback = self.prefix, self.source_address
        device.paths = [path.planned() for path in self.paths]
        device.steering = [entry.planned() for entry in self.steering]
        ports = {entry.vrf or "": list(dict.fromkeys(entry.interfaces)) for entry in self.steering if entry.identifier}
        device.vrfs = [Vrf(name, name, 0, "", "", [], names) for name, names in ports.items()]
        if ports:
            how = self._carried
            device.identifiers = [IdentifierOption(how.option, EXTENSIONS[how.header], how.bits)]
