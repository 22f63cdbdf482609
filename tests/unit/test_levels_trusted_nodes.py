"""What the probes of trust do on nodes, and with what nodes answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import trusted_facts as facts
from test_levels_remote import load

from citynet import build
from citynet.levels.catalogue import catalogue
from citynet.levels.judging import Measured, judge
from citynet.levels.model import Result, Verdict
from citynet.levels.probes import admission, hops, sentries
from citynet.plan.tracing import node_of
from tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REGISTRY = catalogue()


class Told:
    """Edge devices that have some hosts on."""

    def __init__(self, *users: str) -> None:
        self.users = users

    def run(self, node: str, _command: str) -> str:
        ports = {
            "left": {"giver-1": "eth2", "visitor-1": "eth3", "giver-2": "eth4"},
            "right": {"taker-1": "eth2", "visitor-2": "eth3", "taker-2": "eth4"},
        }
        on = [{"open": True, "user": name, "port": port} for name, port in ports[node].items() if name in self.users]
        return json.dumps({"sessions": on})


def bench_of(*users: str) -> Any:
    return type("Bench", (), {"plan": facts.plan(), "access": Told(*users)})()


@pytest.mark.parametrize(
    ("users", "tried"),
    [
        (("giver-1", "taker-1"), {"giver-1": 2}),
        (("giver-1",), {"giver-1": 1}),
        (("giver-1", "taker-1", "visitor-1"), {"giver-1": 2}),
        (("giver-1", "taker-1", "giver-2", "taker-2"), {"giver-1": 2, "giver-2": 2}),
        (("taker-2",), {"taker-2": 1}),
    ],
)
def test_one_host_of_each_device_is_tried_and_one_is_left_to_be_pinged(
    users: tuple[str, ...], tried: dict[str, int]
) -> None:
    found = admission.chosen(bench_of(*users), "government")
    assert {one.host.name: len(one.targets) for one in found} == tried


def test_with_nobody_on_nothing_can_be_measured() -> None:
    with pytest.raises(admission.CannotMeasureError, match="no host of this domain is on"):
        admission.chosen(bench_of(), "government")


def test_a_role_that_bears_a_compromised_device_is_withdrawn_instead() -> None:
    plan = facts.plan()
    assert admission._change(plan, "giver-1")[0]["what"] == "state"
    assert plan.access is not None
    plan.access.roles["keeper"].states.append("compromised")
    try:
        assert admission._change(plan, "giver-1")[0] == {"what": "withdraw", "name": "giver-1"}
    finally:
        facts.plan_of.cache_clear()


# -- programs on nodes ---------------------------------------------------------------------------------------------


def event(**values: Any) -> str:
    told = {"kind": "intrusion", "alarm": True, "time": 10, "subject": "a", "detail": {"watch": "guard"}, **values}
    return json.dumps(told) + "\n"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (event(), 1),
        (event(time=9), 0),
        (event(alarm=False), 0),
        (event(kind="offpath"), 0),
        (event(detail={"watch": "exit"}), 0),
        ('{"kind": "intrus', 0),
        ("[]\n", 0),
    ],
)
def test_an_alarm_is_noticed_by_kind_time_and_values(
    line: str, found: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = load("noticed", monkeypatch)
    (tmp_path / "events").write_text(line)
    asked = {"kind": "intrusion", "after_us": 10, "values": {"watch": "guard"}}
    assert len(program.found(tmp_path / "events", asked)) == found
    assert program.found(tmp_path / "none", asked) == []


def test_the_supplicant_is_started_again_by_its_own_words(monkeypatch: pytest.MonkeyPatch) -> None:
    program = load("supplicant", monkeypatch)
    words = ["wpa_supplicant", "-B", "-D", "wired", "-i", "eth1", "-c", "/etc/own.conf"]
    now = {"words": words}
    monkeypatch.setattr(program, "running", lambda _name: (7 if now["words"] else 0, now["words"]))
    monkeypatch.setattr(program.os, "kill", lambda _pid, _number: now.update(words=[]))
    monkeypatch.setattr(program.subprocess, "run", lambda argv, **_more: now.update(words=list(argv)))
    with program.other("eth1", "/run/other.conf") as there:
        assert there
        assert now["words"] == [*words[:-1], "/run/other.conf"]
    assert now["words"] == words


@pytest.mark.parametrize(("answers", "told"), [([3, 1, 0], 0), ([3] * 9, 3)])
def test_an_edge_has_a_moment_to_close(answers: list[int], told: int, monkeypatch: pytest.MonkeyPatch) -> None:
    program = load("supplicant", monkeypatch)
    left = iter(answers)
    monkeypatch.setattr(program, "passes", lambda _targets: {"sent": 3, "received": next(left, told)})
    monkeypatch.setattr(program, "_ENDS_S", 0.1)
    monkeypatch.setattr(program, "_PACE_S", 0.01)
    assert program.left([])["received"] == told


@pytest.fixture
def initiator(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program with a charon that has a tunnel while it has its own credential and was asked for one."""
    program = load("initiator", monkeypatch)
    program.now = {"folder": "", "tunnel": True, "told": []}

    def tell(*words: str, folder: str = "") -> str:
        program.now["told"].append((words[0], folder))
        if words[0] == "--load-all":
            program.now.update(folder=folder, tunnel=False)
        if words[0] == "--terminate":
            program.now["tunnel"] = False
        if words[0] == "--initiate":
            program.now["tunnel"] = not program.now["folder"]
            return "" if program.now["tunnel"] else "received AUTHENTICATION_FAILED notify error"
        return "INSTALLED" if words[0] == "--list-sas" and program.now["tunnel"] else ""

    monkeypatch.setattr(program, "tell", tell)
    for name in ("passes", "left", "arrived"):
        monkeypatch.setattr(program, name, lambda _targets: {"sent": 1, "received": int(program.now["tunnel"])})
    return program


