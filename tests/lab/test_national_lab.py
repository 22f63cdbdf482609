"""SM4 on real routers: services of every kind, closed without keys, changed without a gap, gone without a trace.

The tests stand in order: the last one takes the encryption away.
"""

from __future__ import annotations

import base64
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from captures import EVERY, captured, file_of
from lab_room import ROOT, Room, citynet

from citynet.lab import Lab, faults
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


NAME = "national"
CORES = ("north", "south")
EDGES = ("west", "east")
LINES = [(node, EVERY) for node in CORES]
MARKER = "PLAINTEXT-marker"
PATTERN = MARKER.encode().hex()
# Who asks, an address of who answers, what is done; each packet carries the marker.
FLOWS = [
    ("bureau-1", "10.11.0.18"),
    ("bureau-1", "fd11:0:0:1::2"),
    ("wire-1", "10.13.0.2"),
    ("wire-1", "fd13::2"),
    ("lan-1", "10.14.0.2"),
    ("lan-1", "fd14::2"),
]
SEND = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(MARKER * int(sys.argv[2]), ("10.12.0.18", int(sys.argv[1])))
"""
RECEIVE = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", int(sys.argv[1]))); s.settimeout(10)
print("ready", flush=True)
print(len(s.recv(65535)))
"""
LISTED = f"tcpdump -nnr {file_of()} -v 2>/dev/null | tr -d '\\n' | sed 's/[0-9:]*\\.[0-9]* eth/\\n&/g'"
REPLAY = """
import socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind(("eth2", 3)); s.settimeout(20)
while True:
    frame, where = s.recvfrom(9999)
    if where[2] == 4 and frame[20] in (43, 50) and len(frame) > 200:
        break
for _ in range(5):
    s.send(frame)
"""


def python(program: str, *words: str) -> str:
    coded = base64.b64encode(program.replace("MARKER", f"b'{MARKER}'").encode()).decode()
    return f"echo {coded} | base64 -d > /tmp/p-$$.py; python3 /tmp/p-$$.py {' '.join(words)}"


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """The golden case `national`, deployed."""
    design = tmp_path_factory.mktemp(NAME)
    text = (ROOT / "tests/golden/cases/national/design.yml").read_text(encoding="utf-8")
    (design / "design.yml").write_text(text, encoding="utf-8")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    citynet("deploy", str(design), "--lab", NAME, "--quiet")
    yield Room(design, lab)
    lab.down()


def change(room: Room, old: str, new: str) -> None:
    design = room.design / "design.yml"
    text = design.read_text(encoding="utf-8")
    assert old in text
    design.write_text(text.replace(old, new), encoding="utf-8")
    citynet("deploy", str(room.design), "--lab", NAME, "--quiet")


def tunnels(room: Room, node: str = "west") -> dict[str, dict[str, Any]]:
    said = room.lab.node(node, "cat /run/citynet/keys.json 2>/dev/null || true")
    users: dict[str, dict[str, Any]] = json.loads(said)["users"] if said.strip() else {}
    return users


def up(room: Room) -> bool:
    states = [one["state"] for node in EDGES for one in tunnels(room, node).values()]
    return len(states) == 8 and set(states) <= {"up", "changing"}


def passes(room: Room, host: str, address: str) -> bool:
    return "bytes from" in room.lab.node(host, f"ping -n -c 1 -W 1 -p {PATTERN} -s 64 {address} || true")


def all_pass(room: Room) -> bool:
    return all(passes(room, *flow) for flow in FLOWS)


def udp(room: Room, port: int, words: int) -> None:
    """A datagram of so many words from one host of `notices` to the other."""
    room.lab.node("notice-2", f"({python(RECEIVE, str(port))}) > /tmp/udp-{port} 2>&1 &")
    said = f"cat /tmp/udp-{port}"
    assert until(lambda: "ready" in room.lab.node("notice-2", said), 10)
    room.lab.node("notice-1", python(SEND, str(port), str(words)))
    assert until(lambda: str(words * len(MARKER)) in room.lab.node("notice-2", said), 10)


def test_every_kind_of_service_is_encrypted(room: Room) -> None:
    assert until(lambda: up(room), 60)
    assert until(lambda: all_pass(room), 60)
    with captured(room.lab, LINES, "ip6") as seen:
        assert all_pass(room)
        for words in (2, 300):  # the second goes in fragments, of which only the first has ports
            udp(room, 7000, words)
    for one in seen.values():
        assert one.count(MARKER.encode()) == 0
        assert MARKER[4:12].encode() not in one
    everywhere = "".join(room.lab.node(node, LISTED) for node in CORES)
    by_south = room.lab.node("south", LISTED)
    for tunnel in settings(room, "west"):
        inner = f"{tunnel['local']} > {tunnel['remote']}: ESP"
        assert inner in everywhere
        # Those with a path go by the trusted core, inside its segments; the slice stands on the outside of everything.
        if tunnel["name"] in {"sharing--east", "wire--east"}:
            outer = next(line for line in by_south.splitlines() if inner in line)
            assert "RT6" in outer
            assert ("class 0x04, flowlabel 0x01" in outer) == (tunnel["name"] == "sharing--east")


