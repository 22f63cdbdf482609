"""Client and server of ETSI GS QKD 014, over real TLS: what is right passes, everything else is refused in words."""

from __future__ import annotations

import json

import pytest

import keyservers
from citynet.lab.keyservers.server import MALFORMED
from citynet.platforms.whitebox.device.keys import kme as client
from citynet.platforms.whitebox.device.keys.kme import Kme, KmeTrouble, keys_of


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    with keyservers.running(tmp_path_factory.mktemp("keyservers")) as found:
        yield found


@pytest.fixture(autouse=True)
def healthy(room, monkeypatch):
    monkeypatch.setattr(client, "TIMEOUT_S", 0.6)
    yield
    for server in room.network.servers.values():
        server.silent = server.dry = server.impostor = False
        server.lose, server.malform, server.mark = 0, "", b""
    for pool in room.network._pools.values():
        pool.stored = pool.most


def kme(room, device="east", server="kme-east", certificate="") -> Kme:
    return Kme(device, room.settings(server), room.pki(certificate or device))


def test_both_ends_get_the_same_key_once(room):
    east, west = kme(room), kme(room, "west", "kme-west")
    key = east.new_key("west")
    assert len(key.value) == 32
    taken = west.take("east", key.id)
    assert (taken.id, taken.value) == (key.id, key.value)
    with pytest.raises(KmeTrouble, match="one or more keys specified are not found on KME") as refused:
        west.take("east", key.id)
    assert (refused.value.kind, refused.value.code, refused.value.spent) == ("refused", 400, False)


def test_keys_can_be_marked_and_are_counted(room):
    server, far = room.network.servers["kme-east"], room.network.servers["kme-west"]
    server.mark, before = b"so that tests find it", (server.fresh, far.named)
    key, other = kme(room).new_key("west"), kme(room).new_key("west")
    assert key.value.startswith(server.mark)
    assert (len(key.value), key.value != other.value) == (32, True)
    kme(room, "west", "kme-west").take("east", key.id)
    assert (server.fresh, far.named) == (before[0] + 2, before[1] + 1)


def test_status_counts_what_is_left(room):
    east = kme(room)
    before = east.status("west")
    assert {before["source_KME_ID"], before["target_KME_ID"]} == {"kme-east", "kme-west"}
    room.network.pool("kme-east", "kme-west").rate = 0.0
    before = east.status("west")["stored_key_count"]
    east.new_key("west")
    assert east.status("west")["stored_key_count"] == before - 1
    room.network.pool("kme-east", "kme-west").rate = 8.0


def test_empty_pool_refuses_and_fills_again(room):
    pool = room.network.pool("kme-east", "kme-west")
    pool.stored, pool.rate = 0, 0.0
    with pytest.raises(KmeTrouble, match="503: not enough keys are stored") as refused:
        kme(room).new_key("west")
    assert not refused.value.spent
    pool.rate = 1000.0
    assert kme(room).new_key("west")
    pool.rate = 8.0


def test_dry_server_has_none(room):
    room.network.servers["kme-west"].dry = True
    assert kme(room).status("west")["stored_key_count"] == 0
    with pytest.raises(KmeTrouble, match="503"):
        kme(room).new_key("west")


def test_lost_answer_costs_one_key_and_never_a_mismatch(room):
    east, west = kme(room), kme(room, "west", "kme-west")
    server = room.network.servers["kme-east"]
    server.lose, before = 1, len(room.network.servers["kme-west"].waiting)
    with pytest.raises(KmeTrouble) as lost:
        east.new_key("west")
    assert (lost.value.kind, lost.value.spent) == ("unreachable", True)
    assert server.lose == 0  # asked once, not again
    assert len(room.network.servers["kme-west"].waiting) == before + 1
    key = east.new_key("west")
    assert west.take("east", key.id).value == key.value


def test_silence_ends_in_time(room):
    room.network.servers["kme-east"].silent = True
    with pytest.raises(KmeTrouble, match="no answer within") as silent:
        kme(room).status("west")
    assert (silent.value.kind, silent.value.spent) == ("unreachable", False)


def test_nobody_there_is_not_spent(room):
    settings = {**room.settings("kme-east"), "url": f"https://127.0.0.1:{keyservers.free_port()}/api/v1/keys"}
    with pytest.raises(KmeTrouble, match="no answer: Connection refused") as refused:
        Kme("east", settings, room.pki("east")).new_key("west")
    assert not refused.value.spent


@pytest.mark.parametrize("certificate", ["kme-impostor", "foreign-kme-east", "expired-kme-east"])
def test_server_that_is_not_who_it_should_be_gets_no_request(room, certificate):
    room.pretend("kme-east", certificate)
    before = room.network.servers["kme-east"].requests
    try:
        with pytest.raises(KmeTrouble, match="its certificate is not that of kme-east") as refused:
            kme(room).new_key("west")
    finally:
        room.pretend("kme-east", "kme-east")
    assert (refused.value.kind, refused.value.spent) == ("identity", False)
    assert room.network.servers["kme-east"].requests == before


