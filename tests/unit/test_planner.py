"""The planner: pure, stable under edits, addresses apart."""

from __future__ import annotations

import copy
import ipaddress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citynet.design.loader import load
from citynet.plan import codec
from citynet.plan.lock import Lock
from citynet.plan.model import Plan
from citynet.plan.planner import make_plan
from tree import ROOT

MINI: dict[str, Any] = yaml.safe_load((ROOT / "labs/mini/design.yml").read_text(encoding="utf-8"))


def plan_of(values: dict[str, Any], folder: Path, lock: Lock | None = None) -> tuple[Plan, Lock]:
    file = folder / "design.yml"
    file.write_text(yaml.safe_dump(values, sort_keys=False, allow_unicode=True), encoding="utf-8")
    lock = Lock() if lock is None else Lock.parse(lock.text(), "lock")
    return make_plan(load(file), lock), lock


def facts(plan: Plan) -> dict[str, object]:
    """Everything allocated, by the name of what has it."""
    found: dict[str, object] = {}
    for device in plan.devices.values():
        found[f"device {device.name}"] = (
            device.underlay.loopback,
            device.underlay.net,
            device.srv6.prefix,
            device.management,
        )
        for port in device.ports:
            found[f"port {device.name} {port.peer}"] = (port.name, tuple(port.addresses), port.vrf)
        for vrf in device.vrfs:
            found[f"vrf {device.name} {vrf.service}"] = (vrf.table, vrf.rd, vrf.rt)
    for host in plan.hosts.values():
        found[f"host {host.name}"] = (tuple(host.port.addresses), host.management)
    return found


@pytest.mark.parametrize("city", ["mini", "wuhan"])
def test_same_input_same_bytes(city: str) -> None:
    design = ROOT / "labs" / city
    texts = {codec.dumps(make_plan(load(design), Lock())) for _ in range(2)}
    assert len(texts) == 1


@pytest.mark.parametrize("city", ["mini", "wuhan"])
def test_reading_a_plan_back(city: str, tmp_path: Path) -> None:
    plan = make_plan(load(ROOT / "labs" / city), Lock())
    (tmp_path / "plan.json").write_text(codec.dumps(plan), encoding="utf-8")
    assert codec.load(tmp_path / "plan.json") == plan


@pytest.mark.parametrize("city", ["mini", "wuhan"])
def test_nothing_is_given_twice(city: str) -> None:
    plan = make_plan(load(ROOT / "labs" / city), Lock())
    nodes = [*plan.devices.values(), *plan.hosts.values()]
    assert len({node.management for node in nodes}) == len(nodes)
    assert len({device.underlay.loopback for device in plan.devices.values()}) == len(plan.devices)
    assert len({device.underlay.net for device in plan.devices.values()}) == len(plan.devices)
    for device in plan.devices.values():
        assert len({port.name for port in device.ports}) == len(device.ports)
        assert ipaddress.ip_address(device.underlay.loopback) in ipaddress.ip_network(device.srv6.prefix)
    subnets = [
        ipaddress.ip_interface(a).network for host in plan.hosts.values() if host.gateways for a in host.port.addresses
    ]
    assert len(set(subnets)) == len(subnets)


@pytest.mark.parametrize("city", ["mini", "wuhan"])
def test_both_ends_of_a_line_agree(city: str) -> None:
    plan = make_plan(load(ROOT / "labs" / city), Lock())
    for line in plan.lines.values():
        for near, far in ((line.a, line.b), (line.b, line.a)):
            port = plan.devices[near.node].port(near.port) if near.node in plan.devices else plan.hosts[near.node].port
            assert (port.line, port.peer, port.peer_port) == (line.name, far.node, far.port)


def test_domains_share_nothing() -> None:
    plan = make_plan(load(ROOT / "labs/wuhan"), Lock())
    for line in plan.lines.values():
        if line.kind == "link":
            assert plan.devices[line.a.node].domain == plan.devices[line.b.node].domain == line.domain
    for device in plan.devices.values():
        for neighbor in device.bgp.neighbors:
            assert plan.devices[neighbor.name].domain == device.domain


