"""What plain flows can do in a city with fences: no probes of fenced services, and what the edge labels passes."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from citynet import build
from citynet.levels.labels import answered, given
from citynet.levels.probes import border
from citynet.levels.probes.border import aim_at
from citynet.levels.targets import guards, pairs
from tree import ROOT

if TYPE_CHECKING:
    from citynet.levels.bench import Bench
    from citynet.plan.model import Plan

OPERATOR, CLOUD = "licensed-operator-1", "government-cloud-1"


@cache
def wuhan() -> Plan:
    return build.plan(ROOT / "labs/wuhan")[0]


def address(name: str, version: int) -> str:
    return wuhan().hosts[name].address(version)


@pytest.mark.parametrize(
    ("source", "destination", "protocol", "port", "identifier"),
    [
        (OPERATOR, CLOUD, "tcp", 8443, "products"),
        (CLOUD, OPERATOR, "tcp", 8443, "products"),
        (OPERATOR, CLOUD, "tcp", 443, None),
        ("data-bureau-1", "exchange-1", "icmp", 0, "liveness"),
        ("exchange-1", "data-bureau-1", "icmp", 0, "liveness"),
        ("exchange-1", "regulator-1", "icmp", 0, None),
        ("data-bureau-1", CLOUD, "icmp", 0, None),
        ("jianghan-1", CLOUD, "tcp", 8443, None),
    ],
)
def test_the_identifier_that_the_edge_gives(
    source: str, destination: str, protocol: str, port: int, identifier: str | None
) -> None:
    found = given(wuhan(), wuhan().hosts[source], wuhan().hosts[destination], protocol, port)
    assert (found.name if found else None) == identifier


def test_what_may_cross_a_fenced_interconnect_without_help_of_the_hosts() -> None:
    aim = aim_at(wuhan(), "government")
    assert aim.allows(address(OPERATOR, 6), address(CLOUD, 6), "tcp", 8443)
    assert not aim.allows(address(OPERATOR, 4), address(CLOUD, 4), "tcp", 8443)
    assert not aim.allows(address(OPERATOR, 6), address(CLOUD, 6), "tcp", 22)
    assert not aim.allows(address("exchange-1", 6), address(CLOUD, 6), "tcp", 8443)


def test_an_answer_that_no_fence_lets_back_makes_the_flow_fail() -> None:
    plan = build.plan(ROOT / "labs/wuhan")[0]
    ends = plan.hosts[OPERATOR], plan.hosts[CLOUD]
    assert answered(plan, *ends, "tcp", 8443)
    for device in plan.devices.values():
        if device.fence:
            device.fence.entries = [one for one in device.fence.entries if one.fence != "products-out"]
    assert not answered(plan, *ends, "tcp", 8443)


def test_the_recorded_flow_has_an_identifier() -> None:
    bench = cast("Bench", SimpleNamespace(plan=wuhan()))
    for domain in ("government", "cross"):
        ((device, guard),) = guards(wuhan(), domain)
        flow = border._flow(bench, device, guard)
        assert flow is not None
        assert (flow.source, flow.destination) == (address(OPERATOR, 6), address(CLOUD, 6))


def test_fenced_services_get_no_plain_probes() -> None:
    found = {pair.source.service for domain in ("government", "cross") for pair in pairs(wuhan(), domain)}
    assert found == {"gov-sharing", "circulation"}
