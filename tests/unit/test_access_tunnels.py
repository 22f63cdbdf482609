"""Ports whose devices get on by IKE: who is there, whom the servers are asked about, who is refused."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from citynet.platforms.whitebox.device.access import charon, radius, relay, tunnels
from citynet.platforms.whitebox.device.access.charon import Trouble
from citynet.platforms.whitebox.device.access.relay import Asked, Asker, Servers
from citynet.platforms.whitebox.device.access.tunnels import GONE, REFUSED, TunnelPort, Tunnels

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = b"0123456789abcdef"
PORT = {
    "port": "eth4",
    "interface": "eth4i",
    "host": "ward-2",
    "tunnel": {"near": "169.254.0.17", "far": "169.254.0.18", "number": 4, "inner": ["10.12.0.2", "fd12::2"]},
}


class Vici:
    """What the daemon hears, and has to tell."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.there: list[dict[str, Any]] = []
        self.conns = ["eth9"]

    def call(self, command: str, message: dict[str, Any]) -> dict[str, Any]:
        self.calls.append((command, message))
        if command == "terminate" and not self.there:
            raise Trouble("no matching SAs to terminate found")
        if command in ("load-conn", "unload-conn"):
            self.conns = ["eth4", "eth9"] if command == "load-conn" else ["eth9"]
        return {"conns": self.conns} if command == "get-conns" else {}

    def stream(self, _command: str, _event: str, _message: dict[str, Any]) -> list[dict[str, Any]]:
        return self.there

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        found, self.told = self.told, []
        return found

    def close(self) -> None:
        self.calls.append(("close", {}))

    def association(self, number: int, state: str = "ESTABLISHED", child: str = "INSTALLED") -> dict[str, Any]:
        return {
            "eth4": {
                "uniqueid": str(number),
                "remote-id": "ward-2",
                "state": state,
                "child-sas": {"eth4-1": {"state": child}},
            }
        }

    def changed(self, *there: dict[str, Any]) -> None:
        self.there = list(there)
        self.told.append(("ike-updown", {}))


class Room:
    """A port, its daemon, and a server."""

    def __init__(self) -> None:
        self.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.server.bind(("127.0.0.1", 0))
        self.server.settimeout(2)
        self.answers: list[tuple[Asked, radius.Packet]] = []
        self.vici = Vici()
        all_of_them = Tunnels({"device": "left", "tunnel_vrf": "ike11"})
        all_of_them.daemon.vici = self.vici
        servers = Servers([self.server.getsockname()], "", SECRET)
        self.port = TunnelPort(PORT, "127.0.0.1", all_of_them, servers, lambda *told: self.answers.append(told))

    def asked(self) -> radius.Packet:
        return radius.parse(self.server.recvfrom(radius.MOST)[0])

    def answer(self, packet: radius.Packet, code: int, secret: bytes = SECRET) -> None:
        data = radius.signed(radius.Packet(code, packet.identifier, b""), secret, packet.authenticator)
        self.server.sendto(data, self.port.far.getsockname())
        self.port.far.settimeout(2)
        self.port.answer()

    def logged(self, text: str, number: int = 3) -> None:
        self.vici.told.append(("log", {"msg": text, "ikesa-uniqueid": str(number), "ikesa-name": "(unnamed)"}))


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    monkeypatch.setattr(tunnels, "PKI", str(tmp_path))
    monkeypatch.setattr(charon, "ROOT", str(tmp_path))
    for name in ("ca.pem", "device.pem", "device.key"):
        (tmp_path / name).write_text(name)
    made = Room()
    yield made
    made.server.close()
    made.port.close()


def test_about_a_new_tunnel_the_servers_are_asked_once(room: Room) -> None:
    room.vici.changed(room.vici.association(1))
    assert room.port.told() == []
    packet = room.asked()
    assert (packet.code, packet.text(radius.USER_NAME)) == (radius.ACCESS_REQUEST, "ward-2")
    assert packet.number(radius.SERVICE_TYPE) == radius.AUTHORIZE_ONLY
    assert (packet.text(radius.NAS_IDENTIFIER), packet.text(radius.NAS_PORT_ID)) == ("left", "eth4")
    room.answer(packet, radius.ACCESS_ACCEPT)
    ((asked, answer),) = room.answers
    assert (asked.user, asked.mac, answer.code) == ("ward-2", "", radius.ACCESS_ACCEPT)
    room.vici.changed(room.vici.association(1))
    room.port.told()
    assert room.port.waiting_since() is None
    assert room.port.agrees("")


