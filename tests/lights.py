"""Small designs with an optical base, and what must hold of any optical plan; shared by tests and bench."""

from __future__ import annotations

import itertools
import json
import math
import random
from collections import defaultdict
from typing import Any

from citynet.plan.model import LitPath, OpticalPlan, Plan
from citynet.plan.optical.diversity import pairs as pairs_of
from citynet.plan.optical.graph import FibreGraph

REGION = 40
"""Sites that most of a site's traffic stays among."""


def city(
    sites: list[str],
    fibres: dict[str, dict[str, Any]],
    services: dict[str, dict[str, Any]],
    **optical: Any,
) -> dict[str, Any]:
    """A design of light alone: one device a domain, and services between sites."""
    domains = {
        "government": {"asn": 65001, "locators": "fd01:1::/32", "router_ids": "10.1.0.0/16"},
        "cross": {"asn": 65002, "locators": "fd02:2::/32", "router_ids": "10.2.0.0/16"},
    }
    return {
        "city": "light",
        "domains": domains,
        "sites": {site: {} for site in sites},
        "fibres": fibres,
        "devices": {f"{name}-1": {"domain": name, "role": "core", "site": sites[0]} for name in domains},
        "optical": {**optical, "services": services},
    }


def text(design: dict[str, Any]) -> str:
    """As a file; JSON is YAML."""
    return json.dumps(design)


