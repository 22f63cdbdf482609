"""IPsec between real routers: what is up and on the line, changes without loss, and every way in that must be refused.

The keys (PPKs) come from the test, by `ike_hand.py` in place of the key agent. The tests stand in order.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from captures import captured
from ipsec_hands import (
    BOTH,
    LAN,
    LOG,
    MARK,
    change,
    in_use,
    is_up,
    line_of,
    listed,
    log,
    lost,
    prepare,
    put,
    put_on_line,
    reaches,
    states,
    tell,
)
from lab_room import HERE, Room, citynet

from certificates import Authority
from citynet.lab import Lab
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


NAME = "sealed"
ROUTERS = ("gov-a", "gov-b")
AUTHORITY = Authority()
CORE, WEB, LAN_TUNNEL = "core--gov-b", "core/web--gov-b", "evpn/full--gov-b"
FAR, FAR6 = "10.12.0.18", "fd12:0:0:1::2"
LAN_FAR = "10.13.0.2"


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp(NAME)
    shutil.copy(HERE / "ipsec.yml", design / "design.yml")
    values = design / "secrets.yml"
    values.touch(0o600)
    values.write_text(yaml.safe_dump(AUTHORITY.secrets(*ROUTERS)))
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    citynet("deploy", str(design), "--lab", NAME, "--quiet")
    yield Room(design, lab)
    lab.down()


# -- up ----------------------------------------------------------------------------------------------------------------


def test_the_second_deployment_changes_nothing(room: Room) -> None:
    done = citynet("deploy", str(room.design), "--lab", NAME, "--json")
    assert {device["status"] for device in json.loads(done.stdout)["devices"].values()} == {"unchanged"}


def test_without_a_key_nothing_passes(room: Room) -> None:
    for node in ROUTERS:  # from here on the test brings the keys
        room.lab.node(node, "pkill -x citynet-keysd; pkill -x citynet-keys; true")
        put(room, node, "/run/hand.py", (HERE / "ike_hand.py").read_text())
        room.lab.node(node, "pkill -x charon-systemd; true")
    for node in ROUTERS:
        room.lab.node(node, "setsid -f python3 -B /run/hand.py </dev/null >/run/hand.err 2>&1")
    assert until(lambda: all(states(room, node) for node in ROUTERS), 20, 0.2)
    assert until(lambda: not is_up(room, "gov-a", CORE), 20, 0.2)
    seen = put_on_line(room, "gov-a", f"ping -c 20 -i 0.05 -W 1 -p {MARK[:16].hex()} {FAR} || true", "core-a")
    assert MARK[:16] not in seen
    assert not reaches(room, "core-a", FAR)
    assert not reaches(room, "lan-a", LAN_FAR)


def test_tunnels_come_up_with_what_their_grades_ask_for(room: Room) -> None:
    for nodes in (BOTH, LAN):
        prepare(room, nodes, "first")
        tell(room, nodes, "switch", "first")
    assert until(lambda: is_up(room, "gov-a", CORE) and is_up(room, "gov-a", LAN_TUNNEL), 20, 0.1)
    core = listed(room, "gov-a", CORE)
    assert "AES_CBC-256/HMAC_SHA2_512_256/PRF_HMAC_SHA2_512/ECP_384/KE1_ML_KEM_768/PPK" in core
    assert "ESP:AES_CBC-256/HMAC_SHA2_512_256/ESN" in core
    assert until(lambda: is_up(room, "gov-a", WEB), 20, 0.1)
    assert "AES_GCM_16-128/PRF_HMAC_SHA2_256/CURVE_25519/KE1_ML_KEM_768\n" in listed(room, "gov-a", WEB)
    for host, far in (("core-a", FAR), ("core-a", FAR6), ("lan-a", LAN_FAR)):
        assert until(lambda host=host, far=far: reaches(room, host, far), 20, 0.5), far


def test_the_key_files_are_their_owners_alone(room: Room) -> None:
    assert room.lab.node("gov-a", "stat -c %a /etc/swanctl/private/citynet.pem").strip() == "600"


# -- on the line -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("host", "far"), [("core-a", FAR), ("core-a", FAR6), ("lan-a", LAN_FAR)])
def test_a_capture_holds_esp_and_nothing_of_a_marked_payload(room: Room, host: str, far: str) -> None:
    ping = f"ping -c 50 -i 0.02 -s 400 -p {MARK[:16].hex()} {far}"
    seen = put_on_line(room, "gov-a", ping, host)
    assert MARK[:16] not in seen
    assert seen.count(bytes([50, 64])) + seen.count(bytes([50, 63])) >= 50  # next header ESP, hop limit


def packets(room: Room, connection: str) -> int:
    return int(re.search(r"out .*?(\d+) packets", listed(room, "gov-a", connection))[1])


def test_an_application_has_a_tunnel_of_its_own(room: Room) -> None:
    before = packets(room, CORE), packets(room, WEB)
    serve = "timeout 10 socat -u TCP-LISTEN:8080,reuseaddr STDOUT"
    got: list[str] = []
    server = threading.Thread(target=lambda: got.append(room.lab.node("core-b", serve)))
    server.start()
    time.sleep(1.0)
    room.lab.node("core-a", f"echo hello | socat -u STDIN TCP:{FAR}:8080")
    server.join()
    assert got == ["hello\n"]
    assert packets(room, WEB) > before[1]
    assert packets(room, CORE) == before[0]


@pytest.mark.parametrize(("far", "size"), [(FAR, 1472), (FAR6, 1452)])
def test_full_packets_pass_whole(room: Room, far: str, size: int) -> None:
    assert reaches(room, "core-a", far, "-M", "do", "-s", str(size))


def test_what_is_larger_than_the_port_of_a_host_stays_there(room: Room) -> None:
    """A port takes 1500 bytes: a host that sends more is told nothing, as by any switch, and nothing of it leaves."""
    big = f"ping -n -c 5 -i 0.1 -W 1 -M do -s 3000 -p {MARK[:16].hex()} {FAR} || true"
    try:
        room.lab.node("core-a", "ip link set dev eth1 mtu 9000")
        before = packets(room, CORE)
        assert MARK[:16] not in put_on_line(room, "gov-a", big, "core-a")
        assert packets(room, CORE) == before
    finally:
        room.lab.node("core-a", "ip link set dev eth1 mtu 1500")


def replayed(room: Room) -> int:
    return int(room.lab.node("gov-b", "awk '/XfrmInStateSeqError/ {print $2}' /proc/net/xfrm_stat"))


def test_packets_that_come_twice_are_dropped_and_counted(room: Room) -> None:
    port, before = line_of(room, "gov-a"), replayed(room)
    again = f"""
