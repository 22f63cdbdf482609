"""The policy of an authentication server at work: it remembers who is on, and tells the edge what has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from citynet.platforms.whitebox.device.access import policy_ask, policy_server, radius, telling
from citynet.platforms.whitebox.device.access.orders import Orders
from citynet.platforms.whitebox.device.access.policy_server import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "0123456789abcdef"
ALWAYS = [[0, 7 * 24 * 60]]
POLICY: dict[str, Any] = {
    "address": "127.0.0.1",
    "vrf": "",
    "bounded": True,
    "hosts": {"ward-1": {"service": "care", "places": [["left", "eth2"]]}},
    "devices": {"left": {"address": "127.0.0.1", "zones": [], "secret": SECRET}},
    "roles": {
        "doctor": {
            **{key: [] for key in ("services", "zones", "devices")},
            "hosts": ["ward-1"],
            "states": ["healthy"],
            "identifiers": [7],
            "schedule": ALWAYS,
        }
    },
    "tasks": {"round": {"roles": ["doctor"], "identifiers": [9], "schedule": ALWAYS}},
}
ASKED = {"what": "decide", "host": "ward-1", "device": "left", "port": "eth2", "mac": "02-0A-00-00-00-01"}


class Edge:
    """What an edge device hears."""

    def __init__(self) -> None:
        self.heard: list[radius.Packet] = []
        self.cause = 0
        calls = (self.hear, self.hear)
        self.orders = Orders({"127.0.0.1": SECRET.encode()}, ("127.0.0.1", 0), "", calls, lambda *_: None)
        self.orders.socket.settimeout(2)

    def hear(self, packet: radius.Packet) -> int:
        self.heard.append(packet)
        return self.cause


@pytest.fixture
def edge(monkeypatch: pytest.MonkeyPatch) -> Iterator[Edge]:
    made = Edge()
    monkeypatch.setattr(radius, "AUTHORIZATION_PORT", made.orders.socket.getsockname()[1])
    yield made
    made.orders.close()


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Policy]:
    told: list[dict[str, Any]] = []

    def tell(subject: str, verdict: str, reason: str, **more: Any) -> None:
        told.append({"subject": subject, "verdict": verdict, "reason": reason, **more})

    monkeypatch.setattr(telling, "tell", tell)
    monkeypatch.setattr(policy_server, "STATE", str(tmp_path / "state.json"))
    made = Policy(POLICY, {})
    made.told = told  # type: ignore[attr-defined]
    yield made
    made.far.close()


def test_a_decision_becomes_attributes(policy: Policy) -> None:
    answer = policy.asked(ASKED)
    assert answer["allowed"]
    assert answer["attributes"][0] == (radius.USER_NAME, "ward-1")
    words = [value for kind, value in answer["attributes"] if kind == radius.FILTER_ID]
    assert words == ["role:doctor", "task:round", "apn:7", "apn:9"]
    assert policy.asked({**ASKED, "port": "eth3"})["attributes"] == []
    assert [one["verdict"] for one in policy.told] == ["allow", "deny"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ({"what": "withdraw", "name": "ward-1"}, radius.DISCONNECT_REQUEST),
        ({"what": "withdraw", "name": "doctor"}, radius.DISCONNECT_REQUEST),
        ({"what": "withdraw", "name": "round"}, radius.COA_REQUEST),
        ({"what": "state", "name": "ward-1", "state": "outdated"}, radius.DISCONNECT_REQUEST),
    ],
)
def test_a_change_is_told_at_once_and_acknowledged(
    policy: Policy, edge: Edge, order: dict[str, str], code: int
) -> None:
    policy.asked(ASKED)
    assert policy.asked(order)["told"] == ["ward-1"]
    edge.orders.take()
    (packet,) = edge.heard
    assert packet.code == code
    assert (packet.text(radius.USER_NAME), packet.text(radius.NAS_PORT_ID)) == ("ward-1", "eth2")
    if code == radius.COA_REQUEST:
        assert [value for value in packet.all(radius.FILTER_ID) if value.startswith(b"apn")] == [b"apn:7"]
    assert policy.orders
    policy.far.settimeout(2)
    policy.answered()
    assert not policy.orders
    assert policy.asked(order)["told"] == []


def test_an_order_is_sent_again_until_it_is_acknowledged(
    policy: Policy, edge: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_server, "_ANSWER_S", 0.0)
    policy.asked(ASKED)
    policy.asked({"what": "withdraw", "name": "ward-1"})
    policy.send()
    for _ in range(2):
        edge.orders.take()
    assert len(edge.heard) == 1  # the second is the same packet: answered again, not done again
    for _ in range(policy_server._TRIES):
        policy.send()
    assert not policy.orders
    assert policy.told[-1]["alarm"]  # type: ignore[attr-defined]


def test_it_goes_on_where_it_was(policy: Policy) -> None:
    policy.asked(ASKED)
    policy.asked({"what": "withdraw", "name": "round"})
    again = Policy(POLICY, telling.kept(policy_server.STATE))
    assert again.on == policy.on
    assert again.withdrawn == ["round"]
    again.far.close()


@pytest.mark.parametrize(
    "told", [{"what": "withdraw", "name": "x"}, {"what": "state", "name": "ward-1", "state": "odd"}, {"what": "?"}]
)
def test_what_nobody_knows_is_refused(policy: Policy, told: dict[str, str]) -> None:
    assert "error" in policy.asked(told)


def test_without_the_policy_nobody_gets_on(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(policy_ask, "SOCKET", "/nonexistent/policy.sock")
    monkeypatch.setattr("sys.argv", ["policy_ask.py"])
    assert policy_ask.main() == 1
    assert not capsys.readouterr().out


def test_what_freeradius_reads(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    found = {"allowed": True, "attributes": [[1, "ward-1"], [11, "apn:7"], [11, "apn:9"], [27, "60"]]}
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(policy_ask, "ask", lambda told: asked.append(told) or found)
    monkeypatch.setattr("sys.argv", ["policy_ask.py"])
    for name, value in {
        "TLS_CLIENT_CERT_COMMON_NAME": '"ward-1"',
        "TMP_STRING_0": '"left"',
        "NAS_PORT_ID": '"eth2"',
    }.items():
        monkeypatch.setenv(name, value)
    assert policy_ask.main() == 0
    assert (asked[0]["host"], asked[0]["device"], asked[0]["port"]) == ("ward-1", "left", "eth2")
    lines = capsys.readouterr().out.split(",\n")
    assert lines[:3] == ['User-Name := "ward-1"', 'Filter-Id += "apn:7"', 'Filter-Id += "apn:9"']
    assert lines[-1].strip() == "Termination-Action := RADIUS-Request"