@pytest.mark.parametrize(("host", "address"), FLOWS)
def test_full_packets_pass_whole(room: Room, host: str, address: str) -> None:
    """With 1500 bytes; those of `bureau-1` and `wire-1` have a path around the encryption."""
    size = 1500 - (48 if ":" in address else 28)
    assert "bytes from" in room.lab.node(host, f"ping -n -c 1 -W 1 -M do -s {size} {address} || true")


def settings(room: Room, node: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(room.lab.node(node, "cat /etc/citynet/keys.json"))["tunnels"]
    return found


def test_what_needs_none_goes_in_the_clear_and_would_be_seen(room: Room) -> None:
    """The proof that the captures can see: another port of the service of which only an application is encrypted."""
    with captured(room.lab, LINES, "ip6") as seen:
        udp(room, 7005, 2)
    assert sum(one.count(MARKER.encode()) for one in seen.values()) >= 2


def test_a_router_says_nothing_of_its_own_in_an_encrypted_service(room: Room) -> None:
    with captured(room.lab, LINES, "ip6") as seen:
        said = room.lab.node("west", f"ip vrf exec sharing ping -c 2 -W 1 -p {PATTERN} -s 64 10.11.0.18 || true")
        room.lab.node("west", f"ip vrf exec sharing ping -c 2 -W 1 -p {PATTERN} -s 64 fd11:0:0:1::2 || true")
        # A packet that dies at the far router: its error would quote it.
        room.lab.node("bureau-1", f"ping -c 2 -W 1 -t 2 -p {PATTERN} -s 64 10.11.0.18 || true")
    assert " 100% packet loss" in said
    assert sum(one.count(MARKER.encode()) for one in seen.values()) == 0


def test_algorithm_is_seen_and_keys_are_not(room: Room) -> None:
    listed = room.lab.node("west", "ip xfrm state list nokeys")
    assert listed.count("enc cbc(sm4) <<Keys hidden>>") == 8
    assert listed.count("auth-trunc hmac(sm3) <<Keys hidden>> 256") == 8
    keys = set(re.findall(r"0x([0-9a-f]{32,64})\b", room.lab.node("west", "ip xfrm state list")))
    assert len(keys) == 16
    keys |= {tunnel["secret"] for tunnel in settings(room, "west")}
    look = "/proc/[0-9]*/cmdline /proc/[0-9]*/environ /var/log/citynet/* /run/citynet/*.json /run/citynet/sm4/*"
    told = room.lab.node("west", f"cat {look} 2>/dev/null | tr '\\0' ' '")
    told += "".join(
        file.read_text(encoding="utf-8", errors="replace")
        for folder in (room.design, room.lab.state_dir)
        for file in folder.rglob("*")
        if file.is_file() and not file.is_symlink() and file.stat().st_size < 1_000_000 and "secret" not in file.name
    )
    told += citynet("deploy", str(room.design), "--lab", NAME, "--check", "--json", check=None).stdout
    assert "tunnel sharing--east" in told
    assert [key[:4] for key in keys if key in told] == []


def errors(room: Room) -> str:
    """Packets that came for no association that there is, or did not fit theirs, since the router is up."""
    return room.lab.node("west", r"grep -P '^Xfrm(In|Fwd)\w+\s+[1-9]' /proc/net/xfrm_stat || true")


def test_keys_change_under_a_stream_without_a_loss(room: Room) -> None:
    change(room, "sites:", "encryption: {rotate_s: 5, hold_s: 20}\nsites:")
    before = {name: one["key_id"] for name, one in tunnels(room).items()}
    earlier = errors(room)
    probe = "ping -q -c 12000 -i 0.001 {} > /tmp/probe 2>&1 & echo $! > /tmp/probe.pid"
    streams = [FLOWS[0], FLOWS[2], FLOWS[4]]
    for host, address in streams:
        room.lab.node(host, probe.format(address))
    ids = {name: {key} for name, key in before.items()}

    def over() -> bool:
        for name, one in tunnels(room).items():
            ids[name].add(one["key_id"])
        return all("packets" in room.lab.node(host, "cat /tmp/probe") for host, _ in streams)

    assert until(over, 90, 1.0)
    for host, _ in streams:
        said = room.lab.node(host, "cat /tmp/probe")
        print(host, " ".join(said.split("---")[-1].split()))
        assert "12000 packets transmitted, 12000 received" in said
    print("keys used:", {name: len(found) for name, found in ids.items()})
    assert all(len(found) >= 3 for found in ids.values())
    assert errors(room) == earlier
    change(room, "encryption: {rotate_s: 5, hold_s: 20}\n", "")


def test_a_replayed_packet_is_dropped_and_counted(room: Room) -> None:
    assert until(lambda: all_pass(room), 30)
    before = {name: one.get("replayed", 0) for name, one in tunnels(room, "east").items()}
    room.lab.node("south", f"({python(REPLAY)}) > /tmp/replay 2>&1 & echo $! > /tmp/replay.pid")
    over = "kill -0 $(cat /tmp/replay.pid) 2>/dev/null && echo runs || echo over"
    assert until(lambda: passes(room, *FLOWS[0]) and "over" in room.lab.node("south", over), 15)
    assert room.lab.node("south", "cat /tmp/replay") == ""
    after = {name: one.get("replayed", 0) for name, one in tunnels(room, "east").items()}
    assert until(
        lambda: sum(one.get("replayed", 0) for one in tunnels(room, "east").values()) - sum(before.values()) == 5, 10
    ), (before, after)


def test_without_keys_nothing_passes_and_nothing_leaks(room: Room) -> None:
    for node in EDGES:
        room.lab.node(node, "kill $(pgrep -x citynet-keys); ip xfrm state flush")
    with captured(room.lab, LINES, "ip6") as seen:
        assert not any(passes(room, *flow) for flow in FLOWS)
        room.lab.node("notice-1", python(SEND, "7000", "2"))
        room.lab.node("notice-1", python(SEND, "7000", "300"))
        # The same with the policies gone, too: the packet filter stands by itself.
        room.lab.node("west", "ip xfrm policy flush")
        assert not any(passes(room, *flow) for flow in FLOWS)
        room.lab.node("notice-1", python(SEND, "7000", "2"))
    assert sum(one.count(MARKER.encode()) for one in seen.values()) == 0
    deployed = citynet("deploy", str(room.design), "--lab", NAME, "--json")
    assert {name for name, one in json.loads(deployed.stdout)["devices"].items() if one["status"] == "changed"} == {
        *EDGES
    }
    assert until(lambda: up(room) and all_pass(room), 60)


def test_a_far_end_in_the_clear_gets_nothing_in(room: Room) -> None:
    """What comes to the ends without having been decrypted goes no further, whoever sent it."""
    room.lab.node("west", "nft flush chain inet citynet encryption_in; nft flush chain inet citynet encryption_own")
    assert not passes(room, *FLOWS[0])
    dropped = room.lab.node("east", "nft list chain inet citynet encryption_out")
    assert re.search(r"packets [1-9]\d* bytes \d+ drop", dropped)
    citynet("deploy", str(room.design), "--lab", NAME, "--quiet")
    assert until(lambda: all_pass(room), 30)


def test_it_comes_back_from_a_restart_with_new_keys_and_says_nothing_before(room: Room) -> None:
    before = {one["key_id"] for one in tunnels(room).values()}
    with captured(room.lab, LINES, "not port 179") as seen:
        for host, address in FLOWS:  # all the while that it boots
            stream = f"timeout 120 ping -i 0.1 -s 64 -p {PATTERN} {address}"
            room.lab.node(host, f"{stream} >/dev/null 2>&1 & echo $! >> /tmp/stream.pids")
        faults.apply(room.lab, "kill", "west")
        faults.undo(room.lab, "kill", "west")
        assert until(lambda: "citynet-keys" in room.lab.node("west", "pgrep -lx citynet-keys || true"), 60)
        assert until(lambda: up(room) and all_pass(room), 90)
        for host in {host for host, _ in FLOWS}:
            room.lab.node(host, "kill $(cat /tmp/stream.pids) 2>/dev/null; rm /tmp/stream.pids")
    for one in seen.values():
        assert len(one) > 10_000
        assert MARKER[4:12].encode() not in one
    assert not before & {one["key_id"] for one in tunnels(room).values()}
    done = citynet("deploy", str(room.design), "--lab", NAME, "--json")
    assert all(one["status"] == "unchanged" for one in json.loads(done.stdout)["devices"].values())


def test_without_encryption_nothing_is_left(room: Room) -> None:
    change(room, "commercial", "public")
    assert until(lambda: all_pass(room), 60)
    for node in EDGES:
        left = room.lab.node(
            node, "ip xfrm policy; ip xfrm state list nokeys; nft list ruleset; ip link; pgrep -lx citynet-keys || true"
        )
        left += room.lab.node(node, "find /etc/citynet /run/citynet /usr/local/lib/citynet /etc/systemd -type f")
        assert not re.search(r"esp|encrypt|enc0|citynet-keys|keys\.json|sm4|xfrm", left), left
