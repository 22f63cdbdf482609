"""The collection's roles on routers that citynet does not manage: one blank, one configured by hand before.

The tests stand in order: each begins with what the one before it left.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from lab_room import HERE, ROOT, Room, citynet

from citynet.deploy import scoped
from citynet.errors import Exit
from citynet.lab import Lab
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "collection"
ROUTER = "citynet.twodomain.router"
FRR = "/etc/frr/frr.conf"
BY_HAND = """
ip prefix-list HAND seq 5 permit 10.0.0.0/8
route-map HANDMADE permit 10
 match ip address prefix-list HAND
exit
router bgp 65001
 bgp router-id 10.1.0.1
 neighbor 192.0.2.77 remote-as 64999
 neighbor 192.0.2.77 password HANDMADE-KEY
exit
"""
# A change that its owner has not written into the file.
UNSAVED = "vtysh -c 'configure terminal' -c 'ip prefix-list UNSAVED seq 5 permit 192.168.0.0/16'"
SERVICE = {
    "vrf": "share",
    "table": 1001,
    "rd": "10.1.0.1:1",
    "rt": "65001:1",
    "asn": 65001,
    "router_id": "10.1.0.1",
    "password": "Bgp-key",
    "neighbors": [{"name": "right", "address": "fd01:1:2::1"}],
    "interfaces": [{"name": "eth2", "addresses": ["10.11.0.1/28", "fd11::1/64"], "neighbor": "giver-1"}],
}


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A lab whose right router is blank, while somebody has configured the left one."""
    design = tmp_path_factory.mktemp("collection")
    shutil.copy(HERE / "small.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    lab.node("left", f"cat >> {FRR} <<'END'{BY_HAND}END\nsed -i s/^bgpd=no/bgpd=yes/ /etc/frr/daemons")
    lab.node("left", "/usr/lib/frr/frrinit.sh start </dev/null >/dev/null 2>&1")
    assert until(lambda: "192.0.2.77" in lab.node("left", "vtysh -c 'show running-config' 2>&1 || true"), 30)
    lab.node("left", f"{UNSAVED}; ip link set eth1 up; ip address add 192.0.2.1/30 dev eth1")
    yield Room(design, lab)
    lab.down()


@pytest.fixture(scope="module")
def before(room: Room) -> dict[str, Any]:
    """The left router before any role came."""
    return {"state": look(room), "running": running(room), "daemons": daemons(room)}


def look(room: Room) -> str:
    """What the left router is configured to be and what it runs, but for what FRR adds by itself for a VRF."""
    text = room.lab.node(
        "left",
        f"vtysh -c 'show running-config no-header'; cat {FRR}; ls /etc/network/interfaces.d /etc/sysctl.d;"
        " ip -br address | sed 's/@if[0-9]*//; s/fe80[^ ]*//'; ip -br link show eth2",
    )
    return re.sub(r"^vrf \S+\nexit-vrf\n!\n", "", text, flags=re.MULTILINE)


def running(room: Room) -> str:
    """What FRR of the left router runs, but for what it adds by itself for a VRF."""
    text = room.lab.node("left", "vtysh -c 'show running-config no-header'")
    return re.sub(r"^vrf \S+\nexit-vrf\n!\n", "", text, flags=re.MULTILINE)


def daemons(room: Room) -> dict[str, str]:
    return dict(
        line.split()
        for line in room.lab.node("left", "for d in zebra mgmtd bgpd; do echo $d $(pidof $d); done").splitlines()
    )


def play(room: Room, *words: str, playbook: str = ROUTER, check: int = 0) -> dict[str, list[dict[str, Any]]]:
    """The results of a playbook: host → its tasks in order."""
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", playbook, "-i", str(HERE / "routers.yml"), *words),
        check=check,
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for line in done.stdout.splitlines():
        event = json.loads(line)
        if event["event"] == "result":
            found.setdefault(event["host"], []).append(event)
    return found


def statuses(results: dict[str, list[dict[str, Any]]], host: str) -> list[str]:
    """How the tasks of the collection's modules ended on one host."""
    modules = ("underlay", "srv6_locator", "l3vpn_service")
    return [one["status"] for one in results[host] if one["action"].endswith(modules)]


def carry(room: Room, *, die: bool, confirm_s: int = 60, spoil: str = "", **more: Any) -> subprocess.Popen[str]:
    """Begin one transaction on the left router with the service, changed or spoilt; see carry.py."""
    job = scoped.job("l3vpn_service", {**SERVICE, **more}, "left")
    assert job.scope is not None
    told = {
        "name": "left",
        "address": room.lab.address("left"),
        "key": str(room.lab.ssh_key),
        "known_hosts": str(room.lab.known_hosts),
        "id": uuid.uuid4().hex,
        "files": job.files,
        "secrets": job.secrets,
        "scope": {**job.scope, "frr": job.scope["frr"] + spoil},
        "confirm_s": confirm_s,
        "die": die,
    }
    argv = room.lab.enter(["env", f"PYTHONPATH={ROOT / 'cli'}", sys.executable, str(HERE / "carry.py")])
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps(told) + "\n")
    process.stdin.flush()
    return process


def test_check_mode_changes_nothing(room: Room, before: dict[str, Any]) -> None:
    results = play(room, "--check")
    for host in ("left", "right"):
        assert statuses(results, host) == ["changed"] * 3
    assert look(room) == before["state"]
    blank = room.lab.node("right", "pidof zebra; ls /etc/network/interfaces.d; ls /var/lib/citynet 2>&1 || true")
    assert blank == "ls: cannot access '/var/lib/citynet': No such file or directory\n"


