"""Four routers and two hosts in namespaces of this machine, joined by SRv6, with the agents of traces on the routers.

Started by the tests as a process of its own, as root in namespaces of its own: the kernel takes programs from nobody
else. Reads nothing, answers with JSON: what the agents told after each of the things that are done to the packets.

    a - west - north - east - b        and west - south - east, where the identifier has no business
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "cli")]

import fence_rig
from citynet.platforms.whitebox.device import bpf
from citynet.platforms.whitebox.device.tracing import MODULES

NODES = {"west": 1, "north": 2, "east": 3, "south": 4}
LINES = [("west", "wn", "north", "nw"), ("north", "ne", "east", "en"), ("west", "ws", "south", "sw")]
LINES += [("south", "se", "east", "es"), ("a", "aw", "west", "wa"), ("b", "be", "east", "eb")]
ROUTES = [("west", 2, "0::2"), ("west", 3, "0::2"), ("west", 4, "2::2"), ("north", 1, "0::1"), ("north", 3, "1::2")]
ROUTES += [("east", 1, "1::1"), ("east", 4, "3::1"), ("south", 1, "2::1"), ("south", 3, "3::2")]
LONGEST = 1500 - 2 * 40 - 24 - 8 - 8
"""Octets in a datagram that fills a line: two IPv6 headers, a routing header, an option, UDP."""
TAKER, HOME = "fd11:0:0:1::2", Path("/run/rig")
UNSHARE = ["unshare", "--net", "--mount", "--"]


def lacks() -> str:
    """Why the rig cannot be built here; empty when it can."""
    if os.geteuid():
        return "only root can give programs to the kernel"
    words = "ip link set lo up && ip ioam namespace add 7 && ip -6 route add ::2 encap seg6local action End dev lo"
    done = subprocess.run([*UNSHARE, "sh", "-c", words], capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


def run(words: str) -> str:
    return subprocess.run(words, shell=True, capture_output=True, text=True, check=True).stdout


def build() -> None:
    run("mount -t tmpfs none /run; mkdir -p /run/netns")
    for name in [*NODES, "a", "b"]:
        run(f"ip netns add {name}; ip -n {name} link set lo up")
    for name, number in NODES.items():
        run(f"ip -n {name} addr add fd01:1:{number}::1/128 dev lo")
        run(f"ip netns exec {name} sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv6.conf.all.seg6_enabled=1")
    for number, (one, port, other, far) in enumerate(LINES):
        run(f"ip link add {port} netns {one} type veth peer name {far} netns {other}")
        for name, end, address in ((one, port, 1), (other, far, 2)):
            run(f"ip -n {name} link set {end} up; ip -n {name} addr add fd99:{number}::{address}/64 dev {end} nodad")
            run(f"ip netns exec {name} sysctl -qw net.ipv6.conf.{end}.seg6_enabled=1")
    for host, router, prefix, ports in (("a", "west", "fd11:", "aw wa"), ("b", "east", "fd11:0:0:1:", "be eb")):
        near, far = ports.split()
        run(f"ip -n {router} addr add {prefix}:1/64 dev {far} nodad")
        run(f"ip -n {host} addr add {prefix}:2/64 dev {near} nodad")
        run(f"ip -n {host} -6 route add default via {prefix}:1 dev {near}")
    for name, number, via in ROUTES:
        run(f"ip -n {name} -6 route add fd01:1:{number}::/48 via fd99:{via}")
    for name, port in (("east", "en"), ("south", "sw")):
        run(f"ip -n {name} -6 route add fd01:1:{NODES[name]}::/128 encap seg6local action End dev {port}")
    run("ip -n east -6 route add fd01:1:3:fe00::/128 encap seg6local action End.DT6 table 254 dev en")
    run("ip netns exec west ip sr tunsrc set fd01:1:1::1")
    way("fd01:1:3:fe00::", "wn")


def way(segments: str, port: str) -> None:
    run(f"ip -n west -6 route replace fd11:0:0:1::/64 encap seg6 mode encap segs {segments} dev {port}")


def settings(name: str, every: int = 2) -> dict[str, Any]:
    ends = [(one, port, other) for one, port, other, _ in LINES] + [(two, port, one) for one, _, two, port in LINES]
    return {
        "device": name,
        "node": NODES[name],
        "source": f"fd01:1:{NODES[name]}::1",
        "option": 3,
        "headers": [60],
        "bits": 32,
        "period_s": 1,
        "record_periods": 2,
        "ioam_every": every,
        "far": {"east": {"locator": "fd01:1:3::", "node": 3}} if name == "west" else {},
        "ports": [
            {"interface": port, "kind": "link" if far in NODES else "attachment", "to": far}
            for at, port, far in ends
            if at == name
        ],
        "identifiers": {"1001": {"name": "records", "here": name != "south"}},
    }


def start(name: str, every: int = 2) -> subprocess.Popen[bytes]:
    """The agent of a router, with folders of its own in the places of the device's."""
    home = HOME / name
    programs = home / "programs/tracing"
    programs.mkdir(parents=True)
    for module in MODULES:
        shutil.copy(TESTS.parent / f"cli/citynet/platforms/whitebox/device/{module}.py", programs)
    for folder in ("etc", "run", "log"):
        (home / folder).mkdir()
    (home / "etc/trace.json").write_text(json.dumps(settings(name, every)))
    binds = (("etc", "/etc/citynet"), ("run", "/run/citynet"), ("log", "/var/log/citynet"))
    words = "".join(f"mkdir -p {to}; mount --bind {home}/{folder} {to}; " for folder, to in binds)
    words = "mount -t tmpfs none /etc; mount -t tmpfs none /var/log; " + words
    words += f"cd /; exec {sys.executable} -B -m tracing.trace_agent"
    environment = {**os.environ, "PYTHONPATH": str(home / "programs")}
    return subprocess.Popen(["ip", "netns", "exec", name, "sh", "-c", words], env=environment)


