"""Checks of access, sentries and hops: failed by name for each thing that they are there to find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import trusted_facts as facts

from citynet import build
from citynet.levels.catalogue import catalogue
from citynet.levels.judging import Measured, judge
from citynet.levels.model import Result, Verdict
from citynet.levels.probes import hops, sentries
from citynet.plan.model import Steering
from tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

REGISTRY = catalogue()


def run(check_id: str, measured: dict[str, Any], domain: str = "government") -> Result:
    return judge(REGISTRY.get(check_id), facts.plan(), domain, Measured(measured), REGISTRY.bounds()[check_id])


def said(result: Result) -> str:
    return "\n".join(str(finding) for finding in result.findings)


def stage(number: int, **values: Any) -> Callable[[dict[str, Any]], None]:
    def do(measured: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(measured["admission"].tried[0].stages[number], name, value)

    return do


def of(key: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    """Change a fact, or the first of a list of them."""

    def do(measured: dict[str, Any]) -> None:
        fact = measured[key][0] if isinstance(measured[key], list) else measured[key]
        for name, value in values.items():
            setattr(fact, name, value)

    return do


def hop(number: int, **values: Any) -> Callable[[dict[str, Any]], None]:
    def do(measured: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(measured["hopped"][0].hops[number], name, value)

    return do


def strayed(**values: Any) -> Callable[[dict[str, Any]], None]:
    def do(measured: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(measured["hopped"][0].strayed, name, value)

    return do


CASES: list[tuple[str, Any, str]] = [
    (
        "L2-SEC-02",
        stage(1, received=2),
        (
            "giver-1 (left:eth2) – gets on without a credential – expected its port is closed, nothing passes, "
            "actual Unauthorized, 2 / 6"
        ),
    ),
    (
        "L2-SEC-02",
        stage(2, open=True),
        (
            "giver-1 (left:eth2) – gets on with a certificate of another authority – expected its port is closed, "
            "nothing passes, actual FAILURE, 0 / 6"
        ),
    ),
    (
        "L2-SEC-02",
        stage(2, said="no answer (IDLE)"),
        (
            "giver-1 (left:eth2) – a wrong certificate is not refused – "
            "expected FAILURE / AUTHENTICATION_FAILED, actual no answer (IDLE)"
        ),
    ),
    (
        "L2-SEC-02",
        stage(3, received=0),
        (
            "giver-1 (left:eth2) – does not get on with its own credential, again – expected its port is open, "
            "packets pass, actual Authorized, 0 / 6"
        ),
    ),
    (
        "L2-SEC-02",
        lambda measured: measured["admission"].tried[0].stages.pop(2),
        "giver-1 (left:eth2) – was not tried with a certificate of another authority – expected tried, actual –",
    ),
    (
        "L2-SEC-02",
        of("admission", unasked=["clerk-1"]),
        "clerk-1 – gets on without proving who it is – expected its service asks for access, actual anybody",
    ),
    ("L2-SEC-02", lambda measured: measured["admission"].tried.clear(), ""),
    (
        "L3-SEC-02",
        of("withdrawn", closed=False, after=6),
        (
            "giver-1 (left): healthy → compromised – keeps its right – expected its port is closed, nothing passes, "
            "actual 6 pings answered"
        ),
    ),
    (
        "L3-SEC-02",
        of("withdrawn", last_s=3.2),
        "giver-1 (left): healthy → compromised – loses its right late – expected ≤ 3 s, actual 3.20 s",
    ),
    ("L3-SEC-02", of("withdrawn", before=0), "did not send before, so silence proves nothing – expected > 0, actual 0"),
    ("L3-SEC-02", of("withdrawn", returned=False), "does not get on again afterwards"),
    (
        "L2-SEC-01",
        of("alarmed", alarm_s=None),
        "gov-border guard – stays silent at a scan (8 × TCP SYN exchange-1 → fd11::2) – expected an alarm, actual none",
    ),
    (
        "L2-SEC-01",
        of("alarmed", alarm_s=11.0),
        "gov-border guard – is late with its alarm – expected ≤ 10 s, actual 11.0 s",
    ),
    (
        "L2-SEC-01",
        of("alarmed", watched=False),
        "gov-border guard – no sentry looks there – expected a sentry, actual none",
    ),
    ("L2-SEC-01", of("alarmed", tries=0), "gov-border guard – nothing could be sent there"),
    ("L3-COM-01", hop(1, lost=200), "what is missing at a hop is not what was lost – expected 0, actual 200"),
    (
        "L3-COM-01",
        hop(0, packets=150),
        "giver-1 → taker-1 (1001) – west did not record all of it – expected ≥ 200, actual 150",
    ),
    ("L3-COM-01", hop(1, listed=False), "giver-1 → taker-1 (1001): north – is not on its list"),
    ("L3-COM-01", hop(1, told=False), "giver-1 → taker-1 (1001): north – does not tell all"),
    ("L3-COM-01", of("hopped", hops=[]), "east did not record all of it – expected ≥ 200, actual 0"),
    ("L3-COM-01", of("hopped", arrived=0), "does not arrive, so nothing is proven"),
    ("L3-COM-01", of("hopped", silent=["north"]), "north tells nothing – expected counters, actual none"),
    ("L3-COM-01", of("hopped", strayed=None), "west → east – no device off the list could be tried"),
    (
        "L3-COM-01",
        strayed(alarm_s=None),
        "west → south (1001) – passes a device off its list without an alarm – expected an alarm, actual none",
    ),
    ("L3-COM-01", strayed(alarm_s=5.5), "west → south (1001) – the alarm is late – expected ≤ 5 s, actual 5.5 s"),
    ("L3-COM-01", strayed(names="north"), "the alarm names another device – expected south, actual north"),
]


@pytest.mark.parametrize("check_id", ["L2-SEC-01", "L2-SEC-02", "L3-SEC-02", "L3-COM-01"])
def test_passes_when_all_is_well(check_id: str) -> None:
    result = run(check_id, facts.healthy())
    assert result.verdict is Verdict.PASSED, said(result)
    assert result.figures
    texts = [result.holds, result.procedure, *(figure.name for figure in result.figures)]
    assert all(text.zh and text.zh != text.en for text in texts if text.en[:1].isalpha())


@pytest.mark.parametrize(("check_id", "broken", "words"), CASES)
def test_what_does_not_hold_is_named(check_id: str, broken: Any, words: str) -> None:
    measured = facts.healthy()
    broken(measured)
    result = run(check_id, measured)
    assert result.verdict is Verdict.FAILED
    assert words in said(result)
    assert not words or all(finding.problem.zh != finding.problem.en for finding in result.findings)


# -- what is sent at which place -----------------------------------------------------------------------------------


def test_a_flow_is_sent_where_a_device_off_its_list_is_beside_its_way() -> None:
    plan = facts.plan_of("trace")
    found = {(one.start.name, one.number): one for one in hops.carried(plan, "government")}
    one = found["giver-1", 1001]
    assert one.end.name == "taker-1"
    assert one.astray is not None
    assert one.astray.peer == "south"


def test_a_device_whose_way_leads_back_is_no_way_astray() -> None:
    """South without its line to east sends everything back to west, and nothing would arrive."""
    plan = facts.plan_of("trace")
    west, south, east = (plan.devices[name] for name in ("west", "south", "east"))
    port = next(port for port in south.ports if port.peer == "east")
    south.underlay.interfaces = [one for one in south.underlay.interfaces if one.port != port.name]
    try:
        assert hops._astray(plan, west, east, 1001) is None
    finally:
        facts.plan_of.cache_clear()


def test_steered_services_show_no_hops() -> None:
    plan = facts.plan_of("trace")
    try:
        plan.devices["west"].steering.append(Steering("share", "share", "share", 100, 1))
        assert {one.start.name for one in hops.carried(plan, "government")} == {"taker-1"}
    finally:
        facts.plan_of.cache_clear()


def test_a_scan_comes_from_the_other_side_of_each_guard() -> None:
    plan = build.plan(ROOT / "tests/golden/cases/sentries")[0]
    found = {}
    for device in plan.devices.values():
        for guard in (*device.guards, *device.exits):
            watch = sentries._watch(device, guard)
            assert watch is not None
            aim = sentries.aimed(plan, device, guard, watch)
            assert aim is not None
            found[device.name, guard.interconnect] = (aim.sender, aim.source_name, aim.port)
    assert found == {
        ("gov-border", "guard"): ("cross-border", "exchange-1", 20),
        ("cross-border", "guard"): ("gov-border", "bureau-1", 20),
        ("cross-border", "exit-circulation"): ("isp-1", "isp-1", 20),
    }
