"""Each claim of a proof, broken on purpose in a plan that held: refuted, by name, and nothing else beside it."""

from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING

import pytest

from citynet import build
from citynet.plan.model import BgpNeighbor, Guard, GuardRule, Line, LineEnd, Plan, Port, PortKind, VrfPeer
from citynet.proof import CLAIMS, Area, Proof, prove
from citynet.proof import capacity as capacities
from citynet.proof.model import Refutation, Verdict
from proof_plans import Shape, Wire, plan_of
from tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def _planned(folder: str) -> Plan:
    return build.plan(ROOT / folder)[0]


def mini() -> Plan:
    """The mini city of the golden tests, which grows with no lab."""
    return copy.deepcopy(_planned("tests/golden/cases/mini"))


def refuted(proof: Proof) -> dict[str, list[Refutation]]:
    """The refutations by claim and subject."""
    return {f"{r.claim} {r.subject}": r.refutations for r in proof.results if r.verdict is Verdict.REFUTED}


def words(found: list[Refutation]) -> str:
    return "\n".join(f"{one.subject}: {one.what}" for one in found)


def wire(plan: Plan, one: str, other: str, kind: PortKind) -> Line:
    ends = [LineEnd(name, f"eth{90 + len(plan.devices[name].ports)}") for name in (one, other)]
    line = Line(f"{one}--{other}--new", kind, *ends, "", rate_gbps=100, metric=10)
    plan.lines[line.name] = line
    for near, far in ((line.a, line.b), (line.b, line.a)):
        device = plan.devices[near.node]
        device.ports.append(Port(near.port, kind, line.name, far.node, far.port))
        if kind is PortKind.LINK:
            device.underlay.interfaces.append(type(device.underlay.interfaces[0])(near.port, 10))
    return line


def drop(plan: Plan, *lines: str) -> None:
    for name in lines:
        line = plan.lines.pop(name)
        for end in (line.a, line.b):
            device = plan.devices[end.node]
            device.ports = [port for port in device.ports if port.line != name]
            device.underlay.interfaces = [i for i in device.underlay.interfaces if i.port != end.port]


def vrf(plan: Plan, device: str):
    return plan.devices[device].vrfs[0]


def link_across(plan: Plan) -> None:
    wire(plan, "gov-core-a", "cross-core-a", PortKind.LINK)


def port_across(plan: Plan) -> None:
    plan.devices["gov-core-a"].ports.append(Port("eth90", PortKind.LINK, "hidden", "cross-core-a", "eth91"))


def host_across(plan: Plan) -> None:
    plan.hosts["tax-1"].device = "cross-pe-east"


def way_through_a_third(plan: Plan) -> None:
    """Something of neither domain joins them."""
    plan.devices["mux"] = copy.deepcopy(plan.devices["gov-core-a"])
    mux = plan.devices["mux"]
    mux.name, mux.domain = "mux", "optical"
    mux.ports = [Port("1", PortKind.LINK, "", "gov-core-a", ""), Port("2", PortKind.LINK, "", "cross-core-a", "")]


def no_guard(plan: Plan) -> None:
    plan.devices["gov-border"].guards.clear()


def guard_elsewhere(plan: Plan) -> None:
    plan.devices["cross-border"].guards[0].port = "eth1"


def interconnect_at_an_edge(plan: Plan) -> None:
    plan.devices["gov-border"].role = "edge"


def interconnect_inside(plan: Plan) -> None:
    wire(plan, "gov-core-a", "gov-core-b", PortKind.INTERCONNECT)


def loose_interconnect_port(plan: Plan) -> None:
    plan.devices["gov-border"].ports.append(Port("eth92", PortKind.INTERCONNECT, "none", "cross-border", "eth92"))


def guard_of_another_vrf(plan: Plan) -> None:
    plan.devices["gov-border"].guards[0].vrf = "mgmt"


def stranger_passes(plan: Plan) -> None:
    plan.devices["gov-border"].guards[0].rules[0].sources.append("192.0.2.7")


def sides_swapped(plan: Plan) -> None:
    rule = plan.devices["gov-border"].guards[0].rules[0]
    rule.inward = not rule.inward


def anybody_passes(plan: Plan) -> None:
    plan.devices["gov-border"].guards[0].rules.append(GuardRule("open", True, "tcp", [22], [], []))


