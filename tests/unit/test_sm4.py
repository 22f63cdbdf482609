"""Tunnels with SM4: derivation, agreement from a secret, changes without a gap, and keys that nobody sees."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import random
import re
import subprocess
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from citynet.platforms.whitebox.device.keys import exchange, sm4, xfrm
from citynet.platforms.whitebox.device.keys.base import Key, Trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WEST, EAST = "fd01:1:1::1:1", "fd01:1:2::1:1"
KEY = Key("00112233-4455-6677-8899-aabbccddeeff", bytes(range(32)))
SECRET = "0123456789abcdef" * 2
SETTINGS = {"rotate_s": 60, "hold_s": 30}
HURRIED = {"rotate_s": 5, "hold_s": 300}


def entry(local: str = WEST, remote: str = EAST, **more: Any) -> dict[str, Any]:
    return {
        "name": "sharing--east",
        "peer": "east",
        "method": "sm4",
        "source": "qkd",
        "master": local == WEST,
        "number": 3,
        "local": local,
        "remote": remote,
        "replay_window": 64,
        "reqid": 1_396_703_235,
        "secret": SECRET,
        "port": 49864,
        **more,
    }


class FakeKernel(xfrm.Kernel):
    """Takes whatever it is given, and shows it."""

    def __init__(self) -> None:
        super().__init__()
        self.there: dict[xfrm.Name, xfrm.Association] = {}
        self.fewest_out = 99

    def add(self, associations: list[xfrm.Association]) -> None:
        self.there.update({one.name: one for one in associations})

    def drop(self, names: list[xfrm.Name]) -> None:
        for name in names:
            self.there.pop(name, None)

    def listed(self, *, fresh: bool = False) -> dict[xfrm.Name, xfrm.Count]:
        del fresh
        return dict.fromkeys(self.there, xfrm.Count())

    def towards(self, destination: str) -> list[xfrm.Association]:
        return [one for one in self.there.values() if one.destination == destination]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sm4, "STATE", str(tmp_path / "sm4"))
    monkeypatch.setattr("citynet.platforms.whitebox.device.keys.events.LOG", str(tmp_path / "keys.log"))
    monkeypatch.setattr(sm4, "Events", Silent)


class Silent:
    def say(self, event: str, **facts: Any) -> None:
        assert all(isinstance(fact, str) for fact in facts.values()), event


# -- derivation ------------------------------------------------------------------------------------------


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869 by hand, with HMAC-SM3."""
    extracted = hmac.new(salt or bytes(32), secret, "sm3").digest()
    found, last, count = b"", b"", 1
    while len(found) < length:
        last = hmac.new(extracted, last + info + bytes([count]), "sm3").digest()
        found, count = found + last, count + 1
    return found[:length]


def test_directions_are_derived_by_hkdf_with_sm3() -> None:
    assert hashlib.new("sm3", b"abc").hexdigest().startswith("66c7f0f462eeedd9d1f2d46bdc10e4e2")  # GB/T 32905, A.1
    ends = ipaddress.IPv6Address(WEST).packed + ipaddress.IPv6Address(EAST).packed
    salt = uuid.UUID(KEY.id).bytes
    expected = hkdf(KEY.value, salt, b"citynet ESP SM4-CBC HMAC-SM3-256" + ends, 50)
    assert sm4.derive(KEY, WEST, EAST) == expected
    assert sm4.derive(KEY, EAST, WEST) != expected
    assert sm4.derive(Key(str(uuid.uuid4()), KEY.value), WEST, EAST) != expected


def test_keys_agreed_upon_need_the_secret_and_both_numbers() -> None:
    words = exchange.Words(SECRET, WEST, EAST)
    first, second = bytes(16), b"o" * 16
    key = words.key(first, second)
    assert key.value == hkdf(SECRET.encode(), first + second, b"citynet SM4 exchange: key", 32)
    assert key.id == str(uuid.UUID(bytes=hkdf(first + second, b"", b"citynet SM4 exchange: name", 16)))
    assert len({words.key(one, two).value for one in (first, second) for two in (first, second)}) == 4


