"""Plan → wiring, and what the guest makes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from citynet.build import plan as plan_of
from citynet.lab import up, wiring
from citynet.lab.guest import lines, nodes, state
from citynet.plan.model import Plan


@pytest.fixture
def plan(tmp_path: Path, mini_text: str) -> Plan:
    (tmp_path / "design.yml").write_text(mini_text, encoding="utf-8")
    return plan_of(tmp_path)[0]


@pytest.fixture
def read(plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> state.Wiring:
    """The wiring as the guest reads it back from its share."""
    monkeypatch.setattr(state, "SHARE", tmp_path)
    monkeypatch.setattr(state, "RUN", tmp_path)
    (tmp_path / "wiring.json").write_text(json.dumps(wiring.wiring(plan, {})))
    return state.wiring()


def test_every_node_and_line_is_wired(plan: Plan, read: state.Wiring) -> None:
    assert set(read.nodes) == set(plan.devices) | set(plan.hosts)
    assert set(read.lines) == set(plan.lines)
    for line in plan.lines.values():
        ends = {(end.node, end.port) for end in read.lines[line.name].ends}
        assert ends == {(line.a.node, line.a.port), (line.b.node, line.b.port)}


def test_names_and_addresses_are_unique_and_fit(read: state.Wiring) -> None:
    outer = [node.outer for node in read.nodes.values()]
    outer += [end.outer for line in read.lines.values() for end in line.ends]
    macs = [node.mac for node in read.nodes.values()]
    macs += [end.mac for line in read.lines.values() for end in line.ends]
    assert len(set(outer)) == len(outer)
    assert len(set(macs)) == len(macs)
    assert all(len(name) <= 15 for name in outer)
    assert all(re.fullmatch(r"02(:[0-9a-f]{2}){5}", mac) for mac in macs)


def test_only_hosts_come_with_commands(plan: Plan, read: state.Wiring) -> None:
    for name, node in read.nodes.items():
        assert bool(node.commands) == (name in plan.hosts)


def test_host_commands(plan: Plan) -> None:
    host = next(iter(plan.hosts.values()))
    commands = wiring.host_commands(host)
    assert commands[0] == "link set eth1 up"
    assert sum(command.startswith("route replace default via ") for command in commands) == len(host.gateways) == 2
    assert any(command.endswith("nodad") for command in commands)


def test_machine_is_the_second_address(plan: Plan) -> None:
    assert wiring.machine_address(plan) == "172.20.0.2"
    assert wiring.machine_address(plan) not in wiring.addresses(plan).values()


def test_memory_grows_with_the_city(plan: Plan) -> None:
    before = up.memory_mib(plan)
    plan.hosts.clear()
    assert 300 < up.memory_mib(plan) < before <= 1024


class TestLines:
    """The commands that a line's state becomes."""

    @pytest.fixture
    def given(self, read: state.Wiring, monkeypatch: pytest.MonkeyPatch):
        """Bring one line up with these faults and dead nodes; what `ip` and `tc` were given."""
        line = next(iter(read.lines.values()))

        def bring(*kinds: str, dead: tuple[str, ...] = (), **options: float) -> tuple[state.Line, str, str]:
            said: dict[str, list[str]] = {}
            monkeypatch.setattr(lines, "batch", lambda tool, words: said.setdefault(tool, []).extend(words))
            monkeypatch.setattr(nodes, "pid", lambda name: 0 if name in dead else 1)
            state.write_faults([state.Fault(kind, line.name, options) for kind in kinds])
            lines.bring([line])
            return line, "\n".join(said["ip"]), "\n".join(said["tc"])

        return bring

    def test_healthy(self, given) -> None:
        line, links, rules = given()
        assert links == f"link set {line.a.outer} up\nlink set {line.b.outer} up"
        assert f"dev {line.a.outer} ingress pref 1 handle 1 protocol all flower action mirred" in rules
        assert rules.count("mirred egress redirect dev") == 2
        assert rules.count("root noqueue") == 2

    def test_cut(self, given) -> None:
        assert given("cut")[1].count(" down") == 2

    def test_silent(self, given) -> None:
        _, links, rules = given("silent")
        assert links.count(" up") == 2
        assert rules.count("action drop") == 2
        assert "mirred" not in rules

    @pytest.mark.parametrize(
        ("options", "queue"),
        [
            ({"delay_ms": 3.0}, "root netem limit 100000 delay 3.0ms"),
            ({"delay_ms": 3.0, "jitter_ms": 1.0}, "root netem limit 100000 delay 3.0ms 1.0ms"),
            ({"loss_percent": 2.5}, "root netem limit 100000 loss 2.5%"),
        ],
    )
    def test_impair(self, given, options: dict[str, float], queue: str) -> None:
        rules = given("impair", **options)[2]
        assert [line.endswith(queue) for line in rules.splitlines() if "netem" in line] == [True, True]

    def test_dead_far_end(self, given, read: state.Wiring) -> None:
        line = next(iter(read.lines.values()))
        _, links, rules = given(dead=(line.b.node,))
        assert links == f"link set {line.a.outer} down"
        assert line.b.outer not in rules
