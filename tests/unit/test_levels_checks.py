"""Every check passes on a healthy network and fails on each thing that it is there to find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import data_facts as data
import levels_facts as facts
import privacy_facts as encrypted
import pytest
import trusted_facts as trusted
from levels_facts import DOMAIN

from citynet.levels import measurements as m
from citynet.levels.catalogue import catalogue
from citynet.levels.checks import (
    access,
    compliance_data,
    compliance_paths,
    integration,
    privacy_keys,
    privacy_lines,
    sentries,
)
from citynet.levels.judging import Measured, judge
from citynet.levels.model import Result, Verdict
from citynet.levels.text import t

if TYPE_CHECKING:
    from collections.abc import Callable

REGISTRY = catalogue()
IDS = [check.id for check in REGISTRY]
ENCRYPTED = {check.id for check in (*privacy_lines.CHECKS, *privacy_keys.CHECKS)}
"""Checks that look at another city: the same with encryption."""

FENCED = {check.id for check in (*compliance_data.CHECKS, *integration.CHECKS)}
"""Checks that look at one with fences."""


TRUSTED = {check.id for room in (access, sentries, compliance_paths) for check in room.CHECKS}
"""Checks that look at one with access, sentries or tracing."""


def city_of(check_id: str) -> Any:
    if check_id in TRUSTED:
        return trusted
    return encrypted if check_id in ENCRYPTED else data if check_id in FENCED else facts


def run(check_id: str, measured: dict[str, Any], **bounds: float) -> Result:
    settings = [f"{check_id}.{name}={value}" for name, value in bounds.items()]
    return judge(
        REGISTRY.get(check_id),
        city_of(check_id).plan(),
        DOMAIN,
        Measured(measured),
        REGISTRY.bounds(settings)[check_id],
    )


@pytest.mark.parametrize("check_id", IDS)
def test_passes_on_a_healthy_network(check_id: str) -> None:
    bounds = {"device_mtbf_h": 1e7} if check_id == "L3-REL-02" else {}  # mini's sites have one device of each domain
    result = run(check_id, city_of(check_id).healthy(), **bounds)
    assert result.verdict is Verdict.PASSED, [str(finding) for finding in result.findings]
    assert result.figures or check_id == "L1-SEC-03"


@pytest.mark.parametrize("check_id", [check.id for check in REGISTRY if check.needs])
def test_is_blocked_with_the_reason_when_nothing_was_measured(check_id: str) -> None:
    check = REGISTRY.get(check_id)
    measured = Measured({}, {check.needs[0]: t("the lab is on fire", "实验网着火")})
    result = judge(check, facts.plan(), DOMAIN, measured, REGISTRY.bounds()[check_id])
    assert result.verdict is Verdict.BLOCKED
    assert str(result.reason) == "the lab is on fire"


def change(key: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    """Change attributes of one measurement."""

    def do(measured: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(measured[key], name, value)

    return do


def snapshot(name: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    """Change attributes of one node's snapshot."""

    def do(measured: dict[str, Any]) -> None:
        for key, value in values.items():
            setattr(measured["snapshots"][name], key, value)

    return do


def answer(protocol: str, port: int, said: str) -> Callable[[dict[str, Any]], None]:
    """Change what became of the first attempt of a kind that is not allowed."""

    def do(measured: dict[str, Any]) -> None:
        next(
            a for a in measured["sweep"].attempts if (a.protocol, a.port) == (protocol, port) and not a.allowed
        ).answer = said

    return do


def allowed(said: str) -> Callable[[dict[str, Any]], None]:
    """Change what became of the first allowed attempt."""

    def do(measured: dict[str, Any]) -> None:
        next(a for a in measured["sweep"].attempts if a.allowed).answer = said

    return do


def keep(wanted: bool) -> Callable[[dict[str, Any]], None]:
    """Keep only the allowed, or only the forbidden attempts."""

    def do(measured: dict[str, Any]) -> None:
        measured["sweep"].attempts = [a for a in measured["sweep"].attempts if a.allowed is wanted]

    return do


def lose(key: str) -> Callable[[dict[str, Any]], None]:
    """Take one node's snapshot away."""

    def do(measured: dict[str, Any]) -> None:
        del measured["snapshots"][key]
        measured["unreachable"][key] = "connection refused"

    return do


def deaf(key: str) -> Callable[[dict[str, Any]], None]:
    """Let one pair of hosts lose everything."""

    def do(measured: dict[str, Any]) -> None:
        found = measured[key]
        (found if isinstance(found, list) else found.reach)[0].received = 0

    return do