def test_spis_of_senders_never_meet() -> None:
    rolls = random.Random(6)
    nodes = [f"fd01:1:{node:x}::1:1" for node in range(1, 200)]
    spis = [sm4.spi_of(node, rolls.randbytes(2)) for node in nodes for _ in range(3)]
    owners: dict[int, set[str]] = {}
    for spi, node in zip(spis, [node for node in nodes for _ in range(3)], strict=True):
        owners.setdefault(spi, set()).add(node)
    assert all(len(found) == 1 for found in owners.values())
    assert min(spis) > 255  # RFC 4303, 2.1: reserved below


# -- what the kernel is told -----------------------------------------------------------------------------


def test_keys_go_by_standard_input_and_nothing_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[list[str], dict[str, Any]]] = []

    def run(argv: list[str], **more: Any) -> subprocess.CompletedProcess[bytes]:
        calls.append((argv, more))
        return subprocess.CompletedProcess(argv, 1, b"", b'Error: argument "0x0011" is wrong')

    monkeypatch.setattr(subprocess, "run", run)
    association = xfrm.Association(WEST, EAST, 0x10042, b"\xaa" * 16, b"\xbb" * 32, 5, 3, 0)
    with pytest.raises(Trouble) as caught:
        xfrm.Kernel().add([association])
    ((argv, more),) = calls
    assert "aaaa" not in " ".join(argv)
    assert b"0x" + b"aa" * 16 in more["input"]
    assert more["stderr"] == more["stdout"] == subprocess.DEVNULL
    assert not re.search("aaaa|bbbb", f"{caught.value} {association!r} {caught.getrepr()}".replace("bbbb" * 99, ""))
    line = association.line()
    assert f"auth-trunc hmac(sm3) 0x{'bb' * 32} 256 replay-window 1 flag esn flag af-unspec" in line
    assert line.endswith(f"limit byte-hard {1 << 48} output-mark 0x600000 mask 0xffe00000")


LISTED = """\
src fd01:1:2::1:4 dst fd01:1:1::1:4
\tproto esp spi 0x00029c7d(171133) reqid 1396703236(0x53400004) mode tunnel
\treplay-window 0 seq 0x00000000 flag af-unspec esn (0x10100000)
\toutput-mark 0x800000/0xffe00000
\tauth-trunc hmac(sm3) <<Keys hidden>> 256
\tenc cbc(sm4) <<Keys hidden>>
\tlifetime current:
\t  168(bytes), 2(packets)
\t  add 2026-11-26 21:51:46 use -
\tstats:
\t  replay-window 1 replay 4 failed 2
src fd01:1:1::1:4 dst fd01:1:2::1:4
\tproto esp spi 0x00010001(65537) reqid 1396703236(0x53400004) mode tunnel
"""


def test_a_listing_is_read() -> None:
    found = xfrm.parsed(LISTED)
    assert found["fd01:1:2::1:4", "fd01:1:1::1:4", 0x29C7D] == xfrm.Count(168, 2, 5, 2)
    assert found["fd01:1:1::1:4", "fd01:1:2::1:4", 0x10001] == xfrm.Count()


# -- changes ---------------------------------------------------------------------------------------------


