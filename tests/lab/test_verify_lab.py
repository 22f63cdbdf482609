"""Judging a real city: a whole one reaches L1, and each check sees what was broken for it."""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
import yaml
from judged_city import City, broken, findings, judged
from lab_room import citynet

from citynet.errors import Exit
from citynet.lab import faults

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "judging"


@pytest.fixture(scope="module")
def city(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with judged(tmp_path_factory.mktemp(NAME), NAME) as found:
        yield found


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
        assert city.lab.node(node, "ls -d /run/citynet-verify* 2>/dev/null || true") == ""
    compared = json.loads(citynet("deploy", str(city.design), "--lab", NAME, "--check", "--json").stdout)
    assert {device["status"] for device in compared["devices"].values()} == {"unchanged"}


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


def test_no_lab_is_said_plainly(city: City) -> None:
    done = citynet("verify", str(city.design), "--lab", "nowhere", check=Exit.LACKING)
    assert "running lab 'nowhere'" in done.stderr


def test_an_unknown_check_is_refused(city: City) -> None:
    done = citynet("verify", str(city.design), "--lab", NAME, "--only", "L1-REL-99", check=Exit.BAD_INPUT)
    assert "no check 'L1-REL-99'" in done.stderr
