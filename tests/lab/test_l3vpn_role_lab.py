"""The role `l3vpn` at full strength on routers that citynet does not manage otherwise.

Hub and spokes, a site on two routers, a guarded exit, limits. The tests stand in order: each begins with what the one
before it left.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml
from lab_room import HERE, Room, citynet

from citynet.lab import Lab, faults
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "l3vpn-role"
EVENTS = "citynet.twodomain.events"
MODULES = ("underlay", "srv6_locator", "l3vpn_service")
ROUTERS = ("left", "right")
SPOKES = ("branch-1", "branch-2")


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("branches")
    shutil.copy(HERE / "branches.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    yield Room(design, lab)
    lab.down()


@pytest.fixture(scope="module")
def key(room: Room) -> str:
    """What the site's router wants of its sessions."""
    return str(yaml.safe_load((room.design / "secrets.yml").read_text())["bgp/centre"])


def look(room: Room, router: str) -> str:
    """Everything that the role could have left on a router."""
    text = room.lab.node(
        router,
        "vtysh -c 'show running-config no-header' 2>/dev/null; cat /etc/frr/frr.conf; nft list tables;"
        " ls /etc/network/interfaces.d /etc/nftables.d 2>/dev/null; ip -br link | sed 's/@.*//'; ip rule; ip -6 rule;"
        " ls /var/lib/citynet/scopes 2>/dev/null || true",
    )
    return re.sub(r"^vrf \S+\nexit-vrf\n!\n", "", text, flags=re.MULTILINE)


def play(
    room: Room, key: str, *words: str, playbook: str = "citynet.twodomain.router", speaker: str = EVENTS
) -> tuple[dict[str, list[str]], str]:
    """How the tasks of the modules ended, in order, by router (services as one); and all that Ansible said."""
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", playbook, "-i", str(HERE / "branches-routers.yml")),
        *("-e", json.dumps({"site_password": key}), "--diff", *words),
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK=speaker,
    )
    found: dict[str, list[str]] = {}
    for line in done.stdout.splitlines() if speaker == EVENTS else []:
        event = json.loads(line)
        if event["event"] == "result" and event["action"].endswith(MODULES):
            found.setdefault(event["host"], []).append(event["status"])
    return found, done.stdout + done.stderr


def address(room: Room, host: str, version: int) -> str:
    return room.lab.plan.hosts[host].address(version)


def reaches(room: Room, source: str, target: str, version: int) -> bool:
    said = room.lab.node(source, f"ping -n -c 3 -i 0.1 -W 1 {address(room, target, version)} || true")
    return ", 0 received" not in said and " received" in said


def tell_centre(room: Room, *lines: str) -> None:
    words = " ".join(f"-c '{line}'" for line in ("configure terminal", "router bgp 4200000000", *lines))
    room.lab.node("centre", f"vtysh {words}")


def session(room: Room, router: str, neighbor: str) -> str:
    said = json.loads(room.lab.node(router, "vtysh -c 'show bgp vrf hub ipv4 summary json'"))
    return str(said["ipv4Unicast"]["peers"][neighbor]["state"])


def test_the_role_brings_all_of_it_and_tells_no_key(room: Room, key: str) -> None:
    _, tried = play(room, key, "--check", "-vvv", speaker="ansible.builtin.default")
    assert "@secret(bgp/task/centre)" in tried  # the difference is shown, with the key's name
    results, said = play(room, key)
    assert results == {router: ["changed"] * 3 for router in ROUTERS}
    for secret in (key, "Bgp-key", "Under1ay-key"):
        assert secret not in tried + said
        for router in ROUTERS:
            found = room.lab.node(router, f"grep -rlF {secret} /etc /var /run /tmp /usr/local 2>/dev/null || true")
            assert found.split() == ["/etc/frr/frr.conf"], found
    results, said = play(room, key)
    assert results == {router: ["ok"] * 3 for router in ROUTERS}
    assert key not in said


@pytest.mark.parametrize("version", [4, 6])
def test_spokes_reach_the_hub_and_no_spoke(room: Room, version: int) -> None:
    for spoke in SPOKES:
        assert until(lambda: reaches(room, spoke, "centre", version), 60)  # noqa: B023 - asked at once
        assert reaches(room, "centre", spoke, version)
    for one, other in (SPOKES, SPOKES[::-1]):
        assert not reaches(room, one, other, version)


@pytest.mark.parametrize("version", [4, 6])
def test_the_exit_lets_out_what_is_listed_and_nothing_in(room: Room, version: int) -> None:
    for host in (*SPOKES, "centre"):
        assert until(lambda: reaches(room, host, "internet", version), 30)  # noqa: B023 - asked at once
        assert not reaches(room, "internet", host, version)
    room.lab.node(
        "internet",
        "pidof socat || setsid -f socat TCP6-LISTEN:80,fork,reuseaddr,ipv6only=0 /dev/null </dev/null >/dev/null 2>&1",
    )
    assert until(lambda: "open" in room.lab.node("internet", ask("::1")), 10)
    assert "shut" in room.lab.node("branch-2", ask(address(room, "internet", version)))