import socket, subprocess, time
line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
line.bind(("{port}", 0))
line.settimeout(5)
found = []
while len(found) < 20:
    frame, where = line.recvfrom(9999)
    if where[2] == 4 and frame[12:14] == bytes.fromhex("86dd") and frame[20] == 50:
        found.append(frame)
for frame in found:
    line.send(frame)
"""
    put(room, "gov-a", "/run/again.py", again)
    ping = threading.Thread(target=lambda: room.lab.node("core-a", f"ping -c 100 -i 0.02 {FAR} || true"))
    ping.start()
    room.lab.node("gov-a", "python3 /run/again.py")
    ping.join()
    assert replayed(room) - before >= 20


# -- changes -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", [("core-a", "core-b", FAR), ("core-b", "core-a", "10.12.0.2")])
def test_a_change_of_key_loses_nothing(room: Room, way: tuple[str, str, str]) -> None:
    old = in_use(room, "gov-a", "core--gov-b")
    new = secrets.token_hex(8)
    assert lost(room, *way, lambda: change(room, BOTH, new, old)) == 0
    assert until(lambda: listed(room, "gov-a", CORE).count("INSTALLED") == 1, 20, 0.2)
    assert in_use(room, "gov-b", "core--gov-a") == new
    for node, name in BOTH.items():
        assert until(lambda node=node, name=name: states(room, node)[f"tunnel {name}"]["keys"] == [new], 20, 0.2)


@pytest.mark.parametrize("node", ["gov-a", "gov-b"])
@pytest.mark.parametrize("what", ["child", "ike"])
def test_new_keys_inside_an_association_lose_nothing(room: Room, node: str, what: str) -> None:
    name = BOTH[node]
    rekey = f"swanctl --rekey --{what} {name}"
    assert lost(room, "core-a", "core-b", FAR, lambda: room.lab.node(node, rekey), 4000) == 0
    assert until(lambda: "DELETED" not in listed(room, node, name), 20, 0.5)


# -- refused -----------------------------------------------------------------------------------------------------------


def test_another_ppk_under_the_same_id_is_refused_and_the_old_one_goes_on(room: Room) -> None:
    old = in_use(room, "gov-a", "core--gov-b")
    prepare(room, {"gov-a": BOTH["gov-a"]}, "forged", "11" * 32)
    prepare(room, {"gov-b": BOTH["gov-b"]}, "forged", "22" * 32)
    tell(room, {"gov-a": BOTH["gov-a"]}, "switch", "forged")
    assert until(lambda: "AUTHENTICATION_FAILED" in log(room, "gov-a"), 20, 0.2)
    assert "signature validation failed" in log(room, "gov-b")
    assert listed(room, "gov-a", CORE).count("INSTALLED") == 1
    assert reaches(room, "core-a", FAR)
    tell(room, BOTH, "retire", "forged")
    assert until(lambda: in_use(room, "gov-a", "core--gov-b") == old, 20, 0.2)


def initiated(room: Room, node: str, connection: str) -> str:
    return room.lab.node(node, f"swanctl --initiate --ike {connection} --child {connection} --timeout 8 2>&1 || true")


KEPT = {
    "cert": "/etc/swanctl/x509/citynet.pem",
    "key": "/etc/swanctl/private/citynet.pem",
    "conf": "/etc/swanctl/conf.d/citynet.conf",
}


@pytest.fixture
def changed(room: Room) -> Iterator[Any]:
    """The files of gov-b may be changed, and are as before afterwards."""
    for name, path in KEPT.items():
        room.lab.node("gov-b", f"cp -p {path} /run/kept-{name}")
    yield lambda: room.lab.node("gov-b", "swanctl --load-all --noprompt")
    for name, path in KEPT.items():
        room.lab.node("gov-b", f"cp -p /run/kept-{name} {path}")
    room.lab.node("gov-b", "swanctl --load-all --noprompt")


BAD = {
    "expired": lambda: AUTHORITY.issue("gov-b", -1),
    "foreign": lambda: Authority("another authority").issue("gov-b"),
    "of another device": lambda: AUTHORITY.issue("gov-x"),
}


@pytest.mark.parametrize("kind", list(BAD))
def test_a_certificate_that_is_not_good_is_refused(room: Room, changed: Any, kind: str) -> None:
    certificate, key = BAD[kind]()
    for path, what, value in (("x509", "CERTIFICATE", certificate), ("private", "PRIVATE KEY", key)):
        text = f"-----BEGIN {what}-----\n{value}\n-----END {what}-----\n"
        put(room, "gov-b", f"/etc/swanctl/{path}/citynet.pem", text)
    changed()
    said = initiated(room, "gov-a", WEB)
    assert "failed" in said
    assert listed(room, "gov-a", WEB).count("ESTABLISHED") == 1
    reasons = {
        "expired": "invalid (valid from",
        "foreign": "no issuer certificate",
        "of another device": "AUTHENTICATION_FAILED",
    }
    assert reasons[kind] in said + log(room, "gov-a"), said


WEAKER = {
    "no ML-KEM": ("s/-ke1_mlkem768//", WEB, "core/web--gov-a", "NO_PROPOSAL_CHOSEN"),
    "ML-KEM if you like": ("s/-ke1_mlkem768/-ke1_mlkem768-ke1_none/", WEB, "core/web--gov-a", ""),
    "a weaker cipher": ("s/aes256-sha512-ecp384/aes128-sha256-ecp256/", CORE, "core--gov-a", "NO_PROPOSAL_CHOSEN"),
    "a weaker cipher of ESP": ("/esp_prop/s/aes128gcm16/aes128-sha1/", WEB, "core/web--gov-a", "NO_PROPOSAL_CHOSEN"),
    "no PPK": ("/ppk_required/d", CORE, "core--gov-a", "AUTHENTICATION_FAILED"),
}


@pytest.mark.parametrize("offer", list(WEAKER))
def test_a_weaker_offer_is_refused(room: Room, changed: Any, offer: str) -> None:
    script, _, theirs, reason = WEAKER[offer]
    room.lab.node("gov-b", f"sed -i '{script}' /etc/swanctl/conf.d/citynet.conf")
    changed()
    said = initiated(room, "gov-b", theirs)
    if offer == "ML-KEM if you like":  # the stronger is chosen, as this end takes nothing else
        assert "KE1_ML_KEM_768" in said.rpartition("selected proposal: IKE")[2]
        return
    assert reason in said, said
    assert "failed" in said


# -- failures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("node", ["gov-a", "gov-b"])
def test_a_daemon_that_is_killed_comes_back_and_nothing_leaves_in_the_clear(room: Room, node: str) -> None:
    before = room.lab.node(node, "pgrep -x charon-systemd").split()
    place = ("gov-a", line_of(room, "gov-a"))
    hurt = threading.Timer(1.0, lambda: room.lab.node(node, "pkill -9 -x charon-systemd"))
    with captured(room.lab, [place], outgoing=True) as caught:
        hurt.start()
        room.lab.node("core-a", f"ping -c 150 -i 0.02 -W 1 -s 400 -p {MARK[:16].hex()} {FAR} || true")
        hurt.join()
    seen = caught[place]
    assert MARK[:16] not in seen
    assert until(lambda: is_up(room, node, BOTH[node]), 20, 0.2)
    assert room.lab.node(node, "pgrep -x charon-systemd").split() != before
    assert reaches(room, "core-a", FAR)


def test_associations_that_are_gone_close_the_service(room: Room) -> None:
    tell(room, BOTH, "close")
    assert until(lambda: not is_up(room, "gov-a", CORE), 20, 0.2)
    seen = put_on_line(room, "gov-a", f"ping -c 20 -i 0.05 -W 1 -p {MARK[:16].hex()} {FAR} || true", "core-a")
    assert MARK[:16] not in seen
    assert not reaches(room, "core-a", FAR)
    assert states(room, "gov-a")["tunnel core--gov-b"]["state"] == "closed"


def test_keys_stand_in_no_log_and_no_command(room: Room) -> None:
    value = "c0ffee" * 10 + "beef"
    prepare(room, BOTH, "last", value)
    tell(room, BOTH, "switch", "last")
    assert until(lambda: is_up(room, "gov-a", CORE), 20, 0.2)
    for node in BOTH:
        where = "/var/log /run/citynet /etc/swanctl /etc/citynet /proc/$(pgrep -x charon-systemd)/cmdline"
        found = room.lab.node(node, f"grep -raliF {value} {where} 2>/dev/null; true")
        assert found == ""
        raw = f"python3 -c \"import sys; sys.exit(bytes.fromhex('{value}') in open('{LOG}', 'rb').read())\""
        room.lab.node(node, raw)
