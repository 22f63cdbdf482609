"""Layer-2 services in a real lab: what passes and what does not, how it looks on the line, moves, loops, reboots."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from lab_room import ROOT, citynet, unconfirmed

from citynet.deploy import folder, secrets
from citynet.lab import Lab, faults
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME = "layer2"
SEND = """
import socket, sys
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[1], 0))
for _ in range(20):
    out.send(bytes.fromhex(sys.argv[2]).ljust(60, b"\\0"))
"""


@dataclass
class Town:
    """The deployed lab and the folder of its design."""

    design: Path
    lab: Lab
    first: tuple[str, str, str] = ("", "", "")

    def deploy(self) -> dict[str, str]:
        done = citynet("deploy", str(self.design), "--lab", self.lab.name, "--json")
        return {name: device["status"] for name, device in json.loads(done.stdout)["devices"].items()}

    def pings(self, source: str, *addresses: str) -> bool:
        """Whether every address answers every ping."""
        said = [self.lab.node(source, f"ping -c 2 -i 0.1 -W 1 {address} || true") for address in addresses]
        return all(" 0% packet loss" in text for text in said)

    def joined(self) -> bool:
        return self.pings("lan-1", "10.13.0.2", "fd13::3", "10.13.0.4") and self.pings("wire-1", "10.12.0.2", "fd12::2")

    def commit_and_lose(self, node: str, spoil: Callable[[dict[str, str]], dict[str, str]]) -> tuple[str, str, str]:
        """What a node has before, during and after a transaction that nobody confirms."""
        # FRR leaves its address on lo when it stops; a port's cost is the kernel's guess at its speed.
        files = "find /etc/citynet /etc/network/interfaces.d -type f 2>/dev/null"
        links = "bridge link show | sed 's/ cost .*//'"
        look = f"ip -br address | grep -v ^lo | sed 's/@if[0-9]*//; s/fe80[^ ]*//'; {links}; {files} || true"
        before = self.lab.node(node, look)
        built = folder.load(self.design / "build").device(node)
        unconfirmed(self.lab, node, spoil(built.files), secrets.load(self.design / "secrets.yml"))
        during = self.lab.node(node, look)
        assert until(lambda: "pending" not in self.lab.node(node, "ls /var/lib/citynet"), 60)
        return before, during, self.lab.node(node, look)

    def blocked(self) -> dict[str, dict[str, str]]:
        found = {}
        for name in ("pe-1", "pe-2", "pe-3"):
            told = json.loads(self.lab.node(name, "cat /run/citynet/layer2/blocked.json"))
            if told:
                found[name] = told
        return found

    def watch(self, node: str, interface: str, what: str) -> None:
        """Begin to capture one packet; returns once tcpdump listens."""
        dump = f"timeout 30 tcpdump -l -n -e -vv -x -c 1 -i {interface} '{what}' >/tmp/heard 2>&1 </dev/null &"
        ready = "for _ in $(seq 200); do grep -q listening /tmp/heard && exit 0; sleep 0.05; done; exit 1"
        self.lab.node(node, f"rm -f /tmp/heard; {dump} {ready}")

    def seen(self, node: str, limit_s: float = 10.0) -> str:
        """The packet that was captured; empty when none came."""
        until(lambda: "1 packet captured" in self.lab.node(node, "cat /tmp/heard"), limit_s)
        text = self.lab.node(node, "cat /tmp/heard; pkill -x tcpdump || true")
        return text if "0x0000" in text else ""

    def send(self, node: str, interface: str, frame: str) -> None:
        """Twenty times the same frame."""
        self.lab.node(node, f"python3 -c '{SEND}' {interface} {frame}")


@pytest.fixture(scope="module")
def town(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    design = tmp_path_factory.mktemp("layer2")
    shutil.copy(ROOT / "tests/golden/cases/layer2/design.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    try:
        deployed = Town(design, lab)
        citynet("render", str(design))
        deployed.first = deployed.commit_and_lose("pe-3", dict)
        assert set(deployed.deploy().values()) == {"changed"}
        yield deployed
    finally:
        lab.down()


def test_all_ends_reach_each_other_and_no_other_service(town: Town) -> None:
    assert until(town.joined, 30)
    town.lab.node("wire-1", "ip addr add 10.13.0.99/24 dev eth1")
    assert not town.pings("wire-1", "10.13.0.1")
    town.lab.node("wire-1", "ip addr del 10.13.0.99/24 dev eth1")


def test_nothing_stays_of_a_first_transaction_that_nobody_confirms(town: Town) -> None:
    before, during, after = town.first
    assert {"br2", "vni2", "vtep0"} <= {line.split(" ")[0] for line in during.splitlines()}
    assert after == before


def test_a_service_that_nobody_confirms_goes_and_the_others_stay(town: Town) -> None:
    interfaces = "/etc/network/interfaces.d/citynet"

    def more(files: dict[str, str]) -> dict[str, str]:
        text = files[interfaces]
        service = text[text.index("\n# service lan") :].replace("vni2", "vni9").replace("br2", "br9")
        service = service.replace("id 2", "id 9").replace("bridge-ports eth2 eth3 ", "bridge-ports site9 ")
        return {**files, interfaces: f"{text}\nauto site9\niface site9\n    link-type dummy\n{service}"}

    before, during, after = town.commit_and_lose("pe-3", more)
    assert "vni9" in during
    assert after == before
    assert until(town.joined, 30)


def test_an_arp_request_travels_inside_ipv6(town: Town) -> None:
    town.watch("pe-1", "eth1", "ip6 proto 143 and ip6[52:2] = 0x0806")
    town.lab.node("wire-1", "ip neigh flush dev eth1; ping -c 1 -W 2 10.12.0.2")
    said = town.seen("pe-1")
    sids = town.lab.plan.devices["pe-1"]
    assert f"{sids.srv6.source_address} > {sids.vpws[0].remote}" in said
    assert "0806 0001 0800 0604 0001" in said, "ARP, Ethernet and IPv4, a request"


def test_a_frame_of_the_multipoint_service_travels_in_vxlan(town: Town) -> None:
    town.watch("pe-1", "eth1", "udp port 4789")
    town.lab.node("lan-1", "ip neigh flush dev eth1; ping -c 1 -W 2 10.13.0.2")
    said = town.seen("pe-1")
    vteps = [town.lab.plan.devices[name].evpn[0].vtep for name in ("pe-1", "pe-2")]
    assert "vni 2" in said
    assert vteps[0] in said
    assert "ARP" in said or "ICMP" in said


TO_ALL, FROM = "ffffffffffff", "020000000099"


@pytest.mark.parametrize(
    ("tags", "arrives"), [("", False), ("81000014", True), ("8100001e", False), ("81000014" + "81000005", True)]
)
def test_only_frames_with_the_vlan_enter(town: Town, tags: str, arrives: bool) -> None:
    """Untagged, its own, that of the other service, and its own around a tag of the customer's."""
    town.watch("wire-1", "eth1", "ether src 02:00:00:00:00:99")
    town.send("wire-2", "eth1", TO_ALL + FROM + tags + "88b6" + "cafe")
    said = town.seen("wire-1", 10 if arrives else 2)
    assert bool(said) == arrives
    if len(tags) > 8:
        assert "vlan 5" in said


