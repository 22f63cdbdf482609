"""The role `qkd` on routers that citynet does not manage otherwise, and lines and tunnels that take its keys.

The key servers are the lab's: HTTPS with certificates on both sides. Their keys begin with a mark, so that a key can be
told wherever it turns up. The tests stand in order: each begins with what the one before it left.
"""

from __future__ import annotations

import base64
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from captures import EVERY, captured
from lab_room import HERE, Room, citynet

from certificates import pem
from citynet.lab import Lab, keys
from citynet.lab.keyservers import access
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "qkd-role"
SIDES = {"left": ("right", 1, 2), "right": ("left", 2, 1)}
SERVERS = {"left": "kme-west", "right": "kme-east"}
USERS = {
    end: ("line eth1", f"tunnel share--{peer}", f"tunnel probe--{peer}")
    for end, peer in (("left", "right"), ("right", "left"))
}
MODULES = ("qkd_key", "macsec_link", "underlay", "srv6_locator", "l3vpn_service", "sm4_tunnel", "ipsec_tunnel")
ROLES = ("qkd", "macsec", "underlay", "srv6", "l3vpn", "sm4", "ipsec")
MARK = b"Mark-of-QKD-keys"
TOLD = (MARK.decode(), MARK.hex(), base64.b64encode(MARK[:15]).decode())
"""How a key would look in a text, in hexadecimal digits and in base64."""


def playbook(*roles: str) -> str:
    names = ", ".join(f"citynet.twodomain.{role}" for role in roles)
    return f"- hosts: citynet_routers\n  gather_facts: false\n  roles: [{names}]\n"


def variables(lab: Lab, secrets: dict[str, str]) -> str:
    """What the roles are told: every line and tunnel has its keys from QKD, so there is no key among it but those of
    certificates."""
    servers = access.servers(lab.plan)
    hosts: dict[str, Any] = {}
    for name, (peer, own, other) in SIDES.items():
        master = name == "left"
        identity = {
            "identity": name,
            "ca": pem("CERTIFICATE", secrets["pki/ca"]),
            "certificate": pem("CERTIFICATE", secrets[f"pki/{name}/certificate"]),
            "private_key": pem("PRIVATE KEY", secrets[f"pki/{name}/key"]),
        }
        far = {"peer": peer, "remote": f"fd01:1:{other}::1:7", "remote_prefix": f"fd01:1:{other}::/48"}
        service = {"service": "share", "number": 7, "interfaces": ["eth2"], "local": f"fd01:1:{own}::1:7"}
        probe = {
            "name": "probe",
            "peer": peer,
            "key_source": "qkd",
            "initiate": master,
            "local": f"fd01:1:{own}::1",
            "local_prefix": f"fd01:1:{own}:aaaa::/64",
            "remote": f"fd01:1:{other}::1",
            "remote_prefix": f"fd01:1:{other}:aaaa::/64",
        }
        hosts[name] = {
            **{f"{role}_{option}": value for role in ("qkd", "ipsec") for option, value in identity.items()},
            "qkd_server_name": SERVERS[name],
            "qkd_server_url": servers[SERVERS[name]].url,
            "qkd_channel": f"fd01:1:{own}::1",
            "qkd_peers": [{"name": peer, "address": f"fd01:1:{other}::1"}],
            "macsec_lines": [{"name": "eth1", "neighbor": peer, "key_source": "qkd", "master": master}],
            "underlay_interfaces": [{"name": "eth1s", "neighbor": peer}],
            "srv6_interfaces": ["eth1s"],
            "sm4_prefix": f"fd01:1:{own}::/48",
            "sm4_protections": [{**service, "key_source": "qkd", "tunnels": [{**far, "master": master}]}],
            "ipsec_tunnels": [probe],
        }
    everywhere = {"qkd_vrf": "mgmt", "sm4_links": ["eth1s"]}
    return yaml.safe_dump({"citynet_routers": {"hosts": hosts, "vars": everywhere}})


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("qkd-role")
    shutil.copy(HERE / "qkd.yml", design / "design.yml")
    (design / "keys.yaml").write_text(playbook("qkd"))
    (design / "all.yaml").write_text(playbook(*ROLES))
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    (design / "told.yaml").write_text(variables(lab, secrets_of(design)))
    for server in SERVERS.values():
        access.strike(lab, "mark", server, MARK.hex())
    yield Room(design, lab)
    lab.down()


def secrets_of(design: Path) -> dict[str, str]:
    found: dict[str, str] = yaml.safe_load((design / "secrets.yml").read_text())
    return found


