"""Trusted access from design to device and server: closed ports, what servers are told, who is let through."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from citynet import build
from citynet.__main__ import main
from citynet.access import policy
from citynet.lab.wiring import addresses, wiring
from citynet.plan.access import lab_server
from citynet.plan.model import AccessServer
from citynet.platforms.whitebox.access import table
from citynet.platforms.whitebox.device import access_agent, fence, services
from citynet.platforms.whitebox.device.access import gate
from tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.plan.model import Plan

CONFIG = "build/configs"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "tests/lab/access.yml", tmp_path / "design.yml")
    return tmp_path


def planned(folder: Path, old: str = "", new: str = "") -> Plan:
    design = folder / "design.yml"
    design.write_text(design.read_text().replace(old, new) if old else design.read_text())
    return build.plan(folder)[0]


def test_ports_are_planned_with_who_should_be_there(folder: Path) -> None:
    plan = planned(folder)
    left = plan.devices["left"].access
    assert left is not None
    ports = [(one.port, one.interface, one.host) for one in left.ports]
    assert ports == [("eth2", "eth2", "giver-1"), ("eth3", "eth3", "visitor-1"), ("eth4", "eth4i", "giver-2")]
    assert (left.secret, left.bits) == ("radius/left", 32)
    assert {"radius/left", "radius/right", "pki/ca"} <= {*plan.secrets}
    assert plan.access is not None
    assert plan.access.roles["guest"].hosts == ["visitor-1", "visitor-2"]


def test_a_design_without_access_has_nothing_of_it(folder: Path) -> None:
    planned(folder, "    access: required\n", "")
    plan = planned(folder, "    access: ike\n", "")
    assert plan.access is None
    assert all(device.access is None for device in plan.devices.values())
    assert "aaa" not in addresses(plan)
    assert not policy.files(plan, AccessServer("aaa", "172.20.0.5"))


def test_servers_of_the_design_are_asked_and_let_in_and_the_lab_has_none(folder: Path) -> None:
    servers = "access:\n  servers: [{name: one, address: 172.20.0.8}, {name: two, address: 172.20.0.9, port: 1645}]\n"
    plan = planned(folder, "access:\n", servers)
    assert lab_server(plan) is None
    build.build(folder)
    text = (folder / CONFIG / "left/etc/nftables.conf").read_text()
    for rule in ("172.20.0.8 udp sport 1812", "172.20.0.9 udp sport 1645", "172.20.0.9 udp dport 3799"):
        assert f"ip saddr {rule} accept" in text
    assert text.count("dport 3799") == 2


def test_secrets_stand_in_texts_by_name_only(folder: Path) -> None:
    plan = planned(folder)
    build.build(folder)
    settings = json.loads((folder / CONFIG / "left/etc/citynet/access.json").read_text())
    assert settings["secret"] == "@secret(radius/left)"
    texts = policy.files(plan, AccessServer("aaa", "172.20.0.5"), "mgmt")
    told = json.loads(texts["/etc/citynet/policy.json"])
    assert told["devices"]["left"]["secret"] == "@secret(radius/left)"
    assert "secret = @secret(radius/right)" in texts[f"{policy.FOLDER}/clients.conf"]


def test_the_policy_of_a_server_says_what_the_plan_does(folder: Path) -> None:
    plan = planned(folder)
    told = json.loads(policy.files(plan, AccessServer("aaa", "172.20.0.5"))["/etc/citynet/policy.json"])
    assert told["hosts"]["giver-1"] == {"service": "share", "places": [["left", "eth2"]]}
    assert told["devices"]["left"]["zones"] == ["town"]
    assert told["roles"]["keeper"]["identifiers"] == [plan.identifiers["notes"].number]
    assert told["tasks"]["audit"]["identifiers"] == [plan.identifiers["records"].number]


def test_the_lab_wires_a_server(folder: Path) -> None:
    plan = planned(folder)
    node = wiring(plan, {})["nodes"]["aaa"]
    assert (node["kind"], node["management"]) == ("server", "172.20.0.5")


def test_every_port_is_closed_without_the_agent(folder: Path) -> None:
    access = planned(folder).devices["left"].access
    assert access is not None
    text = table(access)
    assert 'iifname != { "eth2", "eth3", "eth4", "eth4i" } accept' in text
    assert text.index("!= @open counter name closed drop") < text.index("@bounded goto access_bound")
    assert "elements" not in text


def test_the_gate_opens_for_who_is_on_and_nobody_else() -> None:
    openings = [
        gate.Opening("eth2", "02:0a:00:00:00:01", [7, 9, 7], 60),
        gate.Opening("eth2", "02:0a:00:00:00:02", None, 90),
        gate.Opening("eth3", "02:0a:00:00:00:03", [], 30),
    ]
    lines = gate.rules(openings).splitlines()
    emptied = [f"flush set {gate.TABLE} {name}" for name in gate.SETS]
    assert lines[: len(emptied)] == emptied
    opened = next(line for line in lines if " opened {" in line)
    assert '"eth2" timeout 90s' in opened
    granted = next(line for line in lines if " granted {" in line)
    assert granted.count("02:0a:00:00:00:01") == 2
    bounded = next(line for line in lines if " bounded {" in line)
    assert "00:02" not in bounded
    assert gate.rules([]).splitlines() == emptied


def test_who_is_in_a_tunnel_is_known_by_that_alone() -> None:
    text = gate.rules([gate.Opening("eth4i", "", [7], 60), gate.Opening("eth5i", "", None, 30)])
    lines = {line.split()[4]: line for line in text.splitlines() if line.startswith("add")}
    assert [*lines] == ["opened", "inside", "inside_bounded", "inside_granted"]
    assert '{ "eth4i" timeout 60s, "eth5i" timeout 30s }' in lines["inside"]
    assert '{ "eth4i" }' in lines["inside_bounded"]
    assert '{ "eth4i" . 7 }' in lines["inside_granted"]


def test_the_rest_of_the_filter_is_compared_without_who_is_on() -> None:
    rest = "table inet citynet {\n\tchain input {\n\t}\n}\n"
    own = 'table inet citynet_access {\n\tset open {\n\t\telements = { "eth2" }\n\t}\n}\n'
    assert fence.without_fence(own + rest) == rest


def test_a_change_of_the_filter_brings_who_is_on_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, on = tmp_path / "table", tmp_path / "open"
    monkeypatch.setattr(services, "TABLE_FILE", str(there))
    monkeypatch.setattr(access_agent, "OPEN", str(on))
    assert str(on) not in services._replacing("table inet citynet {\n}\n")
    there.touch()
    on.touch()
    text = services._replacing("table inet citynet {\n}\n")
    assert text.index("citynet-access.nf[t]") < text.index(str(on))


def test_the_command_shows_roles_tasks_and_ports(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["access", "show", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [*told["roles"]] == ["keeper", "reader", "guest"]
    assert [*told["tasks"]] == ["audit"]
    assert {(one["device"], one["host"]) for one in told["ports"]} >= {("left", "giver-1"), ("right", "taker-1")}
    assert main(["access", "show", str(folder)]) == 0
    assert "sun 10:00 to sun 11:00" in capsys.readouterr().out
    assert main(["access", "show", str(folder), "--quiet"]) == 0
    assert not capsys.readouterr().out


def test_commands_about_a_lab_that_does_not_run_say_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(["access", "withdraw", "giver-1"]) == 3
    assert "running lab" in capsys.readouterr().err
