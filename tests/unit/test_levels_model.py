"""The catalogue, the failure model, the aim of the probes, and who reaches a level."""

from __future__ import annotations

import dataclasses

import levels_facts as facts
import pytest
from pydantic import ValidationError

from citynet.design.types import Level
from citynet.errors import InputError
from citynet.levels import measurements as m
from citynet.levels.catalogue import catalogue
from citynet.levels.features import asks, asks_nothing
from citynet.levels.graph import Rates, availability, domain_graph
from citynet.levels.judging import uncovered
from citynet.levels.model import Check, Evidence, Feature, Judgement, Verdict
from citynet.levels.parts import PARTS, unlisted
from citynet.levels.registry import Registry
from citynet.levels.targets import (
    balanced_pairs,
    border_addresses,
    equal_cost_ports,
    far_pairs,
    outside_hosts,
    pairs,
    permits,
)
from citynet.levels.text import t
from citynet.plan.model import GuardRule, PortKind


def make(check_id: str) -> Check:
    return Check(check_id, t("x"), t("y"), Evidence.STATE, (), lambda _: Judgement(looked_at=1))


def test_two_checks_of_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="two checks with the id 'L1-SEC-01'"):
        Registry([make("L1-SEC-01"), make("L1-SEC-01")])


@pytest.mark.parametrize("check_id", ["L5-SEC-01", "L1-XXX-01", "L1-SEC-1", "sec-01"])
def test_an_id_that_names_nothing_is_refused(check_id: str) -> None:
    with pytest.raises(ValueError, match="not of the form"):
        make(check_id)


def test_every_text_is_there_in_both_languages() -> None:
    for check in catalogue():
        for text in (
            check.holds,
            check.procedure,
            *(item.meaning for item in check.thresholds),
            *(item.origin for item in check.thresholds),
        ):
            assert text.en
            assert text.zh
            assert text.en != text.zh


def test_l1_covers_every_feature_the_report_asks_for() -> None:
    covered = {check.feature for check in catalogue() if check.level is Level.L1}
    assert covered == {feature for feature in Feature if not asks_nothing(feature, Level.L1)}


def test_what_no_check_covers_is_blocked_never_passed() -> None:
    results = uncovered(Level.L2, "government", [check for check in catalogue() if check.level is Level.L1])
    assert {result.id for result in results} == {name for name in PARTS if name.startswith("L2")}
    assert {result.verdict for result in results} == {Verdict.BLOCKED}


def test_a_feature_with_part_of_its_checks_is_blocked_for_the_rest_by_name() -> None:
    covered = {check.id for check in catalogue()}
    results = {result.id: result for result in uncovered(Level.L3, "government", catalogue())}
    assert set(results) == {name for name in PARTS if name[:2] in {"L2", "L3"}} - covered
    assert results["L2-REL-04"].verdict is Verdict.BLOCKED
    assert "fibres" in results["L2-REL-04"].holds.en
    assert "L2-REL-04" in results
    assert "L2-REL-01" not in results


def test_a_feature_without_checks_or_parts_is_blocked_as_a_whole() -> None:
    results = {result.id: result for result in uncovered(Level.L1, "government", [])}
    assert set(results) == {f"L1-{feature.value}-00" for feature in Feature if not asks_nothing(feature, Level.L1)}
    assert results["L1-SEC-00"].holds == asks(Feature.SEC, Level.L1)


def test_the_parts_cover_every_feature_of_every_level_and_every_check_is_one() -> None:
    cells = {name[:6] for name in PARTS}
    assert cells == {f"{level.value}-{feature.value}" for level in list(Level)[1:] for feature in Feature}
    assert unlisted(list(catalogue())) == []
    assert all(text.en and text.zh for text in PARTS.values())