def test_a_question_is_signed_and_only_a_signed_answer_counts(room: Room) -> None:
    room.port.ask("ward-2")
    packet = room.asked()
    (signature,) = packet.all(radius.MESSAGE_AUTHENTICATOR)
    assert signature == radius._message_authenticator(packet, packet.authenticator, SECRET)
    room.answer(packet, radius.ACCESS_ACCEPT, b"another secret")
    assert room.answers == []
    assert room.port.waiting_since() is not None


@pytest.mark.parametrize("there", [[], ["DELETING"], ["CONNECTING"]])
def test_a_tunnel_that_is_gone_is_told_and_its_question_forgotten(room: Room, there: list[str]) -> None:
    room.vici.changed(room.vici.association(1))
    room.port.told()
    room.vici.changed(*(room.vici.association(1, state) for state in there))
    assert room.port.told() == [[GONE, ""]]
    assert not room.port.agrees("")
    assert room.port.waiting_since() is None


def test_a_tunnel_without_a_child_is_none(room: Room) -> None:
    room.vici.changed(room.vici.association(1, child="DELETING"))
    assert room.port.told() == []
    assert not room.port.agrees("")


def test_what_the_daemon_has_is_not_told_again(room: Room) -> None:
    room.port.load()
    room.port.load()
    assert [command for command, _ in room.vici.calls].count("load-conn") == 1


def test_who_is_refused_is_ended_and_not_heard_for_a_while(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.vici.changed(room.vici.association(1))
    room.port.told()
    room.port.be_quiet("")
    commands = [command for command, _ in room.vici.calls]
    assert commands == ["terminate", "unload-conn"]
    room.port.again()
    assert len(room.vici.calls) == 2
    monkeypatch.setattr(tunnels.time, "monotonic", lambda: room.port._quiet)
    room.port.again()
    command, message = room.vici.calls[-1]
    assert command == "load-conn"
    assert message["eth4"]["remote"]["id"] == "ward-2"
    assert message["eth4"]["children"]["eth4"]["remote_ts"] == ["10.12.0.2", "fd12::2"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("no matching peer config found", "another name than that of its port"),
        ("subject certificate invalid (valid from A to B)", "its certificate has expired, or does not hold yet"),
        ("no trusted ECDSA public key found for 'ward-2'", "no certificate of that name by the authority"),
    ],
)
def test_whom_ike_refuses_is_told_with_the_reason(room: Room, words: str, reason: str) -> None:
    room.logged("looking for peer configs matching 169.254.0.17[left]...169.254.0.18[ward-2]")
    room.logged("looking for peer configs matching 169.254.0.21[left]...169.254.0.22[other]", 4)
    room.logged(words)
    room.logged("no trusted ECDSA public key found for 'ward-2'")
    room.logged("generating IKE_AUTH response 1 [ N(AUTH_FAILED) ]")
    assert room.port.told() == [[REFUSED, "", "ward-2", reason]]
    assert room.port.waiting_since() is None


def test_a_daemon_that_is_gone_is_followed_no_longer(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> list[Any]:
        raise Trouble("the IKE daemon is gone")

    monkeypatch.setattr(room.vici, "events", gone)
    assert room.port.told() == []
    assert room.port.fileno() == -1


def test_another_server_is_asked_when_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for one in found:
        one.bind(("127.0.0.1", 0))
        one.settimeout(2)
    asker = Asker([], Servers([one.getsockname() for one in found], "", SECRET), lambda *_: None)
    asker.ask("ward-2")
    first = found[0].recv(radius.MOST)
    asker.again()
    monkeypatch.setattr(relay, "AWAY_S", 0.0)
    asker.again()
    assert found[1].recv(radius.MOST) == first
    for one in (*found, asker):
        one.close()
