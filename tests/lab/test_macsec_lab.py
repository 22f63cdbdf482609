"""MACsec on real lines: from clear to encrypted and back, keys changed, held, wrong, gone; frames replayed and forged.

The tests stand in order: each begins with what the one before it left.
"""

from __future__ import annotations

import ipaddress
import json
import re
import secrets
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from captures import captured, frames
from lab_room import HERE, Room, citynet

from citynet.lab import Lab, faults
from citynet.lab.waiting import until
from citynet.levels.remote.stream import REPLY, gaps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


NAME = "macsec"
LINE = "left--right"
SECRET = f"macsec/{LINE}"
FAR, FAR6 = "10.11.0.18", "fd11:0:0:1::2"
MARKED = "5ec2e7c0de"
AGENT = "PYTHONPATH=/usr/local/lib/citynet python3 -B -m keys.agent --daemon"
KILL_AGENT = "pkill -9 -x citynet-keysd; pkill -9 -x citynet-keys; true"
KILL_MKA = "pkill -9 -x wpa_supplicant"
FORGET = f"{KILL_AGENT}; pkill -x wpa_supplicant; sleep 1; rm -rf /run/citynet/keys"
INJECT = """
import socket, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW); out.bind((sys.argv[1], 0))
for frame in sys.argv[2:]: out.send(bytes.fromhex(frame))
"""


def design(folder: Path, level: str, more: str = "") -> None:
    """A triangle, so that a line can be done without."""
    text = (HERE / "small.yml").read_text(encoding="utf-8").replace("level: L1", level)
    text = text.replace("  east: {}", "  east: {}\n  north: {}")
    text = text.replace(
        "length_km: 5}",
        "length_km: 5}\n  two: {between: [west, north], length_km: 5}\n  three: {between: [north, east], length_km: 5}",
    )
    text = text.replace("site: east}\n", "site: east}\n  up: {domain: government, role: edge, site: north}\n", 1)
    text = text.replace("[left, right]}", "[left, right]}\n  - {between: [left, up]}\n  - {between: [up, right]}")
    (folder / "design.yml").write_text(text + more, encoding="utf-8")


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp(NAME)
    design(folder, "level: L1")
    citynet("lab", "up", str(folder), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    citynet("deploy", str(folder), "--lab", NAME, "--quiet")
    yield Room(folder, lab)
    lab.down()


def deploy(room: Room) -> float:
    """Seconds that a deployment takes, all neighbours up at its end."""
    began = time.monotonic()
    done = citynet("deploy", str(room.design), "--lab", NAME, "--json")
    said = json.loads(done.stdout)
    print({name: [one[key] for key in ("status", "seconds") if key in one] for name, one in said["devices"].items()})
    return time.monotonic() - began


def line(room: Room, node: str, port: str = "eth1") -> dict[str, Any]:
    told = json.loads(room.lab.node(node, "cat /run/citynet/keys.json 2>/dev/null || echo '{\"users\": {}}'"))
    return {"state": "none", "channels": [], **told["users"].get(f"line {port}", {}), "alarms": told.get("alarms", [])}


def up(room: Room, wait_s: float = 60) -> bool:
    """Whether both ends of the line send by one channel under one key."""

    def same() -> bool:
        ends = [line(room, node) for node in ("left", "right")]
        return all(end["state"] == "up" and len(end["channels"]) == 1 for end in ends) and (
            ends[0]["key_id"] == ends[1]["key_id"]
        )

    return until(same, wait_s, 0.5)


def adjacent(room: Room) -> bool:
    return until(lambda: room.lab.node("left", "vtysh -c 'show isis neighbor'").count(" Up ") == 2, 30, 0.5)


class Probe:
    """What became of a stream of pings."""

    sent = received = 0
    gap_ms = 0.0


@contextmanager
def probing(room: Room, interval_ms: float = 1) -> Iterator[Probe]:
    ping = f"timeout -s INT 280 ping -D -i {interval_ms / 1000} {FAR}"
    argv = room.lab.ssh(room.lab.address("giver-1"), ping)
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    found = Probe()
    lines: list[str] = []
    assert process.stdout is not None
    lines += [process.stdout.readline() for _ in range(100)]
    try:
        yield found
    finally:
        room.lab.node("giver-1", "pkill -INT -x ping || true")
        said = "".join(lines) + process.communicate(timeout=60)[0]
        found.sent = int(re.search(r"(\d+) packets transmitted", said)[1])
        replies = [(float(reply[1]), int(reply[2])) for reply in REPLY.finditer(said)]
        found.received = len({number for _, number in replies})
        found.gap_ms = max(gaps(replies, found.sent, interval_ms), default=0.0)


def cut_gap(room: Room) -> float:
    """Milliseconds for which a stream over the line is lost when it is cut."""
    with probing(room) as probe:
        faults.apply(room.lab, "cut", LINE)
        time.sleep(3)
    faults.undo(room.lab, "cut", LINE)
    return probe.gap_ms


def change(room: Room, *names: str) -> None:
    """Give lines new keys, the line of the test when none is named."""
    path = room.design / "secrets.yml"
    new = {name: secrets.token_hex(16) for name in names or (SECRET,)}
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | new))


