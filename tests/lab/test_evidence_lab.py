"""Evidence of real flows: what borders write becomes records, each once, over a rotation; identifiers; alarms."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab_room import HERE, Room, citynet

from citynet.evidence.reading import Found, Wanted, records
from citynet.evidence.verifying import verify
from citynet.lab import Lab
from citynet.lab.waiting import until
from citynet.platforms.whitebox.device import events

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "evidence"
BORDERS = ("gov-border", "cross-border")
PORT, SENT, ANSWERED = 8443, 1000, 500
FLOWS = "/var/log/citynet/flows.json"

SERVER = f"""
import os, socket
listener = socket.create_server(("::", {PORT}), family=socket.AF_INET6, dualstack_ipv6=True)
if os.fork():
    os._exit(0)
os.setsid()
for descriptor in range(3):
    os.close(descriptor)
while True:
    one, _ = listener.accept()
    got = 0
    while got < {SENT}:
        got += len(one.recv({SENT}))
    one.sendall(b"a" * {ANSWERED})
    try:
        one.recv(1)
    except ConnectionResetError:
        pass
    one.close()
"""
# The client resets, so that connection tracking forgets the flow after ten seconds instead of two minutes.
CLIENT = f"""
import socket, struct, sys
one = socket.socket(socket.AF_INET6 if ":" in "@" else socket.AF_INET)
one.bind(("", #))
one.settimeout(10)
one.connect(("@", {PORT}))
one.sendall(b"s" * {SENT})
got = 0
while got < {ANSWERED}:
    got += len(one.recv({ANSWERED}))
one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
one.close()
"""


# Sockets whose packets carry an identifier: the destination options header as IPV6_DSTOPTS (RFC 3542, 9) takes it.
TAGS = """
import os, socket, struct, sys
def tagged(kind, number, bound=("::", 0)):
    one = socket.socket(socket.AF_INET6, kind)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if number:
        one.setsockopt(socket.IPPROTO_IPV6, 59, struct.pack(">4BI", 0, 0, 3, 4, number))
    one.bind(bound)
    one.settimeout(2)
    return one
def alone():
    if os.fork():
        os._exit(0)
    os.setsid()
    for descriptor in range(3):
        os.close(descriptor)
"""
TAKER = f"""
listener = tagged(socket.SOCK_STREAM, #, ("::", {PORT}))
listener.listen()
listener.settimeout(None)
alone()
while True:
    one, _ = listener.accept()
    one.sendall(b"a")
    one.close()
"""
# Answers each datagram with the identifier that the datagram names.
ANSWERER = """
listener = tagged(socket.SOCK_DGRAM, 0, ("::", 9000))
listener.settimeout(None)
alone()
while True:
    data, where = listener.recvfrom(100)
    listener.setsockopt(socket.IPPROTO_IPV6, 59, struct.pack(">4BI", 0, 0, 3, 4, int(data)))
    listener.sendto(b"a", where)
"""
ASK = """
one = tagged(socket.SOCK_DGRAM, #, ("::", ?))
one.sendto(b"!", ("@", 9000))
try:
    print(one.recv(100))
except TimeoutError:
    print("nothing")
"""
OPEN = f"""
one = tagged(socket.SOCK_STREAM, #, ("::", ?))
try:
    one.connect(("@", {PORT}))
    print(one.recv(100))
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
except TimeoutError:
    print("nothing")
"""


def number(room: Room, name: str) -> int:
    return room.lab.plan.identifiers[name].number if name else 0


def labelled(room: Room, port: int, name: str, answers: str = "") -> bool:
    """Send with an identifier, over UDP where the answers have one of their own; whether an answer came."""
    start, end = ("archive-1", "trader-1") if answers else ("trader-1", "archive-1")
    program = TAGS + (ASK if answers else OPEN)
    for mark, value in (("@", room.lab.plan.hosts[end].address(6)), ("?", port), ("!", number(room, answers))):
        program = program.replace(mark, str(value))
    said = room.lab.node(start, f"python3 - <<'PROGRAM'\n{program.replace('#', str(number(room, name)))}\nPROGRAM")
    return "b'a'" in said


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("evidence")
    shutil.copy(HERE / "evidence.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet", limit_s=600)
    lab = Lab.load(NAME)
    try:
        citynet("deploy", str(design), "--lab", NAME, "--quiet", limit_s=600)
        made = Room(design, lab)
        assert until(lambda: all(echoes(made, version) for version in (4, 6)), 60)
        python(made, "data-bureau-1", SERVER)
        python(made, "archive-1", TAGS + TAKER.replace("#", str(number(made, "shared"))))
        python(made, "trader-1", TAGS + ANSWERER)
        yield made
    finally:
        lab.down()


def python(room: Room, node: str, program: str) -> None:
    room.lab.node(node, f"python3 - <<'PROGRAM'\n{program}\nPROGRAM")


def echoes(room: Room, version: int) -> bool:
    far = room.lab.plan.hosts["exchange-1"].address(version)
    return " 0% packet loss" in room.lab.node("data-bureau-1", f"ping -n -c 2 -i 0.2 -W 1 {far} || true")


def send(room: Room, version: int, port: int) -> None:
    far = room.lab.plan.hosts["data-bureau-1"].address(version)
    python(room, "exchange-1", CLIENT.replace("@", far).replace("#", str(port)))


def collected(room: Room, store: Path, ports: set[int]) -> list[Found]:
    """Collect until flows from these ports are in the store from both borders; all that crossed."""

    def crossed() -> list[Found]:
        return [item for item in records(store, Wanted()) if item.record.outcome == "crossed"]

    def there() -> bool:
        citynet("evidence", "collect", str(store), str(room.design), "--lab", NAME, "--quiet")
        found = {(item.record.border, item.record.source.port) for item in crossed()}
        return {(border, port) for border in BORDERS for port in ports} <= found

    assert until(there, 90)
    return crossed()


def test_flows_become_records_once_and_over_a_rotation(room: Room, tmp_path: Path) -> None:
    store = tmp_path / "store"
    send(room, 4, 41001)
    send(room, 6, 41002)
    found = collected(room, store, {41001, 41002})
    for border in BORDERS:
        room.lab.node(border, f"mv {FLOWS} {FLOWS}.1 && kill -HUP $(cat /run/ulog/ulogd.pid)")
    send(room, 4, 41003)
    found = collected(room, store, {41001, 41002, 41003})
    tcp = [item.record for item in found if item.record.protocol == 6]
    assert sorted((record.border, record.source.port) for record in tcp) == sorted(
        (border, port) for border in BORDERS for port in (41001, 41002, 41003)
    )
    for record in tcp:
        assert record.source.participant == "exchange"
        assert record.destination.participant == "data-bureau"
        assert record.direction == ("inward" if record.border == "gov-border" else "outward")
        assert [policy.result for policy in record.policies] == ["allow"]
        assert record.load.bytes_sent > SENT
        assert record.load.bytes_returned > ANSWERED
        assert record.path == ["cross-pe-west", "cross-border", "gov-border", "gov-pe-west"]
        assert record.start <= record.end
    pings = {(item.record.protocol, item.record.icmp_type) for item in found if item.record.protocol != 6}
    assert pings == {(1, 8), (58, 128)}
    kept = [json.loads(line) for path in store.glob("*.jsonl") for line in path.read_bytes().splitlines()]
    assert not [line for line in kept if line["kind"] == "unread"]
    assert verify(store).verdict == "intact"


def test_an_identifier_crosses_by_the_list_and_stands_in_the_record_of_both_borders(room: Room, tmp_path: Path) -> None:
    assert until(lambda: labelled(room, 0, "shared"), 30)
    assert labelled(room, 42001, "shared")
    assert labelled(room, 42002, "files", "trades")
    # Rights and the fence let these cross; the list does not: on the way there, and on the way back.
    assert not labelled(room, 42003, "shared", "trades")
    assert not labelled(room, 42004, "files", "shared")
    assert not labelled(room, 42005, "trades")
    assert not labelled(room, 42006, "")
    for border in BORDERS:
        room.lab.node(border, "conntrack -D -p udp >/dev/null 2>&1; true")
    found = collected(room, tmp_path / "store", {42001, 42002})
    crossed = [item.record for item in found if item.record.crossing == "labelled"]
    seen = {(item.border, item.source.port, item.identifier, item.answer_identifier) for item in crossed}
    both, files, trades = (number(room, name) for name in ("shared", "files", "trades"))
    assert {item for item in seen if item[1] in {42001, 42002}} == {
        (border, *what) for border in BORDERS for what in ((42001, both, both), (42002, files, trades))
    }
    assert not {port for _, port, _, _ in seen} & {42003, 42005, 42006}
    for record in (item for item in crossed if item.source.port in {42001, 42002}):
        rule = "labelled/allow-1" if record.source.port == 42001 else "labelled/allow-2"
        assert [(item.policy, item.rule, item.result) for item in record.policies] == [
            ("interconnect", rule, "allow"),
            ("fence", "in-town", "allow"),
            ("fence", "in-town", "allow"),
        ]
    again = citynet("deploy", str(room.design), "--lab", NAME, "--json")
    assert '"changed": true' not in again.stdout
    refused_are_told(room, tmp_path / "store")


def refused_are_told(room: Room, store: Path) -> None:
    """Each of the flows that did not cross has a record of the device that refused it."""
    wanted = {
        (42003, "gov-border", "shared", "interconnect", "labelled"),
        (42004, "cross-border", "shared", "interconnect", "labelled"),
        (42005, "cross-border", "trades", "interconnect", "labelled"),
        (42006, "cross-pe-west", "", "fence", "untagged"),
    }
    found: dict[tuple[int, str, str, str, str], Found] = {}

    def told() -> bool:
        citynet("evidence", "collect", str(store), str(room.design), "--lab", NAME, "--quiet")
        names = {number(room, name): name for name in ("files", "trades", "shared", "")}
        for item in records(store, Wanted(refused=True)):
            record, (policy,) = item.record, item.record.policies
            ports = {record.source.port, record.destination.port} & set(range(42001, 42007))
            where = (record.border, names.get(record.identifier, "?"), policy.policy, policy.rule)
            found.update({(port, *where): item for port in ports})
        print(sorted(found))
        return wanted <= found.keys()

    assert until(told, 60, 2)
    for item in found.values():
        record = item.record
        assert record.policies[0].result == "deny"
        assert record.load.packets_sent > 0
        assert record.load.packets_returned == 0
        assert {record.source.participant, record.destination.participant} == {"archive", "trader"}
        assert record.path[-1] == record.border
    exported = citynet("evidence", "export", str(store), "--refused", "--format", "csv").stdout
    assert exported.count(",refused,") >= len({item.seq for item in found.values()})


def test_an_alarm_of_an_edge_is_told_within_five_seconds(room: Room, tmp_path: Path) -> None:
    program = Path(events.__file__).read_text(encoding="utf-8")
    room.lab.node("gov-pe-west", f"cat > /root/events.py <<'PROGRAM'\n{program}PROGRAM")
    command = [sys.executable, "-m", "citynet", "evidence", "collect", str(tmp_path / "store"), str(room.design)]
    following = subprocess.Popen([*command, "--lab", NAME, "--follow", "--json"], stdout=subprocess.PIPE, text=True)
    assert following.stdout is not None
    took = []
    try:
        for verdict in ("deny", "withdrawn", "deny"):
            said = json.dumps({"kind": "access", "subject": "archive", "verdict": verdict, "alarm": True})
            room.lab.node("gov-pe-west", f"echo '{said}' | python3 /root/events.py")
            began = time.monotonic()
            told = json.loads(following.stdout.readline())
            took.append(time.monotonic() - began)
            assert (told["device"], told["verdict"]) == ("gov-pe-west", verdict)
    finally:
        following.send_signal(2)
        following.communicate(timeout=60)
    print("alarms after", ", ".join(f"{one:.1f} s" for one in took))
    assert max(took[1:]) <= 5  # the first one is told when the collector has started
    assert verify(tmp_path / "store").events == 3
