"""The programs that run on the nodes, as far as they need no node."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from citynet.levels import access, ssh_offer

if TYPE_CHECKING:
    from types import ModuleType

REMOTE = Path(access.__file__).parent / "remote"


def load(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(REMOTE))
    spec = importlib.util.spec_from_file_location(f"remote_{name}", REMOTE / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def replies(*numbers: int, spacing: float = 0.002) -> list[tuple[float, int]]:
    return [(100 + number * spacing, number) for number in numbers]


@pytest.mark.parametrize(
    ("got", "sent", "gaps"),
    [
        (replies(1, 2, 3, 4), 4, []),
        (replies(1, 2, 103, 104), 104, [202.0]),
        (replies(1, 2, 4, 5), 5, [4.0]),
        (replies(2, 1, 3, 4), 4, []),
        (replies(51, 52), 52, [100.0]),
        (replies(1, 2), 252, [500.0]),
        (replies(1, 2), 60, []),
        ([], 100, [200.0]),
        ([], 0, []),
        ([(100.0, 1), (100.5, 2)], 2, []),
    ],
    ids=[
        "whole",
        "gap",
        "one-lost",
        "reordered",
        "late-start",
        "dead-end",
        "in-flight",
        "deaf",
        "nothing",
        "late-but-there",
    ],
)
def test_gaps_count_lost_probes_only(
    got: list[tuple[float, int]], sent: int, gaps: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load("stream", monkeypatch).gaps(got, sent, 2.0) == pytest.approx(gaps)


NEIGHBORS = {
    "areas": [
        {
            "area": "CITY",
            "circuits": [
                {"circuit": 0},
                {"circuit": 0, "adj": "gov-core-b", "interface": "eth1", "level": 2, "state": "Up", "expires-in": "9s"},
            ],
        }
    ]
}
SESSIONS = {
    "default": {"vrfId": 0, "vrfName": "default", "fd01::1": {"bgpState": "Established", "authenticationEnabled": 1}},
    "sharing": {"vrfId": 7, "vrfName": "sharing", "fd02::1": {"bgpState": "Active"}},
}
RUNNING = """interface eth1
 ipv6 router isis CITY
 isis password md5 hush
exit
!
interface eth2
 ipv6 router isis CITY