@pytest.mark.parametrize("certificate", ["foreign", "expired"])
def test_client_with_a_certificate_that_is_none_gets_nothing(room, certificate):
    before = room.network.servers["kme-east"].requests
    with pytest.raises(KmeTrouble) as refused:
        kme(room, certificate=certificate).status("west")
    assert refused.value.kind in {"identity", "unreachable"}
    assert room.network.servers["kme-east"].requests == before


def test_who_was_not_named_gets_401(room):
    key = kme(room).new_key("west")
    third = kme(room, "third")
    room.network.servers["kme-east"].waiting[key.id] = room.network.servers["kme-west"].waiting[key.id]
    with pytest.raises(KmeTrouble, match="401") as refused:
        third.take("east", key.id)
    assert refused.value.kind == "identity"
    assert kme(room, "west", "kme-west").take("east", key.id).value == key.value


def test_device_of_another_server_gets_401(room):
    with pytest.raises(KmeTrouble, match="401: this SAE is not registered"):
        kme(room, "west", "kme-east").new_key("east")


@pytest.mark.parametrize("bits", [0, -8, 7, 255, 257])
def test_size_that_is_no_multiple_of_8_is_not_even_asked_for(room, bits):
    before = room.network.servers["kme-east"].requests
    with pytest.raises(KmeTrouble, match="the size is a multiple of 8"):
        kme(room).new_key("west", bits)
    assert room.network.servers["kme-east"].requests == before


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"size": 255}, "size shall be a multiple of 8"),
        ({"size": 2048}, "size shall be"),
        ({"number": 0}, "number shall be"),
        ({"number": 17}, "number shall be"),
        ({"number": True}, "whole numbers"),
        ({"extension_mandatory": [{"x": 1}]}, "not all extension_mandatory parameters are supported"),
        ({"additional_slave_SAE_IDs": ["third"]}, "not supported"),
        ({"colour": "blue"}, "not as it should be"),
    ],
)
def test_server_refuses_what_the_standard_does_not_allow(room, body, words):
    with pytest.raises(KmeTrouble, match=words) as refused:
        kme(room)._ask("POST", "west/enc_keys", body, spends=True)
    assert refused.value.code == 400


@pytest.mark.parametrize(
    "body", [{}, {"key_IDs": []}, {"key_IDs": [{}]}, {"key_IDs": "x"}, {"key_IDs": [{"key_ID": 1}]}]
)
def test_server_refuses_ids_that_are_none(room, body):
    with pytest.raises(KmeTrouble) as refused:
        kme(room)._ask("POST", "west/dec_keys", body, spends=True)
    assert refused.value.code == 400


WORDS = {
    "no-key": "lacks 'key'",
    "odd-field": "has 'quality', which the standard does not know",
    "short": "has 248 bits, not 256",
    "no-base64": "is no base64",
    "one-more": "2 keys, not 1",
    "none": "0 keys, not 1",
    "no-uuid": "a key ID is no UUID",
    "zeros": "nothing but zeros",
    "no-json": "is no JSON",
    "twice": "has a field twice",
    "list": "is no object",
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_answer_that_is_not_as_the_standard_has_it_is_refused(room, kind):
    east, west = kme(room), kme(room, "west", "kme-west")
    key = east.new_key("west")
    server = room.network.servers["kme-west"]
    value = server.waiting[key.id].value
    server.malform = kind
    with pytest.raises(KmeTrouble, match=WORDS.get(kind, "delivered key ID .* instead of")) as refused:
        west.take("east", key.id)
    assert (refused.value.kind, refused.value.spent) == ("malformed", True)
    assert value.hex() not in str(refused.value)


def test_key_id_that_comes_twice_is_refused(room):
    east = kme(room)
    room.network.servers["kme-east"].malform = "other-id"
    east.new_key("west")
    with pytest.raises(KmeTrouble, match="before"):
        east.new_key("west")


@pytest.mark.parametrize(
    "answer",
    [
        {"keys": [{"key_ID": "a1b2c3d4-1111-4222-8333-0123456789ab", "key": 5}]},
        {"keys": [{"key_ID": 7, "key": "AAAA"}]},
        {"keys": {"key_ID": "x"}},
        {"keys": [[]]},
        {"keys": None},
        {},
        7,
        {"keys": [{"key_ID": "00000000-0000-0000-0000-000000000000", "key": "A" * 43 + "="}]},
        {"keys": [{"key_ID": "a1b2c3d4-1111-4222-8333-0123456789ab", "key": "QUJD\n" * 10}]},
    ],
)
def test_odd_containers(answer):
    with pytest.raises(KmeTrouble):
        keys_of(answer, 1, 256)


@pytest.mark.parametrize(
    ("name", "value"),
    [("stored_key_count", -1), ("stored_key_count", "5"), ("key_size", True), ("source_KME_ID", None), ("extra", 1)],
)
def test_odd_status(room, monkeypatch, name, value):
    told = {**room.network.status(room.network.servers["kme-east"], "east", "west"), name: value}
    east = kme(room)
    monkeypatch.setattr(east, "_ask", lambda *_a, **_k: json.loads(json.dumps(told)))
    with pytest.raises(KmeTrouble):
        east.status("west")


def test_servers_words_cannot_carry_a_key():
    error = client._refused(400, json.dumps({"message": "no: " + "ab" * 32 + "\x1b[31m"}).encode())
    assert "abab" not in str(error)
    assert "\x1b" not in str(error)
