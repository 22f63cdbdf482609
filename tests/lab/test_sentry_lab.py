"""Security sentries in a lab: Suricata on both borders, and how long an alarm takes to whoever collects events.

The tests stand in order: the alarms of each are told once a minute, and the last ones end processes.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from lab_room import Room, citynet
from open_ports import surplus

from certificates import Authority
from citynet.lab import Lab
from citynet.lab.waiting import until
from tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NAME = "sentry"
BORDERS = ("gov-border", "cross-border")
# Far above what an idle machine needs (docs/sentries.md): other labs may run beside this one.
LIMIT_S, TRIES = 30.0, 3
SERVER = """
import os, socket, ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/tmp/both.pem")
for port in (8443, 9000):
    if os.fork():
        continue
    os.setsid()
    for descriptor in range(3):
        os.close(descriptor)
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    while True:
        one, _ = listener.accept()
        if not os.fork():
            try:
                if port == 8443 and one.recv(2, socket.MSG_PEEK) == b"\\x16\\x03":
                    one = context.wrap_socket(one, server_side=True)
                one.sendall(b"welcome to whoever speaks something else")
                while one.recv(65536):
                    pass
            except OSError:
                pass
            os._exit(0)
        one.close()
"""
CLIENT = """
import socket, ssl, sys, time
address, kind = sys.argv[1:]
port = 9000 if kind in ("plain", "mark", "large") else 8443
one = socket.create_connection((address, port), 10)
if kind == "tls":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    one = context.wrap_socket(one, server_hostname="exchange.example")
one.sendall({"mark": b"the CONTRABAND; itself", "other": b"no handshake, just text\\n" * 20}.get(kind, b"hello" * 20))
for _ in range(50 if kind == "large" else 0):
    one.sendall(bytes(60000))
time.sleep(0.3)
one.close()
"""
SCAN = """
import socket, sys
for port in range(20, 32):
    one = socket.socket(socket.AF_INET6)
    one.setblocking(False)
    one.connect_ex((sys.argv[1], port))
"""
IDENTIFIER = """
import socket, sys
one = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, bytes.fromhex("0000030400770077"))
one.sendto(b"x", (sys.argv[1], 5000))
"""

PLAYBOOK = """
- hosts: citynet_routers
  gather_facts: false
  roles: [citynet.twodomain.sentry]
"""
VARIABLES = """
citynet_routers:
  hosts:
    gov-pe:
      sentry_watches:
        - {name: gate, inside: eth1, outside: eth2, near: [10.11.0.0/20], far: [10.12.0.0/20]}
      sentry_rules: |
        alert tcp $HOME_NET any -> $EXTERNAL_NET any (msg:"a mark"; content:"MARK"; sid:1000001;)