exit
"""


def test_frr_answers_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    frr = load("frr", monkeypatch)
    answers = {"show isis neighbor json": NEIGHBORS, "show bgp vrf all neighbors json": SESSIONS}
    monkeypatch.setattr(frr, "vtysh", lambda *commands: json.dumps(answers[commands[0]]))
    assert frr.adjacencies() == [{"port": "eth1", "neighbor": "gov-core-b", "state": "Up"}]
    assert frr.sessions() == [
        {"address": "fd01::1", "vrf": "", "state": "Established", "authenticated": True},
        {"address": "fd02::1", "vrf": "sharing", "state": "Active", "authenticated": False},
    ]
    assert frr.signed_ports(RUNNING) == ["eth1"]


def test_several_answers_come_from_one_vtysh(monkeypatch: pytest.MonkeyPatch) -> None:
    frr = load("frr", monkeypatch)
    said = f"{json.dumps(NEIGHBORS)}\n{json.dumps(SESSIONS)}\n[]\nFRRouting 10.7.1 (x)\n{RUNNING}"
    monkeypatch.setattr(frr, "vtysh", lambda *_: said)
    neighbours, sessions, bfd, text = frr.ask_all("a", "b", "c")
    assert (neighbours, sessions, bfd) == (NEIGHBORS, SESSIONS, [])
    assert frr.signed_ports(text) == ["eth1"]
    monkeypatch.setattr(frr, "vtysh", lambda *_: "")
    assert frr.ask_all("a") == [{}, ""]


def test_frr_that_is_not_there_has_no_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    frr = load("frr", monkeypatch)
    monkeypatch.setattr(frr, "vtysh", lambda *_: "")
    assert frr.adjacencies() == frr.sessions() == []


RECORD = {
    "src_ip": "10.12.0.2",
    "dest_ip": "10.11.0.2",
    "orig.ip.protocol": 6,
    "orig.l4.sport": 42000,
    "orig.l4.dport": 8443,
    "orig.raw.pktlen": 21000,
    "reply.raw.pktlen": 22000,
    "flow.start.sec": 1790000000,
}


def ask_records(file: Path, port: int) -> dict[str, Any]:
    flow = {"source": "10.12.0.2", "source_port": port, "destination": "10.11.0.2", "destination_port": 8443}
    asked = {"flows": [flow], "file": str(file), "until_s": 0}
    done = subprocess.run(
        [sys.executable, REMOTE / "records.py", json.dumps(asked)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)[0]["record"]


def test_a_record_is_found_by_its_flow(tmp_path: Path) -> None:
    file = tmp_path / "flows.json"
    file.write_text("not json\n" + json.dumps(RECORD) + "\n" + '{"half": ')
    assert ask_records(file, 42000) == {
        "source": "10.12.0.2",
        "source_port": "42000",
        "destination": "10.11.0.2",
        "destination_port": "8443",
        "protocol": "6",
        "time": "1790000000",
        "bytes": "43000",
    }
    assert ask_records(file, 42001) == {}
    assert ask_records(tmp_path / "none.json", 42000) == {}


def test_knocking_tells_open_refused_and_echoed_apart() -> None:
    answerer = subprocess.Popen(
        [sys.executable, REMOTE / "answer.py", json.dumps({"tcp": [18443], "udp": [18443]})],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert answerer.stdout
    try:
        assert json.loads(answerer.stdout.readline()) == {"tcp": [18443], "udp": [18443]}
        asked = {
            "targets": ["127.0.0.1"],
            "flows": [["tcp", 18443], ["tcp", 18444], ["udp", 18443], ["udp", 18444]],
            "wait_s": 3.0,
        }
        done = subprocess.run(
            [sys.executable, REMOTE / "knock.py", json.dumps(asked)], capture_output=True, text=True, check=True
        )
    finally:
        said = answerer.communicate()[0]
    assert [item["answer"] for item in json.loads(done.stdout)] == ["open", "refused", "reply", "refused"]
    assert answerer.returncode == 0
    assert json.loads(said) == [["tcp", 18443, "127.0.0.1"], ["udp", 18443, "127.0.0.1"]]


def kexinit(*lists: str) -> bytes:
    payload = (
        bytes([20]) + bytes(16) + b"".join(len(text).to_bytes(4, "big") + text.encode() for text in lists) + bytes(5)
    )
    packet = bytes([4]) + payload + bytes(4)
    return len(packet).to_bytes(4, "big") + packet


@pytest.mark.parametrize(
    ("said", "ciphers"),
    [
        (
            b"SSH-2.0-x\r\n" + kexinit("kex", "key", "up", "aes256-ctr,aes128-cbc", "mac"),
            ["aes256-ctr", "aes128-cbc"],
        ),
        (b"hello\r\nSSH-2.0-x\r\n" + kexinit("kex", "key", "", "", "mac"), []),
        (b"220 ftp\r\n", []),
        (b"SSH-2.0-x\r\n\x00\x00\x00\x03\x00\x15\x00", []),
    ],
    ids=["ssh", "none", "not-ssh", "other-packet"],
)
def test_an_ssh_servers_offer_is_read(said: bytes, ciphers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(ssh_offer, "PORT", server.getsockname()[1])

        def serve() -> None:
            peer, _ = server.accept()
            with peer:
                peer.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        assert ssh_offer.ciphers("127.0.0.1") == ciphers
        thread.join()


@pytest.mark.parametrize("dead", ["", "bgpd", "isisd", "bfdd"])
def test_a_snapshot_asks_only_daemons_that_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], dead: str
) -> None:
    snapshot = load("snapshot", monkeypatch)
    running = {name: 1.0 for name in snapshot.DAEMONS if name != dead}
    answers = {"isisd": NEIGHBORS, "bgpd": SESSIONS, "bfdd": [{"status": "up"}]}

    def vtysh(*commands: str) -> str:
        """As the real one: it stops at the first command whose daemon does not run."""
        said = []
        for command in commands:
            daemon = next((name for name, asked in snapshot.QUESTIONS.items() if asked == command), "")
            if daemon == dead != "":
                break
            said.append(json.dumps(answers[daemon]) if daemon else f"FRRouting 10.7.1 (x)\n{RUNNING}")
        return "\n".join(said)

    monkeypatch.setattr(snapshot.frr, "vtysh", vtysh)
    monkeypatch.setattr(snapshot, "processes", lambda: (running, 1.0, 1.0))
    monkeypatch.setattr(snapshot, "listeners", lambda _: [])
    monkeypatch.setattr(snapshot.shutil, "which", lambda _: "/usr/bin/vtysh")
    monkeypatch.setattr(sys, "argv", ["snapshot", json.dumps({"name": "r", "platform": "p", "management": "::1"})])
    snapshot.main()
    shot = json.loads(capsys.readouterr().out)
    assert shot["software"]["frr"] == "10.7.1"
    assert shot["signed_ports"] == ["eth1"]
    assert bool(shot["adjacencies"]) == (dead != "isisd")
    assert bool(shot["sessions"]) == (dead != "bgpd")
    assert shot["bfd_up"] == (dead != "bfdd")
