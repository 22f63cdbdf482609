"""Capacity: links under load, with everything up and without any one link; light on fibres; FlexE slots."""

from __future__ import annotations

import math
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.design.flexe import LEAST_FLEXE_GBPS, slots_for, slots_of
from citynet.plan.model import PortKind
from citynet.proof.flows import Loads, Routing, TooLongError, demands
from citynet.proof.model import CLAIMS, Refutation, Result, Verdict, judged, not_applicable, some

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.plan.model import Plan, PlannedService
    from citynet.proof.flows import Demand
    from citynet.proof.model import Tell
    from citynet.proof.network import Network

MOST_WORK_US = 5e6
"""The time for the loads of one domain's links, and once more for those without one; the rest is undecided."""
BATCH = 1000
"""Nodes towards which distances are worked out side by side; 40 MiB for 5,000 devices."""
SIDE_BY_SIDE = 50
"""From so many nodes on that is quicker than one after the other."""
SLACK_MBPS = 1e-6


def prove_links(plan: Plan, network: Network, tell: Tell) -> Iterator[Result]:
    """CAP-01, CAP-02 and CAP-04 of one domain."""
    wanted = demands(plan, network)
    if not wanted:
        for claim in ("CAP-01", "CAP-02", "CAP-04"):
            yield not_applicable(claim, network.domain, "no service plans for bandwidth (bandwidth_mbps)")
        return
    tell(f"{network.domain}: load of links")
    routing = Routing(plan, network)
    routing.allow(MOST_WORK_US)
    known = _loads(routing, wanted)
    loads, late = known.loads, [one.service for number, one in enumerate(wanted) if number not in known.done]
    rates = [1000.0 * plan.lines[line].rate_gbps for line in network.lines]
    result = judged(
        "CAP-01", network.domain, 2 * len(rates), list(_over(network, loads, rates)), unit="directions of links"
    )
    yield _undecided(result, late)
    tell(f"{network.domain}: load of links without one")
    routing.allow(MOST_WORK_US)
    yield _Failures(network, routing, wanted, known, rates).result(late)
    if network.level < CLAIMS["CAP-04"].level:
        reason = f"L2 asks for slices, the domain's level is {network.level}"
        yield not_applicable("CAP-04", network.domain, reason)
    else:
        slotted = sum(rate >= 1000 * LEAST_FLEXE_GBPS for rate in rates)
        result = judged("CAP-04", network.domain, slotted, list(_slots(plan, network, loads)), unit="links with slots")
        yield _undecided(result, late)


@dataclass(slots=True)
class _Known:
    """What was found with everything up.

    Attributes:
        loads: What every service loads every arc with.
        users: The services that use each edge, by number.
        done: The services worked out.
    """

    loads: Loads = field(default_factory=Loads)
    users: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    done: set[int] = field(default_factory=set)


def _loads(routing: Routing, wanted: list[Demand]) -> _Known:
    """Every service that there is time for, the small ones first."""
    known = _Known()
    with suppress(TooLongError):
        for number, bound in _bounds(routing, wanted, range(len(wanted))):
            for arc, mbps in bound.items():
                known.loads.of[arc][wanted[number].service] = mbps
                known.users[arc >> 1].add(number)
            known.done.add(number)
    return known


def _bounds(
    routing: Routing, wanted: list[Demand], numbers: Iterable[int], gone: int = -1
) -> Iterator[tuple[int, dict[int, float]]]:
    """What each of some services loads every arc with, a batch of them after the other."""
    for batch in _batches(sorted(numbers, key=lambda number: len(wanted[number].nodes)), wanted):
        targets = {node for number in batch for node in wanted[number].nodes}
        if len(targets) >= SIDE_BY_SIDE:
            routing.prepare(targets, gone)
        for number in batch:
            yield number, routing.bound(wanted[number], gone)


def _batches(numbers: list[int], wanted: list[Demand]) -> Iterator[list[int]]:
    batch: list[int] = []
    size = 0
    for number in numbers:
        if batch and size + len(wanted[number].nodes) > BATCH:
            yield batch
            batch, size = [], 0
        batch.append(number)
        size += len(wanted[number].nodes)
    if batch:
        yield batch


