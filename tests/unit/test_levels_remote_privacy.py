"""The programs that look at encryption on the nodes, as far as they need no node."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from test_levels_remote import REMOTE, load


def ipv6(kind: int, payload: bytes) -> bytes:
    return struct.pack("!IHBB", 0x60000000, len(payload), kind, 64) + bytes(32) + payload


def header(kind: int, following: int, length: int = 0) -> bytes:
    del kind
    return bytes([following, length]) + bytes(6 + 8 * length)


def frame(kind: int, payload: bytes, *tags: int) -> bytes:
    return bytes(12) + b"".join(struct.pack("!HH", tag, 7) for tag in tags) + struct.pack("!H", kind) + payload


@pytest.mark.parametrize(
    ("packet", "found"),
    [
        (ipv6(50, b"esp"), 50),
        (ipv6(6, b"tcp"), 6),
        (ipv6(43, header(43, 50, 2) + b"esp"), 50),
        (ipv6(60, header(60, 44) + header(44, 50) + b"esp"), 50),
        (ipv6(41, ipv6(50, b"esp")), 50),
        (ipv6(43, header(43, 41) + ipv6(17, b"udp")), 17),
        (ipv6(4, b"ipv4"), 4),
        (ipv6(43, b"\x32"), 43),
        (b"\x60", -1),
        (b"", -1),
    ],
)
def test_what_comes_next_in_a_packet(packet: bytes, found: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load("wire", monkeypatch).next_header(packet) == found


@pytest.mark.parametrize(
    ("bytes_", "kind", "at"),
    [
        (frame(0x88E5, b"x"), 0x88E5, 14),
        (frame(0x86DD, b"x", 0x8100), 0x86DD, 18),
        (frame(0x88E5, b"x", 0x88A8, 0x8100), 0x88E5, 22),
        (b"short", 0, 5),
    ],
)
def test_kinds_of_frames(bytes_: bytes, kind: int, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load("wire", monkeypatch).ethertype(bytes_) == (kind, at)


def test_marks_are_found_wherever_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = load("wire", monkeypatch).Seen(["<m1>", "<m2>"])
    seen.look(frame(0x86DD, ipv6(17, b"..<m1>..")))
    seen.look(frame(0x86DD, ipv6(50, b"opaque")))
    seen.look(frame(0x88E5, b"opaque"))
    macs = "00:00:00:00:00:00 > 00:00:00:00:00:00"
    assert seen.told() == {
        "frames": 3,
        "kinds": {"0x86dd": 2, "0x88e5": 1},
        "examples": {"0x86dd": [f"{macs}, :: > ::, next header {kind}" for kind in (17, 50)], "0x88e5": [macs]},
        "plain": {"<m1>": 1, "<m2>": 0},
        "esp": 1,
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (frame(0x0800, bytes(9) + b"\x01" + bytes(2) + bytes([192, 0, 2, 1, 192, 0, 2, 2])), "192.0.2.1 > 192.0.2.2"),
        (frame(0x0800, b"short"), "00:00:00:00:00:00 > 00:00:00:00:00:00"),
        (b"\xff\xff", " > ff:ff"),
    ],
)
def test_a_frame_is_told_by_its_ends(content: bytes, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = load("wire", monkeypatch)
    assert said in wire.ends(content, *wire.ethertype(content))


def test_the_first_frames_of_a_kind_are_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = load("wire", monkeypatch).Seen([])
    for _ in range(9):
        seen.look(frame(0x88E5, b"opaque"))
    assert (seen.kinds["0x88e5"], len(seen.examples["0x88e5"])) == (9, 4)


AS_ROOT = ["--user", "--map-root-user"] if os.geteuid() else []
LINE = "ip link set lo up; ip link add name w0 type veth peer name w1; ip link set w0 up; ip link set w1 up"
IN_LINE = ["unshare", *AS_ROOT, "--net", "sh", "-ec", f'{LINE}; exec "$@"', "sh"]
HAS_LINE = bool(shutil.which("unshare")) and not subprocess.run([*IN_LINE, "true"], check=False).returncode

# `lo` has a packet just before each socket is bound.
BUSY_ELSEWHERE = """
import runpy, socket, sys
bind = socket.socket.bind
def busy(self, place):
    socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).sendto(b"elsewhere", ("::1", 9))
    bind(self, place)
socket.socket.bind = busy
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.mark.skipif(not HAS_LINE, reason="needs Linux and the right to make a network namespace")
def test_frames_of_other_interfaces_are_none_of_the_line() -> None:
    words = [sys.executable, "-c", BUSY_ELSEWHERE, str(REMOTE / "wire.py")]
    told = json.dumps({"interfaces": ["lo", "w0"], "outgoing": [], "marks": []})
    done = subprocess.run([*IN_LINE, *words, told], capture_output=True, text=True, check=True, input="", timeout=60)
    seen = json.loads(done.stdout.splitlines()[-1])
    found = [name for name, one in seen.items() if "::1 > ::1" in json.dumps(one["examples"])]
    assert found == ["lo"]


