"""Which flow of an interconnect's list a probe takes, and how its packets are known again."""

from __future__ import annotations

import pytest

from citynet import build
from citynet.lab.fence_crossing import Crossing, crossing
from citynet.plan.model import Plan
from tree import ROOT


@pytest.fixture(scope="module")
def wuhan() -> Plan:
    return build.plan(ROOT / "labs/wuhan")[0]


@pytest.mark.parametrize(
    ("start", "end", "wanted"),
    [
        ("licensed-operator-1", "government-cloud-1", ("tcp", 8443, "licensed-operator-1")),
        ("government-cloud-1", "licensed-operator-1", ("tcp", 8443, "licensed-operator-1")),
        ("data-bureau-1", "exchange-1", ("icmp", 0, "data-bureau-1")),
        ("exchange-1", "data-bureau-1", ("icmp", 0, "data-bureau-1")),
        ("data-bureau-1", "licensed-operator-1", None),
    ],
)
def test_a_probe_is_of_a_flow_that_guards_let_pass(
    wuhan: Plan, start: str, end: str, wanted: tuple[str, int, str] | None
) -> None:
    found: Crossing | None = crossing(wuhan, wuhan.hosts[start], wuhan.hosts[end])
    assert (found and (found.rule.protocol, found.port, found.opener.name)) == wanted