def play(room: Room, name: str, *words: str, check: int = 0) -> dict[str, list[str]]:
    """How the tasks of the modules ended, in order, by router; what failed says why. No key is ever told."""
    inventories = ("-i", str(HERE / "routers.yml"), "-i", str(room.design / "told.yaml"))
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", str(room.design / f"{name}.yaml"), *inventories, "--diff", *words),
        check=check,
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    keyless(done.stdout + done.stderr, room)
    found: dict[str, list[str]] = {router: [] for router in SIDES}
    for event in map(json.loads, done.stdout.splitlines()):
        if event["event"] == "result" and event["action"].endswith(MODULES):
            found[event["host"]].append(event["msg"] if event["status"] == "failed" else event["status"])
    return found


def keyless(said: str, room: Room) -> None:
    """No key of QKD is in a text, and none of a certificate."""
    private = [value[:60] for name, value in secrets_of(room.design).items() if name.endswith("key")]
    assert not [one for one in (*TOLD, *private) if one in said]


def in_use(lab: Lab) -> list[tuple[str, str]]:
    """The keys of line and tunnels, each at both ends."""
    found = {end: keys.status(lab)[end]["users"] for end in SIDES}
    pairs = zip(*USERS.values(), strict=True)
    return [
        tuple(found[end].get(name, {}).get("key_id", "") for end, name in zip(SIDES, pair, strict=True))
        for pair in pairs
    ]


def agreed(lab: Lab, beside: list[tuple[str, str]] | None = None) -> bool:
    """Whether all are up under one key at both ends, and other ones than before."""
    states = {user["state"] for end in SIDES for user in keys.status(lab)[end]["users"].values()}
    now = in_use(lab)
    fresh = beside is None or all(new != old for new, old in zip(now, beside, strict=True))
    return states == {"up"} and fresh and all(len(set(pair)) == 1 and pair[0] for pair in now)


def delivered(lab: Lab) -> dict[str, tuple[int, int]]:
    """Keys that each key server has delivered: to masters, and by ID."""
    return {name: (told["fresh"], told["named"]) for name, told in access.state(lab).items()}


def alarms(lab: Lab, device: str) -> dict[str, str]:
    return {alarm["alarm"]: alarm["text"] for alarm in keys.status(lab)[device]["alarms"]}


def serves(room: Room) -> bool:
    """Whether the service passes: in SM4, over the line with MACsec."""
    address = room.lab.plan.hosts["taker-1"].address(4)
    return "bytes from" in room.lab.node("giver-1", f"ping -n -c 1 -W 1 {address} || true")


def probes(room: Room) -> bool:
    """Whether that passes which IPsec is for."""
    return "bytes from" in room.lab.node("left", "ping -n -c 1 -W 1 -I fd01:1:1:aaaa::1 fd01:1:2:aaaa::1 || true")


def passes(room: Room) -> bool:
    """Both."""
    return serves(room) and probes(room)


def test_a_router_gets_to_know_its_key_server(room: Room) -> None:
    assert play(room, "keys") == {router: ["changed"] for router in SIDES}
    assert until(lambda: all(keys.status(room.lab)[end]["server"].get("answers") for end in SIDES), 15, step_s=0.5)
    assert play(room, "keys") == {router: ["ok"] for router in SIDES}
    assert play(room, "keys", "-e", "qkd_state=status") == {router: ["ok"] for router in SIDES}
    assert all(keys.status(room.lab)[end]["users"] == {} for end in SIDES)
    assert not any(sum(counts) for counts in delivered(room.lab).values())


def test_lines_and_tunnels_take_their_keys_from_it(room: Room) -> None:
    assert play(room, "all") == {router: ["ok"] + ["changed"] * (len(ROLES) - 1) for router in SIDES}
    assert until(lambda: agreed(room.lab), 90, step_s=0.5)
    assert until(lambda: serves(room), 60)
    for name, (_, own, _) in SIDES.items():  # not sooner, as BGP would take it as the source of its session
        room.lab.node(name, f"ip address add fd01:1:{own}:aaaa::1/128 dev lo preferred_lft 0")
    assert until(lambda: probes(room), 30)
    assert "/PPK" in keys.status(room.lab)["left"]["users"]["tunnel probe--right"]["exchange"]
    counts = delivered(room.lab)
    assert counts["kme-west"][0] >= len(USERS["left"])  # the master's takes new keys,
    assert counts["kme-west"][1] == counts["kme-east"][0] == 0
    assert len(USERS["right"]) <= counts["kme-east"][1] <= counts["kme-west"][0]  # the other's those of their IDs
    assert play(room, "all") == {router: ["ok"] * len(ROLES) for router in SIDES}