def test_a_change_is_made_before_the_old_key_breaks() -> None:
    kernel = FakeKernel()
    tunnel = sm4.Tunnel(entry(), SETTINGS, kernel)
    assert tunnel.status()["state"] == "down"
    other = Key(str(uuid.uuid4()), bytes(32))
    for key in (KEY, other):
        tunnel.prepare(key, 0.0)
        assert tunnel.prepared(key.id)
        assert len(kernel.towards(EAST)) == (0 if key is KEY else 1)
        tunnel.switch(key.id, 0.0)
        assert tunnel.switched(key.id)
        assert len(kernel.towards(EAST)) == 1
    assert len(kernel.towards(WEST)) == 2
    assert tunnel.status()["state"] == "changing"
    tunnel.retire(KEY.id, 0.0)
    assert tunnel.status()["state"] == "up"
    assert len(kernel.there) == 2
    assert {one.number for one in kernel.towards(WEST)} == {3}
    tunnel.retire(other.id, 0.0)  # the key in use is not forgotten
    assert len(kernel.there) == 2
    tunnel.close(0.0)
    assert not kernel.there
    assert tunnel.status()["state"] == "closed"


@pytest.mark.parametrize(
    ("key", "said"),
    [(Key(KEY.id, b"short"), "5 bytes, expected 16"), (KEY, "an SPI of it is in use")],
    ids=["short", "SPI"],
)
def test_a_key_that_will_not_do_is_refused(key: Key, said: str) -> None:
    kernel = FakeKernel()
    tunnel = sm4.Tunnel(entry(), SETTINGS, kernel)
    taken = sm4.spi_of(EAST, sm4.derive(KEY, EAST, WEST)[-2:])
    kernel.add([xfrm.Association(EAST, WEST, taken, b"", b"", 0, 0, 0)])
    with pytest.raises(Trouble, match=said):
        tunnel.prepare(key, 0.0)
    with pytest.raises(Trouble, match="never prepared"):
        tunnel.switch(key.id, 0.0)
    assert len(kernel.there) == 1


def test_another_run_goes_on_with_what_is_there() -> None:
    kernel = FakeKernel()
    first = sm4.Tunnel(entry(), SETTINGS, kernel)
    first.prepare(KEY, 0.0)
    first.switch(KEY.id, 0.0)
    stray = xfrm.Association(EAST, WEST, 0x2FFFF, b"", b"", 0, 0, 0)
    kernel.add([stray])
    first.stop()
    second = sm4.Tunnel(entry(), SETTINGS, kernel)
    assert second.key_id == KEY.id
    assert second.status()["state"] == "up"
    assert stray.name not in kernel.there  # nobody knows what key it has
    assert len(kernel.there) == 2
    kernel.there.clear()  # a restart of the device
    assert sm4.Tunnel(entry(), SETTINGS, kernel).key_id == ""
    second.remove()
    assert not kernel.there


# -- agreement -------------------------------------------------------------------------------------------


