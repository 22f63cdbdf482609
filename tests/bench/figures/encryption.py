"""What encryption costs, and what a change or a loss of keys does to the traffic.

The same two hosts' traffic is compared over a clear line inside a machine room and over an encrypted one to the next,
in a service with encryption of its own and in one without; beside it stands what the kernel's ciphers can do alone.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress

from citynet.lab import Lab
from citynet.levels.bench import Bench
from citynet.levels.checks.privacy_lines import MACSEC, MKA
from citynet.levels.probes.paced import paced
from citynet.levels.probes.privacy import Capture
from citynet.levels.remote.marked import SIZE
from citynet.levels.targets import HostPair
from citynet.plan.model import Host
from figures import ciphers, room
from figures.flows import NotCarriedError
from figures.slices import goodput_mbps
from figures.table import Figure

PROBES = 5000
MORE_MS = 1.0
LEAST_SHARE = 80.0
ALARM_S = 5.0
OUTAGE_S = 60.0
TUNNELS, TUNNELS_S = 100, 20.0
STATE = "/run/citynet/keys.json"
_SETTLE_S = 60.0


def between(bench: Bench, source: str, destination: str) -> HostPair:
    """Two hosts by name."""
    hosts: list[Host] = [bench.plan.hosts[name] for name in (source, destination)]
    return HostPair(*hosts)


def delay_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """Median delay of a datagram a millisecond, against the same without that encryption."""
    wanted = (
        ("MACsec", ("open-a", "open-b"), ("open-a", "open-c")),
        ("IPsec", ("open-a", "open-b"), ("core-a", "core-b")),
        ("SM4", ("open-a", "open-b"), ("sm4-a", "sm4-b")),
        ("MACsec and IPsec", ("open-a", "open-b"), ("core-a", "core-c")),
    )
    for name, clear, sealed in wanted:
        more = Figure("delay", f"median delay that {name} adds", most=MORE_MS)
        bare = Figure("delay", "median delay without", beside=name)
        for run in range(runs):
            version = (4, 6)[run % 2]
            without = _median_ms(bench, between(bench, *clear), version)
            bare.add(without)
            more.add(_median_ms(bench, between(bench, *sealed), version) - without)
        yield from (more, bare)


def _median_ms(bench: Bench, pair: HostPair, version: int) -> float:
    with paced(bench.access, pair, (version,)) as flow:
        flow.phase()
        (seen,) = flow.phase(run=PROBES, until_s=60)
    return seen.delay_ms[1]


def rate_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """One TCP flow, against the kernel's cipher alone: one processor encrypts and decrypts all of it."""
    clear = Figure("rate", "TCP without encryption", "Mbit/s")
    for _ in range(runs):
        clear.add(goodput_mbps(bench, between(bench, "open-a", "open-b")))
    yield clear
    wanted = (
        ("MACsec GCM-AES-256", ("open-a", "open-c"), ciphers.MACSEC_256),
        ("ESP AES-256, HMAC-SHA-512-256", ("core-a", "core-b"), ciphers.ESP_AES),
        ("ESP SM4, HMAC-SM3", ("sm4-a", "sm4-b"), ciphers.ESP_SM4),
    )
    for name, ends, suite in wanted:
        alone = Figure("rate", f"the kernel's cipher alone, {name}", "Mbit/s", beside=name)
        flow = Figure("rate", f"TCP, {name}", "Mbit/s")
        share = Figure("rate", f"of the cipher's rate, {name}", "%", least=LEAST_SHARE)
        for _ in range(runs):
            before = ciphers.there_and_back_mbps(bench, "gov-a", suite)
            flow.add(goodput_mbps(bench, between(bench, *ends)))
            alone.add((before + ciphers.there_and_back_mbps(bench, "gov-a", suite)) / 2)
            share.add(100 * flow.values[-1] / alone.values[-1])
        yield from (alone, flow, share)


def rotation_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """Every key of a domain replaced at once, while its traffic flows over a line and through a tunnel."""
    for name, ends, domain in (("AES", ("core-a", "core-c"), "government"), ("SM4", ("sm4-a", "sm4-c"), "cross")):
        lost = Figure("rotation", f"lost while all keys are replaced, {name}", "packets", most=0)
        took = Figure("rotation", f"all keys replaced, {name}", "s")
        for run in range(runs):
            with paced(bench.access, between(bench, *ends), ((4, 6)[run % 2],)) as flow:
                flow.phase()
                took.add(replaced_s(bench, domain))
                (seen,) = flow.phase(run=PROBES, until_s=60)
                lost.add(seen.lost, seen.pause_ms)
        yield from (lost, took)


def replaced_s(bench: Bench, domain: str) -> float:
    """Replace every key of a domain; the seconds until each line and tunnel uses another one and is up."""
    before, start = keys_in_use(bench, domain), time.monotonic()
    late: list[str] = []
    lab = Lab.load(os.environ["CITYNET_LAB_INSIDE"])
    room.citynet("keys", "rotate", "--name", lab.name, "--quiet")
    while time.monotonic() - start < _SETTLE_S:
        now = keys_in_use(bench, domain)
        late = [name for name, key in before.items() if now.get(name) in {None, key}]
        if not late:
            return time.monotonic() - start
        time.sleep(0.2)
    raise NotCarriedError(f"not replaced within {_SETTLE_S:g} s: keys of {', '.join(late)}")


