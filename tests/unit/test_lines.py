"""Lines with MACsec: which channel gets a key, which one sends, and when the other goes; names heard on the wire."""

from __future__ import annotations

import struct
import types
from pathlib import Path
from typing import Any

import pytest

from citynet.deploy.secrets import select
from citynet.errors import InputError
from citynet.platforms.whitebox.device.keys import carrier, eapol, lines
from citynet.platforms.whitebox.device.keys.base import Key, Trouble

CAK = "00112233445566778899aabbccddeeff"
UUID = "5f7b2c1e-0b0a-4c9e-9d0e-3a1b2c3d4e5f"
ENTRY: dict[str, Any] = {
    "port": "eth1",
    "interface": "eth1s",
    "peer": "b",
    "cipher": "gcm-aes-256",
    "source": "qkd",
    "master": False,
    "priority": 128,
    "replay_window": 64,
    "open": False,
    "secret": "",
}


class Pretended:
    """A channel without a kernel; tests say when MKA brings it up."""

    def __init__(self, _port: str, link: str, _number: int) -> None:
        self.link, self.ckn, self.key = link, b"", None
        self.agreed = self.hears = self.clear_now = False
        self.works = True
        self.sending = link.endswith("a")
        self.left = b""

    def look(self) -> None:
        pass

    def adopt(self) -> bool:
        self.ckn = self.left
        return bool(self.ckn)

    def start(self, _entry: dict[str, Any], ckn: bytes, key: Key) -> None:
        self.ckn, self.key, self.works, self.agreed = ckn, key, True, False

    def alive(self) -> bool:
        return bool(self.ckn) and self.works

    def up(self) -> bool:
        return bool(self.ckn) and self.agreed

    def there(self) -> bool:
        return True

    def sends(self) -> bool:
        return self.sending

    def send(self, *, on: bool) -> None:
        self.sending = on

    def heard(self) -> bool:
        return self.hears

    def shut(self) -> None:
        self.ckn, self.key, self.agreed = b"", None, False

    def clear(self, *, on: bool) -> None:
        self.clear_now = on

    def is_clear(self) -> bool:
        return self.clear_now

    def tell(self) -> dict[str, Any]:
        return {"interface": self.link}

    def since(self) -> float:
        return 0.0


class Watched:
    """Ports whose light is watched."""

    def __init__(self) -> None:
        self.ports: dict[str, str] = {}

    def follow(self, port: str, interface: str) -> None:
        self.ports[port] = interface

    def leave(self, port: str) -> None:
        del self.ports[port]


class Bench:
    """A line and a clock."""

    def __init__(self, **more: Any) -> None:
        self.line = lines.Line({**ENTRY, **more})
        self.a, self.b = self.line._pair
        self.now = 100.0

    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 4)):
            self.now += 0.25
            self.line.tick(self.now)

    @property
    def state(self) -> str:
        return self.line.status()["state"]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> type[Bench]:
    monkeypatch.setattr(lines, "Channel", Pretended)
    monkeypatch.setattr(lines, "CARRIER", Watched())
    monkeypatch.setattr(eapol.Listener, "_open", lambda _self: None)
    monkeypatch.setattr(eapol.Listener, "read", lambda _self, _now: None)
    return Bench


def key(number: int) -> Key:
    return Key(f"{UUID[:-1]}{number}", bytes([number]) * 32)


def test_the_first_key_goes_to_the_channel_that_sends(bench: type[Bench]) -> None:
    made = bench()
    made.line.use(key(1), made.now)
    made.wait(1)
    assert (bool(made.a.ckn), bool(made.b.ckn), made.state) == (True, False, "down")
    assert made.line.status()["key_id"] == ""  # the peer has not agreed to it
    made.a.agreed = True
    made.wait(1)
    assert made.state == "up"
    assert made.line.status()["key_id"] == key(1).id
    made.a.agreed = False
    made.wait(1)
    assert (made.state, made.line.status()["key_id"]) == ("down", key(1).id)  # the line is cut, the key as good as ever


