"""Slices on running routers: kept apart, resized without loss, watched, and not to be forged."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from lab_room import ROOT, Room, citynet

from citynet.lab import Lab, faults
from citynet.lab.waiting import until
from citynet.platforms.whitebox import marks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.alone

NAME = "slicing"
ROUTERS = ("left", "mid", "right")
GOLD, SILVER = "1:101", "1:102"
REST = "1:3"


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A deployed lab of three routers in a row, two slices and a service without one."""
    design = tmp_path_factory.mktemp("slicing")
    shutil.copy(ROOT / "tests/bench/figures/slices.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    here = Room(design, Lab.load(NAME))
    deploy(here)
    for name in ("gold", "silver", "rest"):
        far = here.lab.plan.hosts[f"{name}-east"].address(4)
        assert until(lambda: "bytes from" in here.lab.node(f"{name}-west", f"ping -c 1 -W 1 {far} || true"), 30)  # noqa: B023
    yield here
    here.lab.down()


def deploy(room: Room) -> dict[str, Any]:
    """Deploy; the parts that changed on each device."""
    done = json.loads(citynet("deploy", str(room.design), "--lab", NAME, "--json").stdout)
    return {name: device["parts"] for name, device in done["devices"].items() if device["status"] == "changed"}


def resize(room: Room, old: str, new: str) -> None:
    file = room.design / "design.yml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def sent(room: Room, router: str, port: str, identifier: str) -> int:
    """Packets that a class has sent."""
    shown = room.lab.node(router, f"tc -s class show dev {port}")
    match = re.search(rf"class htb {identifier} .*?Sent \d+ bytes (\d+) pkt", shown, re.DOTALL)
    assert match is not None
    return int(match[1])


@contextmanager
def flooded(room: Room, name: str, mbps: int) -> Iterator[None]:
    """UDP from the west host of a service to the east one."""
    far = room.lab.plan.hosts[f"{name}-east"].address(4)
    room.lab.node(f"{name}-east", "iperf3 -s -D -p 5301 -I /run/iperf3.pid")
    room.lab.node(
        f"{name}-west", f"nohup iperf3 -c {far} -p 5301 -u -l 1400 -b {mbps}M -t 300 >/dev/null 2>&1 & echo $! >/run/f"
    )
    try:
        yield
    finally:
        room.lab.node(f"{name}-west", "kill $(cat /run/f) || true")
        room.lab.node(f"{name}-east", "kill $(tr -d '\\0' </run/iperf3.pid) || true")


@contextmanager
def pinging(room: Room, name: str) -> Iterator[dict[str, int]]:
    """A ping every 5 ms between the hosts of a service; what was sent and came back stands in the result at the end."""
    far = room.lab.plan.hosts[f"{name}-east"].address(4)
    argv = room.lab.ssh(room.lab.address(f"{name}-west"), f"timeout -s INT 900 ping -q -i 0.005 -s 400 {far}")
    result: dict[str, int] = {}
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    try:
        yield result
    finally:
        room.lab.node(f"{name}-west", "pkill -INT -x ping")
        out, _ = process.communicate(timeout=20)
        match = re.search(r"(\d+) packets transmitted, (\d+) received", out)
        assert match is not None, out
        result.update(sent=int(match[1]), received=int(match[2]))


def rates(room: Room, router: str, port: str) -> dict[str, int]:
    """Rate of each class in kbit/s."""
    shown = json.loads(room.lab.node(router, f"tc -j class show dev {port}"))
    return {one["handle"]: one["rate"] // 125 for one in shown}


def test_every_packet_is_of_its_slice(room: Room) -> None:
    for name, identifier in (("gold", GOLD), ("silver", SILVER), ("rest", REST)):
        for router, port in (("left", "eth1"), ("mid", "eth2")):
            before = sent(room, router, port, identifier)
            host = room.lab.plan.hosts[f"{name}-east"]
            for version in (4, 6):
                room.lab.node(f"{name}-west", f"ping -c 10 -i 0.01 {host.address(version)}")
            assert sent(room, router, port, identifier) >= before + 20


def test_a_customer_forges_neither_slice_nor_control(room: Room) -> None:
    """The sender writes label and DSCP as a router would; its packets still go with the rest."""
    before = {one: sent(room, "mid", "eth2", one) for one in (GOLD, SILVER, "1:2", REST)}
    far = room.lab.plan.hosts["rest-east"].address(6)
    for number, dscp in enumerate((marks.outer_slice(0) >> 20, marks.OUTER_CONTROL >> 20), 1):
        label = (marks.outer_slice(1) & 0xFFFFF) + number  # the kernel lends a label once
        room.lab.node("rest-west", f"ping -c 100 -i 0.002 -F {label:#x} -Q {dscp} {far}")
    after = {one: sent(room, "mid", "eth2", one) for one in before}
    assert after[GOLD] == before[GOLD]
    assert after[SILVER] == before[SILVER]
    assert after[REST] >= before[REST] + 200


def test_the_checks_of_slices_pass(room: Room, tmp_path: Path) -> None:
    only = [word for name in ("L2-FLO-01", "L3-FLO-01") for word in ("--only", name)]
    words = ("verify", str(room.design), "--lab", NAME, "--output", str(tmp_path), "--json", "--level", "L3", *only)
    card = json.loads(citynet(*words, check=None, limit_s=600).stdout)  # two checks prove no level: the code says so
    found = {one["id"]: one["verdict"] for one in card["results"]}
    assert found == {"L2-FLO-01": "passed", "L3-FLO-01": "passed"}, card["results"]


def test_a_second_deployment_changes_nothing(room: Room) -> None:
    assert deploy(room) == {}


def test_a_resize_loses_nothing_and_touches_nothing_else(room: Room) -> None:
    for old, new, kbit in (("bandwidth_gbps: 5}", "bandwidth_gbps: 15}", 15000), ("15}", "5}", 5000)):
        resize(room, old, new)
        with pinging(room, "silver") as seen:
            assert deploy(room) == {name: ["slices"] for name in ROUTERS}
        assert seen["sent"] > 100
        assert seen["received"] >= seen["sent"] - 1  # one may be on its way when ping is stopped
        for router, port in (("left", "eth1"), ("mid", "eth1"), ("mid", "eth2"), ("right", "eth1")):
            found = rates(room, router, port)
            assert (found[GOLD], found[SILVER]) == (10000, kbit)


def test_a_slice_feels_nothing_of_its_neighbour(room: Room) -> None:
    dropped = "tc -s class show dev eth1 | grep -A1 '1:102 '"
    with flooded(room, "silver", 50), pinging(room, "gold") as seen:
        assert until(lambda: "dropped 0," not in room.lab.node("left", dropped), 30)  # it wants too much: it is told so
        assert until(lambda: sent(room, "left", "eth1", GOLD) > 0, 1)
        threading.Event().wait(3)  # long enough for some hundred pings
    assert seen["sent"] > 100
    assert seen["received"] >= seen["sent"] - 1  # one may be on its way when ping is stopped


def test_bfd_lives_beside_a_full_rest(room: Room) -> None:
    def downs() -> list[int]:
        shown = json.loads(room.lab.node("left", "vtysh -c 'show bfd peers counters json'"))
        return [peer["session-down"] for peer in shown]

    before = downs()
    with flooded(room, "rest", 150):
        assert until(
            lambda: "dropped 0," not in room.lab.node("left", "tc -s class show dev eth1 | grep -A1 '1:3 '"), 60
        )
        threading.Event().wait(3)  # ten times what BFD takes to notice
    assert downs() == before


def test_what_a_hand_changed_is_drift_and_put_right(room: Room) -> None:
    room.lab.node("mid", "tc class change dev eth2 parent 1: classid 1:101 htb rate 1mbit ceil 1mbit")
    room.lab.node("left", "tc qdisc del dev eth1 root")
    assert deploy(room) == {"left": ["slices"], "mid": ["slices"]}
    assert rates(room, "mid", "eth2")[GOLD] == rates(room, "left", "eth1")[GOLD] == 10000


def test_slices_are_back_after_a_reboot(room: Room) -> None:
    faults.apply(room.lab, "kill", "mid")
    faults.undo(room.lab, "kill", "mid")
    assert until(lambda: "1:102" in room.lab.node("mid", "tc class show dev eth2 2>&1 || true"), 60)
    assert until(lambda: rates(room, "mid", "eth2").get(SILVER) == 5000, 20)


def test_a_slice_that_goes_takes_its_class_along(room: Room) -> None:
    resize(room, "    slice: silver\n", "")
    resize(room, "  silver: {domain: government, bandwidth_gbps: 5}\n", "")
    changed = deploy(room)
    assert all("slices" in changed[name] for name in ROUTERS)
    assert SILVER not in rates(room, "mid", "eth2")
    assert GOLD in rates(room, "mid", "eth2")
