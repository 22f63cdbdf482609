"""Reachability: the ends of a service under every single failure that its domain's level demands, and two fibres.

An end hangs on one device; when that device itself fails the end is gone, which is noted and not refuted.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from typing import TYPE_CHECKING

import rustworkx as rx

from citynet.proof import cuts
from citynet.proof.model import CLAIMS, Refutation, judged, not_applicable, some
from citynet.proof.reflectors import prove_reflectors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.plan.model import Plan
    from citynet.proof.model import Result, Tell
    from citynet.proof.network import Harm, Network

MOST_REFUTATIONS = 1000
"""A claim is not refuted more often than that; the note says so."""


def prove_reachability(plan: Plan, network: Network, seen: Searched, tell: Tell) -> Iterator[Result]:
    """REACH-01 to REACH-07 of one domain."""
    split = network.split()
    yield _whole(network, split)
    if not any(len(nodes) > 1 for nodes in network.carriers.values()):
        for claim in ("REACH-02", "REACH-03", "REACH-04", "REACH-05", "REACH-06", "REACH-07"):
            yield not_applicable(claim, network.domain, "no service has ends on two devices")
        return
    for claim, find, count, unit in (
        ("REACH-02", seen.devices, len(network.names), "devices"),
        ("REACH-03", seen.links, len(network.ends), "links"),
        ("REACH-04", seen.fibres, len(network.fibres), "fibres"),
        ("REACH-05", seen.fibre_pairs, len(network.fibres) * (len(network.fibres) - 1) // 2, "pairs of fibres"),
        ("REACH-06", seen.groups, len(network.groups), "risk groups"),
    ):
        if network.level < CLAIMS[claim].level:
            reason = f"{CLAIMS[claim].level} asks for it, the domain's level is {network.level}"
            yield not_applicable(claim, network.domain, reason)
            continue
        tell(f"{network.domain}: {CLAIMS[claim].holds.lstrip('… ')}")
        result = judged(claim, network.domain, count, find(), unit=unit)
        if claim == "REACH-02":
            result.notes += _single_homed(plan, network.domain)
        if len(result.refutations) >= MOST_REFUTATIONS:
            result.notes.append(f"the search stopped after {MOST_REFUTATIONS}; there may be more")
        yield result
    yield prove_reflectors(plan, network)


def _whole(network: Network, split: dict[str, list[int]]) -> Result:
    refutations = [
        Refutation(
            f"service {service}",
            f"no way between {some([network.names[node] for node in nodes])}",
            services=[service],
            advice="join them by a link, with IS-IS on both its ports",
        )
        for service, nodes in split.items()
    ]
    return judged("REACH-01", network.domain, len(network.carriers), refutations, unit="services")


def _single_homed(plan: Plan, domain: str) -> list[str]:
    """Participants whose every end of a service hangs on one device."""
    devices: dict[tuple[str, str], set[str]] = {}
    for host in plan.hosts.values():
        if host.domain == domain:
            devices.setdefault((host.participant, host.service), set()).update(host.devices)
    alone = Counter(next(iter(found)) for found in devices.values() if len(found) == 1)
    if not alone:
        return []
    names = [f"{name} ({count})" if count > 1 else name for name, count in sorted(alone.items())]
    count = f"{sum(alone.values())} participants reach a service through one device only"
    return [f"single-homed: {count}, whose own loss takes them with it: {some(names)}"]


class Searched:
    """What was found of one network; each search is made once, whoever asks."""

    def __init__(self, network: Network, split: Iterable[str]) -> None:
        self._network = network
        self._split = frozenset(split)
        self._known: dict[str, list[Refutation]] = {}

    def devices(self) -> list[Refutation]:
        """Devices whose loss severs a service: only articulation points can."""
        network = self._network
        return self._once(
            "device",
            (
                ([network.names[node]], network.harm((), node, ignore=self._split))
                for node in sorted(rx.articulation_points(network.graph))
            ),
        )

    def links(self) -> list[Refutation]:
        """Links whose loss severs a service: only bridges can."""
        network = self._network
        edges: dict[tuple[int, int], list[int]] = {}
        for edge, (a, b) in enumerate(network.ends):
            edges.setdefault((min(a, b), max(a, b)), []).append(edge)
        bridges = sorted(edges[min(pair), max(pair)] for pair in rx.bridges(network.graph))
        return self._once(
            "link",
            (
                ([network.lines[found[0]]], network.harm(found, ignore=self._split))
                for found in bridges
                if len(found) == 1  # rustworkx takes parallel links for one
            ),
        )

    def fibres(self) -> list[Refutation]:
        """Fibres whose cut severs a service."""
        return self._sets("fibre", self._network.fibres)

    def groups(self) -> list[Refutation]:
        """Risk groups whose loss severs a service."""
        return self._sets("risk group", self._network.groups)

    def _sets(self, kind: str, sets: dict[str, frozenset[int]]) -> list[Refutation]:
        network = self._network
        return self._once(
            kind,
            (([name], network.harm(sets[name], ignore=self._split)) for name in cuts.single(network, sets)),
        )

    def fibre_pairs(self) -> list[Refutation]:
        """Two fibres whose cut severs a service, and every fibre that does so alone."""
        alone = self.fibres()
        bad = {name for found in alone for name in found.failing}
        sets: dict[frozenset[int], str] = {}
        for name, edges in self._network.fibres.items():
            if f"fibre {name}" not in bad:
                sets.setdefault(edges, name)  # fibres under the same links are one cut
        return [*alone, *self._once("two fibres", self._pairs({name: edges for edges, name in sets.items()}))][
            :MOST_REFUTATIONS
        ]

    def _pairs(self, sets: dict[str, frozenset[int]]) -> Iterator[tuple[list[str], Harm | None]]:
        done: set[tuple[str, str]] = set()
        for family in cuts.pairs(self._network, sets):
            together = frozenset().union(*(sets[name] for name in family))
            if len(family) > 2 and not self._network.harm(together, ignore=self._split):
                continue  # all of them at once sever nothing, so no two of them do
            for one, other in combinations(sorted(family), 2):
                if (one, other) not in done:
                    done.add((one, other))
                    yield [one, other], self._network.harm(sets[one] | sets[other], ignore=self._split)

    def _once(self, kind: str, hits: Iterable[tuple[list[str], Harm | None]]) -> list[Refutation]:
        if kind not in self._known:
            found: list[Refutation] = []
            for names, harm in hits:
                if harm is not None:
                    found.append(_refutation(kind, names, harm))
                if len(found) >= MOST_REFUTATIONS:
                    break
            self._known[kind] = found
        return self._known[kind]


def _refutation(kind: str, names: list[str], harm: Harm) -> Refutation:
    word = "fibre" if kind == "two fibres" else kind
    failing = [f"{word} {name}" for name in names]
    return Refutation(
        f"{harm.pair[0]} – {harm.pair[1]}",
        f"no way from {harm.pair[0]} to {harm.pair[1]} without {' and '.join(failing)}",
        failing,
        harm.services,
        f"another line between {some(harm.part, 3)} and the rest that avoids {' and '.join(names)}",
    )
