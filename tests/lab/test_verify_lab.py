"""Judging a real city: a whole one reaches L1, and each check sees what was broken for it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from lab_room import ROOT, citynet

from citynet.errors import Exit
from citynet.lab import Lab, faults

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.alone

NAME = "judging"
LIMIT_S = 600


def patient(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of citynet that may take minutes on a busy machine."""
    return subprocess.run(
        [sys.executable, "-m", "citynet", *words],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT / "cli")},
    )


@dataclass
class City:
    """The running mini city and the folder of its design."""

    design: Path
    lab: Lab

    def settle(self) -> None:
        """Deploy again: puts back what still differs and waits until all neighbours are up."""
        done = patient("deploy", str(self.design), "--lab", NAME, "--quiet", "--deadline", "180")
        assert done.returncode == 0, done.stderr

    def verify(self, output: Path, *words: str, check: int) -> dict[str, Any]:
        done = patient("verify", str(self.design), "--lab", NAME, "--output", str(output), "--json", *words)
        assert done.stdout, done.stderr
        card: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == check, "\n".join(troubles(card)) or done.stdout
        return card


def troubles(card: dict[str, Any]) -> list[str]:
    """Everything that did not pass, a line each."""
    return [
        f"{item['domain']} {item['id']} {item['verdict']}: {item['reason'] or item['findings'][:3]}"
        for item in card.get("results", [])
        if item["verdict"] != "passed"
    ]


