"""Faults really act, and really go."""

from __future__ import annotations

import json
import re

import pytest
from lab_room import Room, citynet

from citynet.errors import DeviceError, Exit, InputError
from citynet.lab import faults
from citynet.lab.waiting import until

LINE = "left--right"
FAR = "192.0.2.2"


@pytest.fixture(autouse=True)
def healed(room: Room):
    yield
    faults.undo_all(room.lab)


def passes(room: Room) -> bool:
    said = room.lab.node("left", f"ping -c 2 -i 0.1 -W 1 {FAR} || true")
    return " 0% packet loss" in said


def carrier(room: Room, node: str) -> str:
    return room.lab.node(node, "cat /sys/class/net/eth1/carrier").strip()


def test_cut_takes_the_carrier_at_both_ends(joined: Room) -> None:
    assert passes(joined)
    faults.apply(joined.lab, "cut", LINE)
    assert carrier(joined, "left") == carrier(joined, "right") == "0"
    assert not passes(joined)
    faults.undo(joined.lab, "cut", LINE)
    assert carrier(joined, "left") == carrier(joined, "right") == "1"
    assert passes(joined)


def test_silent_loses_everything_and_keeps_the_carrier(joined: Room) -> None:
    faults.apply(joined.lab, "silent", LINE)
    assert carrier(joined, "left") == "1"
    assert not passes(joined)
    faults.undo(joined.lab, "silent", LINE)
    assert passes(joined)


def arrives(room: Room, node: str) -> bool:
    """Whether a node hears anything on its port: echo requests arrive even when no answer does."""
    count = "cat /sys/class/net/eth1/statistics/rx_packets"
    before = int(room.lab.node(node, count))
    passes(room)
    return int(room.lab.node(node, count)) > before


def test_deaf_loses_one_direction_and_keeps_the_carrier(joined: Room) -> None:
    faults.apply(joined.lab, "deaf", "left:eth1")
    assert carrier(joined, "left") == "1"
    assert not passes(joined)
    assert not arrives(joined, "left")
    assert arrives(joined, "right")
    faults.undo(joined.lab, "deaf", "left:eth1")
    assert passes(joined)


def test_hang_loses_everything_and_keeps_the_carrier(joined: Room) -> None:
    faults.apply(joined.lab, "hang", "right")
    assert carrier(joined, "left") == carrier(joined, "right") == "1"
    assert not passes(joined)
    assert not arrives(joined, "right")
    faults.undo(joined.lab, "hang", "right")
    assert passes(joined)


def test_impair_delays_both_ways(joined: Room) -> None:
    faults.apply(joined.lab, "impair", LINE, delay_ms=40)
    said = joined.lab.node("left", f"ping -c 3 -i 0.1 {FAR}")
    quickest = float(re.search(r"= ([\d.]+)/", said)[1])
    assert 80 <= quickest < 160
    faults.undo(joined.lab, "impair", LINE)
    quickest = float(re.search(r"= ([\d.]+)/", joined.lab.node("left", f"ping -c 3 -i 0.1 {FAR}"))[1])
    assert quickest < 40


def test_impair_loses_packets(joined: Room) -> None:
    faults.apply(joined.lab, "impair", LINE, loss_percent=50)
    said = joined.lab.node("left", f"ping -c 100 -i 0.01 -W 1 {FAR} || true")
    lost = float(re.search(r"([\d.]+)% packet loss", said)[1])
    assert 50 < lost < 95  # half each way: three quarters of the round trips


def test_faults_on_one_line_add_up_and_come_off_one_by_one(joined: Room) -> None:
    faults.apply(joined.lab, "impair", LINE, delay_ms=5)
    faults.apply(joined.lab, "cut", LINE)
    assert [fault.kind for fault in faults.in_force(joined.lab)] == ["impair", "cut"]
    faults.undo(joined.lab, "cut", LINE)
    assert passes(joined)
    assert [fault.kind for fault in faults.in_force(joined.lab)] == ["impair"]


def test_killed_node_goes_dark_and_comes_back_with_its_disk(joined: Room) -> None:
    joined.lab.node("right", "echo kept >/etc/kept; sync")
    faults.apply(joined.lab, "kill", "right")
    assert carrier(joined, "left") == "0"
    assert not passes(joined)
    assert faults.status(joined.lab)[0]["right"] is False
    with pytest.raises(DeviceError):
        joined.lab.node("right", "true", timeout_s=15)
    faults.undo(joined.lab, "kill", "right")
    assert joined.lab.node("right", "cat /etc/kept").strip() == "kept"
    joined.lab.node("right", f"ip link set eth1 up; ip addr add {FAR}/30 dev eth1")
    assert until(lambda: passes(joined), 10)