def test_traffic_passes_after_the_roles(room: Room, before: dict[str, Any]) -> None:
    results = play(room)
    for host in ("left", "right"):
        assert statuses(results, host) == ["changed"] * 3
    for address in ("10.11.0.18", "fd11:0:0:1::2"):
        assert until(lambda a=address: "bytes from" in room.lab.node("giver-1", f"ping -c 1 -W 1 {a} || true"), 60)


def test_what_ran_before_was_not_restarted(room: Room, before: dict[str, Any]) -> None:
    assert daemons(room) == before["daemons"]
    text = running(room)
    for line in ("prefix-list HAND ", "prefix-list UNSAVED ", "route-map HANDMADE", "password HANDMADE-KEY"):
        assert line in text
    assert "192.0.2.1/30" in room.lab.node("left", "ip address show dev eth1")


def test_the_second_run_changes_nothing(room: Room) -> None:
    for written in (False, True):
        if written:
            # FRR's own way to save: the block of each scope dissolves.
            room.lab.node("left", "vtysh -c 'write memory'")
            assert "kept by citynet" not in room.lab.node("left", f"cat {FRR}")
        results = play(room)
        for host in ("left", "right"):
            assert statuses(results, host) == ["ok"] * 3


def test_what_was_done_by_hand_to_its_lines_is_put_back(room: Room) -> None:
    room.lab.node("left", "vtysh -c 'configure terminal' -c 'no router bgp 65001 vrf share'; ip link set eth2 nomaster")
    results = play(room, "--limit", "left")
    assert statuses(results, "left") == ["ok", "ok", "changed"]
    assert "router bgp 65001 vrf share" in room.lab.node("left", "vtysh -c 'show running-config'")


@pytest.mark.parametrize(
    ("more", "reason", "went_back"),
    [
        ({"spoil": "router bbp 65001\n"}, f"{FRR} is not valid", False),
        ({"spoil": "no such line\n"}, f"{FRR} is not valid", False),
        ({"interfaces": [{"name": "eth9", "addresses": ["10.13.0.1/28"]}]}, "eth9", True),
        ({"asn": 65002}, "FRR ", True),
    ],
)
def test_a_value_that_does_not_work_goes_back(room: Room, more: dict[str, Any], reason: str, went_back: bool) -> None:
    now = look(room)
    process = carry(room, die=False, **more)
    assert process.stdout is not None
    outcome = json.loads(process.stdout.readline())
    process.wait()
    assert outcome["status"] == "failed", outcome
    assert reason in outcome["reason"]
    assert outcome["went_back"] is went_back
    assert "Bgp-key" not in json.dumps(outcome)
    assert "HANDMADE-KEY" not in json.dumps(outcome)
    assert look(room) == now


def test_a_lost_controller(room: Room, before: dict[str, Any]) -> None:
    now = look(room)
    process = carry(room, die=True, confirm_s=6, rt="65001:99")
    assert process.stdout is not None
    assert process.stdout.readline() == "committed\n"
    assert "65001:99" in look(room)
    process.kill()
    process.wait()
    assert until(lambda: "pending" not in room.lab.node("left", "ls /var/lib/citynet"), 60)
    assert look(room) == now
    assert daemons(room) == before["daemons"]


def test_absent_takes_away_its_own_lines_only(room: Room, before: dict[str, Any], tmp_path: Path) -> None:
    playbook = tmp_path / "away.yml"
    playbook.write_text(
        "- hosts: left\n  gather_facts: false\n  roles:\n"
        "    - {role: citynet.twodomain.l3vpn, vars: {l3vpn_services: [{vrf: share, state: absent}]}}\n"
        "    - {role: citynet.twodomain.srv6, vars: {srv6_state: absent}}\n"
        "    - {role: citynet.twodomain.underlay, vars: {underlay_state: absent}}\n"
    )
    results = play(room, playbook=str(playbook))
    assert statuses(results, "left") == ["changed"] * 3
    assert running(room) == before["running"]
    file = room.lab.node("left", f"cat {FRR}")
    assert "HAND" in file
    for word in ("isis", "segment-routing\n", "CITY", "share", "Bgp-key", "Under1ay-key"):
        assert word not in file.replace("vrf share\nexit-vrf\n", ""), word
    assert room.lab.node("left", "ls /etc/network/interfaces.d /var/lib/citynet/scopes").split() == [
        "/etc/network/interfaces.d:",
        "/var/lib/citynet/scopes:",
    ]
    interfaces = room.lab.node("left", "ip -br link")
    assert "share" not in interfaces
    assert "sr0" not in interfaces
    assert "192.0.2.1/30" in room.lab.node("left", "ip address show dev eth1")
    assert daemons(room) == before["daemons"]
    assert statuses(play(room, playbook=str(playbook)), "left") == ["ok"] * 3


def test_whole_and_parts_do_not_mix(room: Room) -> None:
    """The right router still has its scopes; the left one has none and may be managed whole."""
    done = citynet("deploy", str(room.design), "--lab", NAME, "--json", check=Exit.DEVICE_FAILED)
    devices = json.loads(done.stdout)["devices"]
    assert devices["left"]["status"] == "changed"
    assert "has l3vpn-share, srv6, underlay by tasks of their own" in devices["right"]["reason"]
    results = play(room, "--limit", "left", check=2)
    refused = results["left"][-1]
    assert refused["status"] == "failed"
    assert "managed whole by citynet, which has /etc/network/interfaces.d/citynet, /etc/sysctl.d" in refused["msg"]
