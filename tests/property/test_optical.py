"""Light, whatever the network: pairs share no risk or there are none, and plans hold what any plan must hold."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lights
from citynet import build
from citynet.errors import InputError
from citynet.plan.model import OpticalPlan
from citynet.plan.optical.diversity import pairs, refusal
from citynet.plan.optical.graph import FibreGraph, Route
from citynet.plan.optical.spectrum import first_free

SITES = "abcdef"
GROUPS = ("bridge", "duct", "tunnel")


@st.composite
def fibres(draw: st.DrawFn, least: int = 1) -> dict[str, dict[str, Any]]:
    """Fibres among six sites, parallel ones too, some in risk groups."""
    ends = st.tuples(st.sampled_from(SITES), st.sampled_from(SITES)).filter(lambda pair: pair[0] != pair[1])
    drawn = draw(st.lists(ends, min_size=least, max_size=11))
    return {
        f"f{number}": {
            "between": list(pair),
            "length_km": draw(st.sampled_from([5, 20, 60])),
            "risk_groups": sorted(draw(st.sets(st.sampled_from(GROUPS), max_size=1))),
        }
        for number, pair in enumerate(drawn)
    }


def graph_of(drawn: dict[str, dict[str, Any]]) -> FibreGraph:
    graph = FibreGraph()
    for name, fibre in drawn.items():
        graph.add(name, fibre["between"][0], fibre["between"][1], fibre["length_km"], fibre["risk_groups"])
    return graph


def every_way(graph: FibreGraph, start: str, end: str) -> list[Route]:
    """All ways without a loop, found by trying everything."""
    found: list[Route] = []

    def walk(here: str, sites: list[str], names: list[str]) -> None:
        if here == end:
            found.append(graph.route(start, names))
            return
        for name, edge in graph.edges.items():
            if here in {edge.a, edge.b}:
                there = edge.b if here == edge.a else edge.a
                if there not in sites:
                    walk(there, [*sites, there], [*names, name])

    walk(start, [start], [])
    return found


@given(fibres())
def test_ways_come_in_order_and_all_of_them_come(drawn: dict[str, dict[str, Any]]) -> None:
    graph = graph_of(drawn)
    found = list(graph.ways("a", "b"))
    assert [way.length_km for way in found] == sorted(way.length_km for way in found)
    assert {way.fibres for way in found} == {way.fibres for way in every_way(graph, "a", "b")}
    assert len({way.fibres for way in found}) == len(found)


@given(fibres())
def test_a_pair_shares_no_risk_and_none_means_none(drawn: dict[str, dict[str, Any]]) -> None:
    graph = graph_of(drawn)
    ways = every_way(graph, "a", "b")
    apart = [(one, other) for one, other in itertools.combinations(ways, 2) if not one.risks & other.risks]
    found = list(pairs(graph, "a", "b"))
    for pair in found:
        assert not pair.working.risks & pair.other.risks
        assert pair.working.length_km <= pair.other.length_km
    assert bool(found) == bool(apart)
    if not found:
        why = refusal(graph, "a", "b")
        assert why.proven, "so small a network is seen whole"
        if why.nearest is not None and why.common:
            assert why.nearest[0].fibres != why.nearest[1].fibres


@given(fibres())
def test_bhandari_finds_the_shortest_pair(drawn: dict[str, dict[str, Any]]) -> None:
    graph = graph_of(drawn)
    ways = every_way(graph, "a", "b")
    lengths = [
        one.length_km + other.length_km
        for one, other in itertools.combinations(ways, 2)
        if not set(one.fibres) & set(other.fibres)
    ]
    found = graph.pair("a", "b")
    assert (found is None) == (not lengths)
    if found is not None:
        assert not set(found[0].fibres) & set(found[1].fibres)
        assert found[0].length_km + found[1].length_km == pytest.approx(min(lengths))


@given(st.integers(min_value=0, max_value=2**40 - 1), st.integers(min_value=1, max_value=12))
def test_the_first_free_run(taken: int, width: int) -> None:
    naive = next((n for n in range(40 - width + 1) if not any(taken >> (n + k) & 1 for k in range(width))), None)
    assert first_free(taken, 40, width) == naive


SERVICE = st.fixed_dictionaries(
    {
        "domain": st.sampled_from(["government", "cross"]),
        "between": st.sampled_from([list(pair) for pair in itertools.permutations(SITES[:4], 2)]),
        "rate_mbps": st.sampled_from([50, 400, 1000, 10_000, 40_000, 100_000, 400_000]),
        "protection": st.sampled_from(["diamond", "gold", "silver", "copper", "unprotected"]),
    }
)


def plan(folder: str, design: dict[str, Any]) -> OpticalPlan | None:
    """The optical plan; None when it is refused."""
    file = Path(folder) / "design.yml"
    file.write_text(lights.text(design), encoding="utf-8")
    try:
        found = lights.optical_of(build.plan_and_lock(file)[0])
    except InputError:
        return None
    lights.check(found)
    return found


@settings(max_examples=25)
@given(
    fibres(least=9),
    st.dictionaries(st.sampled_from([f"s{n}" for n in range(12)]), SERVICE, min_size=2, max_size=10),
    st.sampled_from(["nothing", "wavelength", "odu"]),
    st.data(),
)
def test_plans_hold_and_stay(
    drawn: dict[str, dict[str, Any]], services: dict[str, Any], share: str, data: st.DataObject
) -> None:
    pytest.importorskip("gnpy", reason="GNPy is an extra: pip install 'citynet[optical]'")
    ring = {f"r{n}": {"between": [SITES[n], SITES[(n + 1) % 6]], "length_km": 20, "risk_groups": []} for n in range(6)}
    more = data.draw(st.dictionaries(st.sampled_from([f"t{n}" for n in range(4)]), SERVICE, max_size=3))

    def design(wanted: dict[str, Any]) -> dict[str, Any]:
        return lights.city(list(SITES), {**ring, **drawn}, wanted, domains_share=share)

    with tempfile.TemporaryDirectory() as folder:
        before = plan(folder, design(services))
        after = plan(folder, design({**more, **services})) if before is not None else None
        if before is None or after is None:
            return
        for name, path in before.lit_paths.items():
            assert after.lit_paths[name] == path
        for name, service in before.services.items():
            assert after.services[name] == service
        assert plan(folder, design(services)) == before
