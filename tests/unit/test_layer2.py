"""Layer-2 services: what is planned, the encapsulation's bytes, and which port of a loop is blocked."""

from __future__ import annotations

import json
import shutil
import struct
from typing import TYPE_CHECKING

import pytest

from citynet import build
from citynet.lab import wiring
from citynet.plan.model import PortKind, Vpws
from citynet.platforms.whitebox import PLATFORM
from citynet.platforms.whitebox.device import circuits, frames, loops
from citynet.proof.isolation import prove_isolation
from citynet.proof.model import Verdict
from tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.plan.model import Plan


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    shutil.copy(ROOT / "tests/golden/cases/layer2/design.yml", tmp_path / "design.yml")
    return build.plan(tmp_path / "design.yml")[0]


def test_ends_of_a_circuit_name_each_others_sids(plan: Plan) -> None:
    (one,), (other,) = plan.devices["pe-1"].vpws, plan.devices["pe-2"].vpws
    assert (one.peer, one.remote) == ("pe-2", other.sid)
    assert (other.peer, other.remote) == ("pe-1", one.sid)
    assert one.interface == "eth2"
    assert other.interface == "eth2v20"
    assert one.sid.startswith(plan.devices["pe-1"].srv6.prefix.split("::")[0] + ":fe")


def test_a_multipoint_service_has_one_instance_on_a_device(plan: Plan) -> None:
    (evi,) = plan.devices["pe-3"].evpn
    assert evi.interfaces == ["eth2", "eth3"]
    assert evi.vtep == plan.devices["pe-3"].srv6.prefix.removesuffix("/48") + "2"
    assert all(device.bgp.evpn for device in plan.devices.values())
    assert len({device.evpn[0].rd for device in plan.devices.values() if device.evpn}) == 3


def test_hosts_share_a_subnet_and_have_no_gateway(plan: Plan) -> None:
    hosts = [plan.hosts[name] for name in plan.services["lan"].hosts]
    assert [host.port.addresses[0] for host in hosts] == [f"10.13.0.{number}/24" for number in range(1, 5)]
    assert all(not host.gateways for host in hosts)
    assert "link add link eth1 name eth1v30 type vlan id 30" in wiring.host_commands(hosts[1])
    assert not any("route" in line for line in wiring.host_commands(hosts[0]))


def test_the_file_on_the_device_is_json(plan: Plan) -> None:
    for name in ("pe-1", "pe-2", "pe-3"):
        told = json.loads(PLATFORM.render(plan.devices[name]).files[circuits.FILE])
        ports = plan.devices[name].layer2_ports()
        assert [entry["interface"] for entry in told["attachments"]] == [port.interface for port in ports]
    assert circuits.FILE not in PLATFORM.render(plan.devices["core"]).files


def isolation(plan: Plan) -> list[str]:
    (found,) = [result for result in prove_isolation(plan) if result.claim == "ISO-06"]
    assert (found.verdict is Verdict.REFUTED) == bool(found.refutations)
    return [refutation.what for refutation in found.refutations]


def test_services_are_proven_apart(plan: Plan) -> None:
    assert isolation(plan) == []


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda plan: plan.devices["pe-1"].evpn[0].interfaces.append("eth2"), "port eth2 serves both"),
        (lambda plan: setattr(plan.devices["pe-1"].evpn[0], "rt", "65001:1"), "VNI 2 of lan imports 65001:1"),
        (lambda plan: setattr(plan.devices["pe-1"].vpws[0], "remote", "fd01:1:9::"), "sends frames to fd01:1:9::"),
        (
            lambda plan: plan.devices["pe-3"].vpws.append(
                Vpws("lan", "eth3", plan.devices["pe-1"].vpws[0].sid, "pe-1", plan.devices["pe-2"].vpws[0].sid)
            ),
            "is that of wire on pe-1 too",
        ),
        (lambda plan: plan.devices["pe-1"].vpws.clear(), "which is not in wire"),
    ],
)
def test_what_joins_services_is_refuted(plan: Plan, spoil, says: str) -> None:
    spoil(plan)
    assert any(says in what for what in isolation(plan)), isolation(plan)


