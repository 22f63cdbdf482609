"""Encryption by VPN and by application: who has a tunnel with whom follows from the services, whatever their size."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

import pytest

from citynet.design.loader import load
from citynet.plan.lock import Lock
from citynet.plan.model import Plan
from citynet.plan.planner import make_plan
from tree import ROOT

BRANCHES = ROOT / "tests/golden/cases/l3vpn/design.yml"
HEAD = """city: wide
domains:
  government: {level: L4, asn: 65001, locators: "fd01:1::/32", router_ids: 10.1.0.0/16}
sites: {room: {}}
participants:
  giver: {kind: provider}
"""


def planned(folder: Path, text: str) -> Plan:
    (folder / "design.yml").write_text(text, encoding="utf-8")
    return make_plan(load(folder / "design.yml"), Lock())


def tunnels(plan: Plan, protection: str) -> set[frozenset[str]]:
    """The pairs of devices with a tunnel of a protection; each stands at both ends, or the test fails."""
    ends = [
        (name, tunnel.peer)
        for name, device in plan.devices.items()
        for one in device.protections
        if one.name == protection
        for tunnel in one.tunnels
    ]
    assert len(set(ends)) == len(ends)
    assert {(other, one) for one, other in ends} == set(ends)
    return {frozenset(pair) for pair in ends}


def wide(devices: int, service: str) -> str:
    """A row of routers, with an end of one service at each."""
    names = [f"pe-{number:03}" for number in range(devices)]
    links = [f"  - {{between: [{one}, {other}]}}" for one, other in itertools.pairwise(names)]
    ends = [f"      - {{participant: giver, device: {name}, host: host-{name}}}" for name in names]
    return "\n".join(
        [
            HEAD + "devices:",
            *(f"  {name}: {{domain: government, role: edge, site: room}}" for name in names),
            "links:",
            *links,
            "services:",
            service + "    ends:",
            *ends,
            "",
        ]
    )


@pytest.fixture(scope="module")
def branches(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """The city of branches at a level that encrypts: a hub on two routers, spokes, and an exit."""
    text = BRANCHES.read_text(encoding="utf-8")
    text = text.replace("level: L1", "level: L3").replace(
        "    vrf: branches\n", "    vrf: branches\n    data_class: commercial\n"
    )
    return planned(tmp_path_factory.mktemp("branches"), text)


def test_spokes_have_no_tunnel_with_each_other(branches: Plan) -> None:
    hubs = {name for name, device in branches.devices.items() if any(vrf.name == "branches" for vrf in device.vrfs)}
    spokes = {
        name
        for name, device in branches.devices.items()
        if name not in hubs and any(vrf.service == "branches" for vrf in device.vrfs)
    }
    assert hubs
    assert spokes
    assert all(pair & hubs for pair in tunnels(branches, "branches"))
    assert {other for pair in tunnels(branches, "branches") for other in pair} == hubs | spokes


def test_a_hub_on_two_routers_has_tunnels_from_both(branches: Plan) -> None:
    found = tunnels(branches, "branches")
    assert {
        frozenset(("pe-west", "pe-east")),
        frozenset(("border", "pe-east")),
        frozenset(("border", "pe-west")),
    } <= found


def test_one_end_starts_and_the_other_waits(branches: Plan) -> None:
    for name, device in branches.devices.items():
        for tunnel in (tunnel for one in device.protections for tunnel in one.tunnels):
            peer = branches.devices[tunnel.peer]
            (back,) = [
                other
                for one in peer.protections
                for other in one.tunnels
                if other.peer == name and one.address == tunnel.address
            ]
            assert tunnel.master != back.master


def test_an_application_has_tunnels_of_its_own_between_the_same_devices(tmp_path: Path) -> None:
    service = """  share:
    domain: government
    vrf: share
    data_class: core
    ipv4: 10.12.0.0/16
    ipv6: fd12::/48
    applications: [{name: web, data_class: commercial, ports: [8080]}]
"""
    plan = planned(tmp_path, wide(4, service))
    assert len(tunnels(plan, "share")) == 6
    assert tunnels(plan, "share.web") == tunnels(plan, "share")
    for device in plan.devices.values():
        web, share = device.protections
        assert (web.name, web.grade, share.grade) == ("share.web", "light", "full")
        assert web.address != share.address
        assert web.number != share.number


@pytest.mark.parametrize("kind", ["l3vpn", "evpn"])
def test_a_hundred_devices_are_planned_in_seconds_and_without_a_word_of_a_pair(tmp_path: Path, kind: str) -> None:
    vrf = "    vrf: share\n" if kind == "l3vpn" else ""
    service = f"""  share:
    kind: {kind}
    domain: government
{vrf}    data_class: core
    ipv4: 10.12.0.0/16
    ipv6: {"fd12::/48" if kind == "l3vpn" else "fd12::/64"}
"""
    start = time.monotonic()
    plan = planned(tmp_path, wide(100, service))
    assert time.monotonic() - start < 20  # two on a quiet machine
    assert len(tunnels(plan, "share" if kind == "l3vpn" else "evpn.full")) == 100 * 99 // 2
    assert len((tmp_path / "design.yml").read_text(encoding="utf-8").splitlines()) < 320
