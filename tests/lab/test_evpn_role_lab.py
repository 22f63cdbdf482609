"""The roles `evpn`, `vpws` and `l3vpn` side by side on routers that citynet does not manage otherwise.

The tests stand in order: each begins with what the one before it left, and every router has everything again.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from lab_room import HERE, ROOT, Room, citynet, unconfirmed

from citynet.deploy import scoped
from citynet.errors import Exit
from citynet.lab import Lab
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "evpn-role"
INVENTORY = HERE / "layer2_routers.yml"
ROLES = ("underlay", "srv6", "evpn", "vpws", "l3vpn")
MODULES = ("underlay", "srv6_locator", "evpn_service", "vpws_service", "l3vpn_service")
PLAYBOOK = """
- hosts: citynet_routers
  gather_facts: false
  roles: [citynet.twodomain.underlay, citynet.twodomain.srv6, citynet.twodomain.evpn]
- hosts: pe-1,pe-2
  gather_facts: false
  roles: [citynet.twodomain.vpws, citynet.twodomain.l3vpn]
"""
TASKS = {"core": 3, "pe-1": 5, "pe-2": 5, "pe-3": 3}
LAN, WIRE, SHARE = ("10.13.0.2", "fd13::3", "10.13.0.4"), ("10.12.0.2", "fd12::2"), ("192.0.2.2", "2001:db8::2")
LEFT_BEHIND = (
    "ip -br link; find /etc/citynet /etc/network/interfaces.d /etc/sysctl.d -type f;"
    " vtysh -c 'show running-config no-header'"
)


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("evpn")
    shutil.copy(ROOT / "tests/golden/cases/layer2/design.yml", design / "design.yml")
    (design / "all.yaml").write_text(PLAYBOOK)
    for role in ROLES:
        (design / f"{role}.yaml").write_text(
            f"- hosts: citynet_routers\n  gather_facts: false\n  roles: [citynet.twodomain.{role}]\n"
        )
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    for router in ("pe-1", "pe-2"):
        lab.node(router, "ip link add site0 type dummy")
    yield Room(design, lab)
    lab.down()


def play(room: Room, *words: str, playbook: str = "all", check: int = 0) -> dict[str, list[dict[str, Any]]]:
    """The results of the collection's modules, in order, by router."""
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", str(room.design / f"{playbook}.yaml"), "-i", str(INVENTORY), *words),
        check=check,
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    found: dict[str, list[dict[str, Any]]] = {}
    for event in map(json.loads, done.stdout.splitlines()):
        if event["event"] == "result" and event["action"].endswith(MODULES):
            found.setdefault(event["host"], []).append(event)
    return found