def test_ports_of_customers_are_attachments(plan: Plan) -> None:
    ports = [port for device in plan.devices.values() for port in device.layer2_ports()]
    assert len(ports) == len(plan.hosts) == 6
    assert {port.kind for port in ports} == {PortKind.ATTACHMENT}


MAC = bytes.fromhex("020000000001")


def test_the_outer_header() -> None:
    header = frames.Encapsulation("fd01:1:3::1", "fd01:1:4:fe00::").header(MAC)
    assert len(header) == 54
    assert header[:14] == MAC + bytes(6) + b"\x86\xdd"
    version, _, following, hops = struct.unpack("!IHBB", header[14:22])
    assert (version >> 28, version >> 12 & 0xFF, version & 0xFFF) == (6, 0, 0)
    assert (following, hops) == (143, 64)
    assert header[22:38].hex() == "fd010001000300000000000000000001"
    assert header[38:54].hex() == "fd0100010004fe000000000000000000"


def test_jumps_stay_within_the_program() -> None:
    program = frames.Encapsulation("fd01:1:3::1", "fd01:1:4:fe00::").program(7, MAC)
    lines = [struct.unpack("<BBhi", program[at : at + 8]) for at in range(0, len(program), 8)]
    ends = [number for number, line in enumerate(lines) if line[0] == 0x95]
    jumps = [(number, number + 1 + line[2]) for number, line in enumerate(lines) if line[0] in (0x15, 0x55)]
    assert len(jumps) == 2
    assert all(number < target < len(lines) for number, target in jumps)
    assert ends[-1] == len(lines) - 1
    assert lines[jumps[1][1] - 1][0] == 0x95, "what follows the last jump's target is the way out"


class Switch:
    """What was blocked and opened, in place of the kernel."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.said: list[str] = []
        monkeypatch.setattr(circuits, "block", lambda name: self.said.append(f"block {name}"))
        monkeypatch.setattr(circuits, "unblock", lambda name: self.said.append(f"open {name}"))
        monkeypatch.setattr(loops.Attachment, "_open", lambda _: None)


def attachment(device: str = "pe-2") -> loops.Attachment:
    return loops.Attachment({"device": device, "interface": "eth3", "service": "lan"})


def test_of_two_ports_of_a_loop_the_later_is_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    switch, later, earlier = Switch(monkeypatch), attachment("pe-2"), attachment("pe-1")
    later._judge(earlier.identity, False, 1.0)
    earlier._judge(later.identity, True, 1.0)
    assert later.blocked_by == earlier.identity
    assert not earlier.blocked_by
    assert switch.said == ["block eth3"]


def test_a_port_that_hears_itself_is_blocked_until_it_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    switch, port = Switch(monkeypatch), attachment()
    port._judge(port.identity, False, 1.0)
    port.tick(2.0)
    assert switch.said == ["block eth3"]
    port.tick(1.0 + loops.QUIET_S + 0.1)
    assert switch.said == ["block eth3", "open eth3"]


def test_a_loop_of_one_way_is_broken_by_the_only_port_that_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    switch, port = Switch(monkeypatch), attachment("pe-1")
    port._judge("pe-2 eth3", False, 1.0)
    assert switch.said == []
    port._judge("pe-2 eth3", False, 1.0 + loops.ONE_WAY_S)
    assert switch.said == ["block eth3"]


@pytest.mark.parametrize("frame", [b"", bytes(60), bytes(14) + b"citynet loop?{", bytes(14) + b"citynet loop?[1]"])
def test_what_is_no_frame_of_ours_says_nothing(frame: bytes) -> None:
    assert loops._said(frame) is None