def guard_joins_nothing(plan: Plan) -> None:
    guard = plan.devices["gov-border"].guards[0]
    plan.devices["gov-pe-west"].guards.append(Guard("x", "eth1", guard.vrf, guard.peer))


def shared_rt(plan: Plan) -> None:
    rt = plan.services["gov-sharing"].rt
    plan.services["circulation"].rt = rt
    for device in plan.devices.values():
        for one in device.vrfs:
            one.rt = rt


def foreign_vrf(plan: Plan) -> None:
    plan.devices["gov-core-a"].vrfs.append(copy.deepcopy(vrf(plan, "cross-pe-west")))


def foreign_reflector(plan: Plan) -> None:
    far = plan.devices["cross-core-a"]
    plan.devices["gov-pe-west"].bgp.neighbors.append(BgpNeighbor(far.name, far.underlay.loopback))


def isis_on_the_interconnect(plan: Plan) -> None:
    border = plan.devices["gov-border"]
    border.underlay.interfaces.append(type(border.underlay.interfaces[0])(border.guards[0].port, 10))


def peer_elsewhere(plan: Plan) -> None:
    vrf(plan, "gov-pe-west").peers.append(VrfPeer("cross-border", 65002, "fd02:2::9", "bgp/x"))


def overlapping_blocks(plan: Plan) -> None:
    plan.domains["cross"].locators = plan.domains["government"].locators


def same_as(plan: Plan) -> None:
    plan.domains["cross"].asn = plan.domains["government"].asn


def same_loopback(plan: Plan) -> None:
    plan.devices["cross-core-a"].underlay.loopback = plan.devices["gov-core-a"].underlay.loopback
    for device in plan.devices.values():
        for neighbour in device.bgp.neighbors:
            if neighbour.name == "cross-core-a":
                neighbour.address = plan.devices["gov-core-a"].underlay.loopback


def same_key(plan: Plan) -> None:
    for device in plan.devices.values():
        device.underlay.secret = "isis/city"


def locator_of_the_other(plan: Plan) -> None:
    plan.devices["cross-core-a"].srv6.prefix = "fd01:1:77::/48"


def two_services_one_rt(plan: Plan) -> None:
    other = copy.deepcopy(plan.services["gov-sharing"])
    other.name, other.hosts = "gov-other", []
    plan.services[other.name] = other


def two_services_one_table(plan: Plan) -> None:
    two_services_one_rt(plan)
    plan.services["gov-other"].rt = "65001:9"
    other = copy.deepcopy(vrf(plan, "gov-pe-west"))
    other.name, other.service, other.rt, other.rd, other.ports = "other", "gov-other", "65001:9", "1:9", []
    plan.devices["gov-pe-west"].vrfs.append(other)
    for device in ("gov-pe-east",):
        again = copy.deepcopy(other)
        again.table = 2000
        plan.devices[device].vrfs.append(again)


def stray_rt(plan: Plan) -> None:
    vrf(plan, "gov-pe-west").rt = "65001:77"


def host_outside_its_vrf(plan: Plan) -> None:
    vrf(plan, "gov-pe-west").ports.clear()