def test_keys_are_replaced_on_demand_and_only_ids_are_told(room: Room) -> None:
    before, counts = in_use(room.lab), delivered(room.lab)
    with captured(room.lab, [("left", EVERY)]) as caught:
        assert play(room, "keys", "--limit", "left", "-e", "qkd_state=rotated")["left"] == ["changed"]
        assert until(lambda: agreed(room.lab, beside=before), 30, step_s=0.5)
        assert passes(room)
    assert delivered(room.lab)["kme-west"][0] - counts["kme-west"][0] == len(USERS["left"])
    ids = [pair[0] for pair in in_use(room.lab)]
    ckn = bytes.fromhex(ids[0].replace("-", "")).decode("latin-1")
    seen = caught["left", EVERY].decode("latin-1")
    assert ckn in seen  # the line's key by its name, on the line itself
    keyless(seen, room)


def test_no_key_is_in_a_file_log_state_argument_or_environment(room: Room) -> None:
    words = " ".join(f"-e {word}" for word in TOLD)
    places = "/etc /home /root /run /tmp /usr/local /var /dev/shm"
    argv = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'"
    for router in SIDES:
        assert room.lab.node(router, f"grep -rlaF {words} {places} 2>/dev/null || true") == ""
        # All is read before grep starts, whose own arguments are these words.
        assert room.lab.node(router, f'told=$({argv}); echo "$told" | grep -aF {words} | grep -v grep || true') == ""
        kernel = room.lab.node(router, "ip xfrm state | grep -oE '0x[0-9a-f]{32,}' | cut -c3- | sort -u").split()
        assert kernel  # what is derived of them for SM4 and IPsec
        told = room.lab.node(router, f"cat /var/log/citynet/* /run/citynet/keys.json; {argv}")
        assert not [value for value in kernel if value in told]
        assert room.lab.node(router, "stat -c %a /etc/citynet/pki/device.key").strip() == "600"
    loud = citynet(
        *("lab", "playbook", "-n", NAME, "--", str(room.design / "all.yaml"), "-i", str(HERE / "routers.yml")),
        *("-i", str(room.design / "told.yaml"), "--diff", "--check", "-vvv", "-e", "qkd_rotate_s=1800"),
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK="ansible.builtin.default",
    )
    keyless(loud.stdout + loud.stderr, room)
    for path in (*room.design.rglob("*.json"), *room.lab.state_dir.glob("*.json"), *room.lab.state_dir.glob("*.log")):
        assert not [word for word in TOLD if word in path.read_text(errors="replace")]


def test_a_lost_answer_costs_one_key_and_never_a_mismatch(room: Room) -> None:
    before, counts = in_use(room.lab), delivered(room.lab)
    access.strike(room.lab, "lose", "kme-east", 1)
    play(room, "keys", "--limit", "left", "-e", "qkd_state=rotated")
    assert until(lambda: agreed(room.lab, beside=before), 60, step_s=0.5)
    assert passes(room)
    west, east = (delivered(room.lab)[name] for name in ("kme-west", "kme-east"))
    assert west[0] - counts["kme-west"][0] == len(USERS["left"]) + 1
    assert east[1] - counts["kme-east"][1] == len(USERS["left"]) + 1  # delivered, and lost once


@pytest.mark.parametrize(
    ("fault", "alarm", "text"),
    [("dry", "keys with right", "there are none"), ("name", "key server", "its certificate is not that of kme-west")],
)
def test_without_keys_the_last_are_held_and_it_is_said(room: Room, fault: str, alarm: str, text: str) -> None:
    before = in_use(room.lab)
    access.strike(room.lab, fault, "kme-west", 1)
    try:
        assert until(lambda: text in alarms(room.lab, "left").get(alarm, ""), 15, step_s=0.2)
        (said,) = play(room, "keys", "--limit", "left", "-e", "qkd_state=rotated", "-e", "qkd_wait=2", check=2)["left"]
        assert set(said.removeprefix("no other key yet: ").split(", ")) == set(USERS["left"])
        assert in_use(room.lab) == before
        assert passes(room)
    finally:
        access.strike(room.lab, fault, "kme-west", 0)
    assert until(lambda: alarm not in alarms(room.lab, "left") and agreed(room.lab, beside=before), 90, step_s=0.5)


def test_it_all_goes_again(room: Room) -> None:
    gone = [word for role in ROLES for word in ("-e", f"{role}_state=absent")]
    # Services of the role l3vpn have states of their own, and stay.
    assert play(room, "all", *gone)["left"] == ["ok" if role == "l3vpn" else "changed" for role in ROLES]
    for router in SIDES:
        look = "pgrep -l 'citynet-keys|wpa|charon'; find /etc/citynet /run/citynet /usr/local/lib/citynet -type f"
        left = room.lab.node(router, f"{{ {look}; }} 2>/dev/null; true")
        assert not any(word in left for word in ("citynet-keys", "wpa", "charon", "keys.", "keys-", "pki")), left
