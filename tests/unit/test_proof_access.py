"""Claims about trusted access, each broken on purpose in a plan that held: refuted, by a counter-example."""

from __future__ import annotations

import copy
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from citynet import build
from citynet.access import policy
from citynet.plan.model import AccessServer, PortKind
from citynet.platforms.whitebox.device.access.policy import BY_PORT, BY_TUNNEL, WEEK_S, Circumstances, Place, decide
from citynet.proof import CLAIMS, Area, prove
from citynet.proof.model import Verdict
from tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from citynet.plan.model import Plan
    from citynet.proof.model import Result

FENCES = """
fences:
  all-anywhere: {identifiers: [records, notes], allowed: [town, abroad]}
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    folder = tmp_path_factory.mktemp("access")
    text = (ROOT / "tests/lab/access.yml").read_text(encoding="utf-8")
    (folder / "design.yml").write_text(text + FENCES, encoding="utf-8")
    return build.plan(folder)[0]


def proven(plan: Plan) -> dict[str, Result]:
    return {result.claim: result for result in prove(plan, [Area.ACCESS]).results}


def test_what_is_planned_holds(whole: Plan) -> None:
    found = proven(whole)
    assert set(found) == {claim for claim in CLAIMS if claim.startswith("ACCESS")}
    assert {result.verdict for result in found.values()} == {Verdict.PROVEN}
    assert found["ACCESS-01"].reason == "6 ports"
    assert found["ACCESS-01"].notes == ["no role lets them on anywhere, so nothing passes their ports: visitor-2"]


def test_where_no_service_asks_nothing_is_claimed() -> None:
    plan = build.plan(ROOT / "tests/golden/cases/mini")[0]
    results = prove(plan, [Area.ACCESS]).results
    assert {result.verdict for result in results} == {Verdict.NOT_APPLICABLE}
    assert {result.reason for result in results} == {"no service asks for access"}


def gate(plan: Plan) -> Any:
    access = plan.devices["left"].access
    assert access is not None
    return access


def roles(plan: Plan) -> Any:
    assert plan.access is not None
    return plan.access


def of_gate(**values: Any) -> Callable[[Plan], None]:
    def do(plan: Plan) -> None:
        for name, value in values.items():
            setattr(gate(plan), name, value)

    return do


def of_port(**values: Any) -> Callable[[Plan], None]:
    def do(plan: Plan) -> None:
        for name, value in values.items():
            setattr(gate(plan).ports[0], name, value)

    return do


def no_fence_there(plan: Plan) -> None:
    fence = plan.devices["left"].fence
    assert fence is not None
    fence.ports = [port for port in fence.ports if port.name != "eth2"]


CASES: list[tuple[str, Any, str]] = [
    (
        "ACCESS-01",
        lambda plan: gate(plan).ports.pop(0),
        "port left:eth2: the service asks for access, and nothing closes this port",
    ),
    (
        "ACCESS-01",
        lambda plan: setattr(plan.devices["left"], "access", None),
        "port left:eth3: the service asks for access, and nothing closes this port",
    ),
    ("ACCESS-01", of_port(host="visitor-2"), "port left:eth2: opens for visitor-2, and giver-1 is there"),
    ("ACCESS-01", of_port(interface="eth9"), "port left:eth2: is closed at eth9, and its packets come by eth2"),
    (
        "ACCESS-01",
        lambda plan: setattr(plan.hosts["giver-1"].port, "peer_port", "eth7"),
        "host giver-1: enters share at left:eth7, which is no port of it",
    ),
    (
        "ACCESS-02",
        lambda plan: plan.identifiers["notes"].participants.remove("taker"),
        "role reader: gives taker-1 of taker identifier notes, to which group friends has the right",
    ),
    (
        "ACCESS-02",
        lambda plan: plan.identifiers["records"].participants.remove("giver"),
        "task audit: gives giver-1 of giver identifier records, to which group friends has the right",
    ),
    (
        "ACCESS-02",
        lambda plan: roles(plan).roles["guest"].identifiers.append("secrets"),
        "role guest: speaks of identifier secrets, which is not in the plan",
    ),
    ("ACCESS-03", of_gate(bits=0), "port left:eth2: a right binds no identifiers there, so any passes"),
    (
        "ACCESS-03",
        of_gate(bits=64),
        "port left:eth2: a right is held against identifiers of 64 bits, and packets have 32",
    ),
    ("ACCESS-03", no_fence_there, "port left:eth2: no fence judges what a right lets pass"),
    ("ACCESS-04", of_gate(servers=[]), "device left: has no server to ask, so nobody ever gets on"),
    (
        "ACCESS-04",
        of_gate(servers=[AccessServer("evil", "192.0.2.1")]),
        "device left: asks evil, which decides by another plan",
    ),
    (
        "ACCESS-04",
        of_gate(secret="radius/right"),
        "device right: shares secret radius/right with another device, which could give orders in its name",
    ),
    ("ACCESS-04", of_gate(secret="radius/x"), "device left: has no secret radius/x to know its servers by"),
]


@pytest.mark.parametrize(("claim", "broken", "words"), CASES)
def test_what_is_broken_is_refuted_by_its_claim_alone(whole: Plan, claim: str, broken: Any, words: str) -> None:
    plan = copy.deepcopy(whole)
    broken(plan)
    found = {name: result for name, result in proven(plan).items() if result.verdict is Verdict.REFUTED}
    assert set(found) == {claim}
    assert words in "\n".join(f"{one.subject}: {one.what}" for one in found[claim].refutations)


def test_a_right_that_no_fence_takes_is_noted(whole: Plan) -> None:
    plan = copy.deepcopy(whole)
    fence = plan.devices["right"].fence
    assert fence is not None
    for port in fence.ports:
        port.identifiers = []
    assert proven(plan)["ACCESS-03"].notes == [
        "given by a role, and dropped by the fence at the port: notes of taker-1, notes of taker-2"
    ]


def test_open_services_of_an_l2_domain_are_noted(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests/lab/access.yml", tmp_path / "design.yml")
    design = tmp_path / "design.yml"
    text = design.read_text(encoding="utf-8").replace("level: L1", "level: L2")
    more = "  other:\n    domain: government\n    vrf: other\n    ipv4: 10.13.0.0/20\n    ipv6: fd13::/48\n"
    more += "    ends:\n      - {participant: giver, device: left, host: giver-9}\n"
    design.write_text(text + more, encoding="utf-8")
    notes = proven(build.plan(tmp_path)[0])["ACCESS-01"].notes
    assert "services that let anybody on, in domains from L2 on: other" in notes


EXIT = """    exit:
      device: left
      participant: visitor
      host: isp-1
      ipv4: 203.0.113.0/29
      ipv6: 2001:db8:0:1::/64
      allow:
        - {protocol: tcp, ports: [443]}
    ends:
"""


def test_an_exit_is_guarded_and_not_closed(tmp_path: Path) -> None:
    """Nobody beyond it could get on."""
    text = (ROOT / "tests/lab/access.yml").read_text(encoding="utf-8").replace("    ends:\n", EXIT, 1)
    text = text.replace("role: edge, site: west", "role: border, site: west")
    (tmp_path / "design.yml").write_text(text, encoding="utf-8")
    plan = build.plan(tmp_path)[0]
    exits = {port.name for port in plan.devices["left"].ports if port.kind is PortKind.EXIT}
    assert not exits & {port.port for port in gate(plan).ports}
    found = proven(plan)["ACCESS-01"]
    assert found.verdict is Verdict.PROVEN
    assert any(note.startswith("guarded instead, as they lead to no host: left:eth") for note in found.notes)


def test_a_server_decides_within_what_is_proven(whole: Plan) -> None:
    """Every host at every place, in every state and hour: nobody gets more than ACCESS-02 looked at."""
    text = policy.files(whole, AccessServer("aaa", "172.20.0.5"))["/etc/citynet/policy.json"]
    told = json.loads(text)
    numbers = {one.number: one for one in whole.identifiers.values()}
    there = [place for host in told["hosts"].values() for place in host["places"]]
    places = [Place(*place, by) for place in there for by in (BY_PORT, BY_TUNNEL)]
    allowed = 0
    for host in [*told["hosts"], "stranger"]:
        for place in places:
            for state in ("healthy", "outdated", "compromised"):
                for now in range(0, WEEK_S, 1800):
                    right = decide(told, host, place, Circumstances(float(now), {host: state}, []))
                    if not right.allowed:
                        continue
                    allowed += 1
                    assert [place.device, place.port] in told["hosts"][host]["places"]
                    assert place.by == (BY_TUNNEL if host.endswith("-2") and host != "visitor-2" else BY_PORT)
                    assert state == "healthy"
                    assert right.identifiers is not None
                    owners = [numbers[number].participants for number in right.identifiers]
                    assert all(whole.hosts[host].participant in owner for owner in owners)
    assert allowed > WEEK_S // 1800