def state(name: str) -> dict[str, Any]:
    try:
        return json.loads((HOME / name / "run/trace.json").read_text())
    except (OSError, ValueError):
        return {}


def events(name: str, kind: str) -> list[dict[str, Any]]:
    file = HOME / name / "log/events.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return [one for one in map(json.loads, lines) if one["kind"] == kind]


def counted() -> dict[str, int]:
    """Packets by place, of all periods that are told."""
    found: Counter[str] = Counter()
    for name in NODES:
        for _, rows in state(name).get("periods", []):
            for _, port, direction, node, packets, _ in rows:
                found[f"{name} {port} {direction} {node}"] += packets
    return dict(found)


def until(true: Any, limit_s: float = 15.0) -> bool:
    end = time.monotonic() + limit_s
    while not true() and time.monotonic() < end:
        time.sleep(0.05)
    return bool(true())


class Sender:
    """A host that gives its packets an identifier."""

    def __init__(self) -> None:
        with fence_rig.Inside("a"):
            self._out = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        self._out.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, bytes.fromhex("00000304000003e9"))
        self.sent = 0

    def send_one(self, size: int = 200) -> None:
        self._out.sendto(bytes(size), (TAKER, 9))

    def send(self, count: int, size: int = 200) -> None:
        for _ in range(count):
            self.send_one(size)
            time.sleep(0.001)
        self.sent += count

    def settled(self) -> dict[str, int]:
        """What is counted once all that was sent is."""
        until(lambda: counted().get("west wa in 1", 0) >= self.sent)
        time.sleep(0.7)  # others read a little later
        return counted()


def lose(*, on: bool) -> None:
    """Drop all that north sends to east, behind the counting."""
    if not on:
        run("ip netns exec north tc filter del dev ne egress pref 50")
        return
    with fence_rig.Inside("north"), bpf.pinned({"drop": bpf.load(bpf.leave(2), "drop")}, "/run/drop"):
        run("tc filter add dev ne egress pref 50 bpf direct-action object-pinned /run/drop/drop")


def main() -> None:
    build()
    agents = {name: start(name) for name in NODES}
    assert until(lambda: all(state(name).get("periods") for name in NODES)), {name: state(name) for name in NODES}
    sender, told = Sender(), dict[str, Any]()
    sender.send(3000)
    told["whole"] = sender.settled()
    told["carried"] = state("east")["carried"]
    sender.send(100, LONGEST)
    told["longest"] = sender.settled()
    lose(on=True)
    sender.send(200)
    lose(on=False)
    sender.send(300)
    told["lost"] = sender.settled()
    told["probe"] = state("west")["ways"]
    way("fd01:1:4::,fd01:1:3:fe00::", "ws")
    began = time.monotonic()
    until(lambda: sender.send(10) or events("south", "offpath"))
    told["alarm_s"] = time.monotonic() - began
    told["alarms"] = {name: events(name, "offpath") for name in NODES}
    until(lambda: events("north", "path"))
    told["path"] = events("north", "path")
    for agent in agents.values():
        agent.terminate()
    told["codes"] = [agent.wait(10) for agent in agents.values()]
    told["left"] = run("ip netns exec north tc filter show dev nw ingress")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