def test_a_tunnel_goes_and_comes_again_with_its_own_credential(initiator: Any, tmp_path: Path) -> None:
    asked = {"off": str(tmp_path / "off"), "config": "/run/other", "targets": [], "until_s": 1.0}
    told = [initiator.HOW[what](asked) for what in ("look", "off", "wrong")]
    assert [(one["said"], one["received"]) for one in told] == [
        ("INSTALLED", 1),
        ("no tunnel", 0),
        ("AUTHENTICATION_FAILED", 0),
    ]
    assert (tmp_path / "off").exists()
    assert initiator.now["folder"] == ""
    assert ("--load-all", "/run/other") in initiator.now["told"]
    assert initiator.again(asked) == {"said": "INSTALLED", "sent": 1, "received": 1}
    assert not (tmp_path / "off").exists()


def test_a_wrong_credential_that_is_taken_is_told_and_its_tunnel_ended(initiator: Any, tmp_path: Path) -> None:
    initiator.tell = lambda *_words, **_more: "INSTALLED"
    initiator.passes = lambda _targets: {"sent": 1, "received": 1}
    ended: list[bool] = []
    initiator.leave = lambda: ended.append(True)
    told = initiator.wrong({"config": "/run/other", "targets": [], "until_s": 1.0})
    assert (told["said"], told["received"], ended) == ("INSTALLED", 1, [True])


# -- what the probes do with what nodes answer ---------------------------------------------------------------------


class Node:
    """Nodes of a lab: a host that is on until it is told otherwise, borders that alarm, devices that count."""

    def __init__(self) -> None:
        self.on = True
        self.programs = "/run/citynet-verify-1"
        self.asked: list[tuple[str, str]] = []
        self.ran: list[tuple[str, str]] = []
        self.event: dict[str, Any] | None = None
        self.states: dict[str, Any] = {}

    def ask(self, node: str, program: str, told: dict[str, Any], _limit_s: float = 0) -> Any:
        self.asked.append((node, program))
        if program in {"supplicant", "initiator"}:
            self.on = told["do"] in {"look", "again"}
            words = {"off": "Unauthorized", "wrong": "FAILURE"}
            if program == "initiator":
                words = {"off": "no tunnel", "wrong": "AUTHENTICATION_FAILED"}
            said = words.get(told["do"], "Authorized")
            return {"said": said, "sent": 6, "received": 6 if self.on else 0}
        if program == "reach":
            return [{**one, "sent": 3, "received": 3 if self.on else 0} for one in told["targets"]]
        if program == "noticed":
            return {"event": self.event if told["until_s"] else None, "at": 101.5}
        return {"sent": told.get("count", 0)}

    def run(self, node: str, command: str, *_: Any, data: bytes = b"") -> str:
        self.ran.append((node, command))
        if "access.json" in command:
            users = ["giver-1", "taker-1"] if self.on or node == "right" else []
            return Told(*users).run(node, command)
        if "trace.json" in command:
            return json.dumps(self._counted(node))
        if command.startswith("ip -6 -j"):
            return json.dumps([{"addr_info": [{"local": "fe80::5"}]}])
        return "100.0" if command.startswith("date") else ""

    def _counted(self, node: str) -> dict[str, Any]:
        """Another period is over each time that it is asked."""
        state: dict[str, Any] = self.states.get(node, {})
        if state:
            state["periods"].append([state["periods"][-1][0] + 1, []])
        return state

    def start(self, _node: str, program: str, told: dict[str, Any]) -> Any:
        words = dict.fromkeys(told.get("take", ()), hops.COUNT)
        answer: Any = {"answers": [90.0, 99.9, 100.4]} if program == "lasting" else words
        return type("Running", (), {"line": lambda _self: {"running": True}, "finish": lambda _self: answer})()

    def each(self, names: Any, work: Callable[[str], None]) -> None:
        for name in names:
            work(name)