@pytest.fixture(scope="module")
def city(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    design = tmp_path_factory.mktemp("judging")
    shutil.copy(ROOT / "labs" / "mini" / "design.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    try:
        deployed = City(design, lab)
        deployed.settle()
        yield deployed
    finally:
        lab.down()


@pytest.fixture(scope="module")
def whole(city: City, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A whole run on a healthy city."""
    output = tmp_path_factory.mktemp("verify")
    return city.verify(output, "--lang", "zh", check=Exit.OK), output


def test_a_healthy_city_reaches_l1_in_both_domains(whole: tuple[dict[str, Any], Path]) -> None:
    card, _ = whole
    assert card["reached"]
    assert {name: domain["level"] for name, domain in card["outcome"].items()} == {"government": "L1", "cross": "L1"}
    assert {result["verdict"] for result in card["results"]} == {"passed"}


def test_every_check_that_measures_has_evidence(whole: tuple[dict[str, Any], Path]) -> None:
    card, output = whole
    for result in card["results"]:
        assert result["files"] or result["id"] == "L1-REL-01"
        assert all((output / path).stat().st_mode & 0o022 == 0 for path in result["files"])
    root = ET.parse(output / "junit.xml").getroot()
    assert (root.get("failures"), root.get("errors"), root.get("tests")) == ("0", "0", str(len(card["results"])))
    assert "已达到" in (output / "scorecard.zh.html").read_text(encoding="utf-8")


def test_no_secret_is_in_anything_that_was_written(whole: tuple[dict[str, Any], Path], city: City) -> None:
    secrets = yaml.safe_load((city.design / "secrets.yml").read_text(encoding="utf-8"))
    assert secrets
    for path in filter(Path.is_file, whole[1].rglob("*")):
        text = path.read_text(encoding="utf-8", errors="replace")
        assert [name for name, value in secrets.items() if value in text] == [], path


def test_the_city_is_left_as_it_was(whole: tuple[dict[str, Any], Path], city: City) -> None:
    assert faults.in_force(city.lab) == []
    for node in city.lab.plan.devices:
        assert city.lab.node(node, "ls -d /run/citynet-verify 2>/dev/null || true") == ""
    compared = json.loads(citynet("deploy", str(city.design), "--lab", NAME, "--check", "--json").stdout)
    assert {device["status"] for device in compared["devices"].values()} == {"unchanged"}


@contextmanager
def broken(city: City, node: str, breaks: str, mends: str) -> Iterator[None]:
    """Something is wrong on a node, or on several (`a+b`); afterwards the whole city is waited for."""
    for one in node.split("+"):
        city.lab.node(one, breaks)
    try:
        yield
    finally:
        for one in node.split("+"):
            city.lab.node(one, mends)
        city.settle()


LISTENER = (
    "socat TCP-LISTEN:2600,fork,so-bindtodevice=sharing /dev/null </dev/null >/dev/null 2>&1 & echo $! > /run/listener"
)
DELIBERATE = [
    pytest.param(
        "gov-border",
        "nft flush ruleset",
        "nft -f /etc/nftables.conf",
        "L1-SEC-01",
        "passes the border though no rule allows it",
        id="border-open",
    ),
    pytest.param(
        "gov-border",
        "nft add rule inet citynet guard_in ip protocol tcp drop; nft insert rule inet citynet guard_in "
        "tcp dport 8443 drop",
        "nft -f /etc/nftables.conf",
        "L1-SEC-01",
        "an allowed flow does not pass",
        id="border-shut",
    ),
    pytest.param(
        "gov-pe-west",
        f"nft flush ruleset; {LISTENER}",
        "nft -f /etc/nftables.conf; kill $(cat /run/listener)",
        "L1-SEC-02",
        "tcp/2600",
        id="open-port",
    ),
    pytest.param(
        "gov-core-a",
        "vtysh -c 'conf t' -c 'interface eth1' -c 'no isis password'",
        "vtysh -b",
        "L1-SEC-03",
        "gov-core-a eth1 – IS-IS hellos are not signed",
        id="unsigned",
    ),
    pytest.param(
        "gov-pe-west",
        "ip link set eth1 mtu 1500; ip link set eth2 mtu 1500",
        "ip link set eth1 mtu 9000; ip link set eth2 mtu 9000",
        "L1-FLO-03",
        "traffic lost in packets of 1500 bytes",
        id="small-mtu",
    ),
    pytest.param("gov-border", "kill $(pidof ulogd)", "ulogd -d", "L1-COM-01", "left no record", id="no-records"),
    pytest.param(
        "tax-1",
        "socat TCP-LISTEN:2323,fork,so-bindtodevice=mgmt /dev/null </dev/null >/dev/null 2>&1 & "
        "echo $! > /run/listener",
        "kill $(cat /run/listener)",
        "L1-PRI-03",
        "socat listens on the management network",
        id="management-listener",
    ),
]


def findings(card: dict[str, Any], check_id: str, domain: str = "government") -> str:
    result = next(item for item in card["results"] if (item["id"], item["domain"]) == (check_id, domain))
    assert result["verdict"] == "failed", result
    return "\n".join(
        " – ".join([item["subject"], item["problem"]["en"], item["actual"]["en"]]) for item in result["findings"]
    )


@pytest.mark.parametrize(("node", "breaks", "mends", "check_id", "says"), DELIBERATE)
def test_a_check_sees_what_was_broken_for_it(
    city: City, whole: object, tmp_path: Path, node: str, breaks: str, mends: str, check_id: str, says: str
) -> None:
    with broken(city, node, breaks, mends):
        card = city.verify(tmp_path, "--only", check_id, check=Exit.CHECK_FAILED)
    assert says in findings(card, check_id)


@contextmanager
def fault(city: City, kind: str, target: str) -> Iterator[None]:
    faults.apply(city.lab, kind, target)
    try:
        yield
    finally:
        faults.undo(city.lab, kind, target)
        city.settle()


@pytest.mark.parametrize(
    ("kind", "target", "expected"),
    [
        (
            "cut",
            "gov-pe-west--gov-core-a",
            {
                "L1-OPS-02": "gov-pe-west eth1 – no IS-IS adjacency",
                "L1-FLO-01": "share too little of the load",
                "L1-REL-02": "traffic lost while",
            },
        ),
        ("kill", "tax-1", {"L1-OPS-01": "tax-1 – cannot be read", "L1-FLO-02": "traffic lost without any fault"}),
    ],
    ids=["second-way-gone", "host-dead"],
)
def test_a_fault_in_force_is_seen(
    city: City, whole: object, tmp_path: Path, kind: str, target: str, expected: dict[str, str]
) -> None:
    only = [word for check_id in expected for word in ("--only", check_id)]
    with fault(city, kind, target):
        card = city.verify(tmp_path, *only, check=Exit.CHECK_FAILED)
        assert [(item.kind, item.target) for item in faults.in_force(city.lab)] == [(kind, target)]
    for check_id, says in expected.items():
        assert says in findings(card, check_id)


QUICK = ("L2-REL-01", "L2-REL-02", "L2-RES-01", "L3-REL-01")
WITHOUT_BFD = (
    "for port in $(ls /sys/class/net | grep ^eth); do "
    "vtysh -c 'configure terminal' -c \"interface $port\" -c 'no isis bfd' || true; done"
)


def test_broken_lines_are_left_quickly_and_two_in_a_row_are_survived(city: City, whole: object, tmp_path: Path) -> None:
    only = [word for name in QUICK for word in ("--only", name)]
    card = city.verify(tmp_path, "--level", "L3", *only, check=Exit.CHECK_FAILED)  # some checks prove no level
    assert troubles(card) == []
    assert faults.in_force(city.lab) == []


def test_a_silent_line_that_nobody_watches_is_left_late(city: City, whole: object, tmp_path: Path) -> None:
    members = [name for name, device in city.lab.plan.devices.items() if device.domain == "government"]
    with broken(city, "+".join(members), WITHOUT_BFD, "vtysh -b"):
        card = city.verify(tmp_path, "--level", "L2", "--only", "L2-REL-02", check=Exit.CHECK_FAILED)
    assert "outage too long when it broke" in findings(card, "L2-REL-02")


def test_no_lab_is_said_plainly(city: City) -> None:
    done = citynet("verify", str(city.design), "--lab", "nowhere", check=Exit.LACKING)
    assert "running lab 'nowhere'" in done.stderr


def test_an_unknown_check_is_refused(city: City) -> None:
    done = citynet("verify", str(city.design), "--lab", NAME, "--only", "L1-REL-99", check=Exit.BAD_INPUT)
    assert "no check 'L1-REL-99'" in done.stderr
