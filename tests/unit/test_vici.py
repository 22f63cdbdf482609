"""The client of strongSwan's control interface: messages as documented, and a daemon that misbehaves."""

from __future__ import annotations

import socket
import struct
import threading
from typing import TYPE_CHECKING

import pytest

from citynet.platforms.whitebox.device.keys import charon, vici
from citynet.platforms.whitebox.device.keys.base import Key, Trouble

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# The example of strongSwan's README of VICI, "Encoding example".
MESSAGE = {
    "key1": "value1",
    "section1": {"sub-section": {"key2": "value2"}, "list1": ["item1", "item2"]},
}
BYTES = (
    b"\x03\x04key1\x00\x06value1\x01\x08section1\x01\x0bsub-section\x03\x04key2\x00\x06value2\x02"
    b"\x04\x05list1\x05\x00\x05item1\x05\x00\x05item2\x06\x02"
)
ANSWER = bytes((1,))


def test_a_message_is_encoded_as_documented() -> None:
    assert vici.encode(MESSAGE) == BYTES


def test_and_decoded() -> None:
    assert vici.decode(BYTES) == MESSAGE


@pytest.mark.parametrize("size", [3, 8, 12, 20, 36, 50])
def test_a_message_that_is_cut_short_is_refused(size: int) -> None:
    with pytest.raises(Trouble, match="IKE daemon: a message"):
        vici.decode(BYTES[:size])


def test_bytes_go_as_they_are() -> None:
    assert vici.encode({"data": b"\x00\xff"}) == b"\x03\x04data\x00\x02\x00\xff"


class Daemon(threading.Thread):
    """Answers each packet by a function."""

    def __init__(self, path: Path, answer: Callable[[bytes], list[bytes]]) -> None:
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._answer = answer
        self.heard: list[bytes] = []

    def run(self) -> None:
        peer, _ = self._socket.accept()
        while head := peer.recv(4):
            packet = peer.recv(struct.unpack("!I", head)[0], socket.MSG_WAITALL)
            self.heard.append(packet)
            for answer in self._answer(packet):
                peer.sendall(struct.pack("!I", len(answer)) + answer)
        peer.close()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Callable[[bytes], list[bytes]]], tuple[vici.Vici, Daemon]]]:
    def start(answer: Callable[[bytes], list[bytes]]) -> tuple[vici.Vici, Daemon]:
        daemon = Daemon(tmp_path / "vici", answer)
        daemon.start()
        return vici.Vici(str(tmp_path / "vici")), daemon

    return start


def test_a_refusal_has_the_words_of_the_daemon_and_no_key(serve) -> None:
    client, _ = serve(lambda _: [ANSWER + vici.encode({"success": "no", "errmsg": "no such thing"})])
    with pytest.raises(Trouble, match=r"load-shared: no such thing$"):
        client.call("load-shared", {"data": b"secret"})


def test_events_between_are_kept(serve) -> None:
    event = bytes((7, 10)) + b"ike-updown" + vici.encode({"up": "yes"})
    client, _ = serve(lambda _: [event, ANSWER + vici.encode({"success": "yes"})])
    assert client.call("version", {}) == {"success": "yes"}
    assert client.events() == [("ike-updown", {"up": "yes"})]


def test_a_daemon_that_is_not_there_is_trouble(tmp_path) -> None:
    with pytest.raises(Trouble, match="does not run"):
        vici.Vici(str(tmp_path / "none"))


def test_a_command_that_it_does_not_know_is_trouble(serve) -> None:
    client, _ = serve(lambda _: [b"\x02"])
    with pytest.raises(Trouble, match="not known"):
        client.call("rekey", {})


def test_a_packet_of_no_possible_length_is_trouble(serve) -> None:
    client, _ = serve(lambda _: [b""])
    with pytest.raises(Trouble, match="no possible length"):
        client.call("version", {})