PAIR = "government ↔ cross"
ISOLATION = [
    (link_across, f"ISO-01 {PAIR}", "joins gov-core-a of government and cross-core-a of cross"),
    (port_across, f"ISO-01 {PAIR}", "port gov-core-a:eth90"),
    (host_across, f"ISO-01 {PAIR}", "host tax-1"),
    (way_through_a_third, f"ISO-01 {PAIR}", " – mux – "),
    (no_guard, f"ISO-02 {PAIR}", "has no guard"),
    (guard_elsewhere, f"ISO-02 {PAIR}", "port cross-border"),
    (interconnect_at_an_edge, f"ISO-02 {PAIR}", "gov-border, a device of role edge"),
    (interconnect_inside, f"ISO-02 {PAIR}", "gov-core-a--gov-core-b--new: does not join one device of each domain"),
    (loose_interconnect_port, f"ISO-02 {PAIR}", "gov-border:eth92: is an interconnect port of no interconnect line"),
    (guard_of_another_vrf, f"ISO-02 {PAIR}", "its guard in VRF 'mgmt'"),
    (stranger_passes, f"ISO-03 {PAIR}", "192.0.2.7, no host of circulation"),
    (sides_swapped, f"ISO-03 {PAIR}", "no host of"),
    (anybody_passes, f"ISO-03 {PAIR}", "rule open passes from anybody"),
    (guard_joins_nothing, f"ISO-03 {PAIR}", "guard gov-pe-west:eth1: joins no two services"),
    (shared_rt, f"ISO-04 {PAIR}", "is imported in both domains"),
    (foreign_vrf, f"ISO-04 {PAIR}", "device gov-core-a: carries VRF circulation"),
    (foreign_reflector, f"ISO-04 {PAIR}", "iBGP neighbour cross-core-a"),
    (isis_on_the_interconnect, f"ISO-04 {PAIR}", "gov-border: runs IS-IS on"),
    (peer_elsewhere, f"ISO-04 {PAIR}", "learns routes from cross-border (fd02:2::9) through no guarded port"),
    (no_guard, f"ISO-04 {PAIR}", "towards device cross-border without a guard"),
    (overlapping_blocks, f"ISO-05 {PAIR}", "overlap"),
    (same_as, f"ISO-05 {PAIR}", "both domains are AS 65001"),
    (same_loopback, f"ISO-05 {PAIR}", "as gov-core-a has"),
    (same_key, f"ISO-05 {PAIR}", "IS-IS key isis/city"),
    (locator_of_the_other, f"ISO-05 {PAIR}", "fd01:1:77::/48 is not of cross"),
    (two_services_one_rt, "ISO-06 government", "is that of gov-sharing, gov-other"),
    (two_services_one_table, "ISO-06 government", "serves both gov-sharing and gov-other"),
    (stray_rt, "ISO-06 government", "imports 65001:77, not"),
    (host_outside_its_vrf, "ISO-06 government", "host data-bureau-1: hangs on gov-pe-west"),
]


@pytest.mark.parametrize(
    ("spoil", "claim", "text"), ISOLATION, ids=[f"{row[0].__name__}-{row[1][:6]}" for row in ISOLATION]
)
def test_a_broken_isolation_is_named(spoil: Callable[[Plan], None], claim: str, text: str) -> None:
    plan = mini()
    spoil(plan)
    found = refuted(prove(plan, [Area.ISOLATION]))
    assert claim in found
    assert text in words(found[claim])


def levelled(level: str) -> Plan:
    plan = mini()
    for domain in plan.domains.values():
        domain.level = level
    return plan


def only_refuted(plan: Plan, claim: str) -> list[Refutation]:
    found = refuted(prove(plan, [Area.REACHABILITY]))
    assert list(found) == [f"{claim} government"]
    return found[f"{claim} government"]


def test_a_severed_service_is_named() -> None:
    plan = mini()
    drop(plan, "gov-pe-west--gov-core-a", "gov-pe-west--gov-core-b")
    (one,) = only_refuted(plan, "REACH-01")
    assert one.services == ["gov-sharing"]
    assert "gov-pe-west" in one.what


def test_a_link_without_isis_is_no_way() -> None:
    plan = mini()
    for name in ("gov-pe-west--gov-core-a", "gov-pe-west--gov-core-b"):
        core = plan.devices[plan.lines[name].b.node]
        core.underlay.interfaces = [i for i in core.underlay.interfaces if i.port != plan.lines[name].b.port]
    assert only_refuted(plan, "REACH-01")


def test_a_device_that_severs_a_service_is_named() -> None:
    """West keeps two links, both to one core."""
    plan = mini()
    drop(plan, "gov-pe-west--gov-core-b")
    wire(plan, "gov-pe-west", "gov-core-a", PortKind.LINK)
    (one,) = only_refuted(plan, "REACH-02")
    assert one.failing == ["device gov-core-a"]
    assert one.services == ["gov-sharing"]
    assert "gov-pe-west" in one.advice


def test_a_link_that_severs_a_service_is_named() -> None:
    plan = mini()
    drop(plan, "gov-pe-west--gov-core-b")
    found = refuted(prove(plan, [Area.REACHABILITY]))
    assert [one.failing for one in found["REACH-03 government"]] == [["link gov-pe-west--gov-core-a"]]


def test_the_own_device_of_an_end_is_noted_and_not_refuted() -> None:
    results = prove(mini(), [Area.REACHABILITY]).results
    notes = [note for r in results if r.claim == "REACH-02" and r.subject == "government" for note in r.notes]
    assert "gov-pe-east, gov-pe-west" in notes[0]


