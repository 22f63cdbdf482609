"""Proofs against brute force: every failure tried, on small plans of any shape."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
import pytest
import rustworkx as rx
from hypothesis import given, settings
from hypothesis import strategies as st

from citynet.plan.model import Plan
from citynet.proof import cuts, prove
from citynet.proof.flows import Routing, demands
from citynet.proof.model import Area, Verdict
from citynet.proof.network import network_of
from citynet.proof.risk import disjoint
from proof_plans import Shape, Wire, plan_of

if TYPE_CHECKING:
    from collections.abc import Collection

EXAMPLES = 150
FIBRES = [f"f{number}" for number in range(6)]
GROUPS = ["duct", "bridge", "tunnel"]


@st.composite
def shapes(draw: st.DrawFn, most_devices: int = 8, mbps: int = 0) -> Shape:
    """Connected or not, with parallel links, links over several fibres or none, fibres in several groups."""
    devices = draw(st.integers(2, most_devices))
    nodes = st.integers(0, devices - 1)
    tree = [(number, draw(st.integers(0, number - 1))) for number in range(1, devices) if draw(st.integers(0, 9))]
    pairs = tree + draw(st.lists(st.tuples(nodes, nodes).filter(lambda pair: pair[0] != pair[1]), max_size=10))
    riding = st.lists(st.sampled_from(FIBRES), max_size=2, unique=True).map(tuple)
    return Shape(
        devices,
        [Wire(a, b, draw(riding), draw(st.integers(1, 4)), draw(st.sampled_from([10, 25]))) for a, b in pairs],
        draw(st.lists(st.lists(nodes, min_size=1, max_size=4), min_size=1, max_size=3)),
        {fibre: draw(st.lists(st.sampled_from(GROUPS), max_size=2, unique=True)) for fibre in FIBRES},
        mbps=mbps,
    )


def left(plan: Plan, lines: Collection[str], dead: str = "") -> rx.PyGraph:
    graph = rx.PyGraph(multigraph=True)
    index = {name: graph.add_node(name) for name in plan.devices if name != dead}
    for line in plan.lines.values():
        if line.kind == "link" and line.name not in lines and line.a.node in index and line.b.node in index:
            graph.add_edge(index[line.a.node], index[line.b.node], line.name)
    return graph


def severed(plan: Plan, lines: Collection[str] = (), dead: str = "") -> set[str]:
    """Services with two live ends that do not reach each other."""
    graph = left(plan, lines, dead)
    part = {graph[node]: number for number, nodes in enumerate(rx.connected_components(graph)) for node in nodes}
    return {
        name
        for name, service in plan.services.items()
        if len({part[plan.hosts[host].device] for host in service.hosts if plan.hosts[host].device != dead}) > 1
    }


def riders(plan: Plan) -> dict[str, set[str]]:
    return {fibre: {line.name for line in plan.lines.values() if fibre in line.fibres} for fibre in plan.fibres}


def members(plan: Plan) -> dict[str, set[str]]:
    return {
        group: {line.name for line in plan.lines.values() if group in line.risk_groups}
        for group in GROUPS
        if any(group in line.risk_groups for line in plan.lines.values())
    }


def found(plan: Plan, claim: str) -> dict[frozenset[str], set[str]]:
    """What the proof says: the services hurt by each failing set."""
    results = [result for result in prove(plan, [Area.REACHABILITY]).results if result.claim == claim]
    return {frozenset(r.failing): set(r.services) for result in results for r in result.refutations}


@settings(max_examples=EXAMPLES, deadline=None)
@given(shapes())
def test_single_failures_as_brute_force_finds_them(shape: Shape) -> None:
    plan = plan_of(shape)
    always = severed(plan)
    assert found(plan, "REACH-01").get(frozenset(), set()) == set() or always
    expected = {
        "REACH-02": {f"device {name}": severed(plan, dead=name) - always for name in plan.devices},
        "REACH-03": {f"link {n}": severed(plan, [n]) - always for n, line in plan.lines.items() if line.kind == "link"},
        "REACH-04": {f"fibre {name}": severed(plan, lines) - always for name, lines in riders(plan).items()},
        "REACH-06": {f"risk group {name}": severed(plan, lines) - always for name, lines in members(plan).items()},
    }
    for claim, failures in expected.items():
        assert found(plan, claim) == {frozenset([name]): hurt for name, hurt in failures.items() if hurt}, claim


@settings(max_examples=EXAMPLES, deadline=None)
@given(shapes(), st.sampled_from([0, 10, 1000]))
def test_two_fibres_as_brute_force_finds_them(shape: Shape, most_sums: int) -> None:
    plan = plan_of(shape)
    with pytest.MonkeyPatch.context() as patch:  # sets beyond are held against every other one
        patch.setattr(cuts, "MOST_SUMS", most_sums)
        claimed = found(plan, "REACH-05")
    always, on = severed(plan), riders(plan)
    alone = {fibre for fibre in on if severed(plan, on[fibre]) - always}
    expected = {frozenset([fibre]) for fibre in alone}
    lines_of = {}
    for one, other in itertools.combinations(sorted(set(on) - alone), 2):
        if severed(plan, on[one] | on[other]) - always:
            expected.add(frozenset([one, other]))
    for fibre in sorted(on):  # fibres under the same links stand for one another
        lines_of.setdefault(frozenset(on[fibre]), fibre)
    names = {fibre: fibre if fibre in alone else lines_of[frozenset(on[fibre])] for fibre in on}
    shown = {frozenset(f"fibre {names[fibre]}" for fibre in pair) for pair in expected}
    assert set(claimed) == shown
    for failing, services in claimed.items():
        lines = set().union(*(on[name.removeprefix("fibre ")] for name in failing))
        assert services == severed(plan, lines) - always


@settings(max_examples=EXAMPLES, deadline=None)
@given(shapes(), st.data())
def test_the_filter_loses_no_cut(shape: Shape, data: st.DataObject) -> None:
    plan = plan_of(shape)
    network = network_of(plan, "government")
    numbers = range(len(network.ends))
    edges = frozenset(data.draw(st.lists(st.sampled_from(numbers), unique=True)) if numbers else ())
    labels = cuts.Labels(network, [edges])
    rest = left(plan, [network.lines[edge] for edge in edges])
    parts = rx.number_connected_components(rest) - rx.number_connected_components(network.graph)
    assert labels.span(edges).dependent == parts == len(network.parts(edges))


def all_ways(network, start: int, end: int) -> list[list[int]]:
    """Every simple way between two nodes, as edges."""
    ways, open_ = [], [(start, [], {start})]
    while open_:
        node, way, seen = open_.pop()
        for edge, other in network.beside[node]:
            if other == end:
                ways.append([*way, edge])
            elif other not in seen:
                open_.append((other, [*way, edge], seen | {other}))
    return ways


@settings(max_examples=EXAMPLES, deadline=None)
@given(shapes(most_devices=5))
def test_shared_risks_as_all_ways_show_them(shape: Shape) -> None:
    plan = plan_of(shape)
    network = network_of(plan, "government")
    result = next(r for r in prove(plan, [Area.RISK]).results if r.claim == "RISK-01")
    shared: set[str] = set()
    split = network.split()
    for service, nodes in network.carriers.items():
        for one, other in itertools.combinations(sorted(nodes), 2) if service not in split else ():
            ways = all_ways(network, one, other)
            for kind, sets in (("fibre", network.fibres), ("risk group", network.groups)):
                shared |= {f"{kind} {n}" for n, edges in sets.items() if all(edges & set(way) for way in ways)}
            inner = [{node for edge in way for node in network.ends[edge]} - {one, other} for way in ways]
            shared |= {f"device {network.names[node]}" for node in set.intersection(*inner)}
            check_example(network, one, other)
    assert {name for refutation in result.refutations for name in refutation.failing} == shared


def check_example(network, one: int, other: int) -> None:
    """Two ways given as an example do share nothing."""
    pair = disjoint(network, one, other)
    if pair:
        sets = [*network.fibres.values(), *network.groups.values()]
        assert not any(edges & set(pair[0]) and edges & set(pair[1]) for edges in sets)
        nodes = [{node for edge in way for node in network.ends[edge]} for way in pair]
        assert nodes[0] & nodes[1] == {one, other}
        assert not set(pair[0]) & set(pair[1])


def shares(network, metric: list[float], gone: int = -1) -> dict[tuple[int, int], np.ndarray]:
    """Share of the traffic of each pair on each arc, from distances by Bellman and Ford, node by node."""
    count = len(network.names)
    arcs = [
        (arc, *(network.ends[arc >> 1] if not arc & 1 else network.ends[arc >> 1][::-1]))
        for arc in range(2 * len(network.ends))
        if arc >> 1 != gone
    ]
    found = {}
    for target in range(count):
        distance = [0.0 if node == target else float("inf") for node in range(count)]
        for _ in range(count):
            for arc, a, b in arcs:
                distance[a] = min(distance[a], metric[arc] + distance[b])
        for source in range(count):
            load = np.zeros(2 * len(network.ends))
            at = {source: 1.0} if source != target and distance[source] < float("inf") else {}
            for node in sorted(range(count), key=lambda node: -distance[node]):
                if node == target or node not in at:
                    continue
                hops = [(arc, b) for arc, a, b in arcs if a == node and metric[arc] + distance[b] == distance[node]]
                for arc, b in hops:
                    load[arc] += at[node] / len(hops)
                    at[b] = at.get(b, 0.0) + at[node] / len(hops)
            found[source, target] = load
    return found


def traffic(data: st.DataObject, ends: dict[int, int], mbps: int) -> dict[tuple[int, int], float]:
    """What the hoses of one service may send: pairs filled one after the other until an end is full."""
    out = {node: float(mbps * count) for node, count in ends.items()}
    into = dict(out)
    pairs = data.draw(st.permutations([(a, b) for a in ends for b in ends if a != b]))
    sent = {}
    for a, b in pairs:
        sent[a, b] = min(out[a], into[b])
        out[a] -= sent[a, b]
        into[b] -= sent[a, b]
    return sent


@settings(max_examples=EXAMPLES, deadline=None)
@given(shapes(most_devices=6, mbps=4000), st.data())
def test_no_traffic_beats_the_bound(shape: Shape, data: st.DataObject) -> None:
    """Fault-free loads stay under the bound, and nothing overflows where the proof says that nothing does."""
    plan = plan_of(shape)
    network = network_of(plan, "government")
    wanted = demands(plan, network)
    results = {result.claim: result for result in prove(plan, [Area.CAPACITY]).results}
    if not wanted:
        assert results["CAP-01"].verdict is Verdict.NOT_APPLICABLE
        return
    metric = [float(plan.lines[line].metric) for line in network.lines for _ in range(2)]
    sent = {}
    for demand in wanted:
        ends = {node: int(mbps / 4000) for node, mbps in zip(demand.nodes, demand.mbps, strict=True)}
        sent[demand.service] = traffic(data, ends, 4000)
    bounds = {demand.service: Routing(plan, network).bound(demand) for demand in wanted}
    rates = np.array([1000.0 * plan.lines[line].rate_gbps for line in network.lines for _ in range(2)])
    fits = np.array([sum(b.get(arc, 0.0) for b in bounds.values()) <= rate for arc, rate in enumerate(rates)])
    for gone in range(-1, len(network.ends)):
        share = shares(network, metric, gone)
        load = {service: sum(mbps * share[pair] for pair, mbps in pairs.items()) for service, pairs in sent.items()}
        over = sum(load.values()) > rates + 1e-6
        over &= fits if gone >= 0 else True
        if gone < 0:
            for service, row in load.items():
                assert all(row[arc] <= bounds[service].get(arc, 0.0) + 1e-6 for arc in range(len(rates)))
            assert not over.any() or results["CAP-01"].verdict is Verdict.REFUTED
        elif over.any():
            failing = f"link {network.lines[gone]}"
            assert any(refutation.failing == [failing] for refutation in results["CAP-02"].refutations)


def test_the_bound_is_reached_on_a_tree() -> None:
    """Two ends on one side, three on the other: the smaller side counts."""
    shape = Shape(5, [Wire(0, 1), Wire(0, 2), Wire(1, 3), Wire(1, 4)], [[0, 2, 3, 4, 1]], mbps=1000)
    plan = plan_of(shape)
    network = network_of(plan, "government")
    bound = Routing(plan, network).bound(demands(plan, network)[0])
    assert bound[0] == bound[1] == 2000.0
    assert bound[2] == bound[3] == 1000.0