def record(**values: str) -> Callable[[dict[str, Any]], None]:
    """Change fields of the flow record; an empty value removes the field."""

    def do(measured: dict[str, Any]) -> None:
        kept = {**measured["records"][0].record, **values}
        measured["records"][0].record = {name: value for name, value in kept.items() if value}

    return do


def phase(key: str, which: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    """Change attributes of one phase of a broken line; of the last, where there are several."""

    def do(measured: dict[str, Any]) -> None:
        found = measured[key]
        for name, value in values.items():
            setattr(getattr(found[-1] if isinstance(found, list) else found, which), name, value)

    return do


def last(key: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    """Change attributes of the last of several measurements."""

    def do(measured: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(measured[key][-1], name, value)

    return do


def first(key: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    """Change attributes of the first of several measurements."""

    def do(measured: dict[str, Any]) -> None:
        for name, value in values.items():
            setattr(measured[key][0], name, value)

    return do


CASES = [
    ("L1-SEC-01", answer("tcp", 22, "open"), "passes the border though no rule allows it"),
    ("L1-SEC-01", answer("tcp", 80, "refused"), "passes the border though no rule allows it"),
    ("L1-SEC-01", answer("udp", 53, "reply"), "passes the border though no rule allows it"),
    ("L1-SEC-01", answer("udp", 161, "heard"), "expected dropped, actual heard"),
    ("L1-SEC-01", answer("icmp", 0, "reply"), "passes the border though no rule allows it"),
    ("L1-SEC-01", allowed("silent"), "an allowed flow does not pass"),
    ("L1-SEC-01", allowed("refused"), "an allowed flow does not pass"),
    ("L1-SEC-01", keep(wanted=False), "no allowed flow was tried"),
    ("L1-SEC-01", keep(wanted=True), "no forbidden flow was tried"),
    ("L1-SEC-02", first("scans", open_tcp=[22]), "answers the service host"),
    ("L1-SEC-02", first("scans", open_udp=[161]), "expected no open port, actual udp/161"),
    ("L1-SEC-02", lambda measured: measured.update(scans=measured["scans"][:1]), "was not scanned from its own host"),
    ("L1-SEC-03", snapshot("gov-core-a", signed_ports=["eth1"]), "IS-IS hellos are not signed"),
    (
        "L1-SEC-03",
        snapshot("gov-border", sessions=[m.Session("fd01:1:1::1", "", "Established", authenticated=False)]),
        "BGP session is not signed",
    ),
    ("L1-SEC-03", lose("gov-core-a"), "cannot be read"),
    (
        "L1-REL-02",
        lambda measured: setattr(measured["cut"].stream, "longest_outage_ms", 9000.0),
        "outage too long – expected ≤ 5000 ms, actual 9000 ms",
    ),
    ("L1-REL-02", change("cut", carried=0.1), "did not cross what was broken"),
    ("L1-REL-02", change("cut", recovered_s=None), "did not return to its planned state"),
    ("L1-REL-02", change("cut", reach=[]), "no pair of hosts was tried"),
    ("L1-REL-02", deaf("cut"), "traffic lost while"),
    ("L1-REL-02", lambda measured: setattr(measured["cut"].stream, "received", 0), "the probe stream never arrived"),
    ("L1-REL-03", deaf("kill"), "traffic lost while gov-core-a is down"),
    ("L1-REL-03", lambda measured: setattr(measured["kill"].stream, "longest_outage_ms", 6000.0), "outage too long"),
    (
        "L1-REL-04",
        lambda measured: setattr(measured["kill"].stream, "longest_outage_ms", 4e8),
        "modelled availability too low",
    ),
    (
        "L2-REL-01",
        phase("fast_cut", "broken", longest_outage_ms=501.0),
        "cut gov-pe-west--gov-core-a – outage too long when it broke – expected ≤ 500 ms, actual 501 ms",
    ),
    ("L2-REL-01", phase("fast_cut", "mended", longest_outage_ms=900.0), "outage too long when it was mended"),
    ("L2-REL-01", change("fast_cut", mended=None), "was not measured when it was mended"),
    ("L2-REL-01", change("fast_cut", carried=0.2), "the probe did not cross the line"),
    ("L2-REL-01", phase("fast_cut", "broken", received=0), "the probe never arrived"),
    ("L2-REL-02", phase("fast_silent", "broken", longest_outage_ms=10_000.0), "outage too long when it broke"),
    ("L2-REL-02", phase("fast_silent", "broken", received=3000), "the fault was not there"),
    ("L2-REL-03", lambda measured: setattr(measured["kill"].stream, "longest_outage_ms", 4e8), "availability too low"),
    (
        "L2-FLO-01",
        phase("classes", "busy", received=2990),
        "data-bureau-1 → tax-1 (gov-sharing) – loses traffic while gov-video is full – expected loss ≤ 0 %",
    ),
    ("L2-FLO-01", phase("classes", "busy", received=0), "the probe never arrived"),
    (
        "L2-FLO-02",
        lambda measured: setattr(measured["resized"][1].probe, "received", 2999),
        "sharing 20 → 10 Gbit/s – traffic lost while the slice was resized – expected ≤ 0, actual 1 / 3000",
    ),
    ("L2-FLO-02", first("resized", deployed=False, why="no room"), "the deployment failed – expected deployed"),
    ("L2-FLO-02", lambda measured: measured["resized"].pop(), "was not both grown and shrunk"),
    ("L2-FLO-02", lambda measured: measured.update(resized=[]), "was not both grown and shrunk"),
    ("L3-FLO-01", phase("slices_beside", "busy", received=2990), "loses traffic while gov-video is full"),
    ("L3-FLO-01", phase("slices_beside", "busy", delay_ms=[0.5, 0.6, 0.7, 0.8]), "is delayed by gov-video"),
    ("L2-RES-01", deaf("fast_cut"), "traffic lost while gov-pe-west--gov-core-a is broken (line cut)"),
    ("L2-RES-01", deaf("fast_silent"), "is broken (line silent)"),
    ("L2-RES-01", change("fast_silent", reach=[]), "no pair of hosts was tried"),
    ("L2-RES-01", change("fast_cut", carried=0.0), "the probe did not cross the line"),
    ("L3-REL-01", last("two_cuts", already=[]), "the second line was not cut while the first was"),
    ("L3-REL-01", lambda measured: measured["two_cuts"].pop(), "the second line was not cut while the first was"),
    ("L3-REL-01", phase("two_cuts", "broken", longest_outage_ms=700.0), "outage too long at cut 2"),
    ("L3-REL-01", last("two_cuts", reach=[]), "the service was not tried with both lines cut"),
    (
        "L3-REL-01",
        lambda measured: [setattr(pair, "received", 0) for pair in measured["two_cuts"][1].reach],
        "traffic lost with both lines cut",
    ),
    ("L3-REL-02", lambda _measured: None, "modelled availability too low"),
    ("L1-PRI-01", change("wrong_isis", down_s=None), "stays up although the key is wrong"),
    ("L1-PRI-01", change("wrong_isis", returned_while_wrong=True), "comes up with a wrong key"),
    ("L1-PRI-01", change("wrong_isis", restored_s=None), "does not return with the right key"),
    ("L1-PRI-01", change("wrong_isis", watched_s=0.0), "was not watched for long enough"),
    ("L1-PRI-02", change("wrong_bgp", down_s=None), "(BGP) – stays up although the key is wrong"),
    ("L1-PRI-03", snapshot("gov-core-a", ssh_ciphers=["aes128-cbc"]), "SSH offers weak ciphers"),
    ("L1-PRI-03", snapshot("gov-core-a", ssh_ciphers=[]), "SSH offers weak ciphers or none"),
    (
        "L1-PRI-03",
        snapshot("tax-1", listeners=[m.Listener("tcp", "172.20.0.22", 23, "mgmt", "telnetd")]),
        "telnetd listens on the management network",
    ),
    (
        "L1-RES-01",
        lambda measured: setattr(measured["kill"].stream, "longest_outage_ms", 5001.0),
        "outage after gov-core-a died",
    ),
    ("L1-RES-01", change("kill", carried=0.0), "did not cross the router"),
    ("L1-RES-01", lambda measured: setattr(measured["kill"].stream, "received", 0), "no probe arrived"),
    ("L1-AVA-01", change("crash", restarted_s=None), "is not restarted"),
    ("L1-AVA-01", change("crash", converged_s=61.0), "its neighbours do not return"),
    (
        "L1-AVA-02",
        change("restore", deployed=False, why="no route"),
        "the deployment failed – expected deployed, actual no route",
    ),
    ("L1-AVA-02", change("restore", came_up_empty=False), "came up configured although"),
    ("L1-AVA-02", change("restore", restored_s=None), "is not restored in time"),
    ("L1-AVA-02", change("restore", restored_s=15000.0), "expected ≤ 4 h"),
    ("L1-AVA-02", change("restore", files_lost=0), "no configuration was there to lose"),
    ("L1-FLO-01", first("shares", ports={"eth1": 1_000_000, "eth2": 1000}), "share too little of the load"),
    ("L1-FLO-01", first("shares", ports={"eth1": 0, "eth2": 0}), "no traffic on equal-cost ports"),
    ("L1-FLO-02", deaf("reach"), "traffic lost without any fault"),
    ("L1-FLO-02", lambda measured: measured.update(reach=[]), ""),
    ("L1-FLO-03", deaf("full_size"), "traffic lost in packets of 1500 bytes"),
    ("L1-FLO-03", change("full_size", packet_bytes=1400), "smaller packets were tried"),
    ("L1-FLO-03", change("full_size", reach=[]), ""),
    ("L1-OPS-01", lose("tax-1"), "tax-1 – cannot be read – expected a snapshot, actual connection refused"),
    (
        "L1-OPS-01",
        snapshot("gov-border", software={"kernel": "7.2", "os": "Debian"}),
        "does not say its version of frr",
    ),
    ("L1-OPS-01", snapshot("gov-border", uptime_s=0.0), "does not say for how long"),
    (
        "L1-OPS-02",
        snapshot("gov-pe-west", adjacencies=[]),
        "gov-pe-west eth1 – no IS-IS adjacency – expected Up, actual none",
    ),
    ("L1-OPS-02", snapshot("gov-border", sessions=[]), "BGP session is not up"),
    ("L1-OPS-02", snapshot("gov-core-b", memory_mib=600.0), "uses much memory"),
    ("L1-OPS-02", snapshot("gov-core-b", daemons={}), "no routing daemon runs"),
    ("L1-COM-01", first("records", found=False), "left no record"),
    ("L1-COM-01", record(source_port=""), "the record lacks 'source_port'"),
    ("L1-COM-01", record(time=""), "the record lacks 'time'"),
    ("L1-COM-01", record(destination="10.11.0.3"), "the record's 'destination' is wrong"),
    ("L1-COM-01", record(bytes="12"), "counts too few bytes"),
    ("L1-COM-01", lambda measured: measured.update(records=[]), ""),
]


@pytest.mark.parametrize(
    ("check_id", "breaks", "says"), CASES, ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)]
)
def test_fails_on_what_it_is_there_to_find(check_id: str, breaks: Callable[[dict[str, Any]], Any], says: str) -> None:
    measured = facts.healthy()
    breaks(measured)
    result = run(check_id, measured)
    assert result.verdict is Verdict.FAILED
    assert says in "\n".join(str(finding) for finding in result.findings)
    for finding in result.findings:
        assert "期望" in finding.say("zh")


def test_every_check_but_the_modelled_has_a_failing_case() -> None:
    assert set(IDS) - ENCRYPTED - FENCED - TRUSTED - {case[0] for case in CASES} == {"L1-REL-01"}


@pytest.mark.parametrize(
    ("check_id", "bounds"),
    [
        ("L1-REL-02", {"max_outage_ms": 100}),
        ("L1-RES-01", {"max_outage_ms": 300}),
        ("L1-REL-04", {"min_availability_percent": 99.9999}),
        ("L1-REL-04", {"mttr_h": 1000}),
        ("L2-REL-01", {"max_outage_ms": 30}),
        ("L2-REL-02", {"max_outage_ms": 200}),
        ("L2-REL-03", {"min_availability_percent": 99.9999}),
        ("L3-REL-01", {"max_outage_ms": 30}),
        ("L1-AVA-01", {"max_restart_s": 1}),
        ("L1-FLO-01", {"min_share_percent": 95}),
        ("L1-OPS-02", {"max_memory_mib": 10}),
    ],
)
def test_a_stricter_bound_fails_it(check_id: str, bounds: dict[str, float]) -> None:
    assert run(check_id, facts.healthy(), **bounds).verdict is Verdict.FAILED


def test_no_equal_cost_paths_block_the_load_check() -> None:
    assert run("L1-FLO-01", facts.healthy() | {"shares": []}).verdict is Verdict.BLOCKED


@pytest.mark.parametrize(("check_id", "key"), [("L2-FLO-01", "classes"), ("L3-FLO-01", "slices_beside")])
def test_a_neighbour_that_was_not_full_blocks_the_check_beside_it(check_id: str, key: str) -> None:
    measured = facts.healthy()
    measured[key].delivered_bytes = measured[key].sent_bytes
    result = run(check_id, measured)
    assert result.verdict is Verdict.BLOCKED
    assert "could not be filled" in str(result.reason)
    measured[key].busy.received = 0
    assert run(check_id, measured).verdict is Verdict.FAILED
