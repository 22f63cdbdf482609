"""Layer-3 services and draining in one lab: who reaches whom, what outlives a failure, what is let by."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from lab_room import HERE, Room, answer, citynet

from citynet.lab import Lab, faults
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


NAME = "l3vpn"
CORE, HUB = "core-a", "pe-west"
PROBES = 10_000


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("l3vpn")
    shutil.copy(HERE / "l3vpn.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    try:
        citynet("deploy", str(design), "--lab", NAME, "--quiet")
        made = Room(design, lab)
        assert until(lambda: all(reaches(made, "branch-2", "centre", version) for version in (4, 6)), 60)
        yield made
    finally:
        lab.down()


def address(room: Room, host: str, version: int) -> str:
    return room.lab.plan.hosts[host].address(version)


def reaches(room: Room, source: str, target: str, version: int = 4) -> bool:
    said = room.lab.node(source, f"ping -n -c 3 -i 0.1 -W 1 {address(room, target, version)} || true")
    return ", 0 received" not in said and " received" in said


@contextmanager
def stream(room: Room, source: str, target: str, version: int, count: int) -> Iterator[dict[str, int]]:
    """A ping every millisecond; afterwards how many were lost."""
    found: dict[str, int] = {}
    argv = room.lab.ssh(
        room.lab.address(source), f"ping -n -q -i 0.001 -c {count} -W 2 {address(room, target, version)}"
    )
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    yield found
    said = process.communicate()[0]
    sent, received = (int(number) for number in re.findall(r"(\d+) (?:packets transmitted|received)", said))
    found |= {"sent": sent, "lost": sent - received}


@pytest.mark.parametrize("version", [4, 6])
def test_spokes_reach_the_hub_and_no_spoke(room: Room, version: int) -> None:
    for branch in ("branch-1", "branch-2", "branch-3"):
        assert reaches(room, branch, "centre", version)
        assert reaches(room, "centre", branch, version)
    for one, other in (("branch-1", "branch-2"), ("branch-2", "branch-3"), ("branch-3", "branch-1")):
        assert not reaches(room, one, other, version)


@pytest.mark.parametrize("version", [4, 6])
def test_the_internet_is_reached_and_does_not_reach_in(room: Room, version: int) -> None:
    for host in ("branch-1", "branch-3", "centre"):
        assert reaches(room, host, "internet", version)
        assert not reaches(room, "internet", host, version)


def test_a_port_that_is_not_listed_stays_shut(room: Room) -> None:
    for port in (443, 25):
        room.lab.node("internet", f"socat TCP-LISTEN:{port},fork,reuseaddr /dev/null </dev/null >/dev/null 2>&1 &")
    target = address(room, "internet", 4)
    ask = "timeout 3 bash -c '</dev/tcp/{}/{}' && echo open || echo shut"
    assert until(lambda: "open" in room.lab.node("branch-2", ask.format(target, 443)), 10)
    assert "shut" in room.lab.node("branch-2", ask.format(target, 25))


@pytest.mark.parametrize("target", ["pe-west--centre", HUB])
def test_a_dual_homed_site_outlives_its_device_and_its_line(room: Room, target: str) -> None:
    kind = "kill" if target == HUB else "cut"
    faults.change(room.lab, kind, target, {}, back=False)
    try:
        for version in (4, 6):
            assert until(lambda: reaches(room, "branch-2", "centre", version), 20)  # noqa: B023 - asked at once
    finally:
        faults.change(room.lab, kind, target, {}, back=True)
        assert until(lambda: reaches(room, "branch-1", "centre"), 60)


def test_a_policed_end_gets_its_rate_and_no_more(room: Room) -> None:
    room.lab.node("meter-2", "pidof iperf3 || iperf3 -s -D")
    # nft's bucket holds a second's worth beyond the burst: the first two seconds are not counted.
    said = room.lab.node("meter-1", f"iperf3 -c {address(room, 'meter-2', 4)} -u -b 30M -O 2 -t 5 -f m")
    rate = float(re.findall(r"([\d.]+) Mbits/sec.*receiver", said)[-1])
    assert 9.0 <= rate <= 10.1


def test_a_drained_core_loses_nothing_and_stays_so(room: Room) -> None:
    with (
        stream(room, "branch-2", "centre", 4, 10_000) as first,
        stream(room, "meter-1", "meter-2", 6, 10_000) as second,
    ):
        done = answer("drain", CORE, str(room.design), "--lab", NAME)
    assert done["status"] == "changed"
    assert "no transit traffic crosses it" in done["notes"]
    assert (first["lost"], second["lost"]) == (0, 0)
    again = answer("deploy", str(room.design), "--lab", NAME)
    assert again["counts"]["unchanged"] == len(room.lab.plan.devices)
    assert any("drained" in note for note in again["devices"][CORE]["notes"])
    assert answer("drain", CORE, str(room.design), "--lab", NAME)["status"] == "unchanged"
    with (
        stream(room, "branch-2", "centre", 4, 10_000) as first,
        stream(room, "meter-1", "meter-2", 6, 10_000) as second,
    ):
        done = answer("drain", CORE, str(room.design), "--lab", NAME, "--undo")
    assert done["status"] == "changed"
    assert (first["lost"], second["lost"]) == (0, 0)
    again = answer("deploy", str(room.design), "--lab", NAME)
    assert again["counts"]["unchanged"] == len(room.lab.plan.devices)
    assert again["devices"][CORE]["notes"] == []


def test_what_would_be_cut_off_is_not_drained(room: Room) -> None:
    done = citynet("drain", HUB, str(room.design), "--lab", NAME, check=4)
    assert "branch-1, meter-1 hang on it alone" in done.stderr