def ask(target: str) -> str:
    return f"timeout 3 bash -c '</dev/tcp/{target}/80' 2>/dev/null && echo open || echo shut"


def test_a_site_on_two_routers_outlives_its_first_line(room: Room) -> None:
    for version in (4, 6):
        assert reaches(room, "branch-1", "centre", version)
    faults.change(room.lab, "cut", "left--centre", {}, back=False)
    try:
        for version in (4, 6):
            assert until(lambda: reaches(room, "branch-1", "centre", version), 20)  # noqa: B023 - asked at once
            assert reaches(room, "branch-2", "centre", version)
            assert not reaches(room, "branch-1", "branch-2", version)
    finally:
        faults.change(room.lab, "cut", "left--centre", {}, back=True)
    assert until(lambda: session(room, "left", "fd13::1:1") == "Established", 60)


def test_a_policed_spoke_gets_its_rate_and_no_more(room: Room) -> None:
    room.lab.node("centre", "pidof iperf3 || iperf3 -s -D")
    # nft's bucket holds a second's worth beyond the burst: the first two seconds are not counted.
    for backwards in ("", "-R"):
        said = room.lab.node("branch-1", f"iperf3 -c {address(room, 'centre', 4)} -u -b 20M -O 2 -t 5 -f m {backwards}")
        rate = float(re.findall(r"([\d.]+) Mbits/sec.*receiver", said)[-1])
        assert 4.4 <= rate <= 5.1, said


def test_a_site_that_brings_more_than_it_may(room: Room) -> None:
    """One route beyond its prefixes is not taken; one of its prefixes beyond the limit ends the session."""
    room.lab.node("centre", "vtysh -c 'configure terminal' -c 'ip prefix-list OWN seq 10 permit 10.13.15.0/24 le 32'")
    for number, wanted in ((9, "Established"), (1, "Established"), (2, "Idle (PfxCt)")):
        room.lab.node("centre", f"ip address add 10.13.15.{number}/32 dev lo")
        tell_centre(room, "address-family ipv4 unicast", f"network 10.13.15.{number}/32")
        assert until(lambda: session(room, "left", "fd13::1:1") == wanted, 20)  # noqa: B023 - asked at once
    routes = room.lab.node("left", "ip route show vrf hub")
    assert "10.13.15.9" not in routes
    for number in (9, 1, 2):
        tell_centre(room, "address-family ipv4 unicast", f"no network 10.13.15.{number}/32")
    room.lab.node("left", "vtysh -c 'clear bgp vrf hub *'")
    assert until(lambda: session(room, "left", "fd13::1:1") == "Established", 60)


def test_absent_takes_away_its_own_only(room: Room, key: str, tmp_path: Path) -> None:
    playbook = tmp_path / "away.yml"
    playbook.write_text(
        "- hosts: left\n  gather_facts: false\n  roles:\n"
        "    - {role: citynet.twodomain.l3vpn, vars: {l3vpn_services: [{vrf: hub, state: absent}]}}\n"
    )
    results, _ = play(room, key, playbook=str(playbook))
    assert results == {"left": ["changed"]}
    left = look(room, "left")
    for word in ("prefix-list", "centre", "maximum-prefix", " hub"):
        assert word not in left.replace(" hub nexthop-vrf hub", ""), word
    assert "router bgp 65001 vrf spoke" in left  # the other service, its sessions and its limit stay
    assert "neighbor fd01:1:2::1 peer-group CITY" in left
    assert "citynet_l3vpn_spoke" in left
    assert until(lambda: reaches(room, "branch-2", "centre", 4), 30)
    playbook.write_text(
        "- hosts: left\n  gather_facts: false\n  roles:\n"
        "    - {role: citynet.twodomain.l3vpn, vars: {l3vpn_services: [{vrf: spoke, state: absent}]}}\n"
        "    - {role: citynet.twodomain.srv6, vars: {srv6_state: absent}}\n"
        "    - {role: citynet.twodomain.underlay, vars: {underlay_state: absent}}\n"
    )
    results, _ = play(room, key, playbook=str(playbook))
    assert results == {"left": ["changed"] * 3}
    left = look(room, "left")
    for word in ("bgp", "isis", "spoke", "citynet", "bfd", "reject"):
        assert word not in left.replace("/var/lib/citynet", ""), word
    _, said = play(room, key, "--limit", "left", speaker="ansible.builtin.default")
    assert re.search(r"^left .* changed=3 .* failed=0 ", said, re.MULTILINE), said
    assert until(lambda: reaches(room, "branch-1", "centre", 4), 60)
