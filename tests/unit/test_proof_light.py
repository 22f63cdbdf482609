"""The claims about light, each refuted by a plan that breaks it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import lights
from citynet import build
from citynet.plan.model import OpticalPlan, Plan
from citynet.proof import Area, prove
from citynet.proof.model import Verdict

pytest.importorskip("gnpy", reason="GNPy is an extra: pip install 'citynet[optical]'")

FIBRES = {name: {"between": list(name), "length_km": 10, "risk_groups": []} for name in ("ab", "bc", "ca")}
AREAS = {"ISO-09": Area.ISOLATION, "RISK-02": Area.RISK, "CAP-05": Area.CAPACITY}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    services: dict[str, dict[str, Any]] = {
        f"{domain}-{name}": {"domain": domain, "between": ["a", "b"], "rate_mbps": 100_000, "protection": name}
        for domain in ("government", "cross")
        for name in ("gold", "silver")
    }
    file = tmp_path_factory.mktemp("light") / "design.yml"
    file.write_text(lights.text(lights.city(list("abc"), FIBRES, services)), encoding="utf-8")
    return build.plan(file)[0]


def verdict(plan: Plan, claim: str) -> tuple[Verdict, str]:
    (result,) = [result for result in prove(plan, [AREAS[claim]]).results if result.claim == claim]
    return result.verdict, " ".join(f"{r.subject} {r.what} {r.failing}" for r in result.refutations)


@pytest.mark.parametrize("claim", AREAS)
def test_a_sound_plan(sound: Plan, claim: str) -> None:
    assert verdict(sound, claim) == (Verdict.PROVEN, "")


def mixed(light: OpticalPlan) -> None:
    light.services["cross-gold"].trunk = light.services["government-gold"].trunk


def ducted(light: OpticalPlan) -> None:
    light.fibres["ab"].risk_groups = light.fibres["bc"].risk_groups = ["duct"]


def doubled(light: OpticalPlan) -> None:
    one, other = (light.lit_paths[light.services[f"{name}-gold"].working[0]] for name in ("government", "cross"))
    other.first_slot = one.first_slot + 1


@pytest.mark.parametrize(
    ("claim", "harm", "says"),
    [
        ("ISO-09", mixed, "carries services of cross and government"),
        ("RISK-02", ducted, "fail together ['risk group duct']"),
        ("CAP-05", doubled, "fibre ab"),
    ],
)
def test_what_breaks_it_refutes_it(sound: Plan, claim: str, harm: Any, says: str) -> None:
    plan = copy.deepcopy(sound)
    harm(lights.optical_of(plan))
    found, words = verdict(plan, claim)
    assert found is Verdict.REFUTED
    assert says in words


def test_a_city_without_light_is_not_asked(sound: Plan) -> None:
    plan = copy.deepcopy(sound)
    plan.optical = None
    assert {verdict(plan, claim)[0] for claim in AREAS} == {Verdict.NOT_APPLICABLE}