class Desk:
    """A bench with such nodes."""

    def __init__(self, plan: Any) -> None:
        self.plan, self.access = plan, Node()
        self.facts: dict[str, Any] = {}
        self.orders: list[dict[str, str]] = []

    def order(self, **told: str) -> dict[str, Any]:
        self.orders.append(told)
        self.access.on = told.get("state") == "healthy"
        return {"told": ["giver-1"], "time": 100.0}

    def together(self, work: Any) -> None:
        for one in work:
            one()

    def put(self, _domain: str, key: str, value: Any) -> None:
        self.facts[key] = value


def judged(desk: Any, check_id: str, plan: Any) -> Result:
    found = REGISTRY.get(check_id)
    return judge(found, plan, "government", Measured(desk.facts), REGISTRY.bounds()[check_id])


def test_a_host_goes_through_all_stages_and_is_on_at_the_end() -> None:
    desk: Any = Desk(facts.plan())
    admission.measure_admission(desk, "government")
    (one,) = desk.facts["admission"].tried
    assert [(stage.name, stage.open, stage.received) for stage in one.stages] == [
        ("on", True, 6),
        ("off", False, 0),
        ("wrong", False, 0),
        ("again", True, 6),
    ]
    assert judged(desk, "L2-SEC-02", facts.plan()).verdict is Verdict.PASSED
    assert not any("PRIVATE" in command for _, command in desk.access.ran)


def test_a_withdrawal_is_measured_from_the_servers_order() -> None:
    desk: Any = Desk(facts.plan())
    admission.measure_withdrawn(desk, "government")
    found = desk.facts["withdrawn"]
    assert (found.before, found.last_s, found.closed, found.after, found.returned) == (2, 0.4, True, 0, True)
    assert [one["state"] for one in desk.orders] == ["compromised", "healthy"]
    assert judged(desk, "L3-SEC-02", facts.plan()).verdict is Verdict.PASSED


@pytest.mark.parametrize("alarms", [True, False])
def test_a_sentry_is_waited_for(alarms: bool) -> None:
    plan = build.plan(ROOT / "tests/golden/cases/sentries")[0]
    desk: Any = Desk(plan)
    desk.access.event = {"reason": "tries at closed TCP ports", "subject": "exchange-1"} if alarms else None
    sentries.measure_alarmed(desk, "government")
    (one,) = desk.facts["alarmed"]
    assert (one.alarm_s, one.said) == ((1.5, "tries at closed TCP ports") if alarms else (None, ""))
    sent = [node for node, program in desk.access.asked if program == "labelled"]
    assert sent == ["cross-border"] * (1 if alarms else 3)


def test_hops_are_counted_and_the_route_astray_is_taken_back() -> None:
    plan = facts.plan_of("trace")
    desk: Any = Desk(plan)
    west = plan.devices["west"]
    node, period = node_of(west), 51
    ways = {"west": ("eth4", "eth1"), "north": ("eth1", "eth2"), "east": ("eth1", "eth4")}
    for name in plan.devices:
        came, went = ways.get(name, ("", ""))
        rows = [[1001, came, "in", node, 200, 0], [1001, went, "out", node, 200, 0]] if came else []
        desk.access.states[name] = {"periods": [[period - 1, rows], [period, rows]], "ways": {}, "strangers": []}
    desk.access.event = {"reason": "came to south", "subject": "south"}
    hops.measure_hopped(desk, "government")
    (one,) = desk.facts["hopped"]
    assert [(hop.device, hop.packets, hop.lost) for hop in one.hops] == [
        ("west", 200, 0),
        ("north", 200, 0),
        ("east", 200, 0),
    ]
    assert (one.strayed.device, one.strayed.alarm_s) == ("south", 1.5)
    routes = [command.split()[3] for name, command in desk.access.ran if name == "west" and "route" in command]
    assert routes == ["add", "del"]
    assert judged(desk, "L3-COM-01", plan).verdict is Verdict.PASSED
