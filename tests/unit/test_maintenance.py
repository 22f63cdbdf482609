"""Draining: steps without loops, what is refused, and a configuration that comes back byte for byte."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
import rustworkx as rx
from hypothesis import given
from hypothesis import strategies as st

from citynet import build
from citynet.maintenance.ordering import steps
from citynet.maintenance.refusals import refusals
from citynet.platforms.whitebox.device import maintenance
from tree import ROOT

Arcs = dict[str, dict[str, int]]


def ring(size: int) -> Arcs:
    return {f"r{i}": {f"r{(i + 1) % size}": 10, f"r{(i - 1) % size}": 10} for i in range(size)}


@st.composite
def networks(draw: st.DrawFn) -> Arcs:
    size = draw(st.integers(3, 7))
    arcs: Arcs = {str(i): {} for i in range(size)}
    pairs = [(i, (i + 1) % size) for i in range(size)]
    pairs += draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=5))
    for a, b in pairs:
        if a != b:
            arcs[str(a)][str(b)] = draw(st.integers(1, 30))
            arcs[str(b)][str(a)] = draw(st.integers(1, 30))
    return arcs


def next_hops(arcs: Arcs, node: str, more: int, target: str) -> set[tuple[str, str]]:
    """By a plain shortest-path computation, as every router makes it."""
    cost = {(a, b): m + (more if a == node else 0) for a, out in arcs.items() for b, m in out.items()}
    graph: rx.PyDiGraph[str, int] = rx.PyDiGraph()
    index = dict(zip(arcs, graph.add_nodes_from(list(arcs)), strict=True))
    graph.add_edges_from([(index[b], index[a], m) for (a, b), m in cost.items()])
    far = dict(rx.dijkstra_shortest_path_lengths(graph, index[target], float))
    far[index[target]] = 0.0
    return {
        (a, b)
        for (a, b), m in cost.items()
        if a != target and m + far.get(index[b], math.inf) == far.get(index[a], -1.0)
    }


@given(networks())
def test_no_step_can_make_a_loop_and_the_last_leaves_the_device(arcs: Arcs) -> None:
    node = "0"
    way = steps(arcs, node)
    assert way == sorted(set(way))
    for target in arcs:
        if target == node:
            continue
        for before, after in zip([0, *way], way, strict=False):
            union = next_hops(arcs, node, before, target) | next_hops(arcs, node, after, target)
            assert rx.is_directed_acyclic_graph(_graph(arcs, union)), (target, before, after)
        last = next_hops(arcs, node, way[-1] if way else 0, target)
        assert all(b != node for a, b in last), target


def _graph(arcs: Arcs, edges: set[tuple[str, str]]) -> rx.PyDiGraph[str, None]:
    graph: rx.PyDiGraph[str, None] = rx.PyDiGraph()
    index = dict(zip(arcs, graph.add_nodes_from(list(arcs)), strict=True))
    graph.add_edges_from_no_data([(index[a], index[b]) for a, b in edges])
    return graph


@pytest.mark.parametrize(("size", "found"), [(6, [1, 21]), (12, [1, 21, 41, 61, 81])])
def test_a_ring_needs_a_step_for_each_pair_of_routers(size: int, found: list[int]) -> None:
    assert steps(ring(size), "r0") == found


def test_one_step_in_a_ring_would_loop() -> None:
    arcs = ring(6)
    union = next_hops(arcs, "r0", 0, "r1") | next_hops(arcs, "r0", 21, "r1")
    assert not rx.is_directed_acyclic_graph(_graph(arcs, union))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> object:
    folder = tmp_path_factory.mktemp("vpn")
    (folder / "design.yml").write_text((ROOT / "tests/lab/l3vpn.yml").read_text(encoding="utf-8"), encoding="utf-8")
    return build.build(folder).plan


@pytest.mark.parametrize(
    ("node", "others", "said"),
    [
        ("core-a", [], []),
        ("core-a", ["core-b"], ["would fall apart", "reflects routes"]),
        ("pe-west", [], ["branch-1, meter-1 hang on it alone"]),
        ("pe-west", ["border"], ["centre", "hang on it alone"]),
        ("border", [], ["the exit of branches to the internet is at it"]),
    ],
)
def test_what_is_refused(plan: object, node: str, others: list[str], said: list[str]) -> None:
    found = "; ".join(refusals(plan, node, others))  # type: ignore[arg-type]
    assert bool(found) == bool(said)
    assert all(text in found for text in said), found


def test_the_configuration_comes_back_byte_for_byte() -> None:
    for path in sorted(Path(ROOT / "tests/golden/cases").glob("*/expected/*/etc/frr/frr.conf")):
        text = path.read_text(encoding="utf-8")
        drained = maintenance.drained(text)
        assert " set-overload-bit\n" in drained
        assert " topology ipv6-unicast overload\n" in drained
        assert ("bgp graceful-shutdown\n" in drained) == (" vrf " in text)
        assert maintenance.drained(drained) == drained
        assert maintenance.undrained(drained) == text


def test_a_core_refuses_probes_and_an_edge_does_not() -> None:
    seen = set()
    for path in sorted(Path(ROOT / "tests/golden/cases/paths/expected").glob("*/etc")):
        frr, rules = (path / name for name in ("frr/frr.conf", "nftables.conf"))
        more = maintenance.refusing_probes(frr.read_text(encoding="utf-8"), rules.read_text(encoding="utf-8"))
        seen.add(
            (
                path.parent.name,
                bool(re.search(r"exthdr rt exists udp dport \d+ drop$", more, re.MULTILINE)),
                "eth1" in more,
            )
        )
    assert ("north", True, True) in seen
    assert ("west", False, False) in seen


@pytest.mark.parametrize(
    ("others", "said"),
    [([], []), (["south"], ["strict path trusted east of west has no other way"])],
)
def test_a_strict_path_must_have_a_way_left(tmp_path: Path, others: list[str], said: list[str]) -> None:
    text = (ROOT / "tests/golden/cases/paths/design.yml").read_text(encoding="utf-8")
    (tmp_path / "design.yml").write_text(text, encoding="utf-8")
    found = refusals(build.build(tmp_path).plan, "north", others)
    assert [one for one in found if "strict" in one and "of west" in one] == said
