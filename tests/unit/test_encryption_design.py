"""What is asked for encryption: the table of grades, rules that override files cannot break, numbers and addresses."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from citynet import build, platforms
from citynet.design import grades
from citynet.design.loader import load
from citynet.design.types import DataClass, Level
from citynet.errors import InputError
from citynet.plan.encryption import services
from citynet.plan.lock import Lock
from citynet.plan.model import Plan
from citynet.plan.planner import make_plan
from tree import ROOT

CASE = ROOT / "tests/golden/cases/encryption"


def problems(folder: Path, override: str) -> list[str]:
    """What is wrong with the encrypted city under an override."""
    shutil.copytree(CASE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected"))
    (folder / "override").mkdir()
    (folder / "override/more.yml").write_text(override, encoding="utf-8")
    with pytest.raises(InputError) as raised:
        build.plan(folder)
    return [problem.what for problem in raised.value.problems]


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(load(CASE), Lock())


@pytest.mark.parametrize("level", Level)
def test_a_level_encrypts_no_less_than_the_one_below(level: Level) -> None:
    below = [other for other in Level if other < level]
    for other in below:
        for data, name in grades.SERVICES[other].items():
            assert grades.GRADES.index(grades.SERVICES[level][data]) >= grades.GRADES.index(name)


@pytest.mark.parametrize("level", [Level.L3, Level.L4])
def test_important_and_core_data_are_safe_from_quantum_computers(level: Level) -> None:
    assert grades.LINES[level] == grades.LineGrade("gcm-aes-256", "qkd")
    for data in (DataClass.IMPORTANT, DataClass.CORE):
        one = grades.suite(grades.SERVICES[level][data], level, "international")
        assert one.ppk
        assert one.integrity_bits == 256
        assert one.ml_kem or level is Level.L3


@pytest.mark.parametrize("name", grades.GRADES)
@pytest.mark.parametrize("algorithms", ["international", "national"])
def test_level_4_has_post_quantum_exchange_wherever_keys_are_exchanged(name: str, algorithms: str) -> None:
    one = grades.suite(name, Level.L4, algorithms)
    assert one.ml_kem == (one.method == "ipsec")
    assert ("mlkem768" in one.ike) == one.ml_kem == ("mlkem768" in one.esp)
    assert one.source == "qkd" or one.method == "ipsec"


def test_national_algorithms_are_sm4_and_sm3() -> None:
    for level in Level:
        for name in grades.GRADES:
            one = grades.suite(name, level, "national")
            assert (one.method, one.ike, one.esp) == ("sm4", "", "cbc(sm4)/hmac(sm3)")


@pytest.mark.parametrize("technology", ["macsec", "ipsec", "sm4"])
def test_a_platform_that_cannot_encrypt_is_refused(
    technology: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    able = platforms._can
    monkeypatch.setattr(platforms, "_can", lambda name, asked: asked != technology and able(name, asked))
    found = problems(tmp_path, "city: other")
    assert found
    assert all(f"platform 'whitebox' has no {technology}" in what for what in found), found


@pytest.mark.parametrize("name", ["mgmt", "eth1", "eth1s", "eth12sa", "br7", "vni100", "sr0", "lo", "vtep0"])
def test_no_vrf_has_the_name_of_another_interface(name: str, tmp_path: Path) -> None:
    (what,) = problems(tmp_path, f"services: {{registry: {{vrf: {name}}}}}")
    assert what.startswith(f"vrf '{name}' is taken by")


@pytest.mark.parametrize("service", ["registry", "circulation"])
def test_what_leaves_for_the_internet_is_neither_important_nor_core(service: str, tmp_path: Path) -> None:
    exit_ = "{device: border, participant: tax, host: isp, ipv4: 203.0.113.0/30, ipv6: '2001:db8::/64'}"
    found = problems(tmp_path, f"services: {{notices: {{exit: {exit_}}}}}")
    assert found == ["service 'notices' carries important data and has an exit to the internet"], service


def test_more_protections_than_a_packet_can_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "LAST_MARK", 3)
    (what,) = problems(tmp_path, "city: other")
    assert "protection" in what


def test_a_key_servers_address_goes_to_nobody_else(tmp_path: Path) -> None:
    shutil.copytree(CASE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("expected"))
    (tmp_path / "override").mkdir()
    (tmp_path / "override/more.yml").write_text("encryption: {key_servers: {gate: {address: 172.20.0.13}}}\n")
    plan = build.plan(tmp_path)[0]
    assert plan.key_servers["gate"].address == "172.20.0.13"
    others = [device.management for device in plan.devices.values()] + [h.management for h in plan.hosts.values()]
    assert "172.20.0.13" not in others
    assert len({*others}) == len(others)


def test_lines_inside_a_machine_room_are_in_the_clear(plan: Plan) -> None:
    kinds = {line.name: [end.port for end in (line.a, line.b)] for line in plan.lines.values()}
    device = plan.devices["border"]
    encrypted = {port.name for port in device.ports if port.macsec}
    assert kinds["border--cross-gate"][0] not in encrypted
    assert encrypted == {one.port for one in device.macsec}
    assert len(encrypted) == 2


def test_no_two_protections_have_one_endpoint_or_number(plan: Plan) -> None:
    endpoints = [one.address for device in plan.devices.values() for one in device.protections]
    assert len({*endpoints}) == len(endpoints)
    for device in plan.devices.values():
        numbers = [one.number for one in device.protections]
        assert len({*numbers}) == len(numbers)


def test_secrets_of_encryption_are_asked_for(plan: Plan) -> None:
    named = {line.secret for device in plan.devices.values() for line in device.macsec if line.secret}
    named |= {t.secret for device in plan.devices.values() for one in device.protections for t in one.tunnels}
    assert named - {""} <= {*plan.secrets}
    assert named - {""} == {
        "macsec/cross-hub--cross-gate",
        next(n for n in named if n.startswith("sm4")),
    }