SAS = """\
gov/a--pe: #3, ESTABLISHED, IKEv2, 0e0c_i* 77aa_r
  local  'border' @ fd01::1[4500]
  remote 'pe' @ fd01::2[4500]
  AES_CBC-256/HMAC_SHA2_512_256/PRF_HMAC_SHA2_512/ECP_384/KE1_ML_KEM_768/PPK
  established 12s ago, rekeying in 13000s
  gov/a--pe: #4, reqid 1, INSTALLED, TUNNEL, ESP:AES_CBC-256/HMAC_SHA2_512_256/ESN
    installed 12s ago, rekeying in 3000s, expires in 3900s
b--pe: #5, CONNECTING, IKEv2, 0e0c_i* 0000_r
  local  'border' @ fd01::3[500]
"""


def test_ike_sas_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    found = load("seals", monkeypatch).ike(SAS)
    assert [(one["name"], one["state"]) for one in found] == [("gov/a--pe", "ESTABLISHED"), ("b--pe", "CONNECTING")]
    assert found[0]["suite"][-2:] == ["KE1_ML_KEM_768", "PPK"]
    assert found[1]["suite"] == []


STATES = """\
src fd01:1::1 dst fd01:2::1
\tproto esp spi 0xc1d0a1b2 reqid 1 mode tunnel
\treplay-window 0 flag af-unspec esn
\tauth-trunc hmac(sha512) 0x<<Keys hidden>> 256
\tenc cbc(aes) 0x<<Keys hidden>>
\tanti-replay esn context:
\t seq-hi 0x0, seq 0x0, oseq-hi 0x0, oseq 0x7
\t replay_window 64, bitmap-length 2
src fd01:2::1 dst fd01:1::1
\tproto esp spi 0xc1d0a1b3 reqid 1 mode tunnel
\treplay-window 32
\taead rfc4106(gcm(aes)) 0x<<Keys hidden>> 128
"""


def test_associations_are_read_without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load("seals", monkeypatch).esp(STATES) == [
        {
            "source": "fd01:1::1",
            "destination": "fd01:2::1",
            "algorithms": ["hmac(sha512)", "256", "cbc(aes)"],
            "replay_window": 64,
        },
        {
            "source": "fd01:2::1",
            "destination": "fd01:1::1",
            "algorithms": ["rfc4106(gcm(aes))"],
            "replay_window": 32,
        },
    ]


def test_the_agents_word_holds_no_more_than_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seals = load("seals", monkeypatch)
    file = tmp_path / "keys.json"
    monkeypatch.setattr(seals, "STATE", str(file))
    assert seals.agent() == {"users": {}, "alarms": []}
    told = {
        "users": {"line eth1": {"state": "up", "key_id": "k", "source": "qkd", "since": 2.0, "more": "x"}},
        "alarms": [{"alarm": "server", "text": "silent", "since": 3}],
    }
    file.write_text(json.dumps(told), encoding="utf-8")
    assert seals.agent() == {
        "users": {"line eth1": {"state": "up", "key_id": "k", "source": "qkd", "since": 2.0}},
        "alarms": [{"name": "server", "text": "silent", "since": 3.0}],
    }
    file.write_text("[", encoding="utf-8")
    assert seals.agent() == {"users": {}, "alarms": []}


@pytest.fixture
def echo() -> int:
    """A port of this machine that sends back what it gets, by TCP and UDP."""
    server, datagrams = socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    port = int(server.getsockname()[1])
    datagrams.bind(("127.0.0.1", port))

    def streams() -> None:
        one, _ = server.accept()
        while data := one.recv(4096):
            one.sendall(data)

    def packets() -> None:
        while True:
            data, sender = datagrams.recvfrom(4096)
            datagrams.sendto(data, sender)

    for work in (streams, packets):
        threading.Thread(target=work, daemon=True).start()
    return port


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_marked_payload_comes_back(protocol: str, echo: int) -> None:
    asked = {"flows": [{"address": "127.0.0.1", "protocol": protocol, "port": echo, "mark": "<m>", "count": 5}]}
    argv = [sys.executable, str(REMOTE / "marked.py"), json.dumps(asked)]
    assert json.loads(subprocess.run(argv, capture_output=True, check=True, text=True).stdout) == [5]


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_nobody_answers(protocol: str) -> None:
    asked = {"flows": [{"address": "127.0.0.1", "protocol": protocol, "port": 9, "mark": "<m>", "count": 2}]}
    argv = [sys.executable, str(REMOTE / "marked.py"), json.dumps(asked)]
    assert json.loads(subprocess.run(argv, capture_output=True, check=True, text=True).stdout) == [0]
