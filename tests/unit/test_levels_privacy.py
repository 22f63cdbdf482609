"""Checks of privacy above L1: passed on a healthy network, failed by name for each thing that they are to find."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import privacy_facts as facts
import pytest

from citynet.levels import sealing as s
from citynet.levels.catalogue import catalogue
from citynet.levels.judging import Measured, judge
from citynet.levels.model import Result, Verdict
from citynet.levels.probes import privacy
from citynet.levels.probes.privacy import aims, lines_outside, quantum_users

if TYPE_CHECKING:
    from collections.abc import Callable

    from citynet.plan.model import Plan

REGISTRY = catalogue()


def run(check_id: str, measured: dict[str, Any], plan: Plan | None = None) -> Result:
    bounds = REGISTRY.bounds()[check_id]
    return judge(REGISTRY.get(check_id), plan or facts.plan(), "government", Measured(measured), bounds)


@pytest.mark.parametrize("check_id", ["L2-PRI-01", "L3-PRI-01", "L4-PRI-01"])
def test_passes_when_all_is_well(check_id: str) -> None:
    result = run(check_id, facts.healthy())
    assert result.verdict is Verdict.PASSED, [str(finding) for finding in result.findings]
    assert result.figures


def wire(**values: Any) -> Callable[[dict[str, Any]], None]:
    def do(measured: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(measured["captured"].wires[0], name, value)

    return do


def flow(**values: Any) -> Callable[[dict[str, Any]], None]:
    def do(measured: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(measured["captured"].flows[0], name, value)

    return do


def macsec(**values: Any) -> Callable[[dict[str, Any]], None]:
    def do(measured: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(measured["seals"]["gov-core-a"].macsec[0], name, value)

    return do


def no_esp(measured: dict[str, Any]) -> None:
    for one in measured["captured"].wires:
        one.esp = 0


def one_wire_less(measured: dict[str, Any]) -> None:
    measured["captured"].wires.pop()


def device_unread(measured: dict[str, Any]) -> None:
    del measured["seals"]["gov-core-a"]


def user(when: str, name: str = "line eth1", **values: Any) -> Callable[[dict[str, Any]], None]:
    """Change what the key agent of a device said of a line or tunnel."""

    def do(measured: dict[str, Any]) -> None:
        key, _, part = when.partition(".")
        seals = getattr(measured[key], part) if part else measured[key]
        for field, value in values.items():
            setattr(seals["gov-pe-west"].users[name], field, value)

    return do


def user_gone(measured: dict[str, Any]) -> None:
    measured["seals"]["gov-pe-west"].users.clear()


def suite(when: str, word: str) -> Callable[[dict[str, Any]], None]:
    def do(measured: dict[str, Any]) -> None:
        key, _, part = when.partition(".")
        seals = getattr(measured[key], part) if part else measured[key]
        seals["gov-pe-west"].ike[0].suite.remove(word)

    return do


def no_ike(measured: dict[str, Any]) -> None:
    measured["seals"]["gov-pe-west"].ike.clear()


def half_open(measured: dict[str, Any]) -> None:
    measured["seals"]["gov-pe-west"].ike[0].state = "CONNECTING"


def lost(key: str) -> Callable[[dict[str, Any]], None]:
    def do(measured: dict[str, Any]) -> None:
        measured[key].probe = facts.probe(3)

    return do


def late(seconds: float | None) -> Callable[[dict[str, Any]], None]:
    def do(measured: dict[str, Any]) -> None:
        measured["outage"].alarm_s["gov-pe-west"] = seconds

    return do


def short(measured: dict[str, Any]) -> None:
    measured["outage"].seconds = 3.0


def alarm_stays(measured: dict[str, Any]) -> None:
    measured["outage"].after["gov-pe-west"].alarms.append(s.Alarm("server", "does not answer", 5.0))


def no_change_afterwards(measured: dict[str, Any]) -> None:
    measured["outage"].after = copy.deepcopy(measured["outage"].during)


def one_without_ml_kem(measured: dict[str, Any]) -> None:
    measured["seals"]["gov-core-a"].ike.append(s.Ike("odd", "ESTABLISHED", ["AES_GCM_16-128", "PRF_X", "CURVE_25519"]))


OLD = facts.seals("a")["gov-pe-west"].users["line eth1"].key_id
TUNNEL = "tunnel gov-sharing--gov-pe-east"
CASES: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    (
        "L2-PRI-01",
        wire(plain={"<m>": 7}),
        "can be read on the line – expected 0 frames, actual 7 frames",
    ),
    (
        "L2-PRI-01",
        wire(kinds={"0x88e5": 5, "0x86dd": 9}),
        "frames that are not MACsec – expected 0x88e5, 0x888e",
    ),
    ("L2-PRI-01", wire(kinds={"0x888e": 5}), "carried no encrypted frame while marked payload flowed"),
    ("L2-PRI-01", wire(kinds={}, frames=0), "carried no encrypted frame"),
    ("L2-PRI-01", wire(within={"<m>": 4}), "gov-sharing – can be read by devices on the way"),
    ("L2-PRI-01", one_wire_less, "was not captured"),
    ("L2-PRI-01", no_esp, "no packet of ESP was seen"),
    ("L2-PRI-01", flow(echoed=3), "marked payload did not come back: the capture proves little – expected ≥ 50 %"),
    ("L2-PRI-01", macsec(cipher="gcm-aes-128"), "MACsec is weaker than planned – expected gcm-aes-256"),
    ("L2-PRI-01", macsec(encrypts=False), "gcm-aes-256, no encrypt"),
    ("L2-PRI-01", macsec(protects=False), "no protect"),
    ("L2-PRI-01", macsec(validates="disabled"), "validate disabled"),
    ("L2-PRI-01", macsec(up=False), "gov-core-a:eth1 – no MACsec runs"),
    ("L2-PRI-01", device_unread, "gov-core-a:eth1 – no MACsec runs"),
    ("L3-PRI-01", user("seals", state="down"), "gov-pe-west line eth1 – has no key from QKD in use"),
    ("L3-PRI-01", user("seals", state="open"), "has no key from QKD in use"),
    ("L3-PRI-01", user("seals", key_id=""), "has no key from QKD in use"),
    ("L3-PRI-01", user("seals", source="vault"), "has no key from QKD in use"),
    ("L3-PRI-01", user("seals", key_id="other"), "its ends use two keys"),
    ("L3-PRI-01", user_gone, "has no key from QKD in use"),
    ("L3-PRI-01", suite("seals", "PPK"), "gov-sharing--gov-pe-east – IKE has no PPK in use"),
    ("L3-PRI-01", no_ike, "has no IKE SA"),
    ("L3-PRI-01", half_open, "has no IKE SA"),
    (
        "L3-PRI-01",
        user("rotated.after", key_id=OLD),
        "did not change",
    ),
    ("L3-PRI-01", suite("rotated.after", "PPK"), "IKE has no PPK after its change"),
    ("L3-PRI-01", lost("rotated"), "datagrams were lost while keys changed – expected 0, actual 3 / 30000"),
    ("L3-PRI-01", lost("outage"), "datagrams were lost while kme-west was silent"),
    ("L3-PRI-01", late(None), "gov-pe-west – had no alarm in time although kme-west was silent"),
    ("L3-PRI-01", late(9.0), "expected ≤ 5 s, actual 9.0 s"),
    ("L3-PRI-01", short, "was silent for too short a time"),
    ("L3-PRI-01", user("outage.during", state="closed"), "has no key from QKD while kme-west was silent"),
    ("L3-PRI-01", user("outage.during", TUNNEL, key_id=""), "never replaced by none"),
    ("L3-PRI-01", suite("outage.during", "PPK"), "IKE has no PPK while kme-west was silent"),
    ("L3-PRI-01", alarm_stays, "gov-pe-west – still has an alarm"),
    ("L3-PRI-01", no_change_afterwards, "its key did not change"),
    ("L4-PRI-01", suite("seals", "KE1_ML_KEM_768"), "its key exchange is not post-quantum"),
    ("L4-PRI-01", one_without_ml_kem, "gov-core-a odd – its key exchange is not post-quantum"),
    ("L4-PRI-01", no_ike, "has no IKE SA"),
]


@pytest.mark.parametrize(("check_id", "change", "says"), CASES, ids=range(len(CASES)))
def test_fails_by_name(check_id: str, change: Callable[[dict[str, Any]], None], says: str) -> None:
    measured = facts.healthy()
    change(measured)
    result = run(check_id, measured)
    assert result.verdict is Verdict.FAILED
    assert says in "\n".join(str(finding) for finding in result.findings)
    assert all(finding.say("zh") for finding in result.findings)


@pytest.mark.parametrize("check_id", ["L2-PRI-01", "L3-PRI-01"])
def test_a_city_in_the_clear_fails(check_id: str) -> None:
    plan = copy.deepcopy(facts.plan())
    for device in plan.devices.values():
        device.macsec.clear()
    result = run(check_id, facts.healthy(), plan)
    assert result.verdict is Verdict.FAILED
    assert any("no encryption" in str(finding) for finding in result.findings)


def test_keys_from_the_vault_are_no_quantum_keys() -> None:
    plan = copy.deepcopy(facts.plan())
    for line in plan.devices["gov-core-a"].macsec:
        line.source = "vault"
    for check_id in ("L3-PRI-01", "L4-PRI-01"):
        assert any("QKD" in str(finding) for finding in run(check_id, facts.healthy(), plan).findings)


@pytest.mark.parametrize(("rotate_s", "ordered", "wait_s"), [(20, [], 35.0), (3600, ["a", "b"], 35.0)])
def test_keys_that_live_long_are_changed_by_order(rotate_s: int, ordered: list[str], wait_s: float) -> None:
    asked: list[str] = []

    class Access:
        def each(self, nodes: list[str], work: Callable[[str], None]) -> None:
            for node in nodes:
                work(node)

        def ask(self, node: str, program: str, arguments: dict[str, Any]) -> None:
            assert (program, arguments) == ("rotate", {})
            asked.append(node)

    bench: Any = type("Bench", (), {"access": Access()})()
    assert privacy._hasten(bench, ["a", "b"], rotate_s) == wait_s
    assert asked == ordered


def test_what_is_looked_at() -> None:
    plan = facts.plan()
    assert len(lines_outside(plan, "government")) == 7
    assert all("border--" not in line.name or "core" in line.name for line in lines_outside(plan, "government"))
    assert quantum_users(plan, "government")["gov-pe-west"] == [
        "line eth1",
        "line eth2",
        TUNNEL,
        "tunnel gov-sharing--gov-border",
    ]
    assert [(one.flow, one.protocol) for one in aims(plan, "government")] == [("gov-sharing", "udp")]
    assert len({one.mark for one in aims(plan, "government") + aims(plan, "government")}) == 2
