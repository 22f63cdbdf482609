"""Measurements that break nothing: reachability, load sharing, open ports."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

from citynet.levels.bench import CannotMeasureError
from citynet.levels.measurements import FullSize, PortScan, Shares
from citynet.levels.targets import SWEPT_TCP, balanced_pairs, equal_cost_ports, links
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.bench import Bench
    from citynet.levels.targets import HostPair
    from citynet.plan.model import Device, Host

SCANNED_TCP = "1-1024,2600-2630,3306,3784,4784,5201,6653,8080,8443,9000,9090,50051"
SCANNED_COUNT = 1024 + 31 + 10
SCANNED_UDP = (53, 123, 161, 514, 3784, 4784)
OPEN_PORT = re.compile(r"(\d+)/open/tcp")
FULL_SIZE = 1500
FLOWS = 128
MAX_BALANCED = 4
_NO_EQUAL_WAYS = t(
    "the plan has no equal-cost paths between two hosts of this domain",
    "规划中该域的任何两台主机之间都没有等价路径",
)
PACKETS_PER_FLOW = 20
PACKET_BYTES = 400
SINK_PORT = 40000


def measure_reach(bench: Bench, domain: str) -> None:
    """Every pair of hosts, no fault in force; a first try may still be resolving neighbours."""
    bench.reach(domain, count=1)
    bench.put(domain, "reach", bench.reach(domain))


def measure_full_size(bench: Bench, domain: str) -> None:
    """Packets of the largest size that a host's Ethernet takes, whole, between every pair of hosts."""
    found = bench.reach(domain, count=3, packet_bytes=FULL_SIZE)
    bench.put(domain, "full_size", FullSize(FULL_SIZE, found))


def tx_bytes(bench: Bench, node: str) -> dict[str, int]:
    """Bytes that each port of a device has sent."""
    text = bench.access.run(node, "ip -j -s link")
    return {item["ifname"]: int(item["stats64"]["tx"]["bytes"]) for item in json.loads(text) if "stats64" in item}


def measure_shares(bench: Bench, domain: str) -> None:
    """Many flows between hosts with equal-cost ways between their routers, one pair after the other.

    Linux remembers the way that the first packet took through a segment-routed next hop, until routes change. So
    this comes before any ping: a ping's way says nothing about how TCP and UDP flows are spread.
    """
    chosen = balanced_pairs(bench.plan, domain)[:MAX_BALANCED]
    if not chosen:
        raise CannotMeasureError(_NO_EQUAL_WAYS)
    shares = [_share(bench, pair, version) for pair in chosen for version in (4, 6)]
    bench.put(domain, "shares", shares)


def _share(bench: Bench, pair: HostPair, version: int) -> Shares:
    ingress, egress = pair.source.device, pair.destination.device
    asked = {
        "address": pair.destination.address(version),
        "flows": FLOWS,
        "packets": PACKETS_PER_FLOW,
        "bytes": PACKET_BYTES,
        "port": SINK_PORT,
    }
    before = tx_bytes(bench, ingress)
    bench.access.ask(pair.source.name, "blast", asked)
    after = tx_bytes(bench, ingress)
    ports = equal_cost_ports(bench.plan, ingress, egress)
    return Shares(ingress, egress, version, FLOWS, {port: after[port] - before[port] for port in ports})


def measure_scans(bench: Bench, domain: str) -> None:
    """From one host of each serving device: the ports of that device's addresses."""
    first: dict[str, Host] = {}
    for host in bench.plan.hosts.values():
        if host.domain == domain and host.gateways:  # in layer 2 no address of the device is in reach
            first.setdefault(host.device, host)
    if not first:
        raise CannotMeasureError(t("the plan has no host in this domain", "规划中该域没有主机"))
    scans: list[PortScan] = []
    bench.access.each(first, lambda name: scans.extend(_scan(bench, first[name], bench.plan.devices[name])))
    bench.put(domain, "scans", sorted(scans, key=lambda scan: (scan.device, scan.address)))


def _scan(bench: Bench, host: Host, device: Device) -> list[PortScan]:
    """Nmap over the device's addresses on the host's line; its loopback, which is elsewhere, by the usual ports."""
    loopback = device.underlay.loopback
    addresses = [*host.gateways, loopback]
    found = {address: PortScan(host.name, device.name, address, [], [], len(SCANNED_UDP)) for address in addresses}
    for address in host.gateways:
        found[address].open_tcp = _nmap(bench, host, address)
        found[address].tried += SCANNED_COUNT
    found[loopback].tried += len(SWEPT_TCP)
    attempts = [_attempt(address, "udp", port) for address in addresses for port in SCANNED_UDP]
    attempts += [_attempt(loopback, "tcp", port) for port in SWEPT_TCP]
    answers: list[dict[str, Any]] = bench.access.ask(host.name, "knock", {"attempts": attempts, "wait_s": 1.5})
    for answer in answers:
        scan = found[answer["destination"]]
        if answer["answer"] == "reply":
            scan.open_udp.append(answer["port"])
        elif answer["answer"] == "open":
            scan.open_tcp.append(answer["port"])
    return list(found.values())


def _nmap(bench: Bench, host: Host, address: str) -> list[int]:
    family = ["-6"] if ":" in address else []
    pace = ["--max-retries", "1", "--min-rate", "3000", "--max-rtt-timeout", "200ms"]
    command = shlex.join(["nmap", *family, "-n", "-Pn", "-sS", "-p", SCANNED_TCP, *pace, "-oG", "-", address])
    return sorted({int(port) for port in OPEN_PORT.findall(bench.access.run(host.name, command, timeout_s=90))})


def _attempt(address: str, protocol: str, port: int) -> dict[str, Any]:
    return {"destination": address, "protocol": protocol, "port": port}


def carrying_port(bench: Bench, device: str, over_s: float = 0.6) -> tuple[str, float]:
    """The port that sends most of what a device sends to its neighbours just now, and its share."""
    text = bench.access.run(device, f"ip -j -s link; sleep {over_s:g}; ip -j -s link")
    first, second = [
        {item["ifname"]: int(item["stats64"]["tx"]["packets"]) for item in json.loads(line)}
        for line in text.splitlines()
        if line.strip()
    ]
    names = [port.name for port in links(bench.plan.devices[device])]
    sent = {name: second.get(name, 0) - first.get(name, 0) for name in names}
    port = max(sent, key=lambda name: sent[name])
    return port, sent[port] / max(1, sum(sent.values()))