def test_cut_outlives_the_reboot_of_a_node(joined: Room) -> None:
    faults.apply(joined.lab, "cut", LINE)
    faults.apply(joined.lab, "kill", "right")
    faults.undo(joined.lab, "kill", "right")
    joined.lab.node("right", f"ip link set eth1 up; ip addr add {FAR}/30 dev eth1")
    assert carrier(joined, "right") == "0"
    faults.undo(joined.lab, "cut", LINE)
    assert until(lambda: passes(joined), 10)


def test_configured_router_reboots_configured(joined: Room) -> None:
    """What a deployment leaves on disk is in force again after a power cut; nobody deploys a second time."""
    joined.lab.node(
        "left",
        """
        printf 'auto eth1\\niface eth1\\n  address 192.0.2.1/30\\n' >/etc/network/interfaces.d/citynet
        echo 'net.ipv4.ip_forward = 1' >/etc/sysctl.d/60-citynet.conf
        echo 'table inet t { chain c { type filter hook forward priority 0; policy drop; }; }' >/etc/nftables.conf
        sed -i 's/^bgpd=no/bgpd=yes/' /etc/frr/daemons
        printf '[global]\\nlogfile="/var/log/ulogd.log"\\n' >/etc/ulogd.conf
    """,
    )
    try:
        faults.apply(joined.lab, "kill", "left")
        faults.undo(joined.lab, "kill", "left")
        assert until(lambda: "bgpd" in joined.lab.node("left", "ps -e -o comm"), 30)
        said = joined.lab.node("left", "ip -br addr show eth1; cat /proc/sys/net/ipv4/ip_forward; nft list ruleset")
        assert "192.0.2.1/30" in said
        assert "\n1\n" in said
        assert "policy drop" in said
    finally:
        joined.lab.node(
            "left",
            "rm -f /etc/network/interfaces.d/citynet /etc/sysctl.d/60-citynet.conf /etc/nftables.conf "
            "/etc/ulogd.conf; sed -i 's/^bgpd=yes/bgpd=no/' /etc/frr/daemons",
        )
        faults.apply(joined.lab, "kill", "left")
        faults.undo(joined.lab, "kill", "left")


def test_killed_daemon_is_started_again_by_its_supervisor(joined: Room) -> None:
    joined.lab.node(
        "right", "sed -i 's/^bgpd=no/bgpd=yes/' /etc/frr/daemons; /usr/lib/frr/frrinit.sh start >/dev/null 2>&1"
    )
    try:
        before = joined.lab.node("right", "pidof bgpd").strip()
        faults.apply(joined.lab, "daemon", "right:bgpd")
        assert until(lambda: joined.lab.node("right", "pidof bgpd || true").strip() not in {"", before}, 60)
        assert "bgpd" not in joined.lab.node("left", "ps -e -o comm")
    finally:
        joined.lab.node(
            "right", "/usr/lib/frr/frrinit.sh stop >/dev/null 2>&1; sed -i 's/^bgpd=yes/bgpd=no/' /etc/frr/daemons"
        )


@pytest.mark.parametrize(
    ("kind", "target", "options", "said"),
    [
        ("cat", LINE, {}, "did you mean 'cut'?"),
        ("cut", "left--rigth", {}, f"did you mean '{LINE}'?"),
        ("kill", "lift", {}, "did you mean 'left'?"),
        ("daemon", "left", {}, "names no daemon"),
        ("deaf", "left", {}, "names no port"),
        ("cut", LINE, {"delay_ms": 3.0}, "has no option 'delay_ms'"),
    ],
)
def test_what_cannot_be_broken_is_refused(room: Room, kind: str, target: str, options: dict, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        faults.apply(room.lab, kind, target, **options)
    assert faults.in_force(room.lab) == []


def test_on_the_command_line(room: Room) -> None:
    told = json.loads(citynet("lab", "fault", "impair", LINE, "--delay-ms", "3", "--json").stdout)
    assert told["faults"] == [{"kind": "impair", "target": LINE, "options": {"delay_ms": 3.0}}]
    assert "impair" in citynet("lab", "status").stdout
    assert json.loads(citynet("lab", "fault", "--undo", "--json").stdout)["faults"] == []
    citynet("lab", "fault", "cut", "nothing", check=Exit.BAD_INPUT)
