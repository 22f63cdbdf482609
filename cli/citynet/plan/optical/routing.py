"""Which ways a group of demands may take: one, or two without a common risk, the better ones first."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from citynet.plan.optical.diversity import pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.optical.demands import Group
    from citynet.plan.optical.graph import FibreGraph, Route

STRETCH = 1.4
"""A way may be so many times as long as the shortest one before it is worse than waiting for other light."""
MOST = 3
"""Ways of a group that are judged and tried."""
TWO_LIT = ("diamond", "gold")
"""Classes with a protection path that is lit all the time (1+1, ITU-T G.873.1)."""
RESTORED = ("silver",)
"""Classes with a restoration path whose light others may share."""


def fits(group: Group, choice: Choice) -> bool:
    """Whether a choice is one of the group's class and wishes, without a common risk."""
    roles = [role for role, _ in choice.routes()]
    kind = "protection" if group.protection in TWO_LIT else "restoration" if group.protection in RESTORED else ""
    others = [route for role, route in choice.routes() if role != "working"]
    return (
        roles == ["working", kind][: 2 if kind else 1]
        and not any(route.risks & choice.working.risks for route in others)
        and (not group.fibres or choice.working.fibres == group.fibres)
    )


class Choice(NamedTuple):
    """A working path, with the other one that its class has."""

    working: Route
    protection: Route | None = None
    restoration: Route | None = None

    def routes(self) -> Iterator[tuple[str, Route]]:
        """Role and route of each."""
        yield "working", self.working
        if self.protection is not None:
            yield "protection", self.protection
        if self.restoration is not None:
            yield "restoration", self.restoration

    @property
    def length_km(self) -> float:
        """All together."""
        return sum(route.length_km for _, route in self.routes())

    @property
    def text(self) -> str:
        """Its name in the lock."""
        return "|".join(f"{role} {' '.join(route.fibres)}" for role, route in self.routes())


@dataclass(slots=True)
class Router:
    """Finds the choices of a group; the same question is answered once."""

    graph: FibreGraph
    _known: dict[tuple[str, str, str, tuple[str, ...]], list[Choice]] = field(default_factory=dict)

    def choices(self, group: Group) -> list[Choice]:
        """What a group may take, the better ones first; none when nothing leads there or every pair collides."""
        kind = "two" if group.protection in TWO_LIT else "spare" if group.protection in RESTORED else "one"
        key = (group.a, group.b, kind, group.fibres)
        if key not in self._known:
            self._known[key] = list(self._found(group, kind))
        return self._known[key]

    def choice(self, group: Group, ways: dict[str, list[str]]) -> Choice | None:
        """The choice of these fibres by role; None when it is none of this group's any more."""
        routes = {role: self.graph.joins(group.a, group.b, fibres) for role, fibres in ways.items() if fibres}
        working = routes.get("working")
        if working is None:
            return None
        choice = Choice(working, routes.get("protection"), routes.get("restoration"))
        return choice if None not in routes.values() and fits(group, choice) else None

    def around(self, group: Group, full: frozenset[str]) -> list[Choice]:
        """What a group may take without fibres that are full; none when its working path is named."""
        return [] if group.fibres else Router(self.graph.without(full)).choices(group)

    def named(self, group: Group) -> Route | None:
        """The working path that the design names."""
        return self.graph.route(group.a, group.fibres) if group.fibres else None

    def _found(self, group: Group, kind: str) -> Iterator[Choice]:
        named = self.named(group)
        if kind == "one":
            found = (Choice(route) for route in ([named] if named else self.graph.ways(group.a, group.b)))
        else:
            found = (
                Choice(pair.working, pair.other) if kind == "two" else Choice(pair.working, None, pair.other)
                for pair in pairs(self.graph, group.a, group.b, named)
            )
        best: float | None = None
        for choice in itertools.islice(found, MOST):
            best = best or choice.length_km
            if choice.length_km <= best * STRETCH:
                yield choice