def test_its_interface_follows_the_light_of_its_port(bench: type[Bench]) -> None:
    made = bench()
    made.wait(1)
    assert lines.CARRIER.ports == {"eth1": "eth1s"}
    made.line.stop()
    assert lines.CARRIER.ports == {}


def link_message(name: str, flags: int, kind: int = 16) -> bytes:
    text = name.encode() + b"\0"
    attributes = struct.pack("=HH4s", 8, 4, b"mtu_") + struct.pack("=HH", 4 + len(text), 3) + text
    body = struct.pack("=BxHiII", 0, 1, 7, flags, 0) + attributes + bytes(-len(attributes) % 4)
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def test_light_is_read_from_what_the_kernel_tells() -> None:
    told = link_message("eth1", 1 << 16 | 1) + link_message("longername1", 1) + link_message("eth2", 1 << 16, 17)
    assert list(carrier.lights(told)) == [("eth1", True), ("longername1", False)]
    assert list(carrier.lights(told[:20])) == []
    assert list(carrier.lights(struct.pack("=IHHII", 0, 16, 0, 0, 0) * 2)) == []


def test_an_interface_is_ordered_once_per_change(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr(carrier.socket, "if_nametoindex", {"eth1s": 12}.__getitem__)
    watch = carrier.Carrier()
    watch._socket = types.SimpleNamespace(send=sent.append)
    watch._interfaces["eth1"] = "eth1s"
    for lit in (True, True, False, False, True):
        watch._note("eth1", lit=lit)
    watch._note("eth9", lit=False)
    assert sent == [carrier.order(12, state) for state in (carrier.UP, carrier.DORMANT, carrier.UP)]
    length, kind, _, _, _, _, index, _, _, size, attribute, state = struct.unpack("=IHHIIBxxxiIIHHBxxx", sent[1])
    assert (length, kind, index, size, attribute, state) == (len(sent[1]), 19, 12, 5, 16, carrier.DORMANT)


def test_a_line_whose_peer_says_nothing_is_looked_at_seldom(bench: type[Bench]) -> None:
    made = bench()
    made.line.use(key(1), made.now)
    made.wait(1)
    assert made.line.tick(made.now) - made.now == pytest.approx(1.0)
    made.line._listener.names.heard(made.a.ckn, made.now)
    assert made.line.tick(made.now) - made.now == pytest.approx(0.2)
    made.a.agreed = True
    assert made.line.tick(made.now) - made.now == pytest.approx(1.0)
    made.line.use(key(2), made.now)
    assert made.line.tick(made.now) - made.now == pytest.approx(0.2)  # a change is under way


def test_a_change_makes_before_it_breaks(bench: type[Bench]) -> None:
    made = bench()
    made.line.use(key(1), made.now)
    made.a.agreed = made.a.hears = True
    made.wait(1)
    made.line.use(key(2), made.now)
    made.wait(20)
    assert (made.state, made.a.sending, bool(made.b.ckn)) == ("changing", True, True)
    made.b.agreed = True
    made.wait(1)
    assert (made.state, made.a.sending, made.b.sending) == ("up", False, True)
    made.wait(20)
    assert made.a.ckn  # the peer still sends by it
    made.line.use(key(3), made.now)
    made.wait(1)
    assert made.b.key.id == key(2).id
    made.a.hears = False
    made.wait(6)
    assert made.a.key.id == key(3).id  # shut, and given the key that waited


def test_a_dead_wpa_supplicant_is_followed_by_one_with_the_next_key(bench: type[Bench]) -> None:
    made, peer = bench(), bench()
    for end in (made, peer):
        end.line.use(key(1), end.now)
        end.a.agreed = True
        end.wait(1)
    made.a.works = False
    made.wait(1)
    assert made.a.sending
    assert made.b.ckn not in {b"", made.a.ckn}
    peer.line._listener.names.heard(made.b.ckn, peer.now)
    peer.wait(0.5)
    assert (peer.b.ckn, peer.b.key.value) == (made.b.ckn, made.b.key.value)
    made.b.agreed = True
    made.wait(6)
    assert (made.state, made.a.ckn, made.line.status()["key_id"]) == ("up", b"", key(1).id)


def test_a_dead_wpa_supplicant_is_started_again_where_the_peer_does_not_follow(bench: type[Bench]) -> None:
    made = bench()
    made.line.use(key(1), made.now)
    made.wait(1)
    made.a.works = False
    made.wait(1)  # it carried nothing: at once
    assert (made.a.works, made.a.key.id) == (True, key(1).id)
    made.a.agreed = True
    made.wait(1)
    made.a.works = False
    made.wait(8)
    assert not made.a.works
    made.wait(3)
    assert (made.a.works, made.a.key.id) == (True, key(1).id)


def test_without_a_key_a_line_is_closed(bench: type[Bench]) -> None:
    made = bench()
    made.line.use(key(1), made.now)
    made.a.agreed = True
    made.wait(1)
    made.line.close(made.now)
    made.wait(30)
    assert (made.state, made.a.ckn, made.b.ckn, made.a.clear_now) == ("closed", b"", b"", False)
    made.line.use(key(2), made.now)
    made.a.agreed = True
    made.wait(1)
    assert made.state == "up"


def test_a_line_that_may_be_open_is_so_until_there_is_a_key(bench: type[Bench]) -> None:
    made = bench(open=True)
    made.line.use(key(1), made.now)
    made.wait(9)
    assert made.state == "down"
    made.wait(2)
    assert (made.state, made.a.clear_now, made.b.key.id) == ("open", True, key(1).id)
    made.b.agreed = True
    made.wait(1)
    assert (made.state, made.a.clear_now, made.b.sending) == ("up", False, True)


def test_an_open_line_closes_when_it_may_not_be_open_any_more_and_opens_again_when_it_may(bench: type[Bench]) -> None:
    """The settings change: one line ends, another takes over what is there."""
    made = bench(open=True)
    made.wait(11)
    assert (made.state, made.a.clear_now) == ("open", True)
    closed = bench()
    closed.a.clear_now = True
    closed.wait(0.25)
    assert (closed.state, closed.a.clear_now) == ("down", False)
    closed.wait(30)
    assert (closed.state, closed.a.clear_now, closed.b.clear_now) == ("down", False, False)
    again = bench(open=True)
    again.wait(9)
    assert again.state == "down"
    again.wait(2)
    assert (again.state, again.a.clear_now) == ("open", True)


@pytest.mark.parametrize("may_be_open", [True, False])
def test_what_an_open_line_left_on_the_other_channel_closes(bench: type[Bench], may_be_open: bool) -> None:
    """The agent died between opening one channel and shutting the other."""
    made = bench(open=may_be_open)
    made.a.left, made.a.agreed, made.b.clear_now = b"name", True, True
    made.wait(1)
    assert (made.state, made.b.clear_now) == ("up", False)


def test_a_line_that_goes_leaves_nothing_open(bench: type[Bench]) -> None:
    made = bench(open=True)
    made.wait(11)
    made.line.remove()
    assert not made.a.clear_now


def test_a_restart_of_the_agent_takes_over_what_is_there(bench: type[Bench]) -> None:
    made = bench(source="vault", cipher="gcm-aes-128", secret=CAK)
    name, _ = lines.vault_key(made.line._entry)
    made.a.left, made.a.agreed = name, True
    made.wait(1)
    assert (made.state, made.b.ckn) == ("up", b"")
    assert made.a.key is not None
    again = bench(source="vault", cipher="gcm-aes-128", secret=CAK)
    again.a.left, again.a.agreed = b"older", True
    again.wait(1)
    assert (again.state, again.b.ckn) == ("changing", name)


@pytest.mark.parametrize(
    ("cak", "cipher", "message"),
    [
        (CAK, "gcm-aes-128", ""),
        (CAK * 2, "gcm-aes-256", ""),
        (CAK, "gcm-aes-256", "has 32 hexadecimal digits, expected 64"),
        (CAK[:-1], "gcm-aes-128", "an odd number of digits"),
        (CAK[:-2], "gcm-aes-128", "has 30 hexadecimal digits, expected 32 or 64"),
        ("x" * 32, "gcm-aes-128", "other characters"),
        ("", "gcm-aes-128", "has 0 hexadecimal digits"),
    ],
)
def test_what_is_no_cak_is_refused_and_not_quoted(cak: str, cipher: str, message: str) -> None:
    said = lines.wrong_cak(cak, cipher)
    assert message in said
    assert bool(said) == bool(message)
    assert not cak or cak not in said


def test_a_name_stands_once_on_a_device() -> None:
    entry = {**ENTRY, "source": "vault", "secret": CAK, "cipher": "gcm-aes-128"}
    with pytest.raises(Trouble, match="line eth2 to b: its CKN is that of line eth1 to b"):
        lines.users({"lines": [entry, {**entry, "port": "eth2"}]})


def test_a_name_follows_from_its_key() -> None:
    name, cak = lines.vault_key({"secret": CAK})
    assert (len(name), cak.hex()) == (16, CAK)
    assert lines.vault_key({"secret": CAK, "ckn": "c0ffee"})[0].hex() == "c0ffee"
    # RFC 5869, A.3: no salt, no info
    material = bytes.fromhex("0b" * 22)
    assert lines.derived(material, b"", 42).hex().startswith("8da4e775a563c18f715f802a063c5a31")


def frame(name: bytes, **more: bytes) -> bytes:
    body = bytes([1, 16, 0xE0 | len(name + bytes(28)) >> 8, len(name) + 28]) + bytes(28) + name
    head = bytes(12) + b"\x88\x8e" + more.get("eapol", b"\x03\x05") + len(body).to_bytes(2, "big")
    return head + body + bytes(16)


@pytest.mark.parametrize(
    ("received", "name"),
    [
        (frame(b"n" * 16), b"n" * 16),
        (frame(b"n" * 32), b"n" * 32),
        (frame(b"n" * 33), b""),
        (frame(b""), b""),
        (frame(b"n" * 16, eapol=b"\x03\x01"), b""),
        (frame(b"n" * 16)[:40], b""),
        (frame(b"n" * 16)[:16], b""),
        (b"", b""),
    ],
)
def test_names_in_frames(received: bytes, name: bytes) -> None:
    assert eapol.name_in(received) == name


def test_a_flood_of_names_does_not_drown_the_peers() -> None:
    names = eapol.Names()
    asked = []
    for second in range(20):
        if second % 2 == 0:
            names.heard(b"peer", float(second))
        for number in range(500):
            names.heard(b"%d %d" % (second, number), float(second))
        asked += names.unknown([], float(second))
    assert asked[0] == b"peer"
    assert set(asked) == {b"peer"}
    assert names.unknown([b"peer"], 20.0) == []


def test_a_name_that_is_nobodys_is_asked_for_ever_more_seldom() -> None:
    names = eapol.Names()
    asked = 0
    for second in range(120):
        names.heard(b"lie", float(second))
        asked += len(names.unknown([], float(second)))
    assert 3 <= asked <= 6


def test_keys_of_lines_are_looked_at_before_anything_is_sent() -> None:
    values = {
        "macsec/a--b": CAK,
        "macsec/b--c": CAK.upper(),
        "macsec/c--d": CAK[:-1],
        "macsec/unused": "x",
        "bgp/x": "x",
    }
    with pytest.raises(InputError) as refused:
        select(values, ["macsec/a--b", "macsec/b--c", "macsec/c--d", "bgp/x"], Path("secrets.yml"))
    said = str(refused.value)
    assert "secret 'macsec/b--c' is that of 'macsec/a--b'" in said
    assert "secret 'macsec/c--d' is no CAK: it has 31 characters" in said
    assert "32 or 64 hexadecimal digits" in said
    assert "unused" not in said
    assert CAK[:-1] not in said.lower()