def agents(bench: Bench, domain: str) -> dict[str, dict[str, object]]:
    """What the key agents of a domain say of themselves, by device."""
    names = [name for name, one in bench.plan.devices.items() if one.domain == domain and one.keys is not None]
    return {name: json.loads(bench.access.run(name, f"cat {STATE}")) for name in names}


def keys_in_use(bench: Bench, domain: str) -> dict[str, str | None]:
    """The IDs of the keys that are sent under, by device and name: one that is changing still receives under others."""
    found: dict[str, str | None] = {}
    for device, told in agents(bench, domain).items():
        users: dict[str, dict[str, str]] = told["users"]  # type: ignore[assignment]
        for name, user in users.items():
            if user.get("source") == "qkd":
                found[f"{device} {name}"] = user["key_id"] if user["state"] in {"up", "changing"} else None
    return found


def outage_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """All key servers silent for a minute."""
    lost = Figure("outage", f"lost while no key server answers for {OUTAGE_S:g} s", "packets", most=0)
    alarm = Figure("outage", "every agent has raised its alarm", "s", most=ALARM_S)
    servers = [server.name for server in bench.plan.key_servers.values()]
    for run in range(runs):
        with paced(bench.access, between(bench, "core-a", "core-c"), ((4, 6)[run % 2],)) as flow:
            flow.phase()
            try:
                for name in servers:
                    bench.faults.apply("kme", name)
                start = time.monotonic()
                alarm.add(_alarmed_s(bench))
                (seen,) = flow.watch(max(0.0, OUTAGE_S - (time.monotonic() - start)))
            finally:
                for name in servers:
                    bench.faults.undo("kme", name)
            lost.add(seen.lost, seen.pause_ms)
    yield from (lost, alarm)


def _alarmed_s(bench: Bench) -> float:
    start = time.monotonic()
    while time.monotonic() - start < 2 * ALARM_S:
        if all(told["alarms"] for domain in bench.domains for told in agents(bench, domain).values()):
            return time.monotonic() - start
        time.sleep(0.1)
    raise NotCarriedError("an agent raised no alarm although no key server answers")


def tunnel_cases(bench: Bench, runs: int) -> Iterator[Figure]:
    """The tunnels between two routers, from the start of both IKE daemons to the last one's association."""
    up = Figure("tunnels", f"{TUNNELS} IPsec tunnels up, ML-KEM and PPK", "s", most=TUNNELS_S)
    names = list(bench.plan.devices)
    for _ in range(runs):
        start = time.monotonic()
        for name in names:
            bench.faults.apply("daemon", f"{name}:charon-systemd")
        while time.monotonic() - start < 5 * TUNNELS_S and _associations(bench, names[0]) < TUNNELS:
            time.sleep(0.2)
        if _associations(bench, names[0]) < TUNNELS:
            raise NotCarriedError(f"only {_associations(bench, names[0])} of {TUNNELS} tunnels came up")
        up.add(time.monotonic() - start)
    yield up


def _associations(bench: Bench, node: str) -> int:
    return int(bench.access.run(node, "swanctl --list-sas 2>/dev/null | grep -c INSTALLED || true").strip() or 0)


def capture_cases(bench: Bench, _runs: int) -> Iterator[Figure]:
    """Lines between sites, captured while a city is deployed again and its traffic graded, with marked payload."""
    seen = Figure("capture", "frames captured on lines between sites", "frames")
    returned = Figure("capture", "marked payload that came back", "%")
    readable = Figure("capture", "bytes of marked payload that could be read", "bytes", most=0)
    others = Figure("capture", "frames that were neither MACsec nor MKA", "frames", most=0)
    with ExitStack() as stack:
        captures = [Capture(bench, domain, stack) for domain in bench.domains]
        steps = threading.Thread(target=_deploy_and_look)
        steps.start()
        while steps.is_alive():
            for capture in captures:
                capture.send()
            steps.join(1.0)
        found = [capture.finish() for capture in captures]
    wires = [wire for captured in found for wire in captured.wires]
    flows = [flow for captured in found for flow in captured.flows]
    seen.add(sum(wire.frames for wire in wires))
    returned.add(100 * sum(flow.echoed for flow in flows) / sum(flow.sent for flow in flows))
    readable.add(sum(SIZE * sum(wire.plain.values()) for wire in wires))
    others.add(sum(count for wire in wires for kind, count in wire.kinds.items() if kind not in {MACSEC, MKA}))
    yield from (seen, returned, readable, others)


def _deploy_and_look() -> None:
    """Deploy the city again and look at its traffic, as `citynet demo` does; checks that end devices would end ears."""
    design, lab = os.environ[room.DESIGN], os.environ["CITYNET_LAB_INSIDE"]
    only = [word for check in ("L1-FLO-01", "L1-FLO-02", "L1-FLO-03") for word in ("--only", check)]
    for words in (("deploy", design, "--lab", lab), ("verify", design, "--lab", lab, *only)):
        with suppress(subprocess.CalledProcessError):  # checks alone prove no level
            room.citynet(*words, "--quiet")


CASES: dict[str, Callable[[Bench, int], Iterator[Figure]]] = {
    "delay": delay_cases,
    "rate": rate_cases,
    "rotation": rotation_cases,
    "outage": outage_cases,
}
TUNNEL_CASES: dict[str, Callable[[Bench, int], Iterator[Figure]]] = {"tunnels": tunnel_cases}
CAPTURE_CASES: dict[str, Callable[[Bench, int], Iterator[Figure]]] = {"capture": capture_cases}