FILE = """# comment
connections {
    core/web--b {
        local_addrs = fd01::1
        proposals = aes256-sha512-ecp384-ke1_mlkem768
        remote {
            cacerts = ca.pem
        }
        children {
            core/web--b {
                local_ts = fd01::/48, fd02::/48
            }
        }
    }
}
secrets {
    ppk-1 {
        id = x
    }
}
"""


@pytest.fixture
def file(tmp_path, monkeypatch) -> None:
    (tmp_path / "ca.pem").write_bytes(b"PEM")
    (tmp_path / "file").write_text(FILE)
    monkeypatch.setattr(charon, "CONNECTIONS", str(tmp_path / "file"))
    monkeypatch.setattr(charon, "FOLDERS", {"cacerts": str(tmp_path)})


@pytest.mark.usefixtures("file")
def test_the_file_is_read_as_swanctl_reads_it() -> None:
    assert charon.configured("core/web--b") == {
        "local_addrs": ["fd01::1"],
        "proposals": ["aes256-sha512-ecp384-ke1_mlkem768"],
        "remote": {"cacerts": [b"PEM"]},
        "children": {"core/web--b": {"local_ts": ["fd01::/48", "fd02::/48"]}},
    }
    with pytest.raises(Trouble, match="has no connection core--b"):
        charon.configured("core--b")


class Scripted:
    """Stands for the connection to the daemon."""

    def __init__(self, _path: str) -> None:
        self.called: list[tuple[str, dict]] = []

    def listen(self, event: str) -> None:
        pass

    def events(self) -> list[tuple[str, dict]]:
        return []

    def stream(self, *_words: object) -> list[dict]:
        child = {"state": "INSTALLED"}
        sa = {"state": "ESTABLISHED", "ppk": "yes", "dh-group": "ECP_384", "ake1": "ML_KEM_768"}
        return [
            {"core/web--b": {"uniqueid": "7", **sa, "child-sas": {"x-2": child}}},
            {"core/web--b": {"uniqueid": "3", "state": "CONNECTING"}},
        ]

    def call(self, command: str, message: dict) -> dict:
        self.called.append((command, message))
        return {"keys": ["known"]} if command == "get-shared" else {}


@pytest.fixture
def scripted(monkeypatch) -> charon.Charon:
    monkeypatch.setattr(charon, "Vici", Scripted)
    found = charon.Charon()
    assert found.look(100.0)
    return found


def test_associations_are_told_by_age_and_what_is_in_their_keys(scripted) -> None:
    old, new = scripted.associations("core/web--b")
    assert (old.number, old.up, old.starting) == (3, False, True)
    assert (new.number, new.up, new.exchange) == (7, True, "ECP_384/KE1_ML_KEM_768/PPK")
    assert scripted.holds("known")
    assert not scripted.holds("other")


@pytest.mark.usefixtures("file")
def test_a_connection_is_loaded_with_its_key_and_priority_and_nothing_else_changed(scripted) -> None:
    scripted.load("core/web--b", "key-1", 17)
    command, message = scripted._vici.called[-1]
    assert command == "load-conn"
    told = message["core/web--b"]
    assert told["ppk_id"] == "key-1"
    assert told["children"]["core/web--b"] == {"local_ts": ["fd01::/48", "fd02::/48"], "priority": "17"}
    assert {name: told[name] for name in ("local_addrs", "proposals", "remote")} == {
        name: value for name, value in charon.configured("core/web--b").items() if name != "children"
    }


def test_a_key_belongs_to_its_id_only(scripted) -> None:
    scripted.load_key("core/web--b key-1", Key("key-1", b"k" * 32))
    assert scripted._vici.called[-1] == (
        "load-shared",
        {"id": "core/web--b key-1", "type": "ppk", "data": b"k" * 32, "owners": ["key-1"]},
    )
    assert scripted.holds("core/web--b key-1")


def test_a_daemon_that_goes_takes_everything_along(scripted) -> None:
    scripted._vici.close = lambda: None
    scripted.lose(Trouble("gone"), 100.0)
    assert scripted.associations("core/web--b") == []
    assert not scripted.holds("known")
    assert not scripted.look(100.1)
    assert scripted.why == "gone"
    assert scripted.look(101.0)
