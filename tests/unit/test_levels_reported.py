"""The report by data identifier is asked for what this run sent, not for what borders still hold of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import data_facts as facts
import pytest

from citynet.errors import DeviceError
from citynet.levels.bench import Deployment
from citynet.levels.probes import border, supervision

if TYPE_CHECKING:
    from pathlib import Path

NUMBER = facts.plan().identifiers["products"].number
SENT = "2026-11-27T00:00:00.500000+00:00"


class Listener:
    """A host that listens at some TCP ports."""

    def __init__(self, ports: list[int]) -> None:
        self.ports = ports

    def line(self) -> dict[str, list[int]]:
        return {"tcp": self.ports, "udp": []}

    def finish(self) -> list[Any]:
        return []


class Bench:
    """Hosts that answer, borders with a clock, and an evidence store that is as asked."""

    def __init__(self, output: Path, *, listens: bool = True) -> None:
        self.plan, self.access, self.output, self.listens = facts.plan(), self, output, listens
        self.asked: list[tuple[int, str]] = []
        self.facts: dict[str, Any] = {}

    def start(self, _node: str, _program: str, asked: dict[str, Any]) -> Listener:
        return Listener(asked["tcp"] if self.listens else [])

    def ask(self, *_asked: Any) -> list[dict[str, str]]:
        return [{"answer": "open"}]

    def run(self, _node: str, command: str) -> str:
        assert command.startswith("date")
        return "1795737600.5\n"

    def collect(self, _store: Path) -> Deployment:
        return Deployment(done=True, seconds=0.1)

    def report(self, _store: Path, identifier: int, since: str) -> dict[str, Any]:
        self.asked.append((identifier, since))
        return {"identifier": identifier, "flows": 0, "between": []}

    def wants(self, *_keys: str) -> bool:
        return True

    def attempt(self, domain: str, _keys: tuple[str, ...], work: Any) -> None:
        work(self, domain)

    def put(self, _domain: str, key: str, value: Any) -> None:
        self.facts[key] = value


def test_a_sent_flow_has_the_time_of_its_border(tmp_path: Path) -> None:
    bench: Any = Bench(tmp_path)
    assert {flow.sent for flow in border.send_recorded_flows(bench, "government")} == {SENT}


def test_a_flow_to_somebody_elses_listener_is_none(tmp_path: Path) -> None:
    bench: Any = Bench(tmp_path, listens=False)
    with pytest.raises(DeviceError, match="something else listens at TCP port 8443"):
        border.send_recorded_flows(bench, "government")


def test_the_report_is_about_what_was_sent_since(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench: Any = Bench(tmp_path)
    flows = border.send_recorded_flows(bench, "government")
    monkeypatch.setattr(supervision, "_of", lambda _store, _flow: None)
    monkeypatch.setattr(supervision, "LONGEST_S", 0.0)
    monkeypatch.setattr(supervision, "verify", lambda _store: type("Report", (), {"verdict": "intact"}))
    monkeypatch.setattr(supervision, "edited", lambda _store: ("tampered", ""))
    supervision.measure_supervision(bench, "government", flows)
    assert {number for number, _ in bench.asked} > {NUMBER}
    assert {since for _, since in bench.asked} == {SENT}
    assert bench.facts["reported"][0].identifier == NUMBER
