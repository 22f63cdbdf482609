"""Layer-3 services and paths told by tasks, at full strength: what fits, the text, and that it is a plan's."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from task_facts import VALID

from citynet import build
from citynet.deploy import scoped
from citynet.plan import lock, planner
from citynet.platforms.whitebox import PLATFORM
from citynet.tasks import TaskError, task
from tree import ROOT

if TYPE_CHECKING:
    from citynet.plan.model import Device, SegmentPath, Vrf

HUB: dict[str, Any] = {
    **VALID["l3vpn_service"],
    "vrf": "hub",
    "imports": ["65001:1", "65001:2"],
    "interfaces": [
        {"name": "eth3", "addresses": ["fd13::1:0/127"], "neighbor": "centre", "police_kbps": 8000},
        {"name": "eth4", "addresses": ["203.0.113.2/30", "2001:db8::2/64"]},
    ],
    "peers": [
        {
            "name": "centre",
            "port": "eth3",
            "asn": 4200000000,
            "address": "fd13::1:1",
            "password": "site-key",
            "prefixes": ["10.13.0.0/28", "10.13.1.0/28", "fd13::/64"],
            "backup": True,
            "max_routes": 100,
        }
    ],
    "exit": {
        "port": "eth4",
        "gateways": ["203.0.113.1", "2001:db8::1"],
        "sources": ["10.13.0.0/20", "fd13::/48"],
        "allow": [{"protocol": "tcp", "ports": [80, 443]}, {"protocol": "icmp"}],
    },
    "leaks": [{"prefix": "10.13.0.16/28", "vrf": "spoke"}, {"prefix": "::/0", "vrf": "spoke", "gateway": "fd14::1"}],
    "rejects": ["10.14.0.0/20"],
    "neighbors": [
        {"name": "core-a", "address": "fd01:1:2::1"},
        {"name": "pe", "address": "fd01:1:3::1", "client": True},
    ],
    "prefix": "fd01:1:1::/48",
}
"""A service with all that one can have."""
(SITE,), EXIT = HUB["peers"], HUB["exit"]
MARKED: dict[str, Any] = {
    **VALID["srv6_path"]["steering"][0],
    "name": "share/1003",
    "table": 400001,
    "priority": 900,
    "identifier": 1003,
    "number": 7,
    "interfaces": ["eth3"],
    "to": [{"path": "to-east", "sid": "fd01:1:2:fe00::", "prefixes": ["10.11.0.16/28", "fd11:0:0:1::/64"]}],
}


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("imports", ["65001"], "imports.0: "),
        ("imports", ["65001:1", "65001:1"], "imports: 65001:1 stands twice"),
        ("interfaces", [{**HUB["interfaces"][0], "police_kbps": -1}], "interfaces.0.police_kbps: "),
        ("peers", [{**SITE, "port": "eth9"}], "peers.0: no interface 'eth9', expected one of ['eth3', 'eth4']"),
        ("peers", [{**SITE, "address": "fd13::9"}], "peers.0: address fd13::9 is in no network of eth3"),
        ("peers", [{**SITE, "address": "fd13::1:0"}], "peers.0: address fd13::1:0 is the router's own"),
        ("peers", [{**SITE, "asn": 65001}], "peers.0: asn 65001 is the router's own"),
        ("peers", [{**SITE, "name": "DEFAULT"}], "peers.0: name DEFAULT is a prefix list"),
        ("peers", [{**SITE, "password": "two words"}], "peers.0.password: "),
        ("peers", [{**SITE, "prefixes": []}], "peers.0.prefixes: "),
        ("peers", [{**SITE, "max_routes": -1}], "peers.0.max_routes: "),
        ("peers", [SITE, SITE], "peers: centre stands twice; peers: fd13::1:1 stands twice"),
        ("exit", {**EXIT, "port": "eth3"}, "peers.0: port eth3 is the exit"),
        ("exit", {**EXIT, "port": "eth5"}, "exit: no interface 'eth5'"),
        ("exit", {**EXIT, "gateways": ["203.0.113.9"]}, "exit: address 203.0.113.9 is in no network of eth4"),
        ("exit", {**EXIT, "sources": ["10.13.0.0/20"]}, "exit: sources: none of IPv6, for which there is a gateway"),
        ("exit", {**EXIT, "allow": [{"protocol": "tcp"}]}, "exit: allow.0: tcp needs ports"),
        ("exit", {**EXIT, "allow": [{"protocol": "icmp", "ports": [8]}]}, "exit: allow.0: icmp has no ports"),
        ("leaks", [{"prefix": "10.0.0.0/8", "vrf": "hub"}], "leaks.0: vrf hub is this one"),
        (
            "leaks",
            [{"prefix": "::/0", "vrf": "spoke", "gateway": "10.0.0.1"}],
            "leaks.0: gateway 10.0.0.1 is of another",
        ),
        ("leaks", [{"prefix": "10.14.0.0/20", "vrf": "spoke"}], "leaks.0: prefix 10.14.0.0/20 is rejected, too"),
        ("rejects", ["10.14.0.1/20"], "rejects.0: "),
        ("password", None, "password: Field required when there are neighbors"),
        ("prefix", None, "prefix: Field required when there is an exit or a default route in leaks"),
    ],
)
def test_what_does_not_fit_in_a_service(option: str, value: Any, message: str) -> None:
    task("l3vpn_service", HUB)
    with pytest.raises(TaskError) as error:
        task("l3vpn_service", {**HUB, option: value})
    assert message in str(error.value)
    assert "site-key" not in str(error.value)


def test_all_that_does_not_fit_in_a_service_is_told_at_once() -> None:
    with pytest.raises(TaskError) as error:
        task("l3vpn_service", {**HUB, "password": None, "interfaces": [], "leaks": [{"prefix": "::/0", "vrf": "hub"}]})
    assert [message in str(error.value) for message in ("password: ", "peers.0: ", "leaks.0: ", "exit: ")] == [True] * 4


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"number": 0}, "identifier, number, interfaces belong together, expected number, too"),
        ({"number": 0, "interfaces": []}, "expected number and interfaces, too"),
        ({"identifier": 0}, "expected identifier, too"),
        ({"identifier": 1 << 32}, "has more than 32 bits"),
        ({"number": 4096}, "steering.1.number: "),
        ({"vrf": None}, "expected vrf"),
        ({"table": 300001}, "steering: table 300001 stands twice"),
        ({"priority": 910}, "steering share/1003: priority 910 is not before that of share, expected less than 910"),
        ({"to": [{**MARKED["to"][0], "prefixes": ["10.11.0.16/28"]}]}, "to.0: no IPv6 prefix"),
        ({"to": [{**MARKED["to"][0], "path": "away"}]}, "no path 'away', expected one of ['to-east']"),
    ],
)
def test_an_identifier_that_cannot_be_steered(more: dict[str, Any], message: str) -> None:
    steering = VALID["srv6_path"]["steering"]
    task("srv6_path", {**VALID["srv6_path"], "steering": [*steering, MARKED]})
    with pytest.raises(TaskError) as error:
        task("srv6_path", {**VALID["srv6_path"], "steering": [*steering, {**MARKED, **more}]})
    assert message in str(error.value)


def test_two_identifiers_are_told_apart() -> None:
    for more, message in (
        ({}, "steering: number 7 stands twice; steering: identifier 1003 in share stands twice"),
        ({"identifier": 1004, "number": 8, "interfaces": ["eth4"]}, "interfaces differ from those of"),
    ):
        other = {**MARKED, "name": "other", "table": 400002, **more}
        with pytest.raises(TaskError) as error:
            task("srv6_path", {**VALID["srv6_path"], "steering": [MARKED, other]})
        assert message in str(error.value)


@pytest.mark.parametrize("case", ["l3vpn", "paths"])
def test_the_text_of_services_and_paths_is_that_of_a_plan(case: str) -> None:
    """What a golden city has, told by tasks: line for line what its devices have."""
    found = ""
    for device in planner.make_plan(build.check(ROOT / "tests/golden/cases" / case), lock.Lock()).devices.values():
        told = [task("l3vpn_service", _service(device, vrf)).device(device.name) for vrf in device.vrfs]
        frr = {line for one in told for line in _lines(one, "l3vpn")}
        if told:
            policy = {line for line in frr if "route-map SITES" in line}  # a whole device has FRR's profile for it
            assert bool(policy) == any(peer.port for vrf in device.vrfs for peer in vrf.peers)
            assert frr - policy == _lines(device, "l3vpn")
        if device.steering:
            one = task("srv6_path", _paths(device)).device(device.name)
            for path in ("/etc/citynet/paths.json", "/etc/systemd/system/citynet-paths.service"):
                assert PLATFORM.render_section(one, "paths")[path] == PLATFORM.render_section(device, "paths")[path]
            told.append(one)
        tables = [PLATFORM.render_filter(one, name) for one in told for name in ("l3vpn", "paths")]
        whole = PLATFORM.render(device).files["/etc/nftables.conf"].splitlines()
        assert {line for table in tables for line in table.splitlines()} <= set(whole)
        found += "".join([*sorted(frr), *tables])
    for word in {"l3vpn": ("prefix-list", "police_in", "exit_nat"), "paths": ("chain steering", "meta mark set")}[case]:
        assert word in found


def _lines(device: Device, technology: str) -> set[str]:
    text = PLATFORM.render_section(device, technology)["/etc/frr/frr.conf"]
    return set(re.sub(r"@secret\(.*\)", "KEY", text).splitlines())


def _paths(device: Device) -> dict[str, Any]:
    """The paths of a planned device as a task says them."""
    ports = {vrf.name: vrf.ports for vrf in device.vrfs}

    def way(one: SegmentPath) -> dict[str, Any]:
        return {name: getattr(one, name) for name in ("name", "waypoints", "hops", "delay_us", "weight")}

    return {
        "prefix": device.srv6.prefix,
        "source_address": device.underlay.loopback,
        "paths": [
            {
                "name": path.name,
                "primary": [way(one) for one in path.primary],
                "backup": [way(one) for one in path.backup],
                "strict": path.strict,
                "probe_interval_ms": path.probe_interval_ms,
                "probe_missed": path.probe_missed,
                "probe_hold_s": path.probe_hold_s,
            }
            for path in device.paths
        ],
        "steering": [
            {
                "name": entry.name,
                "vrf": entry.vrf or None,
                "table": entry.table,
                "priority": entry.priority,
                "identifier": entry.identifier,
                "number": entry.number,
                "interfaces": ports[entry.vrf] if entry.identifier else [],
                "to": [{"path": one.path, "sid": one.sid, "prefixes": one.prefixes} for one in entry.to],
            }
            for entry in device.steering
        ],
    }


def _service(device: Device, vrf: Vrf) -> dict[str, Any]:
    """A VRF of a planned device as a task says it."""
    guard = next((one for one in device.exits if one.vrf == vrf.name), None)
    way = guard and {
        "port": guard.port,
        "gateways": vrf.gateways,
        "sources": guard.rules[0].sources,
        "allow": [{"protocol": rule.protocol, "ports": rule.ports} for rule in guard.rules],
    }
    ports = [device.port(name) for name in vrf.ports]
    return {
        "vrf": vrf.name,
        "table": vrf.table,
        "rd": vrf.rd,
        "rt": vrf.rt,
        "imports": vrf.imports,
        "asn": device.bgp.asn,
        "router_id": device.bgp.router_id,
        "password": "key",
        "neighbors": [{"name": n.name, "address": n.address, "client": n.client} for n in device.bgp.neighbors],
        "interfaces": [
            {"name": port.name, "addresses": port.addresses, "police_kbps": port.police_kbps} for port in ports
        ],
        "peers": [
            {
                "name": peer.name,
                "port": peer.port,
                "asn": peer.asn,
                "address": peer.address,
                "password": "key",
                "prefixes": peer.prefixes,
                "backup": peer.backup,
                "max_routes": peer.max_routes,
            }
            for peer in vrf.peers
        ],
        "exit": way,
        "leaks": [{"prefix": leak.prefix, "vrf": leak.vrf, "gateway": leak.gateway or None} for leak in vrf.leaks],
        "rejects": vrf.rejects,
        "locator": device.srv6.locator,
        "prefix": device.srv6.prefix,
    }


def test_keys_of_sites_stand_in_lines_of_frr_by_name_only() -> None:
    job = scoped.job("l3vpn_service", HUB, "router")
    assert job.scope is not None
    assert job.secrets == {"bgp/task": "key", "bgp/task/centre": "site-key"}
    assert "site-key" not in str(job.files) + job.scope["frr"]
    assert "neighbor fd13::1:1 password @secret(bgp/task/centre)" in job.scope["frr"]


def test_a_service_without_sessions_of_its_own_still_filters_its_sites() -> None:
    lines = scoped.job("l3vpn_service", {**HUB, "neighbors": [], "password": None}, "router").scope["frr"]
    for line in (
        "ip prefix-list centre seq 10 permit 10.13.1.0/28",
        "route-map BACKUP permit 10",
        "neighbor fd13::1:1 bfd",
    ):
        assert line in lines
    assert "peer-group" not in lines


def test_limits_and_the_guard_are_a_table_beside_others() -> None:
    files = scoped.job("l3vpn_service", HUB, "router").files
    table = files["/etc/nftables.d/citynet-l3vpn-hub.nft"]
    for line in (
        'iifname "eth3" limit rate over 1000000 bytes/second',
        'iifname "eth4" jump exit-hub_in',
        'oifname "eth4" meta nfproto ipv6 masquerade',
        "tcp dport { 80, 443 } ct state new",
    ):
        assert line in table
    assert "nf_hooks_lwtunnel = 1" in files["/etc/sysctl.d/60-citynet-l3vpn-hub.conf"]
    assert not [path for path in scoped.job("l3vpn_service", VALID["l3vpn_service"], "router").files if "nft" in path]


def test_packets_with_an_identifier_are_marked_in_a_table_beside_others() -> None:
    files = scoped.job("srv6_path", {**VALID["srv6_path"], "steering": [MARKED]}, "router").files
    table = files["/etc/nftables.d/citynet-paths.nft"]
    assert 'iifname { "eth3" } ip6 nexthdr 60 @nh,336,16 0x0304 @nh,352,32 1003 counter meta mark set' in table
    assert "or 0x700" in table
    (entry,) = json.loads(files["/etc/citynet/paths.json"])["steering"]
    assert (entry["mark"], entry["families"]) == ("0x700/0xfff00", ["-6"])


def test_a_spoke_beside_the_exit_reaches_its_line_by_the_gateway_only() -> None:
    """Into the hubs' VRF without a gateway, packets would leave past the guard's filter."""
    plan = planner.make_plan(build.check(ROOT / "tests/lab/branches.yml"), lock.Lock())
    (spoke,) = [vrf for vrf in plan.devices["right"].vrfs if vrf.name != "branches"]
    leaks = {leak.prefix: leak.gateway for leak in spoke.leaks}
    assert leaks["203.0.113.0/30"] == leaks["0.0.0.0/0"] == "203.0.113.1"
    assert leaks["2001:db8:0:1::/64"] == leaks["::/0"] == "2001:db8:0:1::1"