class Wire:
    """Two ends with kernels of their own, and whatever happens to messages between them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, secrets: tuple[str, str] = (SECRET, SECRET)) -> None:
        self.now = 1000.0
        monkeypatch.setattr(exchange.time, "monotonic", lambda: self.now)
        monkeypatch.setattr(exchange.Exchange, "_open", lambda _: None)
        self.kernels = (FakeKernel(), FakeKernel())
        self.secrets = secrets
        self.ends = [self.end(0), self.end(1)]
        self.recorded: list[tuple[int, bytes]] = []
        self.losses: Iterator[bool] = iter(())

    def end(self, number: int) -> sm4.Tunnel:
        local, remote = ((WEST, EAST), (EAST, WEST))[number]
        told = entry(local, remote, source="vault", secret=self.secrets[number])
        tunnel = sm4.Tunnel(told, SETTINGS, self.kernels[number])
        assert tunnel._exchange is not None
        tunnel._file += str(number)
        tunnel._exchange._send = lambda message: self.carry(1 - number, message)  # type: ignore[method-assign]
        return tunnel

    def carry(self, number: int, message: bytes) -> None:
        self.recorded.append((number, message))
        if not next(self.losses, False):
            self.deliver(number, message)

    def deliver(self, number: int, message: bytes) -> None:
        there = self.ends[number]._exchange
        assert there is not None
        found = there._words.heard(message)
        if found is not None:
            there._hear(self.now, *found)

    def run(self, seconds: float) -> None:
        until = self.now + seconds
        while self.now < until:
            for end in self.ends:
                end.tick(self.now)
            assert not self.agreed or self.carries, "a gap"
            self.now += 0.05

    @property
    def agreed(self) -> bool:
        return all(end.key_id for end in self.ends)

    @property
    def carries(self) -> bool:
        """Whether what each end sends is decrypted by the other: the newest of its associations is what it takes."""
        for near, far in ((0, 1), (1, 0)):
            to = (EAST, WEST)[near]
            sent = self.kernels[near].towards(to)
            if len(sent) != 1 or sent[0].name not in self.kernels[far].there:
                return False
            if self.kernels[far].there[sent[0].name].cipher_key != sent[0].cipher_key:
                return False
        return True


def test_two_ends_agree_and_change(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(monkeypatch)
    wire.run(1.0)
    assert wire.agreed
    ids = {wire.ends[0].key_id}
    for _ in range(3):
        wire.run(64.0)
        ids.add(wire.ends[0].key_id)
        assert [len(kernel.there) for kernel in wire.kernels] == [2, 2]
    assert len(ids) == 4
    assert wire.ends[0].key_id == wire.ends[1].key_id


@pytest.mark.parametrize("seed", range(40))
def test_lost_messages_make_no_gap(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    wire = Wire(monkeypatch)
    wire.run(1.0)
    rolls = random.Random(seed)
    wire.losses = iter(lambda: rolls.random() < 0.5, None)
    for end in wire.ends:
        end.reread(HURRIED if seed % 2 else {**SETTINGS, "hold_s": 300})
    wire.run(400.0)
    wire.losses = iter(())
    wire.run(10.0)
    assert wire.ends[0].key_id == wire.ends[1].key_id


def test_who_has_another_secret_gets_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(monkeypatch, (SECRET, SECRET[::-1]))
    wire.run(10.0)
    assert not any(kernel.there for kernel in wire.kernels)
    with pytest.raises(Trouble, match="expected 32 at least"):
        exchange.Words("short", WEST, EAST)


def test_what_was_recorded_brings_no_key_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """The far end restarts and its counters with it; only new keys may come into use, whatever is said again."""
    wire = Wire(monkeypatch)
    wire.run(1.0)
    used = {one.cipher_key for kernel in wire.kernels for one in kernel.there.values()}
    recorded = list(wire.recorded)
    wire.kernels[1].there.clear()
    wire.ends[1] = wire.end(1)
    for number, message in recorded:
        wire.deliver(number, message)
        assert not used & {one.cipher_key for one in wire.kernels[1].there.values()}
    wire.run(12.0)
    assert wire.carries
    assert not used & {one.cipher_key for kernel in wire.kernels for one in kernel.there.values()}


def test_a_far_end_that_is_gone_is_waited_for_and_then_it_closes(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire(monkeypatch)
    wire.run(1.0)
    wire.losses = iter(lambda: True, None)
    wire.run(60 + 28.0)
    assert wire.carries
    wire.run(5.0)
    assert not any(kernel.there for kernel in wire.kernels)
    assert [end.status()["state"] for end in wire.ends] == ["closed", "closed"]
    wire.losses = iter(())
    wire.run(10.0)
    assert wire.agreed


def test_a_message_of_the_other_direction_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends a message back to its sender says nothing to him."""
    monkeypatch.setattr(exchange.time, "monotonic", lambda: 0.0)
    near, far = exchange.Words(SECRET, WEST, EAST), exchange.Words(SECRET, EAST, WEST)
    said = near.message(exchange.OFFER, bytes(16))
    assert far.heard(said) == (exchange.OFFER, bytes(16), bytes(16))
    assert near.heard(said) is None
    assert far.heard(said[:-1]) is None
    assert far.heard(bytes([said[0] ^ 1]) + said[1:]) is None