def test_a_shared_fibre_is_named_from_level_2() -> None:
    plan = levelled("L1")
    plan.lines["gov-pe-west--gov-core-b"].fibres = ["west-a", "hubs"]
    assert not refuted(prove(plan, [Area.REACHABILITY]))
    plan.domains["government"].level = "L2"
    (one,) = only_refuted(plan, "REACH-04")
    assert one.failing == ["fibre west-a"]


def test_two_fibres_are_named_at_level_3() -> None:
    """A third fibre at every site that has ends heals it."""
    plan = levelled("L3")
    found = refuted(prove(plan, [Area.REACHABILITY]))
    assert [one.failing for one in found["REACH-05 government"]] == [
        ["fibre east-a", "fibre east-b"],
        ["fibre gate-a", "fibre gate-b"],
        ["fibre west-a", "fibre west-b"],
    ]
    for name in ("gov-pe-east", "gov-border"):
        wire(plan, "gov-pe-west", name, PortKind.LINK).fibres = [f"new-{name}"]
    assert "REACH-05 government" not in refuted(prove(plan, [Area.REACHABILITY]))


def test_a_shared_risk_group_is_named_at_level_4() -> None:
    plan = levelled("L3")
    plan.fibres["west-b"].risk_groups.append("duct-w1")
    assert "REACH-06 government" not in refuted(prove(plan, [Area.REACHABILITY]))
    plan = levelled("L4")
    plan.fibres["west-b"].risk_groups.append("duct-w1")
    found = refuted(prove(plan))
    assert [one.failing for one in found["REACH-06 government"]] == [["risk group duct-w1"]]
    assert [one.failing for one in found["RISK-01 government"]] == [["risk group duct-w1"]]


def test_a_lone_reflector_is_named() -> None:
    plan = mini()
    for name in ("gov-pe-west", "gov-pe-east", "gov-border"):
        device = plan.devices[name]
        device.bgp.neighbors = [one for one in device.bgp.neighbors if one.name == "gov-core-a"]
    (one,) = only_refuted(plan, "REACH-07")
    assert one.failing == ["device gov-core-a"]


def test_reflectors_that_are_no_neighbours_pass_nothing_on() -> None:
    """West hears one reflector, the others the other one, and the two have no session."""
    plan = mini()
    for name, reflector in (("gov-pe-west", "gov-core-a"), ("gov-pe-east", "gov-core-b"), ("gov-border", "gov-core-b")):
        device = plan.devices[name]
        device.bgp.neighbors = [one for one in device.bgp.neighbors if one.name == reflector]
    plan.devices["gov-core-a"].bgp.neighbors = [
        one for one in plan.devices["gov-core-a"].bgp.neighbors if one.name != "gov-core-b"
    ]
    (one,) = only_refuted(plan, "REACH-07")
    assert one.failing == []


@pytest.mark.parametrize("nested", [False, True])
def test_a_reflector_passes_on_to_non_clients_only_what_clients_told(nested: bool) -> None:
    """Three reflectors in a row: routes of the first one's client reach the third only by a client in between."""
    wires = [Wire(0, 1), Wire(1, 2), Wire(0, 3), Wire(2, 4), Wire(3, 4), Wire(1, 5)]
    plan = plan_of(Shape(6, wires, [[3, 4]], reflectors=()))
    for near, far, client in [(0, 3, True), (2, 4, True), (1, 5, True), (1, 0, nested), (1, 2, nested)]:
        one, other = plan.devices[f"g{near}"], plan.devices[f"g{far}"]
        one.bgp.neighbors.append(BgpNeighbor(other.name, other.underlay.loopback, client))
        other.bgp.neighbors.append(BgpNeighbor(one.name, one.underlay.loopback))
    (one,) = refuted(prove(plan, [Area.REACHABILITY]))["REACH-07 government"]
    assert one.failing == (["device g0"] if nested else [])


def test_without_reflectors_every_two_devices_need_a_session() -> None:
    shape = Shape(3, [Wire(0, 1), Wire(1, 2), Wire(0, 2)], [[0, 1, 2]], reflectors=())
    plan = plan_of(shape)
    for one in plan.devices.values():
        one.bgp.neighbors = [
            BgpNeighbor(o.name, o.underlay.loopback) for o in plan.devices.values() if o.name != one.name
        ]
    assert "REACH-07 government" not in refuted(prove(plan, [Area.REACHABILITY]))
    plan.devices["g1"].bgp.neighbors.pop(0)
    assert "REACH-07 government" in refuted(prove(plan, [Area.REACHABILITY]))