def big(count: int, wanted: int, seed: int = 1) -> dict[str, Any]:
    """A country of light: `count` sites at chance places, each joined to its nearest, and `wanted` services.

    Ducts of two fibres each make risk groups, one for every second site.
    """
    chance = random.Random(seed)
    places = [(chance.random() * 400, chance.random() * 400) for _ in range(count)]
    near = [sorted(range(count), key=lambda other: math.dist(here, places[other])) for here in places]
    pairs = {(min(i, j), max(i, j)) for i in range(count) for j in near[i][1:5]}
    pairs |= set(_bridges(places, pairs))
    names = [f"f{i:03}-{j:03}" for i, j in sorted(pairs)]
    fibres = {
        name: {
            "between": [f"s{i:03}", f"s{j:03}"],
            "length_km": round(math.dist(places[i], places[j]) * 1.3 + 1, 1),
            "risk_groups": [],
        }
        for name, (i, j) in zip(names, sorted(pairs), strict=True)
    }
    for number in range(count // 2):
        for name in chance.sample(names, 2):
            fibres[name]["risk_groups"].append(f"duct-{number}")
    graph = FibreGraph()
    for name, fibre in fibres.items():
        graph.add(name, fibre["between"][0], fibre["between"][1], fibre["length_km"], fibre["risk_groups"])
    classes = ("diamond", "gold", "silver", "copper", "unprotected")
    services = {
        f"service-{number:03}": {
            "domain": chance.choice(["government", "cross"]),
            "between": _ends(chance, graph, near, two=classes[number % len(classes)] in {"diamond", "gold", "silver"}),
            "rate_mbps": chance.choice([100, 1000, 10_000, 100_000]),
            "protection": classes[number % len(classes)],
        }
        for number in range(wanted)
    }
    return city([f"s{number:03}" for number in range(count)], fibres, services)


def _ends(chance: random.Random, graph: FibreGraph, near: list[list[int]], *, two: bool) -> list[str]:
    """A site and one of the region around it; joined by two ways without a common risk, when there must be."""
    while True:
        here = chance.randrange(len(near))
        ends = [f"s{here:03}", f"s{chance.choice(near[here][1:REGION]):03}"]
        if not two or next(pairs_of(graph, ends[0], ends[1]), None) is not None:
            return ends


def _bridges(places: list[tuple[float, float]], pairs: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """The shortest pairs that join what is apart, two for each, so that two ways lead everywhere."""
    found: list[tuple[int, int]] = []
    while len(parts := _parts(len(places), pairs | set(found))) > 1:
        part = parts[0]
        outside = [(i, j) for i in part for j in range(len(places)) if j not in part]
        outside.sort(key=lambda pair: math.dist(places[pair[0]], places[pair[1]]))
        first = outside[0]
        second = next(pair for pair in outside if not set(pair) & set(first))
        found += [(min(pair), max(pair)) for pair in (first, second)]
    return found


def _parts(count: int, pairs: set[tuple[int, int]]) -> list[set[int]]:
    near = defaultdict[int, set[int]](set)
    for i, j in pairs:
        near[i].add(j)
        near[j].add(i)
    left, parts = set(range(count)), []
    while left:
        part, ahead = set[int](), [min(left)]
        while ahead:
            here = ahead.pop()
            if here not in part:
                part.add(here)
                ahead += near[here]
        parts.append(part)
        left -= part
    return parts


def optical_of(plan: Plan) -> OpticalPlan:
    """The optical plan, which must be there."""
    assert plan.optical is not None
    return plan.optical


def check(optical: OpticalPlan) -> None:
    """Everything that holds of any optical plan; nothing of the planner is used to find out."""
    for path in optical.lit_paths.values():
        _joins(optical, path)
        assert path.margin_db >= 0
        assert path.gsnr_db >= path.threshold_db
        assert optical.spectrum.first_slot <= path.first_slot
        assert path.first_slot + path.slots <= optical.spectrum.first_slot + optical.spectrum.slots
    _slots_are_apart(optical)
    _ways_are_apart(optical)
    _domains_are_apart(optical)
    _slots_of_odu_are_apart(optical)


def _joins(optical: OpticalPlan, path: LitPath) -> None:
    here = path.a
    assert path.sites[0] == path.a
    assert len(set(path.sites)) == len(path.sites)
    for fibre, there in zip(path.fibres, path.sites[1:], strict=True):
        one = optical.fibres[fibre]
        assert {here, there} == {one.a, one.b}
        here = there
    assert here == path.b
    assert math.isclose(path.length_km, sum(optical.fibres[fibre].length_km for fibre in path.fibres), abs_tol=0.01)


def risks(optical: OpticalPlan, path: LitPath) -> set[str]:
    """What takes a path away: its fibres, and their risk groups."""
    return {f"fibre {fibre}" for fibre in path.fibres} | {
        group for fibre in path.fibres for group in optical.fibres[fibre].risk_groups
    }


def _slots_are_apart(optical: OpticalPlan) -> None:
    by_fibre = defaultdict[str, list[LitPath]](list)
    for path in optical.lit_paths.values():
        for fibre in path.fibres:
            by_fibre[fibre].append(path)
    for paths in by_fibre.values():
        for one, other in itertools.combinations(paths, 2):
            overlap = one.first_slot < other.first_slot + other.slots and other.first_slot < one.first_slot + one.slots
            assert not overlap or _may_share(optical, one, other), (one.name, other.name)


def _may_share(optical: OpticalPlan, one: LitPath, other: LitPath) -> bool:
    """Restorations that no single risk wakes together; and restoration may take the light of copper."""
    roles = sorted(path.role for path in (one, other))
    if "restoration" not in roles:
        return False
    if roles == ["restoration", "restoration"]:
        working = [optical.lit_paths[optical.trunks[path.trunk].working[0]] for path in (one, other)]
        return one.domain == other.domain and not risks(optical, working[0]) & risks(optical, working[1])
    lit = one if other.role == "restoration" else other
    return optical.trunks[lit.trunk].protection_class == "copper"


def _ways_are_apart(optical: OpticalPlan) -> None:
    for service in optical.services.values():
        others = [*service.protection, *service.restoration]
        assert bool(service.protection) == (service.protection_class in {"diamond", "gold"})
        assert bool(service.restoration) == (service.protection_class == "silver")
        for working, other in itertools.product(service.working, others):
            common = risks(optical, optical.lit_paths[working]) & risks(optical, optical.lit_paths[other])
            assert not common, (service.name, common)


def _domains_are_apart(optical: OpticalPlan) -> None:
    if optical.domains_share != "nothing":
        return
    for service in optical.services.values():
        assert optical.trunks[service.trunk].domain == service.domain
        for name in (*service.working, *service.protection, *service.restoration):
            assert optical.lit_paths[name].domain == service.domain


def _slots_of_odu_are_apart(optical: OpticalPlan) -> None:
    carried: list[str] = []
    for trunk in optical.trunks.values():
        runs = [(m.first_slot, m.slots) for m in trunk.members] + [(f.first_slot, f.slots) for f in trunk.fine]
        _apart(runs, trunk.slots)
        carried += [member.service for member in trunk.members]
        for fine in trunk.fine:
            _apart([(member.first_slot, member.slots) for member in fine.members], fine.fine_slots)
            carried += [member.service for member in fine.members]
            if optical.domains_share != "odu":
                assert {optical.services[member.service].domain for member in fine.members} == {fine.domain}
    assert sorted(carried) == sorted(optical.services)


def _apart(runs: list[tuple[int, int]], last: int) -> None:
    taken: set[int] = set()
    for first, count in runs:
        mine = set(range(first, first + count))
        assert not mine & taken
        assert min(mine) >= 1
        assert max(mine) <= last
        taken |= mine
