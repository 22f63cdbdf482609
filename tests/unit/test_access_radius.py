"""RADIUS at the edge: what is signed counts, once and now; everything else does nothing."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import pytest

from citynet.platforms.whitebox.device.access import orders as program
from citynet.platforms.whitebox.device.access import radius, relay
from citynet.platforms.whitebox.device.access.orders import Orders
from citynet.platforms.whitebox.device.access.radius import Malformed, Packet
from citynet.platforms.whitebox.device.access.sessions import Patience, Right, Session, Who, matching, right_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = b"0123456789abcdef"


def order(code: int = radius.DISCONNECT_REQUEST, *, secret: bytes = SECRET, age_s: float = 0, number: int = 1) -> bytes:
    stamp = int(time.time() - age_s).to_bytes(4, "big")
    attributes = [(radius.USER_NAME, b"ward-1"), (radius.EVENT_TIMESTAMP, stamp)]
    return radius.signed(Packet(code, number, b"", attributes), secret)


def test_a_signed_packet_is_read_back() -> None:
    packet = radius.parse(order())
    radius.verify(packet, SECRET)
    assert packet.text(radius.USER_NAME) == "ward-1"


@pytest.mark.parametrize("at", range(0, 60, 7))
def test_a_changed_packet_is_not_signed(at: int) -> None:
    data = bytearray(order())
    data[min(at, len(data) - 1)] ^= 1
    with pytest.raises(Malformed):
        radius.verify(radius.parse(bytes(data)), SECRET)


def test_a_packet_without_message_authenticator_does_not_count() -> None:
    import hashlib

    body = bytes([radius.USER_NAME, 8]) + b"ward-1"
    head = bytes([radius.DISCONNECT_REQUEST, 1, 0, 20 + len(body)])
    data = head + hashlib.md5(head + bytes(16) + body + SECRET).digest() + body
    with pytest.raises(Malformed, match="message authenticator"):
        radius.verify(radius.parse(data), SECRET)


@pytest.mark.parametrize("data", [b"", b"\x01" * 19, b"\x28\x01\x00\x15" + bytes(17), b"\x28\x01\xff\xff" + bytes(16)])
def test_what_is_no_packet(data: bytes) -> None:
    with pytest.raises(Malformed):
        radius.parse(data)


@pytest.mark.parametrize("text", ["02-0A-00-00-00-01", "02:0a:00:00:00:01", "020a.0000.0001"])
def test_mac(text: str) -> None:
    assert radius.mac_of(text) == "02:0a:00:00:00:01"
    assert radius.mac_of(text + "0") == ""


class Edge:
    """Orders on loopback."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.refused: list[str] = []
        self.cause = 0
        self.orders = Orders(
            {"127.0.0.1": SECRET},
            ("127.0.0.1", 0),
            "",
            (self.withdraw, self.withdraw),
            lambda _sender, why: self.refused.append(why),
        )
        self.server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.server.settimeout(0.2)
        self.server.bind(("127.0.0.1", 0))

    def withdraw(self, packet: Packet) -> int:
        self.done.append(packet.text(radius.USER_NAME))
        return self.cause

    def send(self, data: bytes) -> int:
        """The code of the answer; 0 for none."""
        self.server.sendto(data, self.orders.socket.getsockname())
        self.orders.socket.settimeout(1)
        self.orders.take()
        try:
            answer = radius.parse(self.server.recv(4096))
        except TimeoutError:
            return 0
        radius.verify(answer, SECRET, data[4:20])
        return answer.code


@pytest.fixture
def edge() -> Iterator[Edge]:
    made = Edge()
    yield made
    made.orders.close()
    made.server.close()


def test_an_order_is_done_and_acknowledged(edge: Edge) -> None:
    assert edge.send(order()) == radius.DISCONNECT_ACK
    assert edge.send(order(radius.COA_REQUEST)) == radius.COA_ACK
    assert edge.done == ["ward-1", "ward-1"]
    edge.cause = radius.NO_SESSION
    assert edge.send(order(number=2)) == radius.DISCONNECT_NAK


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (order(secret=b"wrong"), "did not sign"),
        (order(age_s=program.WINDOW_S + 300), "time"),
        (order(age_s=-86_400), "time"),  # made when tests are collected, so not just out of the window
        (order(radius.ACCESS_REQUEST), "neither"),
        (b"nonsense", "shorter"),
    ],
    ids=["other-secret", "old", "of-tomorrow", "no-order", "nonsense"],  # data of their own would differ by the clock
)
def test_what_is_forged_or_late_does_nothing(edge: Edge, data: bytes, why: str) -> None:
    assert edge.send(data) == 0
    assert not edge.done
    assert why in edge.refused[0]


def test_an_order_that_comes_again_is_answered_and_not_done_again(edge: Edge) -> None:
    data = order()
    assert edge.send(data) == edge.send(data) == radius.DISCONNECT_ACK
    assert edge.done == ["ward-1"]


def test_who_is_no_server_orders_nothing(edge: Edge) -> None:
    edge.orders._servers.clear()
    assert edge.send(order()) == 0
    assert edge.refused == ["not from a server of this device"]