def square(mbps: int = 0, level: str = "L2", rate: int = 100, services: int = 1) -> Shape:
    """Four devices in a ring, ends at two that face each other."""
    wires = [Wire(0, 1, ("a",), 10, rate), Wire(1, 2, ("b",), 10, rate), Wire(2, 3, ("c",), 10, rate)]
    return Shape(4, [*wires, Wire(3, 0, ("d",), 10, rate)], [[0, 2]] * services, level=level, mbps=mbps)


def capacity(shape: Shape) -> dict[str, list[Refutation]]:
    return refuted(prove(plan_of(shape), [Area.CAPACITY]))


@pytest.mark.parametrize(
    ("gbps", "claims"),
    [
        (100, []),  # half goes each way, and all of it fits one way
        (101, ["CAP-02 government"]),
        (200, ["CAP-02 government"]),
        (201, ["CAP-01 government"]),
    ],
)
def test_links_that_overflow_are_named(gbps: int, claims: list[str]) -> None:
    found = capacity(square(gbps * 1000, "L1"))
    assert list(found) == claims
    if claims == ["CAP-02 government"]:
        assert found[claims[0]][0].failing[0].startswith("link ")
        assert f"{gbps} of 100 Gbit/s" in words(found[claims[0]])
        assert found[claims[0]][0].services == ["g-service1"]


def test_each_end_on_a_device_adds_to_its_hose() -> None:
    shape = square(60_000, "L1")
    shape.services = [[0, 0, 2, 2]]
    assert list(capacity(shape)) == ["CAP-02 government"]


@pytest.mark.parametrize(("services", "needed"), [(20, 0), (21, 1)])
def test_overbooked_slots_are_counted(services: int, needed: int) -> None:
    """Every service takes a slot of each link that it may use, however little it needs."""
    found = capacity(square(1, "L2", services=services))
    assert list(found) == (["CAP-04 government"] if needed else [])
    if needed:
        assert f"{services} of 20 slots: {needed} too many" in words(found["CAP-04 government"])
        assert len(found["CAP-04 government"][0].services) == services


def test_slow_links_have_no_slots() -> None:
    assert "CAP-04 government" not in capacity(square(1, "L2", rate=25, services=21))


def test_a_fibre_that_is_too_small_is_named() -> None:
    plan = mini()
    plan.fibres["west-a"].capacity_gbps = 150
    found = refuted(prove(plan, [Area.CAPACITY]))
    assert list(found) == ["CAP-03 government and cross"]
    assert "fibre west-a: links need 200 of 150 Gbit/s: 50 too much" in words(found["CAP-03 government and cross"])


def test_what_takes_too_long_is_undecided_and_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capacities, "MOST_WORK_US", 1.0)
    proof = prove(plan_of(square(1000)), [Area.CAPACITY])
    verdicts = {result.claim: result.verdict for result in proof.results}
    assert verdicts["CAP-01"] is verdicts["CAP-02"] is verdicts["CAP-04"] is Verdict.UNDECIDED
    assert not proof.holds


@pytest.mark.parametrize(("city", "proven", "nothing_asked"), [("mini", 21, 34), ("wuhan", 27, 28)])
def test_the_labs_hold(city: str, proven: int, nothing_asked: int) -> None:
    proof = prove(_planned(f"labs/{city}"))
    verdicts = [result.verdict for result in proof.results]
    assert proof.holds
    assert verdicts.count(Verdict.PROVEN) == proven
    assert verdicts.count(Verdict.NOT_APPLICABLE) == nothing_asked
    assert {result.claim for result in proof.results} == set(CLAIMS)


def test_wuhan_at_level_4_lacks_third_fibres_only() -> None:
    """Every business node with ends has two fibres, and so has the room of the interconnect."""
    plan = copy.deepcopy(_planned("labs/wuhan"))
    for domain in plan.domains.values():
        domain.level = "L4"
    found = refuted(prove(plan))
    assert set(found) == {"REACH-05 government", "REACH-05 cross"}
    assert [len(refutations) for refutations in found.values()] == [11, 14]