def test_tcp_fills_the_line_through_both(town: Town) -> None:
    for source, far, address in (("wire-1", "wire-2", "10.12.0.2"), ("lan-1", "lan-2", "10.13.0.2")):
        town.lab.node(far, "iperf3 -s -1 -D")
        told = json.loads(town.lab.node(source, f"iperf3 -J -c {address} -t 1"))
        assert told["end"]["sum_received"]["bits_per_second"] > 20e6
        assert town.pings(source, f"-M do -s 1472 {address}")


def test_storms_are_bounded(town: Town) -> None:
    def got() -> int:
        return int(town.lab.node("wire-2", "cat /sys/class/net/eth1/statistics/rx_packets"))

    before = got()
    flood = SEND.replace("range(20)", "range(20000)")
    took = town.lab.node(
        "wire-1", f"s=$(date +%s%N); python3 -c '{flood}' eth1 {TO_ALL}{FROM}88b6; e=$(date +%s%N); echo $((e - s))"
    )
    assert got() - before < 100 + 500 * (int(took) / 1e9 + 1)


def test_a_host_that_moves_is_followed(town: Town) -> None:
    mac = town.lab.node("lan-1", "cat /sys/class/net/eth1/address").strip()
    assert town.pings("lan-2", "10.13.0.1")
    town.lab.node("lan-1", "ip link set eth1 down")
    town.lab.node(
        "lan-4",
        f"ip link add moved link eth1 type macvlan mode bridge; ip link set moved address {mac} up;"
        " ip addr add 10.13.0.1/24 dev moved; ping -c 1 -W 1 -I moved 10.13.0.2 || true",
    )
    try:
        assert until(lambda: town.pings("lan-2", "10.13.0.1"), 10)
    finally:
        town.lab.node("lan-4", "ip link del moved")
        town.lab.node(
            "lan-1", "ip link set eth1 up; ip addr add fd13::1/64 dev eth1 nodad; ping -c 1 -W 1 10.13.0.2 || true"
        )
    assert until(lambda: town.pings("lan-2", "10.13.0.1"), 10)


