"""A router of this machine's own kernel between two hosts, each in a network namespace, and a fence on the router.

Started by the tests as a process of its own: `unshare` gives it namespaces in which it is root, and nothing it does
is seen outside. Reads one request as JSON, answers with JSON.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

sys.path.insert(0, str(Path(__file__).parents[1] / "cli/citynet/platforms/whitebox/device"))

from nftables_update import update

from fence_packets import packets

TABLE = "citynet_fence"

HOSTS = {"a": ("eth2", "fd11:0:0:0::"), "b": ("eth3", "fd11:0:0:1::")}
# Who is root already keeps his rights: nft may take the buffers then that 10,000 entries in one message need.
UNSHARE = ["unshare", *(["--user", "--map-root-user"] if os.geteuid() else []), "--net", "--mount", "--"]


def lacks() -> str:
    """Why the rig cannot be built here; empty when it can."""
    if shutil.which("nft") is None:
        return "no nft"
    done = subprocess.run([*UNSHARE, "nft", "list", "tables"], capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


def ask(request: dict[str, Any], limit_s: int = 120) -> dict[str, Any]:
    """What the rig answers."""
    done = subprocess.run(
        [*UNSHARE, sys.executable, __file__],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


COUNTING = """table inet came {
counter identifier { }
counter wrong { }
chain in {
type filter hook prerouting priority raw; policy accept;
%s}
}
"""


def run(*words: str, told: str | None = None) -> str:
    return subprocess.run(words, input=told, capture_output=True, text=True, check=True).stdout


def load(table: str, before: str = "") -> None:
    """Bring the table to a text, from the one that it has, as devices do it; or from what nft lists of it."""
    if before:
        run("nft", "-f", "-", told=update(TABLE, before, table))
        return
    listed = subprocess.run(
        ["nft", "-s", "-t", "list", "table", "inet", TABLE], capture_output=True, text=True, check=False
    )
    run("nft", "-f", "-", told=update(TABLE, listed.stdout, table))


def build() -> None:
    run("mount", "-t", "tmpfs", "none", "/run")
    Path("/proc/sys/net/ipv6/conf/all/forwarding").write_text("1")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    run("ip", "link", "set", "lo", "up")
    for number, (name, (port, prefix)) in enumerate(HOSTS.items()):
        run("ip", "netns", "add", name)
        run("ip", "link", "add", port, "type", "veth", "peer", "name", "eth1", "netns", name)
        run("ip", "link", "set", port, "address", f"02:00:00:00:00:{number:02x}")
        run("ip", "-n", name, "link", "set", "eth1", "address", f"02:00:00:00:01:{number:02x}")
        run("ip", "link", "set", port, "up")
        run("ip", "addr", "add", f"{prefix}1/64", "dev", port, "nodad")
        run("ip", "addr", "add", f"10.11.{number}.1/24", "dev", port)
        for words in (
            ("link", "set", "eth1", "up"),
            ("link", "set", "lo", "up"),
            ("addr", "add", f"{prefix}2/64", "dev", "eth1", "nodad"),
            ("addr", "add", f"10.11.{number}.2/24", "dev", "eth1"),
            ("route", "add", "default", "via", f"10.11.{number}.1"),
            ("-6", "route", "add", "default", "via", f"{prefix}1"),
            ("-6", "neigh", "replace", f"{prefix}1", "lladdr", f"02:00:00:00:00:{number:02x}", "dev", "eth1"),
        ):
            run("ip", "-n", name, *words)
        run("ip", "-6", "neigh", "replace", f"{prefix}2", "lladdr", f"02:00:00:00:01:{number:02x}", "dev", port)


def enter(namespace: int) -> None:
    """`setns(2)`; `os` has it from Python 3.12 on."""
    if ctypes.CDLL(None, use_errno=True).setns(namespace, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")


class Inside:
    """This thread in the namespace of a host for a while."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        self._home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self._name}", os.O_RDONLY)
        enter(there)
        os.close(there)

    def __exit__(self, *_: object) -> None:
        enter(self._home)
        os.close(self._home)