class Between:
    """A relay on loopback, an authenticator before it and servers behind it."""

    def __init__(self, servers: int) -> None:
        self.servers = [self._socket() for _ in range(servers)]
        self.client = self._socket()
        self.heard: list[tuple[str, int]] = []
        places = [one.getsockname() for one in self.servers]
        told = relay.Servers(places, "", SECRET)
        self.relay = relay.Relay(0, told, lambda asked, packet: self.heard.append((asked.mac, packet.code)))

    @staticmethod
    def _socket() -> socket.socket:
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        found.bind(("127.0.0.1", 0))
        found.settimeout(0.2)
        return found

    def ask(self) -> bytes:
        attributes = [(radius.USER_NAME, b"ward-1"), (radius.CALLING_STATION_ID, b"02-0A-00-00-00-01")]
        data = radius.signed(Packet(radius.ACCESS_REQUEST, 5, b"", attributes), SECRET)
        self.client.sendto(data, self.relay.near.getsockname())
        self.relay.near.settimeout(1)
        self.relay.request()
        return data

    def answer(self, which: int, code: int, secret: bytes = SECRET, request: bytes | None = None) -> None:
        data, sender = self.servers[which].recvfrom(4096)
        made = radius.signed(Packet(code, 5, b""), secret, request or data[4:20])
        self.servers[which].sendto(made, ("127.0.0.1", sender[1]))
        self.relay.far.settimeout(1)
        self.relay.answer()

    def close(self) -> None:
        for one in (*self.servers, self.client):
            one.close()
        self.relay.close()


@pytest.fixture
def between() -> Iterator[Between]:
    made = Between(2)
    yield made
    made.close()


def test_an_accept_of_a_server_is_heard_and_passed_back(between: Between) -> None:
    between.ask()
    between.answer(0, radius.ACCESS_ACCEPT)
    assert between.heard == [("02:0a:00:00:00:01", radius.ACCESS_ACCEPT)]
    assert between.client.recv(4096)[0] == radius.ACCESS_ACCEPT
    assert between.relay.waiting_since() is None


@pytest.mark.parametrize("secret", [b"wrong", SECRET])
def test_an_accept_that_nobody_signed_opens_nothing(between: Between, secret: bytes) -> None:
    between.ask()
    between.answer(0, radius.ACCESS_ACCEPT, secret, bytes(16) if secret == SECRET else None)
    assert not between.heard
    assert between.relay.waiting_since() is not None
    with pytest.raises(TimeoutError):
        between.client.recv(4096)


def test_another_server_is_asked_when_one_does_not_answer(between: Between, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "AWAY_S", 0.0)
    first = between.ask()
    assert between.ask() == first
    between.servers[0].recv(4096)
    between.answer(1, radius.ACCESS_REJECT)
    assert between.heard == [("02:0a:00:00:00:01", radius.ACCESS_REJECT)]


def test_rights_in_a_packet() -> None:
    words = [b"role:doctor", b"apn:7", b"apn:9", b"apn:x", b"other", b"task:round"]
    packet = Packet(radius.ACCESS_ACCEPT, 1, b"", [(radius.FILTER_ID, word) for word in words])
    packet.attributes.append((radius.SESSION_TIMEOUT, (60).to_bytes(4, "big")))
    assert right_of(packet) == Right([7, 9], ["role:doctor", "task:round"], 60)
    assert right_of(Packet(2, 1, b"", [(radius.FILTER_ID, b"apn:none")])) == Right([], [], None)
    assert right_of(Packet(2, 1, b"")) == Right(None, [], None)


def test_sessions_end_with_their_right_or_when_no_server_is_heard() -> None:
    who = Who("eth2", "02:0a:00:00:00:01", "ward-1")
    session = Session(who, Right(None, [], None), 100, Patience(600, 900))
    assert (session.recheck, session.deadline) == (700, 1600)
    session.grant(Right(None, [], 60), 200, Patience(600, 900))
    assert session.deadline == 260
    assert Session.of(session.as_dict()).as_dict() == session.as_dict()


@pytest.mark.parametrize(
    ("attributes", "found"),
    [
        ([(radius.USER_NAME, b"ward-1")], 1),
        ([(radius.CALLING_STATION_ID, b"02-0A-00-00-00-01"), (radius.NAS_PORT_ID, b"eth2")], 1),
        ([(radius.USER_NAME, b"ward-1"), (radius.NAS_PORT_ID, b"eth3")], 0),
        ([(radius.CALLING_STATION_ID, b"x")], 0),
        ([], None),
    ],
)
def test_whom_an_order_means(attributes: list[tuple[int, bytes]], found: int | None) -> None:
    who = Who("eth2", "02:0a:00:00:00:01", "ward-1")
    sessions = [Session(who, Right(None, [], None), 0, Patience(1, 1))]
    meant = matching(sessions, Packet(radius.DISCONNECT_REQUEST, 1, b"", attributes))
    assert (None if meant is None else len(meant)) == found
