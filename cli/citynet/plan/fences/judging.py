"""What fences say of one identifier between two places: when its data may go, and which fences say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from citynet.design.windows import NEVER, Schedule, joined, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from citynet.plan.model import Host, PlannedFence, PlannedSite


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """The zones of a host: all that every site it hangs on lies in, and all that any of them lies in."""

    all: frozenset[str]
    any: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ruling:
    """When data may go, the fences that allow it, and those that forbid it at some time."""

    schedule: Schedule
    allowing: tuple[str, ...]
    forbidding: tuple[str, ...]

    @property
    def text(self) -> str:
        """The fences by name; a `-` before those that forbid."""
        return " ".join([*self.allowing, *(f"-{name}" for name in self.forbidding)])


@dataclass(slots=True)
class Judge:
    """Rules of data of one identifier between two whereabouts; each pair is worked out once."""

    fences: Iterable[PlannedFence]
    _known: dict[tuple[str, Whereabouts, Whereabouts], Ruling] = field(default_factory=dict)
    _naming: dict[str, dict[str, PlannedFence]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Which fences name a zone: of a thousand fences few have to do with two places."""
        for fence in self.fences:
            for zone in (*fence.allowed, *fence.forbidden):
                self._naming.setdefault(zone, {})[fence.name] = fence

    def rule(self, identifier: str, start: Whereabouts, end: Whereabouts) -> Ruling:
        """When data of an identifier may go from one place to another: allowed at that time, and not forbidden."""
        key = (identifier, start, end)
        if key not in self._known:
            self._known[key] = self._ruling(*key)
        return self._known[key]

    def _ruling(self, identifier: str, start: Whereabouts, end: Whereabouts) -> Ruling:
        zones = sorted(start.any | end.any)
        near = {name: fence for zone in zones for name, fence in self._naming.get(zone, {}).items()}
        mine = [near[name] for name in sorted(near) if identifier in near[name].identifiers]
        allowing = [fence for fence in mine if _allows(fence, start, end)]
        forbidding = [fence for fence in mine if _forbids(fence, start, end)]
        allowed = joined(span for fence in allowing for span in fence.schedule)
        forbidden = joined(span for fence in forbidding for span in fence.schedule)
        schedule = without(allowed, forbidden) if allowing else NEVER
        return Ruling(schedule, tuple(one.name for one in allowing), tuple(one.name for one in forbidding))


def _ways(fence: PlannedFence, start: Whereabouts, end: Whereabouts) -> list[tuple[Whereabouts, Whereabouts]]:
    """The whereabouts at the fence's sources and at its zones, for each direction that it speaks of."""
    found = []
    if fence.direction in ("to", "both"):
        found.append((start, end))
    if fence.direction in ("from", "both"):
        found.append((end, start))
    return found


def _allows(fence: PlannedFence, start: Whereabouts, end: Whereabouts) -> bool:
    return any(
        (not fence.sources or not near.all.isdisjoint(fence.sources)) and not far.all.isdisjoint(fence.allowed)
        for near, far in _ways(fence, start, end)
    )


def _forbids(fence: PlannedFence, start: Whereabouts, end: Whereabouts) -> bool:
    return any(
        (not fence.sources or not near.any.isdisjoint(fence.sources)) and not far.any.isdisjoint(fence.forbidden)
        for near, far in _ways(fence, start, end)
    )


def whereabouts(host: Host, sites: Mapping[str, PlannedSite], site_of: Mapping[str, str]) -> Whereabouts:
    """The zones of a host; `site_of` has the site of every device."""
    return _whereabouts(*(tuple(sites[site_of[device]].zones) for device in host.devices))


@cache
def _whereabouts(*sites: tuple[str, ...]) -> Whereabouts:
    """One object for all hosts that are at the same sites."""
    found = [frozenset(zones) for zones in sites]
    return Whereabouts(frozenset.intersection(*found), frozenset.union(*found))