"""


@dataclass
class Watcher:
    """`citynet evidence collect --follow`, and the alarms that it printed, with the moment of each."""

    process: subprocess.Popen[str]
    alarms: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    def read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.alarms.append((time.monotonic(), json.loads(line)))

    def of(self, border: str, kind: str) -> list[float]:
        return [at for at, one in self.alarms if one["device"] == border and one["detail"].get("kind") == kind]


@pytest.fixture(scope="module")
def blank(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    design = tmp_path_factory.mktemp("sentry")
    for name in ("design.yml", "city.rules"):
        shutil.copy(ROOT / "tests/golden/cases/sentries" / name, design)
    (design / "sentry.yaml").write_text(PLAYBOOK)
    (design / "watches.yaml").write_text(VARIABLES)
    citynet("lab", "up", str(design), "--name", NAME, "--quiet", limit_s=600)
    lab = Lab.load(NAME)
    yield Room(design, lab)
    lab.down()


@pytest.fixture(scope="module")
def room(blank: Room) -> Room:
    """The same lab, deployed, with servers that clients of a host may reach."""
    lab = blank.lab
    citynet("deploy", str(blank.design), "--lab", NAME, "--quiet", limit_s=600)
    assert until(lambda: echoes(blank), 60)
    certificate, key = Authority().issue("exchange")
    pem = pem_of("CERTIFICATE", certificate) + pem_of("PRIVATE KEY", key)
    lab.node("exchange-1", f"umask 077; cat >/tmp/both.pem <<'END'\n{pem}END")
    lab.node("exchange-1", f"python3 - <<'END'{SERVER}END")
    for name, text in (("client", CLIENT), ("scan", SCAN), ("identifier", IDENTIFIER)):
        lab.node("bureau-1", f"cat >/tmp/{name}.py <<'END'{text}END")
    return blank


@pytest.fixture(scope="module")
def watcher(room: Room, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watcher]:
    store = tmp_path_factory.mktemp("evidence") / "store"
    words = ("evidence", "collect", str(store), str(room.design), "--lab", NAME, "--follow", "--json", "--every", "1")
    process = subprocess.Popen(
        [sys.executable, "-m", "citynet", *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "cli"), "PYTHONUNBUFFERED": "1"},
    )
    found = Watcher(process)
    reader = threading.Thread(target=found.read, daemon=True)
    reader.start()
    assert until((store / "head").exists, 30)
    yield found
    process.terminate()
    process.wait(10)


def pem_of(kind: str, text: str) -> str:
    data = base64.b64encode(base64.b64decode(text)).decode()
    lines = "".join(f"{data[at : at + 64]}\n" for at in range(0, len(data), 64))
    return f"-----BEGIN {kind}-----\n{lines}-----END {kind}-----\n"


def echoes(room: Room) -> bool:
    return " 0% packet loss" in room.lab.node("bureau-1", f"ping -n -c 2 -i 0.2 -W 1 {far(room)} || true")


def far(room: Room) -> str:
    return room.lab.plan.hosts["exchange-1"].address(6)


def client(room: Room, kind: str) -> None:
    room.lab.node("bureau-1", f"python3 /tmp/client.py {far(room)} {kind}")


def alarmed(watcher: Watcher, do: Callable[[], object], kind: str, *borders: str) -> float:
    """Do something; the seconds until the last of the borders' alarms was there.

    Again if need be: a sentry that gets no processor time for long does not see all that passes, and says so.
    """
    before = {border: len(watcher.of(border, kind)) for border in borders}

    def there() -> bool:
        return all(len(watcher.of(border, kind)) > before[border] for border in borders)

    for _ in range(TRIES):
        began = time.monotonic()
        do()
        if until(there, LIMIT_S):
            return max(watcher.of(border, kind)[before[border]] for border in borders) - began
    raise AssertionError([one for _, one in watcher.alarms])


def state(room: Room, border: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        room.lab.node(border, "cat /run/citynet/sentry/state.json 2>/dev/null || echo {}")
    )
    return found


def play(room: Room, *words: str) -> list[str]:
    """How the task of the module ended."""
    done = citynet(
        *("lab", "playbook", "-n", NAME, "--", str(room.design / "sentry.yaml")),
        *("-i", str(room.design / "watches.yaml"), *words),
        limit_s=600,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [one["status"] for one in events if one["event"] == "result" and one["action"].endswith(".sentry")]


def test_the_role_on_a_router_that_is_not_managed_otherwise(blank: Room) -> None:
    assert play(blank) == ["changed"]
    assert state(blank, "gov-pe")["up"]
    assert play(blank) == ["ok"]
    assert play(blank, "-e", "sentry_state=absent") == ["changed"]
    left = blank.lab.node("gov-pe", "find /etc/citynet /usr/local/lib/citynet -type f; cat /proc/[0-9]*/comm")
    assert "sentry" not in left
    assert "Suricata" not in left


def test_clean_content_raises_nothing(room: Room, watcher: Watcher) -> None:
    for kind in ("tls", "plain", "tls", "plain"):
        client(room, kind)
    assert echoes(room)
    time.sleep(3)  # nothing can be awaited: an alarm would have come by now
    assert watcher.alarms == []
    for border in BORDERS:
        memory = room.lab.node(
            border, "grep -H -E '^(Rss|VmRSS)' $(grep -l -E '^Suricata' /proc/[0-9]*/comm | sed s/comm/status/)"
        )
        print(border, " ".join(re.findall(r"(?:VmRSS|RssAnon|RssFile):\s+\d+", memory)))


@pytest.mark.parametrize(
    ("what", "kind", "borders"),
    [
        ("other", "protocol", BORDERS),
        ("mark", "rule", ("gov-border",)),
        ("large", "size", BORDERS),
        ("scan", "scan", ("gov-border",)),
        ("identifier", "identifier", ("gov-border",)),
    ],
)
def test_what_is_wrong_inside_what_passes_is_alarmed(
    room: Room, watcher: Watcher, what: str, kind: str, borders: tuple[str, ...]
) -> None:
    def attack() -> None:
        if what in {"scan", "identifier"}:
            room.lab.node("bureau-1", f"python3 /tmp/{what}.py {far(room)}")
        else:
            client(room, what)

    took = alarmed(watcher, attack, kind, *borders)
    print(f"{kind}: alarm at the collector after {took:.1f} s")
    last = [one for _, one in watcher.alarms if one["detail"].get("kind") == kind][-1]
    assert last["subject"] == "bureau-1"
    assert last["detail"]["destination_host"] == "exchange-1"


def test_a_scan_from_the_internet_is_alarmed(room: Room, watcher: Watcher) -> None:
    own = next(one for one in room.lab.plan.devices["cross-border"].ports if one.kind == "exit").addresses[1]
    words = f"python3 - {own.partition('/')[0]} <<'END'{SCAN}END"
    took = alarmed(watcher, lambda: room.lab.node("isp-1", words), "scan", "cross-border")
    print(f"scan from the internet: alarm at the collector after {took:.1f} s")


def test_other_rules_come_into_force_while_packets_pass(room: Room, watcher: Watcher) -> None:
    before = {border: state(room, border)["pid"] for border in BORDERS}
    rules = room.design / "city.rules"
    rules.write_text(rules.read_text().replace("CONTRABAND|3b|", "hellohello").replace("sid:1000001", "sid:1000002"))
    room.lab.node("bureau-1", f"ping -n -i 0.05 -w 300 {far(room)} </dev/null >/tmp/pings 2>&1 & echo $! >/tmp/pinging")
    citynet("deploy", str(room.design), "--lab", NAME, "--quiet")
    room.lab.node("bureau-1", "kill -INT $(cat /tmp/pinging)")
    assert until(lambda: "packet loss" in room.lab.node("bureau-1", "cat /tmp/pings"), 5)
    assert " 0% packet loss" in room.lab.node("bureau-1", "cat /tmp/pings")
    assert {border: state(room, border)["pid"] for border in BORDERS} == before
    took = alarmed(watcher, lambda: client(room, "plain"), "rule", "gov-border")
    print(f"a new rule: alarm at the collector after {took:.1f} s")
    again = citynet("deploy", str(room.design), "--lab", NAME, "--json")
    assert '"changed": true' not in again.stdout


def test_rules_that_suricata_refuses_change_nothing(room: Room) -> None:
    """The design cannot see that a modifier stands before what it modifies; Suricata does."""
    rules = room.design / "city.rules"
    good = rules.read_text()
    rules.write_text(good + 'alert tcp any any -> any any (msg:"x"; depth:3; content:"abc"; sid:1000003;)\n')
    done = citynet("deploy", str(room.design), "--lab", NAME, check=4)
    assert "Suricata refuses its configuration" in done.stdout + done.stderr
    rules.write_text(good)
    for border in BORDERS:
        assert state(room, border)["up"]
        assert "1000003" not in room.lab.node(border, "cat /etc/citynet/sentry.rules")


def graded(room: Room, folder: Path) -> dict[str, dict[str, Any]]:
    """What the check of sentries comes to, by domain."""
    words = ("--level", "L2", "--only", "L2-SEC-01", "--output", str(folder), "--json")
    done = citynet("verify", str(room.design), "--lab", NAME, *words, check=None, limit_s=300)
    assert done.stdout, done.stderr
    return {result["domain"]: result for result in json.loads(done.stdout)["results"]}


def said(result: dict[str, Any]) -> str:
    found = (f"{one['subject']} {one['problem']['en']}" for one in result["findings"])
    return "\n".join(found) + str(result["reason"] or "")


def test_the_check_of_sentries_passes(room: Room, tmp_path: Path) -> None:
    results = graded(room, tmp_path)
    for domain, result in results.items():
        print(domain, [(one["name"]["en"], one["value"]) for one in result["figures"]])
    assert {result["verdict"] for result in results.values()} == {"passed"}, [*map(said, results.values())]


def test_a_sentry_that_sees_nothing_is_found(room: Room, tmp_path: Path) -> None:
    """Suricata is there and stands still."""
    pid = state(room, "gov-border")["pid"]
    room.lab.node("gov-border", f"kill -STOP {pid}")
    try:
        results = graded(room, tmp_path)
    finally:
        room.lab.node("gov-border", f"kill -CONT {pid}")
    assert "gov-border guard stays silent at a scan" in said(results["government"])
    assert results["cross"]["verdict"] == "passed", said(results["cross"])


def test_only_needed_ports_are_open(room: Room) -> None:
    assert surplus(room.lab) == []


@pytest.mark.parametrize("who", ["Suricata-Main", "citynet-sentry"])
def test_who_is_ended_is_started_again_and_alarmed(room: Room, watcher: Watcher, who: str) -> None:
    before = state(room, "gov-border")["pid"]
    end = f"kill -9 $(grep -l -x {who} /proc/[0-9]*/comm | cut -d/ -f3)"
    took = alarmed(watcher, lambda: room.lab.node("gov-border", end), "sentry", "gov-border")
    print(f"{who} ended: alarm at the collector after {took:.1f} s")

    def again() -> bool:
        now = state(room, "gov-border")
        return bool(now.get("up")) and now["pid"] != before

    assert until(again, 30)


def test_who_looks_no_more_is_told_and_put_right(room: Room) -> None:
    pids = "grep -l -E '^citynet-sentryd?$' /proc/[0-9]*/comm | cut -d/ -f3"
    room.lab.node("gov-border", f"kill -9 $({pids})")
    assert until(lambda: not room.lab.node("gov-border", f"{pids} || true").strip(), 10)
    done = citynet("deploy", str(room.design), "--lab", NAME, "--check", "--diff", check=None)
    assert "the sentry does not run" in done.stdout
    citynet("deploy", str(room.design), "--lab", NAME, "--quiet")
    assert state(room, "gov-border")["up"]
