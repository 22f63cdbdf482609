"""Checks of privacy above L1 on running devices: passed as deployed, failed when something is taken off on purpose."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from captures import EVERY, captured
from lab_room import ROOT, citynet

from citynet.lab import Lab, faults
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator


NAME = "private"
CHECKS = ("L2-PRI-01", "L3-PRI-01", "L4-PRI-01")
LIMIT_S = 600
MARK = "PLAINTEXT-marker"
FAR = ("10.11.0.18", "fd11:0:0:1::2")


@dataclass
class City:
    """The running city and the folder of its design."""

    design: Path
    lab: Lab

    def verify(self, output: Path, *checks: str) -> dict[str, dict[str, Any]]:
        """The results of some checks by their id."""
        only = [word for check in checks for word in ("--only", check)]
        words = ["verify", str(self.design), "--lab", NAME, "--level", "L4", *only, "--output", str(output), "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "citynet", *words],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(ROOT / "cli")},
        )
        assert done.stdout, done.stderr
        return {result["id"]: result for result in json.loads(done.stdout)["results"]}


@pytest.fixture(scope="module")
def city(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    design = tmp_path_factory.mktemp("private")
    shutil.copy(Path(__file__).parent / "sealed.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    try:
        citynet("deploy", str(design), "--lab", NAME, "--quiet")
        yield City(design, lab)
    finally:
        lab.down()


@pytest.fixture(scope="module")
def whole(city: City, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, dict[str, Any]], Path]:
    output = tmp_path_factory.mktemp("verify")
    return city.verify(output, *CHECKS), output


def findings(result: dict[str, Any]) -> str:
    return "\n".join(
        f"{one['subject']} {one['problem']['en']}: {one['actual']['en']}" for one in result["findings"]
    ) + str(result["reason"] or "")


@pytest.mark.parametrize("check", CHECKS)
def test_an_encrypted_city_passes(whole: tuple[dict[str, dict[str, Any]], Path], check: str) -> None:
    result = whole[0][check]
    assert result["verdict"] == "passed", findings(result)


def test_the_evidence_is_of_both_lines_and_all_flows(whole: tuple[dict[str, dict[str, Any]], Path]) -> None:
    captured = json.loads((whole[1] / "evidence/government/captured.json").read_text(encoding="utf-8"))
    assert {wire["line"] for wire in captured["wires"]} == {"left--mid", "mid--right"}
    assert {flow["flow"] for flow in captured["flows"]} == {"share", "share.ledger", "open"}
    marks = {flow["mark"]: flow["flow"] for flow in captured["flows"]}
    for wire in captured["wires"]:
        assert set(wire["plain"].values()) == {0}
        seen = {marks[mark] for mark, count in wire["within"].items() if count}
        assert seen == {"open"}, wire  # what the line alone protects is seen behind it, so the capture sees


def test_no_secret_is_in_anything_that_was_written(whole: tuple[dict[str, dict[str, Any]], Path], city: City) -> None:
    secrets = yaml.safe_load((city.design / "secrets.yml").read_text(encoding="utf-8"))
    assert secrets
    for path in filter(Path.is_file, whole[1].rglob("*")):
        text = path.read_text(encoding="utf-8", errors="replace")
        assert [name for name, value in secrets.items() if value in text] == [], path


def test_the_key_server_is_back(whole: tuple[dict[str, dict[str, Any]], Path], city: City) -> None:
    assert faults.in_force(city.lab) == []


def test_a_line_that_only_authenticates_is_found(city: City, tmp_path: Path) -> None:
    """MACsec goes on, its frames can be read: the capture sees marks, the device says that it does not encrypt."""
    names = [item["ifname"] for item in json.loads(city.lab.node("mid", "ip -j link show type macsec"))]
    try:
        for name in names:
            city.lab.node("mid", f"ip link set dev {name} type macsec encrypt off")
        result = city.verify(tmp_path, "L2-PRI-01")["L2-PRI-01"]
    finally:
        for name in names:
            city.lab.node("mid", f"ip link set dev {name} type macsec encrypt on")
    assert result["verdict"] == "failed"
    assert "marked payload can be read on the line" in findings(result)
    assert "no encrypt" in findings(result)


def passes(city: City, address: str, *words: str) -> bool:
    ping = f"ping -n -c 1 -W 1 -p {MARK.encode().hex()} {' '.join(words)} {address} || true"
    return "bytes from" in city.lab.node("giver-1", ping)


@pytest.mark.parametrize(("source", "address"), [("giver-1", one) for one in FAR] + [("giver-2", "10.12.0.18")])
def test_full_packets_pass(city: City, source: str, address: str) -> None:
    """1500 bytes that may not be cut: on a path with a header of segments, within ESP and MACsec, too."""
    most = 1500 - (48 if ":" in address else 28)
    ping = f"ping -n -c 3 -i 0.2 -W 2 -M do {address} 2>&1 -s"
    assert until(lambda: " 0% packet loss" in city.lab.node(source, f"{ping} {most} || true"), 30)
    assert "essage too long" in city.lab.node(source, f"{ping} {most + 1} || true")


def test_a_router_of_a_tunnel_boots_and_nothing_leaves_it_readable(city: City) -> None:
    """What it says before IKE has its keys and policies; seen behind MACsec, where the line's own encryption ends."""
    with captured(city.lab, [("mid", EVERY)], "not port 179") as seen:
        for address in FAR:  # all the while that it boots
            stream = f"timeout 180 ping -i 0.1 -s 64 -p {MARK.encode().hex()} {address}"
            city.lab.node("giver-1", f"{stream} >/dev/null 2>&1 & echo $! >> /tmp/stream.pids")
        faults.apply(city.lab, "kill", "left")
        faults.undo(city.lab, "kill", "left")
        assert until(lambda: "citynet-ike" in city.lab.node("left", "pgrep -lx citynet-ike || true"), 180, 0.5)
        assert until(lambda: all(passes(city, address) for address in FAR), 180, 0.5)
        city.lab.node("giver-1", "kill $(cat /tmp/stream.pids); rm /tmp/stream.pids")
    assert len(seen["mid", EVERY]) > 10_000
    assert MARK[4:12].encode() not in seen["mid", EVERY]
    with captured(city.lab, [("mid", EVERY)], "ip6") as clear:  # the same of a service in the clear: the capture sees
        open_far = f"ping -n -c 3 -i 0.2 -W 1 -s 64 -p {MARK.encode().hex()} 10.12.0.18 || true"
        assert until(lambda: "bytes from" in city.lab.node("giver-2", open_far), 60, 0.5)
    assert MARK[4:12].encode() in clear["mid", EVERY]