def loop(town: Town) -> None:
    """The customer joins two of the service's ports by a cable, with a bridge at each end and no spanning tree."""
    town.lab.machine("ip link add c1 netns lan-1 type veth peer name c2 netns lan-4")
    for node, cable in (("lan-1", "c1"), ("lan-4", "c2")):
        town.lab.node(
            node, f"ip link add br0 up type bridge; ip link set eth1 master br0; ip link set {cable} up master br0"
        )


def unloop(town: Town) -> None:
    town.lab.node("lan-1", "ip link del c1")
    for node in ("lan-1", "lan-4"):
        town.lab.node(node, "ip link del br0")


def test_a_loop_at_a_customers_does_not_melt_the_service(town: Town) -> None:
    assert town.pings("lan-2", "10.13.0.3")
    loop(town)
    try:
        town.lab.node("lan-2", "ip neigh flush dev eth1v30")
        assert until(lambda: set(town.blocked()) == {"pe-3"}, 15), town.blocked()
        lost = town.lab.node("lan-2", "ping -c 200 -i 0.02 -W 1 10.13.0.3 | grep -o '[0-9.]*% packet loss'")
        assert float(lost.split("%")[0]) < 5
        before = int(town.lab.node("pe-1", "cat /sys/class/net/eth3/statistics/rx_packets"))
        town.lab.node("lan-2", "ping -c 50 -i 0.02 -W 1 10.13.0.3")
        assert int(town.lab.node("pe-1", "cat /sys/class/net/eth3/statistics/rx_packets")) - before < 500
    finally:
        unloop(town)
    assert until(lambda: not town.blocked(), 20)
    assert until(town.joined, 60)


def test_nothing_changes_twice_and_drift_is_seen(town: Town) -> None:
    assert set(town.deploy().values()) == {"unchanged"}
    town.lab.node("pe-1", "tc filter del dev eth2 ingress pref 24; pkill -f layer2.loops")
    assert not town.pings("wire-1", "10.12.0.2")
    said = town.deploy()
    assert {name for name, status in said.items() if status == "changed"} == {"pe-1"}
    assert until(town.joined, 30)


def test_it_comes_back_after_a_reboot(town: Town) -> None:
    faults.apply(town.lab, "kill", "pe-1")
    faults.undo(town.lab, "kill", "pe-1")
    assert until(town.joined, 60)
    assert town.lab.node("pe-1", "pgrep -f layer2.loops")


def test_a_service_that_is_withdrawn_leaves_nothing(town: Town) -> None:
    file = town.design / "design.yml"
    text = file.read_text()
    file.write_text(text[: text.index("  lan:")])
    assert set(town.deploy().values()) == {"changed"}
    for name in ("pe-1", "pe-2", "pe-3"):
        left = town.lab.node(name, "ip -br link; vtysh -c 'show running-config'")
        assert not [word for word in ("vni2", "br2", "vtep0", "advertise-all-vni") if word in left], left
    assert until(lambda: town.pings("wire-1", "10.12.0.2", "fd12::2"), 30)