def marked(room: Room, port: str) -> bytes:
    """What the right router's port carries while a marked payload goes over it."""
    with captured(room.lab, [("right", port)]) as seen:
        room.lab.node("giver-1", f"ping -q -c 120 -i 0.02 -W 1 -p {MARKED} {FAR} || true")
    return seen["right", port]


def leaves_in_the_clear(room: Room) -> bool:
    """Whether the right router's end of the line sends anything but MACsec and MKA, though it has something to send."""
    with captured(room.lab, [("right", "eth1")], outgoing=True) as seen:
        room.lab.node("right", "ping -c 5 -i 0.2 -W 1 -I eth1s ff02::1 || true")
    return not {frame[12:14].hex() for frame in frames(seen["right", "eth1"])} <= {"88e5", "888e"}


def counter(room: Room, name: str) -> int:
    """The sum of a counter of the right router's receiving channels of the line."""
    total = 0
    for channel in "ab":
        said = room.lab.node("right", f"ip -s macsec show eth1s{channel}").partition("RXSC")[2]
        found = re.search(r"stats: ((?:In\w+ ?)+)\n +((?:\d+ *)+)", said)
        if found:
            total += dict(zip(found[1].split(), map(int, found[2].split()), strict=True))[name]
    return total


def test_from_clear_to_encrypted_in_one_deployment(room: Room) -> None:
    clear = cut_gap(room)
    assert adjacent(room)
    design(room.design, "level: L1, encryption: L2")
    change(room, SECRET, "macsec/left--up", "macsec/up--right")
    took = deploy(room)
    assert up(room)
    assert adjacent(room)
    encrypted = cut_gap(room)
    print(f"cut: {clear:.0f} ms in the clear, {encrypted:.0f} ms with MACsec; deployed in {took:.1f} s")
    assert encrypted < 1000
    assert up(room)


def test_nothing_on_the_line_can_be_read(room: Room) -> None:
    assert bytes.fromhex(MARKED) in marked(room, "eth1s")
    capture = marked(room, "eth1")
    kinds = {frame[12:14].hex() for frame in frames(capture)}
    assert kinds <= {"88e5", "888e"}
    assert "88e5" in kinds
    assert bytes.fromhex(MARKED) not in capture


@pytest.mark.parametrize(("far", "size"), [(FAR, 1472), (FAR6, 1452)])
def test_full_packets_pass_whole(room: Room, far: str, size: int) -> None:
    assert "bytes from" in room.lab.node("giver-1", f"ping -n -c 1 -W 1 -M do -s {size} {far} || true")


def test_a_new_key_loses_nothing(room: Room) -> None:
    assert up(room)
    before = line(room, "left")["key_id"]
    change(room)
    with probing(room) as probe:
        deploy(room)
        assert up(room)
    print(f"new CAK: {probe.sent - probe.received} of {probe.sent} lost")
    assert line(room, "left")["key_id"] != before
    assert probe.sent - probe.received <= 1  # one may be on its way when ping is stopped
    assert probe.gap_ms == 0