def test_route_reflectors_are_in_both_planes() -> None:
    plan = make_plan(load(ROOT / "labs/mini"), Lock())
    edge = plan.devices["gov-pe-west"]
    assert [neighbor.name for neighbor in edge.bgp.neighbors] == ["gov-core-a", "gov-core-b"]
    core = plan.devices["gov-core-a"]
    assert {neighbor.name: neighbor.client for neighbor in core.bgp.neighbors} == {
        "gov-core-b": False,
        "gov-pe-west": True,
        "gov-pe-east": True,
        "gov-border": True,
    }


def test_a_line_rides_the_shortest_fibres() -> None:
    plan = make_plan(load(ROOT / "labs/wuhan"), Lock())
    line = plan.lines["gov-core1--gov-agg01"]
    assert (line.fibres, line.length_km, line.delay_us) == (["hankou-1"], 3.3, 16.2)
    assert line.risk_groups == ["duct-hankou-1"]


def test_guards_mirror_each_other() -> None:
    plan = make_plan(load(ROOT / "labs/mini"), Lock())
    inside, outside = plan.devices["gov-border"].guards[0], plan.devices["cross-border"].guards[0]
    assert [rule.inward for rule in inside.rules] == [True, False]
    assert [rule.inward for rule in outside.rules] == [False, True]
    assert [rule.destinations for rule in inside.rules] == [rule.destinations for rule in outside.rules]


def test_a_management_address_of_the_design_is_kept(tmp_path: Path) -> None:
    values = copy.deepcopy(MINI)
    values["devices"]["cross-border"]["management"] = "172.20.0.11"
    plan, _ = plan_of(values, tmp_path)
    assert plan.devices["cross-border"].management == "172.20.0.11"
    assert plan.devices["gov-core-a"].management != "172.20.0.11"


def test_a_full_pool_is_bad_input(tmp_path: Path) -> None:
    from citynet.errors import InputError

    values = copy.deepcopy(MINI)
    values["domains"]["government"]["router_ids"] = "10.1.0.0/30"
    with pytest.raises(InputError, match=r"pool node/government has no number left; it holds 2"):
        plan_of(values, tmp_path)


EDITS = st.lists(
    st.sampled_from(["shuffle", "add-edge", "remove-end", "remove-edge", "rename-site", "add-service"]),
    min_size=1,
    max_size=5,
)


def edit(values: dict[str, Any], what: str, count: int) -> dict[str, Any]:
    values = copy.deepcopy(values)
    if what == "shuffle":
        values["devices"] = dict(reversed(values["devices"].items()))
        values["links"] = values["links"][1:] + values["links"][:1]
    elif what == "add-edge":
        name = f"gov-new{count}"
        values["devices"][name] = {"domain": "government", "role": "edge", "site": "west"}
        values["links"] += [{"between": [name, "gov-core-a"]}, {"between": ["gov-core-b", name]}]
        values["services"]["gov-sharing"]["ends"].insert(
            0, {"participant": "tax", "device": name, "host": f"new-{count}"}
        )
    elif what == "remove-end" and len(values["services"]["circulation"]["ends"]) > 1:
        values["services"]["circulation"]["ends"].pop()
    elif what == "remove-edge" and not any(
        e["device"] == "cross-pe-east" for e in values["services"]["circulation"]["ends"]
    ):
        values["devices"].pop("cross-pe-east", None)
        values["links"] = [link for link in values["links"] if "cross-pe-east" not in link["between"]]
    elif what == "rename-site":
        text = yaml.safe_dump(values, sort_keys=False).replace("east-", "rising-")
        values = yaml.safe_load(text)
    elif what == "add-service":
        values["services"] = {
            f"extra-{count}": {
                "domain": "cross",
                "vrf": f"extra{count}",
                "ipv4": f"10.{50 + count}.0.0/20",
                "ipv6": f"fd{50 + count}::/48",
                "ends": [{"participant": "exchange", "device": "cross-pe-west", "host": f"extra-{count}"}],
            },
            **values["services"],
        }
    return values


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
def test_no_edit_renumbers_what_stays(tmp_path: Path, edits: list[str]) -> None:
    values = copy.deepcopy(MINI)
    plan, lock = plan_of(values, tmp_path)
    known = facts(plan)
    for count, what in enumerate(edits):
        values = edit(values, what, count)
        plan, lock = plan_of(values, tmp_path, lock)
        now = facts(plan)
        assert {key: now[key] for key in now.keys() & known.keys()} == {
            key: known[key] for key in now.keys() & known.keys()
        }
        known |= now
