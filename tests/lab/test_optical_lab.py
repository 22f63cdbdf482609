"""The light of a lab: lines have light while their service is up; cuts, restoration, taps, as the controller says."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab_room import citynet

from citynet.lab import Lab, faults
from citynet.lab.optics import controller
from citynet.lab.waiting import until
from tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable


pytest.importorskip("uvicorn")

ORDER = """
import json, sys
from citynet.deploy.tapi import reconcile
from citynet.deploy.tapi.client import Access, Controller
from citynet.lab import Lab
from citynet.platforms.tapi import orders
from pathlib import Path
lab = Lab.load(sys.argv[1])
told = lab.controller()
access = Access(told["url"], *(Path(told[name]) for name in ("ca", "certificate", "key")))
with Controller(access) as session:
    wanted = orders.of_plan(lab.plan)
    done = reconcile.reconcile(session, wanted, prune=lab.plan.city)
    print(json.dumps([[change.name, change.action] for change in done.done]), done.failures)
    assert not done.failures
    assert not reconcile.reconcile(session, wanted, prune=lab.plan.city).changed
"""
ADDRESSES = [("left", "eth1", 1), ("right", "eth1", 2), ("left", "eth2", 5), ("low", "eth1", 6)]


@pytest.fixture(scope="module")
def lab(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """A ring of four sites with a chord; `left--right` is diamond, `left--low` silver. Services are not ordered yet."""
    folder = tmp_path_factory.mktemp("ring")
    shutil.copy(ROOT / "labs/ring/design.yml", folder)
    citynet("lab", "up", str(folder), "--quiet")
    running = Lab.load("ring")
    yield running
    running.down()


@pytest.fixture(scope="module")
def lit(lab: Lab) -> Lab:
    """The lab with its services ordered and addresses on its two lines."""
    assert not carrier(lab, "left", "eth1")
    assert not carrier(lab, "left", "eth2")
    subprocess.run(lab.enter([sys.executable, "-c", ORDER, lab.name]), check=True)
    for node, port, number in ADDRESSES:
        lab.node(node, f"ip link set {port} up; ip addr replace 192.0.2.{number}/30 dev {port}")
    return lab


@pytest.fixture
def whole(lit: Lab) -> Lab:
    """The lab with no fault, each service on its working way."""
    for fibre in lit.plan.optical.fibres:
        controller.strike(lit, "repair", fibre)
    assert until(lambda: all(one["role"] == "working" for one in circuits(lit).values()), 30, 0.2)
    return lit


def carrier(lab: Lab, node: str, port: str) -> bool:
    return "LOWER_UP" in lab.node(node, f"ip link set {port} up; ip -o link show {port}")


def circuits(lab: Lab) -> dict[str, dict]:
    return {one["name"]: one for one in controller.state(lab)["circuits"]}


def since(lab: Lab, act: Callable[[], object]) -> Callable[[str, str], float]:
    """Do something; a function that waits for an event and tells how many seconds after the first one it came."""
    first = len(controller.state(lab)["events"])
    act()

    def seconds(kind: str, subject: str) -> float:
        events: list[dict] = []

        def there() -> bool:
            events[:] = controller.state(lab, first)["events"]
            return any((event["kind"], event["subject"]) == (kind, subject) for event in events)

        assert until(there, 20, 0.1), f"no '{kind}' of {subject} in {json.dumps(events)}"
        return (
            next(event["at"] for event in events if event["kind"] == kind and event["subject"] == subject)
            - events[0]["at"]
        )

    return seconds


class Probe:
    """Pings from `left` every 5 ms while something happens."""

    def __init__(self, lab: Lab, address: str, count: int = 1000) -> None:
        self._lab, self._address, self._count = lab, address, count

    def __enter__(self) -> Probe:
        command = f"ping -n -i 0.005 -c {self._count} -W 1 {self._address}"
        self._process = subprocess.Popen(
            self._lab.ssh(self._lab.address("left"), command), stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self._first = self._process.stdout.readline() + self._process.stdout.readline()
        time.sleep(0.3)  # so that the stream is seen to be whole before it is broken
        return self

    def __exit__(self, *_: object) -> None:
        said = self._first + self._process.communicate()[0]
        answers = re.findall(r"bytes from .*icmp_seq=\d+", said)
        self.lost_percent = 100 * (1 - len(answers) / int(re.search(r"(\d+) packets transmitted", said)[1]))


def test_a_line_without_its_service_has_no_light(lit: Lab) -> None:
    assert carrier(lit, "left", "eth1")
    assert carrier(lit, "left", "eth2")
    assert {name: one["up"] for name, one in circuits(lit).items()} == {"left--right": True, "left--low": True}


def test_two_cuts_one_after_the_other_are_survived_by_diamond_without_a_port_noticing(whole: Lab) -> None:
    flaps = "cat /sys/class/net/eth1/carrier_changes"
    before = whole.node("left", flaps)
    with Probe(whole, "192.0.2.2"):
        way = circuits(whole)["left--right"]["way"]
        seconds = since(whole, lambda: faults.apply(whole, "cut", way[0]))
        assert seconds("switched", "left--right") < 0.05
        assert 0 < seconds("protected", "left--right") < 2
        way = circuits(whole)["left--right"]["way"]
        assert since(whole, lambda: faults.apply(whole, "cut", way[0]))("switched", "left--right") < 0.05
    assert whole.node("left", flaps) == before
    assert circuits(whole)["left--right"]["up"]
    assert [fault.kind for fault in faults.in_force(whole)] == ["cut", "cut"]


def test_the_switch_itself_takes_what_the_class_says(whole: Lab) -> None:
    faults.apply(whole, "cut", circuits(whole)["left--right"]["way"][0])
    done = controller.state(whole)["done"]
    dark, lit = [step for step in done if step["id"] == done[-1]["id"]][-2:]
    assert (dark["errors"], lit["errors"]) == ([], [])
    assert 0.020 <= lit["at"] - dark["at"] <= 0.050


def test_a_cut_drops_what_rides_there_and_restoration_brings_it_back(whole: Lab) -> None:
    (fibre,) = circuits(whole)["left--low"]["way"]
    seconds = since(whole, lambda: faults.apply(whole, "cut", fibre))
    assert seconds("lost", "left--low") < 0.05
    assert 1.5 <= seconds("restored", "left--low") < 2
    assert fibre not in circuits(whole)["left--low"]["way"]
    assert until(lambda: carrier(whole, "left", "eth2"), 5)


def test_a_tap_raises_an_alarm_and_services_leave_without_losing_more_than_a_thousandth(whole: Lab) -> None:
    (fibre,) = circuits(whole)["left--low"]["way"]
    with Probe(whole, "192.0.2.6", count=1500) as probe:
        seconds = since(whole, lambda: faults.apply(whole, "tap", fibre))
        assert seconds("alarm", fibre) < 2
        assert seconds("moved", "left--low") < 5
    assert probe.lost_percent <= 0.1
    assert fibre not in circuits(whole)["left--low"]["way"]
    assert [fault.kind for fault in faults.in_force(whole)] == ["tap"]


def test_a_killed_node_does_not_light_lines_again_by_coming_back(whole: Lab) -> None:
    (fibre,) = circuits(whole)["left--low"]["way"]
    for name in whole.plan.optical.fibres:
        controller.strike(whole, "cut", name)
    faults.apply(whole, "kill", "low")
    faults.undo(whole, "kill", "low")
    assert fibre
    assert not carrier(whole, "low", "eth1")
