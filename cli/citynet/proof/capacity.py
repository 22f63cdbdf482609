"""Capacity: links under load, with everything up and without any one link; light on fibres; FlexE slots."""

from __future__ import annotations

import math
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING

from citynet.plan.model import PortKind
from citynet.proof.flows import Loads, Routing, TooLongError, demands
from citynet.proof.model import CLAIMS, Refutation, Result, Verdict, judged, not_applicable, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Plan
    from citynet.proof.flows import Demand
    from citynet.proof.model import Tell
    from citynet.proof.network import Network

SLOT_GBPS = 5
"""A FlexE calendar slot: 20 slots of 5 Gbit/s a 100G instance (OIF-FLEXE-02.1, 7.3)."""
LEAST_FLEXE_GBPS = 50
"""FlexE runs on 50G PHYs and faster (OIF-FLEXE-02.1); slower links have no calendar."""
MOST_WORK_US = 5e6
"""The time for the loads of one domain's links, and once more for those without one; the rest is undecided."""
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
    loads, late = _loads(routing, wanted)
    rates = [1000.0 * plan.lines[line].rate_gbps for line in network.lines]
    result = judged("CAP-01", network.domain, len(rates), list(_over(network, loads, rates)), unit="links")
    yield _undecided(result, late)
    tell(f"{network.domain}: load of links without one")
    routing.allow(MOST_WORK_US)
    timely = [demand for demand in wanted if demand.service not in late]
    yield _Failures(network, routing, timely, loads, rates).result(late)
    if network.level < CLAIMS["CAP-04"].level:
        reason = f"L2 asks for slices, the domain's level is {network.level}"
        yield not_applicable("CAP-04", network.domain, reason)
    else:
        slotted = sum(rate >= 1000 * LEAST_FLEXE_GBPS for rate in rates)
        result = judged("CAP-04", network.domain, slotted, list(_slots(network, loads, rates)), unit="links with slots")
        yield _undecided(result, late)


def _loads(routing: Routing, wanted: list[Demand]) -> tuple[Loads, list[str]]:
    """What every service loads every arc with, and the services that there was no time for."""
    loads, late = Loads(), []
    for demand in sorted(wanted, key=lambda demand: len(demand.nodes)):
        try:
            bound = routing.bound(demand)
        except TooLongError:
            late.append(demand.service)
            continue
        for arc, mbps in bound.items():
            loads.of[arc][demand.service] = mbps
    return loads, late


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


def _slots(network: Network, loads: Loads, rates: list[float]) -> Iterator[Refutation]:
    for arc, by_service in sorted(loads.of.items()):
        gbps = rates[arc >> 1] / 1000
        if gbps < LEAST_FLEXE_GBPS:
            continue
        slots = {name: math.ceil((mbps - SLACK_MBPS) / (1000 * SLOT_GBPS)) for name, mbps in by_service.items()}
        needed, there = sum(slots.values()), int(gbps // SLOT_GBPS)
        if needed > there:
            yield Refutation(
                f"link {network.lines[arc >> 1]}",
                f"{_direction(network, arc)} needs {needed} of {there} slots: {needed - there} too many",
                services=sorted(slots, key=lambda name: (-slots[name], name)),
                advice="a faster link, another beside it, or services that share a slice",
            )


class _Failures:
    """Loads without any one link.

    A failed link moves only what it carried: a device whose distance changes sent everything over it, all others
    keep their ways. So no link gets more than what it and the failed one carried, and only where that is too much
    are the loads worked out anew. Links that carry too much anyhow (CAP-01) are left out.
    """

    def __init__(
        self, network: Network, routing: Routing, wanted: list[Demand], loads: Loads, rates: list[float]
    ) -> None:
        self._network, self._routing, self._wanted = network, routing, wanted
        self._loads, self._rates = loads, rates
        self._carried = {
            edge: max(loads.total(2 * edge), loads.total(2 * edge + 1)) for edge in {arc >> 1 for arc in loads.of}
        }

    def result(self, late: list[str]) -> Result:
        """CAP-02, from what `late` leaves."""
        network = self._network
        suspects = self._suspects()
        refutations: list[Refutation] = []
        done = 0
        with suppress(TooLongError):
            users = self._users(suspects)
            for edge in suspects:
                refutations += _over(network, self._without(edge, users[edge]), self._rates, edge)
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

    def _users(self, suspects: list[int]) -> dict[int, dict[int, set[int]]]:
        """For each suspect edge the services that use it (by number), each with the nodes towards which it does."""
        found: dict[int, dict[int, set[int]]] = defaultdict(dict)
        for number, demand in enumerate(self._wanted if suspects else []):
            for edge, targets in self._routing.users(demand).items():
                found[edge][number] = targets
        return found

    def _without(self, edge: int, users: dict[int, set[int]]) -> Loads:
        changed = {self._wanted[number].service for number in users}
        loads = Loads()
        for arc, by_service in self._loads.of.items():
            kept = {name: mbps for name, mbps in by_service.items() if name not in changed}
            if kept and self._fits(arc):
                loads.of[arc] = kept
        for number, targets in users.items():
            demand = self._wanted[number]
            for arc, mbps in self._routing.bound(demand, edge, targets).items():
                if self._fits(arc):
                    loads.of[arc][demand.service] = mbps
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