def raw() -> socket.socket:
    """A socket that sends IPv6 packets as they are."""
    return socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)


def arrivals() -> socket.socket:
    found = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0003))
    found.bind(("eth1", 0x0003))
    return found


def without_hops(packet: bytes) -> bytes:
    return packet[:7] + packet[8:]


def counters(table: str = "citynet_fence") -> dict[str, int]:
    listed = json.loads(run("nft", "-j", "list", "counters", "table", "inet", table))["nftables"]
    return {one["counter"]["name"]: one["counter"]["packets"] for one in listed if "counter" in one}


def try_shapes(request: dict[str, Any]) -> dict[str, Any]:
    """Which shapes arrive, and what the drops were counted as."""
    load(request["table"])
    sent = packets(request["source"], request["target"], request["identifier"])
    with Inside("b"):
        taker = arrivals()
    with Inside("a"):
        sender = raw()
    answer: dict[str, Any] = {}
    for name, packet in sent.items():
        before = counters()
        with suppress(OSError):
            sender.sendto(packet, (request["target"], 0))
        deadline, came = time.monotonic() + 0.3, False
        while not came and time.monotonic() < deadline:
            taker.settimeout(max(0.01, deadline - time.monotonic()))
            with suppress(TimeoutError):
                came = without_hops(taker.recv(65536)) == without_hops(packet)
        counted = [key for key, value in counters().items() if value > before[key]]
        answer[name] = {"came": came, "counted": counted}
    return answer


def replace_under_load(request: dict[str, Any]) -> dict[str, Any]:
    """Replace the table again and again while packets that may pass and packets that may not go through."""
    now, after = request["table"], request.get("other", request["table"])
    load(now)
    rules = "".join(f"@nh,352,32 {request[kind]} counter name {kind} drop\n" for kind in ("identifier", "wrong"))
    with Inside("b"):
        run("nft", "-f", "-", told=COUNTING % rules)
    pid = os.fork()
    if not pid:
        with Inside("a"):
            sender = raw()
        good = packets(request["source"], request["target"], request["identifier"])["labelled"]
        bad = packets(request["source"], request["target"], request["wrong"])["labelled"]
        sent, end = 0, time.monotonic() + request["seconds"]
        while time.monotonic() < end:
            sender.sendto(good, (request["target"], 0))
            sender.sendto(bad, (request["target"], 0))
            sent += 1
        Path("/run/sent").write_text(str(sent))
        os._exit(0)
    times = []
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        began = time.monotonic()
        load(after, now)
        times.append(time.monotonic() - began)
        now, after = after, now
    with Inside("b"):
        came = counters("came")
    sent = int(Path("/run/sent").read_text())
    return {"sent": sent, "passed": came["identifier"], "wrongly": came["wrong"], "replace_s": times}


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """Nanoseconds of processor time for a packet through the router, by table, the tables in turn.

    The kernel forwards a packet in the time of the process that sends it: there is nobody else in between.
    """
    with Inside("a"):
        sender = raw()
    sent = [packets(request["source"], target, request["identifier"])["labelled"] for target in request["targets"]]
    found: dict[str, list[float]] = {name: [] for name in request["tables"]}
    for _ in range(request["rounds"]):
        for name, table in request["tables"].items():
            load(table)
            run("sleep", "0.2")  # the kernel still takes the old elements away
            began = time.process_time_ns()
            for _ in range(request["repeat"]):
                for packet, target in zip(sent, request["targets"], strict=True):
                    sender.sendto(packet, (target, 0))
            found[name].append((time.process_time_ns() - began) / request["repeat"] / len(sent))
    return {name: min(values) for name, values in found.items()}


def main() -> None:
    request = json.load(sys.stdin)
    build()
    if request["do"] == "measure":
        for name in request.get("dummies", []):
            run("ip", "-6", "route", "add", name, "dev", "eth3")
    print(json.dumps(globals()[request["do"]](request)))


if __name__ == "__main__":
    main()