def statuses(results: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    return {host: [one["status"] for one in events] for host, events in results.items()}


def pings(room: Room, source: str, *addresses: str, words: str = "") -> bool:
    """Whether every address answers every ping."""
    said = [room.lab.node(source, f"ping {words} -c 2 -i 0.1 -W 1 {address} || true") for address in addresses]
    return all(" 0% packet loss" in text for text in said)


def joined(room: Room) -> dict[str, bool]:
    """Which of the services work from where they begin on pe-1; nothing is left of what ARP and ND learnt."""
    for host in ("lan-1", "wire-1"):
        room.lab.node(host, "ip neigh flush dev eth1")
    return {
        "lan": pings(room, "lan-1", *LAN),
        "wire": pings(room, "wire-1", *WIRE),
        "share": pings(room, "pe-1", *SHARE, words="-I share"),
    }


ALL = {"lan": True, "wire": True, "share": True}


def test_all_services_work_beside_each_other(room: Room) -> None:
    assert not any(joined(room).values())
    assert statuses(play(room)) == {router: ["changed"] * count for router, count in TASKS.items()}
    assert until(lambda: joined(room) == ALL, 60), joined(room)


def test_services_stay_apart(room: Room) -> None:
    room.lab.node("wire-1", "ip addr add 10.13.0.99/24 dev eth1")
    assert not pings(room, "wire-1", "10.13.0.1")
    room.lab.node("wire-1", "ip addr del 10.13.0.99/24 dev eth1")
    for host, vlan in (("lan-2", 30), ("wire-2", 20)):
        assert f"eth1v{vlan}" in room.lab.node(host, "ip -br link"), "frames of that end carry a tag"


def test_the_second_run_changes_nothing(room: Room) -> None:
    # FRR's own way to save: on this router the block of each scope dissolves, and lines are told apart one by one.
    room.lab.node("pe-1", "vtysh -c 'write memory'")
    assert "kept by citynet" not in room.lab.node("pe-1", "cat /etc/frr/frr.conf")
    assert statuses(play(room)) == {router: ["ok"] * count for router, count in TASKS.items()}


def test_what_was_done_by_hand_is_put_back(room: Room) -> None:
    evpn = "-c 'router bgp 65001' -c 'address-family l2vpn evpn' -c 'no advertise-all-vni'"
    room.lab.node("pe-1", f"ip link set dev eth3 nomaster; vtysh -c 'configure terminal' {evpn}")
    assert statuses(play(room, "--limit", "pe-1")) == {"pe-1": ["ok", "ok", "changed", "ok", "ok"]}
    assert until(lambda: joined(room) == ALL, 60), joined(room)


@pytest.mark.parametrize(("role", "service"), [("evpn", "lan"), ("vpws", "wire"), ("l3vpn", "share")])
def test_each_takes_away_its_own_only(room: Room, role: str, service: str) -> None:
    away = ["-e", f"{role}_state=absent"]
    if role == "l3vpn":
        away = ["-e", '{"l3vpn_services": [{"vrf": "share", "state": "absent"}]}']
    try:
        assert statuses(play(room, "--limit", "pe-1", *away, playbook=role)) == {"pe-1": ["changed"]}
        assert until(lambda: joined(room) == {**ALL, service: False}, 60), joined(room)
        left = room.lab.node("pe-1", LEFT_BEHIND)
        gone = {
            "evpn": ("vni2", "br2", "vtep0", "-evpn", "l2vpn"),
            "vpws": ("-vpws",),
            "l3vpn": ("-l3vpn", "vrf share\n r"),
        }
        assert not [word for word in gone[role] if word in left], left
        ports = "net.ipv6.conf.eth2.disable_ipv6 net.ipv6.conf.eth3.disable_ipv6"
        off = {"evpn": ["1", "0"], "vpws": ["0", "1"], "l3vpn": ["1", "1"]}
        assert room.lab.node("pe-1", f"sysctl -n {ports}").split() == off[role]
        assert statuses(play(room, "--limit", "pe-1", *away, playbook=role)) == {"pe-1": ["ok"]}
    finally:  # the tests behind it need it again
        back = statuses(play(room, "--limit", "pe-1", playbook=role))
    assert back == {"pe-1": ["changed"]}
    assert until(lambda: joined(room) == ALL, 60), joined(room)


def test_the_last_to_go_takes_the_programs_along(room: Room) -> None:
    assert room.lab.node("pe-3", "pgrep -x citynet-loops")
    assert statuses(play(room, "--limit", "pe-3", "-e", "evpn_state=absent", playbook="evpn")) == {"pe-3": ["changed"]}
    look = "find /usr/local/lib/citynet /etc/systemd -path '*layer2*' -type f; pgrep -x citynet-loops || true"
    left = room.lab.node("pe-3", look)
    assert left == ""


def options(room: Room, router: str) -> dict[str, Any]:
    """What the inventory tells the role `evpn` of a router."""
    group = yaml.safe_load(INVENTORY.read_text())["citynet_routers"]
    own = {**group["vars"], **group["hosts"][router]}
    own |= {"evpn_router_id": own["router_id"], "evpn_neighbors": own["reflectors"], "evpn_prefix": own["srv6_prefix"]}
    return {name.removeprefix("evpn_"): value for name, value in own.items() if name.startswith("evpn_")}


def commit_and_lose(room: Room, router: str, told: dict[str, Any]) -> None:
    job = scoped.job("evpn_service", told, router)
    assert job.scope is not None
    unconfirmed(room.lab, router, job.files, job.secrets, scope=job.scope)


def went_back(room: Room, router: str) -> bool:
    return until(lambda: "pending" not in room.lab.node(router, "ls /var/lib/citynet"), 60)


def test_nothing_stays_of_a_first_transaction_that_nobody_confirms(room: Room) -> None:
    before = room.lab.node("pe-3", LEFT_BEHIND)
    commit_and_lose(room, "pe-3", options(room, "pe-3"))
    assert "vni2" in room.lab.node("pe-3", "ip -br link")
    assert went_back(room, "pe-3")
    assert room.lab.node("pe-3", LEFT_BEHIND) == before
    assert statuses(play(room, "--limit", "pe-3", playbook="evpn")) == {"pe-3": ["changed"]}
    assert until(lambda: joined(room) == ALL, 60), joined(room)


def test_a_service_that_nobody_confirms_goes_and_the_others_stay(room: Room) -> None:
    before = room.lab.node("pe-3", LEFT_BEHIND)
    told = options(room, "pe-3")
    (lan,) = told["services"]
    one, other = lan["interfaces"]
    more = {"service": "more", "vni": 3, "rd": "10.1.0.4:65532", "rt": "65001:3", "interfaces": [other]}
    commit_and_lose(room, "pe-3", {**told, "services": [{**lan, "interfaces": [one]}, more]})
    assert "vni3" in room.lab.node("pe-3", "ip -br link")
    assert went_back(room, "pe-3")
    assert room.lab.node("pe-3", LEFT_BEHIND) == before
    assert until(lambda: joined(room) == ALL, 60), joined(room)


def test_a_router_with_tasks_is_not_managed_whole(room: Room) -> None:
    done = citynet("deploy", str(room.design), "--lab", NAME, "--json", check=Exit.DEVICE_FAILED)
    reason = json.loads(done.stdout)["devices"]["core"]["reason"]
    assert "has evpn, srv6, underlay by tasks of their own" in reason


def test_a_router_that_is_managed_whole_takes_no_tasks(room: Room) -> None:
    for role in ("evpn", "srv6", "underlay"):
        play(room, "--limit", "pe-3", "-e", f"{role}_state=absent", playbook=role)
    citynet("deploy", str(room.design), "--lab", NAME, "--limit", "pe-3", "--json")
    (refused,) = play(room, "--limit", "pe-3", playbook="evpn", check=2)["pe-3"]
    assert refused["status"] == "failed"
    for file in ("/etc/citynet/layer2.json", "/etc/frr/frr.conf"):
        assert file in refused["msg"]