def _undecided(result: Result, late: list[str]) -> Result:
    if late:
        result.notes.append(f"not worked out, as it would take too long: {some(late)}")
        if result.verdict is Verdict.PROVEN:
            result.verdict = Verdict.UNDECIDED
    return result


def _direction(network: Network, arc: int) -> str:
    a, b = network.ends[arc >> 1]
    return f"{network.names[b]} → {network.names[a]}" if arc & 1 else f"{network.names[a]} → {network.names[b]}"


def _over(network: Network, loads: Loads, rates: list[float], failing: int = -1) -> Iterator[Refutation]:
    for arc, by_service in sorted(loads.of.items()):
        total, rate = sum(by_service.values()), rates[arc >> 1]
        if arc >> 1 != failing and total > rate + SLACK_MBPS:
            without = f" without {network.lines[failing]}" if failing >= 0 else ""
            yield Refutation(
                f"link {network.lines[arc >> 1]}",
                f"{_direction(network, arc)} may carry {total / 1000:g} of {rate / 1000:g} Gbit/s{without}: "
                f"{(total - rate) / 1000:g} too much",
                [f"link {network.lines[failing]}"] if failing >= 0 else [],
                sorted(by_service, key=lambda name: (-by_service[name], name)),
                "a faster link, another beside it, or other metrics",
            )


def _slots(plan: Plan, network: Network, loads: Loads) -> Iterator[Refutation]:
    """Links with too few slots for the services on them, and slices that carry more than their rate."""
    for arc, by_service in sorted(loads.of.items()):
        line = network.lines[arc >> 1]
        there = slots_of(plan.lines[line].rate_gbps)
        if not there:
            continue
        slots = {one: slots_for(mbps) for one, mbps in by_service.items() if not plan.services[one].slice}
        if line in plan.groups:
            slots |= {f"slice {one.slice}": slots_for(1000 * one.bandwidth_gbps) for one in plan.groups[line].clients}
        if (needed := sum(slots.values())) > there:
            yield Refutation(
                f"link {line}",
                f"{_direction(network, arc)} needs {needed} of {there} slots: {needed - there} too many",
                services=sorted(slots, key=lambda name: (-slots[name], name)),
                advice="a faster link, another beside it, or services that share a slice",
            )
        yield from _overfull(plan, network, arc, by_service)


def _overfull(plan: Plan, network: Network, arc: int, by_service: dict[str, float]) -> Iterator[Refutation]:
    """Slices whose services together may send more over a link than the slice carries there."""
    line = network.lines[arc >> 1]
    group = plan.groups.get(line)
    rates = {client.slice: 1000 * client.bandwidth_gbps for client in group.clients} if group else {}
    wanted: dict[str, float] = defaultdict(float)
    for service, mbps in by_service.items():
        for name, part in _parts(plan.services[service], mbps):
            wanted[name] += part
    for name, mbps in wanted.items():
        if mbps > rates.get(name, 0.0) + SLACK_MBPS:
            yield Refutation(
                f"link {line}",
                f"{_direction(network, arc)} may carry {mbps / 1000:g} Gbit/s in slice {name} of "
                f"{rates.get(name, 0.0) / 1000:g}",
                services=sorted(one for one in by_service if name in dict(_parts(plan.services[one], mbps))),
                advice="a larger slice",
            )


def _parts(service: PlannedService, mbps: float) -> Iterator[tuple[str, float]]:
    """The slices in which packets of a service travel, with the load of each: identifiers take theirs of the whole."""
    rest = mbps
    for one in service.bindings:
        if one.slice:
            part = mbps * min(1.0, one.bandwidth_mbps / service.bandwidth_mbps) if service.bandwidth_mbps else 0.0
            rest = max(0.0, rest - part)
            yield one.slice, part
    if service.slice:
        yield service.slice, rest