@pytest.mark.parametrize(
    ("only", "says"),
    [
        (["L1-REL-99"], "no check 'L1-REL-99' up to level L1"),
        (["l1-sec-9"], "did you mean 'L1-SEC-0"),
    ],
)
def test_an_unknown_check_is_refused_with_a_hint(only: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        catalogue().select(Level.L1, only)


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("L1-REL-02.max_outage=1", "did you mean 'L1-REL-02.max_outage_ms'"),
        ("L1-REL-02.max_outage_ms=soon", "is no number"),
        ("nonsense", "no threshold 'nonsense'"),
    ],
)
def test_a_wrong_setting_is_refused(setting: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        catalogue().bounds([setting])


def test_a_setting_says_that_it_was_changed() -> None:
    bound = catalogue().bounds(["L1-REL-02.max_outage_ms=50"])["L1-REL-02"]["max_outage_ms"]
    assert (bound.value, bound.changed) == (50, True)


def test_a_judgement_that_looked_at_nothing_has_not_passed() -> None:
    assert Judgement().verdict is Verdict.FAILED
    assert Judgement(looked_at=1).verdict is Verdict.PASSED


@pytest.mark.parametrize("data", [{"port": "eth1", "neighbor": "x", "state": "Up", "extra": 1}, {"port": "eth1"}])
def test_a_measurement_with_unknown_or_missing_keys_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        m.parse(m.Adjacency, data)


def thin_plan(*gone: str):
    """The plan without some lines."""
    plan = facts.plan()
    return dataclasses.replace(plan, lines={name: line for name, line in plan.lines.items() if name not in gone})


def test_mini_survives_every_single_failure() -> None:
    graph = domain_graph(facts.plan(), "government")
    assert [failure.name for failure in graph.failures if failure.kind != "fibre" and graph.severed(failure)] == []
    assert graph.lost_sites(next(failure for failure in graph.failures if failure.name == "gov-core-a")) == ["hub-a"]


def test_a_site_on_one_line_is_severed_by_it() -> None:
    graph = domain_graph(thin_plan("gov-pe-west--gov-core-a"), "government")
    severing = {failure.name for failure in graph.failures if failure.kind != "fibre" and graph.severed(failure)}
    assert severing == {"gov-pe-west--gov-core-b", "gov-core-b"}


RATES = Rates(100_000, 1_000_000, 2, 4, 500)


def test_availability_falls_when_a_line_is_taken_away() -> None:
    whole = min(availability(domain_graph(facts.plan(), "government"), RATES).values())
    thin = min(availability(domain_graph(thin_plan("gov-pe-west--gov-core-a"), "government"), RATES).values())
    assert 0.999 < thin < whole < 1


def test_availability_of_two_devices_on_one_line_is_the_product() -> None:
    plan = facts.plan()
    names = {"gov-pe-west", "gov-core-a"}
    pair = dataclasses.replace(
        plan,
        devices={name: device for name, device in plan.devices.items() if name in names},
        lines={
            name: dataclasses.replace(line, fibres=[])
            for name, line in plan.lines.items()
            if {line.a.node, line.b.node} == names and line.kind is PortKind.LINK
        },
    )
    found = availability(domain_graph(pair, "government"), RATES)["hub-a", "west"]
    device, line = 4 / 100_004, 2 * 4 / (1_000_000 + 8)
    assert found == pytest.approx((1 - device) ** 2 * (1 - line), abs=1e-8)


def test_pairs_cover_every_host_and_stay_in_their_service() -> None:
    found = pairs(facts.plan(), "government")
    assert {(pair.source.name, pair.destination.name) for pair in found} == {
        ("data-bureau-1", "tax-1"),
        ("tax-1", "data-bureau-1"),
    }
    assert (
        far_pairs(facts.plan(), "government")[0].source.device
        != far_pairs(facts.plan(), "government")[0].destination.device
    )


def test_equal_cost_ports_follow_the_metrics() -> None:
    plan = facts.plan()
    assert equal_cost_ports(plan, "gov-pe-west", "gov-pe-east") == ["eth1", "eth2"]
    assert equal_cost_ports(plan, "gov-pe-west", "gov-core-a") == ["eth1"]
    assert [pair.source.name for pair in balanced_pairs(plan, "government")] == ["data-bureau-1", "tax-1"]


def test_outsiders_are_the_other_domains_hosts() -> None:
    plan = facts.plan()
    assert {host.domain for host in outside_hosts(plan, "government")} == {"cross"}
    assert "gov-border" in border_addresses(plan, "government").values()


RULE = GuardRule(
    "r",
    inward=True,
    protocol="tcp",
    ports=[8443],
    sources=["10.12.0.2", "fd12::/64"],
    destinations=["10.11.0.2", "fd11::2"],
)


@pytest.mark.parametrize(
    ("source", "destination", "protocol", "port", "passes"),
    [
        ("10.12.0.2", "10.11.0.2", "tcp", 8443, True),
        ("fd12::9", "fd11::2", "tcp", 8443, True),
        ("10.12.0.3", "10.11.0.2", "tcp", 8443, False),
        ("10.12.0.2", "10.11.0.3", "tcp", 8443, False),
        ("10.12.0.2", "10.11.0.2", "tcp", 443, False),
        ("10.12.0.2", "10.11.0.2", "udp", 8443, False),
    ],
)
def test_a_rule_permits_what_it_lists(source: str, destination: str, protocol: str, port: int, passes: bool) -> None:
    assert permits(RULE, source, destination, protocol, port) is passes
    assert not permits(dataclasses.replace(RULE, inward=False), source, destination, protocol, port)
