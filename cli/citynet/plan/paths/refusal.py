"""What of the paths that a design asks for cannot be had, why, and the best that could be."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from citynet.design.policies import circular
from citynet.design.types import Intent
from citynet.plan.paths.choice import Chooser, least_touching
from citynet.plan.paths.network import networks
from citynet.plan.paths.wanted import Wanted, bounds, start_of, together, wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.design.model import Design
    from citynet.design.types import Service
    from citynet.errors import Problem
    from citynet.plan.paths.network import Network
    from citynet.plan.paths.search import Path

RULE = "path"
_ORDER = ("min_trust", "avoid", "include", "disjoint_from", "max_delay_ms", "min_availability_percent")
_SECTIONS = {"paths", "domains", "devices", "links", "rings", "meshes", "stars", "sites", "fibres", "services"}


def path_problems(design: Design, unable: Iterable[str] = ()) -> Iterator[Problem]:
    """A problem for each policy of a service that cannot be met between two of its devices, at the bound in the way.

    Args:
        design: The design, perhaps what is left of a faulty one.
        unable: Devices whose platform has no SRv6.
    """
    asked = [
        (name, service, str(policy))
        for name, service in design.city.services.items()
        for policy in dict.fromkeys([service.path, *(item.path for item in service.steering)])
        if policy in design.city.paths and not circular(design.city, policy)
    ]
    if not asked or design.aside.sections & _SECTIONS:
        return
    nets = networks(design.city, unable)
    choosers = {name: Chooser(net, design.city.failure_rates) for name, net in nets.items()}
    for name, service, policy in asked:
        if service.domain in choosers:
            yield from _Case(design, choosers[service.domain], name, service, policy).problems()


@dataclass(slots=True)
class _Case:
    """One service and one policy."""

    design: Design
    chooser: Chooser
    name: str
    service: Service
    policy: str

    def problems(self) -> Iterator[Problem]:
        """What cannot be had."""
        net = self.chooser.net
        for touch in wanted(self.chooser, self.design.city, self.policy).touches:
            if why := _untouchable(net, touch.nodes, touch.lines):
                what = f"path '{self.policy}' of service '{self.name}' includes {touch.what}, {why}"
                yield self._problem("include", what, f"parts of domain {net.domain} that route SRv6")
                return
        devices = dict.fromkeys(end.device for end in self.service.ends if end.device in net.nodes)
        failed = [ends for ends in combinations(devices, 2) if not self._feasible(self._whole(ends), ends)]
        if failed:
            yield self._diagnosis(failed)

    def _whole(self, ends: tuple[str, str]) -> Wanted:
        return wanted(self.chooser, self.design.city, self.policy, *ends)

    def _feasible(self, want: Wanted, ends: tuple[str, str]) -> bool:
        return self.chooser.choose(want, *ends) is not None

    def _diagnosis(self, failed: list[tuple[str, str]]) -> Problem:
        """The first bound that cannot be met alone; else the last that cannot be met beside the others."""
        ends = failed[0]
        asked = bounds(self.chooser, self.design.city, self.policy, *ends)
        more = f" (nor between {len(failed) - 1} more pairs)" if len(failed) > 1 else ""
        what = f"path '{self.policy}' of service '{self.name}' cannot be had between {ends[0]} and {ends[1]}{more}"
        nothing, intent = Wanted(Intent.LOW_LATENCY), start_of(self.design.city.paths[self.policy])
        for key in _ORDER:
            if key in asked and not self._feasible(together(nothing, [asked[key]]), ends):
                return self._told(key, what, asked[key], nothing, ends)
        for key in reversed(_ORDER):
            rest = together(intent, [asked[other] for other in asked if other != key])
            if key in asked and self._feasible(rest, ends):
                return self._told(key, f"{what} with its other bounds kept", asked[key], rest, ends)
        return self._problem("intent", what, "bounds that can be met together")

    def _told(self, key: str, what: str, bound: Wanted, rest: Wanted, ends: tuple[str, str]) -> Problem:
        if key in {"avoid", "disjoint_from"}:
            expected, best = self._touching(key, bound, rest, ends)
        elif key == "min_trust":
            expected, best = self._trust(bound, rest, ends)
        elif key == "max_delay_ms":
            expected, best = self._delay(bound, rest, ends)
        elif key == "min_availability_percent":
            share = self.chooser.best_availability(rest, *ends)
            expected = f"available for {100 * bound.min_availability:g} % of the time"
            best = f"the best is {100 * share:.5f} %"
        else:
            path = self._first(rest, Intent.LOW_LATENCY, ends)
            expected = "a path without a loop through " + ", ".join(touch.what for touch in bound.touches)
            best = f"there is {_way(path)} past it" if path else ""
        return self._problem(key, what, expected, best)

    def _first(self, want: Wanted, intent: Intent, ends: tuple[str, str]) -> Path | None:
        return next(self.chooser.ranked(together(Wanted(intent), [want]), *ends), None)

    def _delay(self, bound: Wanted, rest: Wanted, ends: tuple[str, str]) -> tuple[str, str]:
        path = self._first(rest, Intent.LOW_LATENCY, ends)
        best = f"the least is {path.delay_ns / 1e6:.4g} ms by {_way(path)}" if path else ""
        return f"at most {(bound.max_delay_ns or 0) / 1e6:g} ms", best

    def _trust(self, bound: Wanted, rest: Wanted, ends: tuple[str, str]) -> tuple[str, str]:
        path, net, least = self._first(rest, Intent.HIGH_TRUST, ends), self.chooser.net, bound.min_trust
        best = ""
        if path is not None:
            low = [f"line {line.name} ({line.trust})" for line in path.lines if line.trust < least]
            low += [
                f"device {node} ({net.nodes[node].trust})" for node in path.between if net.nodes[node].trust < least
            ]
            best = f"the best reaches {path.trust(net)} by {_way(path)}: in the way {', '.join(low)}"
        return f"trust {least} or more all the way", best

    def _touching(self, key: str, bound: Wanted, rest: Wanted, ends: tuple[str, str]) -> tuple[str, str]:
        find = least_touching(self.chooser.net, rest, bound.lines, bound.nodes, bound.groups)
        path, hit = next(find(*ends), None), list[str]()
        if path is not None:
            hit = [f"line {line.name}" for line in path.lines if line.name in bound.lines]
            hit += [f"device {node}" for node in path.between if node in bound.nodes]
            hit += [f"risk group {group}" for group in sorted(path.groups & bound.groups)]
        other = self.design.city.paths[self.policy].disjoint_from
        expected = "a way around it" if key == "avoid" else f"nothing shared with path '{other}'"
        return expected, f"the least that is touched: {', '.join(hit)} by {_way(path)}" if path else ""

    def _problem(self, key: str, what: str, expected: str, best: str = "") -> Problem:
        return self.design.source.problem(("paths", self.policy, key), what, expected, best, RULE)


def _untouchable(net: Network, nodes: frozenset[str], lines: frozenset[str]) -> str:
    """Why no path of a domain can touch something; empty when one can."""
    if not nodes and not lines:
        return f"which domain {net.domain} does not have"
    if nodes and nodes <= net.unable:
        return "whose platform has no SRv6"
    if lines and lines <= net.unpinned:
        return "which is no shortest way of IS-IS, so that no segment leads over it"
    return ""


def _way(path: Path) -> str:
    return " > ".join(path.nodes)