class _Failures:
    """Loads without any one link.

    A failed link moves only what it carried: a device whose distance changes sent everything over it, all others
    keep their ways. So no link gets more than what it and the failed one carried, and only where that is too much
    are the loads worked out anew. Links that carry too much anyhow (CAP-01) are left out.
    """

    def __init__(
        self, network: Network, routing: Routing, wanted: list[Demand], known: _Known, rates: list[float]
    ) -> None:
        self._network, self._routing, self._wanted = network, routing, wanted
        self._loads, self._users, self._rates = known.loads, known.users, rates
        self._carried = {
            edge: max(self._loads.total(2 * edge), self._loads.total(2 * edge + 1))
            for edge in {arc >> 1 for arc in known.loads.of}
        }

    def result(self, late: list[str]) -> Result:
        """CAP-02, from what `late` leaves."""
        network = self._network
        suspects = self._suspects()
        refutations: list[Refutation] = []
        done = 0
        with suppress(TooLongError):
            for edge in suspects:
                refutations += _over(network, self._without(edge, self._users[edge]), self._rates, edge)
                done += 1
        skipped = len(suspects) - done
        result = judged("CAP-02", network.domain, len(network.ends), refutations, unit="links failed")
        result.notes.append(
            f"{len(network.ends) - len(suspects)} links carry so little that nothing overflows; "
            f"loads worked out anew for {len(suspects) - skipped}"
        )
        return _undecided(result, [*late, *([f"{skipped} of the links that fail"] if skipped else [])])

    def _suspects(self) -> list[int]:
        """Links whose whole load might be too much for another, the fullest first."""
        headroom = [
            min(
                (rate - self._loads.total(arc) for arc in (2 * edge, 2 * edge + 1) if self._fits(arc)), default=math.inf
            )
            for edge, rate in enumerate(self._rates)
        ]
        least = [*sorted(range(len(headroom)), key=headroom.__getitem__)[:2], -1]
        found = []
        for edge in self._carried:
            tightest = least[1] if edge == least[0] else least[0]
            moved = self._loads.total(2 * edge) + self._loads.total(2 * edge + 1)
            if tightest >= 0 and moved > headroom[tightest] + SLACK_MBPS:
                found.append(edge)
        return sorted(found, key=lambda edge: (-self._carried[edge], edge))

    def _without(self, edge: int, users: set[int]) -> Loads:
        changed = {self._wanted[number].service for number in users}
        loads = Loads()
        for arc, by_service in self._loads.of.items():
            kept = {name: mbps for name, mbps in by_service.items() if name not in changed}
            if kept and self._fits(arc):
                loads.of[arc] = kept
        for number, bound in _bounds(self._routing, self._wanted, users, edge):
            for arc, mbps in bound.items():
                if self._fits(arc):
                    loads.of[arc][self._wanted[number].service] = mbps
        return loads

    def _fits(self, arc: int) -> bool:
        """Whether an arc carries no more than its rate with everything up; CAP-01 tells of the others."""
        return self._loads.total(arc) <= self._rates[arc >> 1] + SLACK_MBPS


def prove_fibres(plan: Plan) -> Result:
    """CAP-03: the light of all links on a fibre, of both domains."""
    lit: dict[str, float] = defaultdict(float)
    on_it: dict[str, list[str]] = defaultdict(list)
    refutations = []
    for line in plan.lines.values():
        if line.kind is PortKind.LINK:
            for fibre in line.fibres:
                lit[fibre] += line.rate_gbps
                on_it[fibre].append(line.name)
    for name, gbps in lit.items():
        planned = plan.fibres.get(name)
        if planned is None or gbps > planned.capacity_gbps:
            most = planned.capacity_gbps if planned else 0
            refutations.append(
                Refutation(
                    f"fibre {name}",
                    f"links need {gbps:g} of {most:g} Gbit/s: {gbps - most:g} too much ({some(on_it[name])})",
                    advice="take some of its links over another fibre, or light more",
                )
            )
    subject = " and ".join(plan.domains)
    return judged("CAP-03", subject, len(plan.fibres), refutations, unit="fibres")