def test_a_key_is_in_its_file_alone(room: Room) -> None:
    key = yaml.safe_load((room.design / "secrets.yml").read_text())[SECRET]
    places = "/etc /run /var /tmp /root /usr/local $(ls /proc/[0-9]*/cmdline /proc/[0-9]*/environ)"
    look = f"grep -rlaF -f - {places} 2>/dev/null || true"
    argv = room.lab.ssh(room.lab.address("left"), look)
    done = subprocess.run(argv, input=key, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["/etc/citynet/keys.json"]
    assert room.lab.node("left", "stat -c %a /etc/citynet/keys.json").strip() == "600"


def test_the_agent_may_die_and_be_away(room: Room) -> None:
    with probing(room) as probe:
        room.lab.node("left", KILL_AGENT)
        time.sleep(3)
        room.lab.node("left", AGENT)
        assert up(room)
    print(f"agent killed: {probe.sent - probe.received} of {probe.sent} lost")
    assert probe.sent - probe.received <= 1  # one may be on its way when ping is stopped


def test_replayed_and_plain_frames_are_dropped(room: Room) -> None:
    seen = [frame for frame in frames(marked(room, "eth1")) if frame[12:14] == b"\x88\xe5"]
    mac = room.lab.node("left", "cat /sys/class/net/eth1/address").strip().replace(":", "")
    old = [frame.hex() for frame in seen if frame[6:12].hex() == mac][:5]
    assert len(old) == 5
    room.lab.node("giver-1", f"ping -q -c 200 -i 0.002 {FAR}")  # beyond the window
    late = counter(room, "InPktsLate")
    inject = f"python3 -c '{INJECT}' eth1 "
    room.lab.node("left", inject + " ".join(old))
    assert counter(room, "InPktsLate") == late + 5
    source, target = mac, room.lab.node("right", "cat /sys/class/net/eth1/address").strip().replace(":", "")
    loopback = ipaddress.ip_address(room.lab.plan.devices["right"].underlay.loopback)
    six = bytes([0x60, 0, 0, 0, 0, 8, 17, 64]) + ipaddress.ip_address("fd01:1:9::1").packed + loopback.packed
    four = bytes([0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0xF6, 0xCD, 192, 0, 2, 1, 192, 0, 2, 2])
    for kind, head, asked, pattern in (
        ("86dd", six, "cat /proc/net/dev_snmp6/eth1", r"Ip6InDiscards\s+(\d+)"),
        ("0800", four, "nft list chain inet citynet lines", r"counter packets (\d+)"),
    ):
        before = int(re.search(pattern, room.lab.node("right", asked))[1])
        frame = bytes.fromhex(target + source + kind) + head + bytes([0, 1, 0, 1, 0, 8, 0, 0])
        room.lab.node("left", inject + " ".join([frame.hex()] * 7))
        assert int(re.search(pattern, room.lab.node("right", asked))[1]) == before + 7
    assert until(lambda: line(room, "right")["state"] == "up", 10, 0.5)


def test_a_wpa_supplicant_that_dies_comes_back(room: Room) -> None:
    began = time.monotonic()
    with probing(room, 5) as probe:
        room.lab.node("left", KILL_MKA)
        assert until(lambda: line(room, "left")["state"] != "up", 5, 0.1)
        assert up(room, 40)
    print(f"wpa_supplicant killed: up again after {time.monotonic() - began:.1f} s, traffic gap {probe.gap_ms:.0f} ms")
    assert adjacent(room)


def test_a_wrong_key_forms_nothing_and_passes_nothing(room: Room) -> None:
    wrong = """
import json
told = json.load(open("/etc/citynet/keys.json"))
told["lines"][0]["secret"] = "ab" * 16
json.dump(told, open("/etc/citynet/keys.json", "w"))
"""
    right = room.lab.node("left", "cat /etc/citynet/keys.json")
    room.lab.node("left", FORGET)
    room.lab.node("left", f"python3 -c '{wrong}'; {AGENT}")
    try:
        assert until(lambda: line(room, "left")["state"] == "down", 20, 0.5)
        time.sleep(8)  # longer than MKA takes to give a peer up, and to take one
        assert line(room, "left")["state"] == line(room, "right")["state"] == "down"
        assert room.lab.node("left", "cat /sys/class/net/eth1s/carrier").strip() == "0"
        # Its other line, whose key is right, comes back meanwhile.
        assert until(lambda: room.lab.node("left", "vtysh -c 'show isis neighbor'").count(" Up ") == 1, 30, 0.5)
        assert line(room, "left")["state"] == line(room, "right")["state"] == "down"
        capture = marked(room, "eth1")
        assert {frame[12:14].hex() for frame in frames(capture)} <= {"888e"}
    finally:
        argv = room.lab.ssh(room.lab.address("left"), "cat > /etc/citynet/keys.json; pkill -HUP -x citynet-keys")
        subprocess.run(argv, input=right, text=True, check=True, timeout=30)
    assert up(room)
    assert adjacent(room)


def test_a_node_that_boots_has_its_lines_again(room: Room) -> None:
    began = time.monotonic()
    faults.apply(room.lab, "kill", "left")
    faults.undo(room.lab, "kill", "left")
    assert until(lambda: line(room, "left")["state"] == "up", 60, 0.5)
    print(f"booted: line up after {time.monotonic() - began:.1f} s")
    assert adjacent(room)


def test_where_it_may_a_line_without_a_key_is_open_and_says_so(room: Room) -> None:
    design(room.design, "level: L1, encryption: L2", "encryption: {open_lines: true}\n")
    deploy(room)
    assert up(room)
    room.lab.node("left", FORGET)
    assert until(lambda: line(room, "right")["state"] == "open", 40, 0.5)
    told = line(room, "right")["alarms"]
    assert any("IN THE CLEAR" in alarm["text"] for alarm in told)
    # What is open closes with the design that forbids it, key or no key, and opens with the one that allows it.
    assert leaves_in_the_clear(room)
    for more, state in (("", "down"), ("encryption: {open_lines: true}\n", "open")):
        design(room.design, "level: L1, encryption: L2", more)
        lonely = ("--limit", "right", "--deadline", "1")  # its neighbour stays away
        citynet("deploy", str(room.design), "--lab", NAME, "--quiet", *lonely, check=None)
        assert until(lambda state=state: line(room, "right")["state"] == state, 40, 0.5)
        assert bool(line(room, "right")["alarms"]) == leaves_in_the_clear(room) == (state == "open")
    room.lab.node("left", AGENT)
    assert up(room, 60)
    assert until(lambda: not line(room, "right")["alarms"], 10, 0.5)


def test_back_to_clear_leaves_nothing(room: Room) -> None:
    design(room.design, "level: L1")
    deploy(room)
    assert adjacent(room)
    left = room.lab.node(
        "left", "ls /sys/class/net; find /etc/citynet /usr/local/lib/citynet -type f; pgrep -l wpa_; true"
    )
    assert not re.search(r"eth1s|wpa_supplicant|keys", left)
    assert room.lab.node("left", "cat /proc/sys/net/ipv6/conf/eth1/disable_ipv6").strip() == "0"
