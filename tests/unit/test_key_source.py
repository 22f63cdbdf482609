"""Two key agents, real key servers, a real channel between them: keys come into use at both ends without a gap."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest

import keyservers
from citynet.platforms.whitebox.device.keys import agent as program
from citynet.platforms.whitebox.device.keys import changes as timing
from citynet.platforms.whitebox.device.keys import control, follower, kme, leader, source
from citynet.platforms.whitebox.device.keys.base import Key, User
from citynet.platforms.whitebox.device.keys.events import Events

ADDRESSES = {"east": "127.0.0.2", "west": "127.0.0.3"}
ROTATE_S, HOLD_S = 600, 600


class Pair:
    """What both ends of a line or tunnel have, and whether a packet ever met an end that could not read it."""

    def __init__(self) -> None:
        self.ends: dict[str, Pretended] = {}
        self.gaps: list[str] = []

    def other(self, end: Pretended) -> Pretended | None:
        return next((one for one in self.ends.values() if one is not end), None)


class Pretended(User):
    """An end that has keys, and sends under one."""

    def __init__(self, name: str, entry: dict[str, Any], pair: Pair, where: str, *, announced: bool) -> None:
        self.name, self.peer, self.master = name, entry["peer"], entry["master"]
        self.source, self.announced, self.pair = "qkd", announced, pair
        self.keys: dict[str, bytes] = {}
        self.offered = self.sending = ""
        self.since, self.closes = 0.0, 0
        self.history: list[str] = []
        pair.ends[where] = self

    def use(self, key: Key, now: float) -> None:
        self.keys[key.id], self.offered = key.value, key.id

    def prepare(self, key: Key, now: float) -> None:
        self.keys[key.id] = key.value

    def switch(self, key_id: str, now: float) -> None:
        self._send(key_id)

    def retire(self, key_id: str, now: float) -> None:
        other = self.pair.other(self)
        if other is not None and other.sending == key_id:
            self.pair.gaps.append(f"{self.name} retired what {other.name} sends under")
        self.keys.pop(key_id, None)

    def _send(self, key_id: str) -> None:
        other = self.pair.other(self)
        if other is None or other.keys.get(key_id) != self.keys[key_id]:
            self.pair.gaps.append(f"{self.name} switched before the other end was ready")
        self.sending, self.since = key_id, time.time()
        self.history.append(key_id)

    def close(self, now: float) -> None:
        self.keys, self.sending, self.offered, self.closes = {}, "", "", self.closes + 1

    def tick(self, now: float) -> float:
        other = self.pair.other(self)
        fresh = not self.announced and self.offered not in ("", self.sending)
        if fresh and other is not None and self.offered in other.keys:
            self._send(self.offered)
        return now + 0.05

    def wanted(self) -> list[str]:
        other = self.pair.other(self)
        return [other.offered] if other is not None and other.offered and other.offered not in self.keys else []

    def stop(self) -> None:
        return

    def status(self) -> dict[str, Any]:
        return {"state": "up" if self.sending else "down", "key_id": self.sending, "since": self.since}


class Town:
    """Both agents, each in a thread."""

    def __init__(self, room: keyservers.Room, folder, monkeypatch) -> None:
        self.room, self.pairs = room, {"line": Pair(), "tunnel": Pair()}
        self.agents: dict[str, program.Agent] = {}
        self.port, self._ends, self._threads = keyservers.free_port(), threading.Event(), []
        self.folder = folder
        monkeypatch.setattr(program, "load", {"source": source, "pretended": self}.get)
        monkeypatch.setattr(program, "MAKERS", (("pretended", "lines", ""), ("pretended", "tunnels", "ipsec")))
        for device in ADDRESSES:
            monkeypatch.setattr(control, "SOCKET", str(folder / f"{device}.sock"))
            self.agents[device] = program.Agent(Events(str(folder / f"{device}.log"), str(folder / f"{device}.json")))
            self.agents[device].configure(json.dumps(self.settings(device)))
        for agent in self.agents.values():
            thread = threading.Thread(target=self._run, args=(agent,), daemon=True)
            thread.start()
            self._threads.append(thread)

    def users(self, settings: dict[str, Any]) -> list[User]:
        device = settings["device"]
        lines = [(f"line {one['port']}", one, "line") for one in settings["lines"]]
        tunnels = [(f"tunnel {one['name']}", one, "tunnel") for one in settings["tunnels"]]
        return [
            Pretended(name, entry, self.pairs[kind], device, announced=kind == "tunnel")
            for name, entry, kind in lines + tunnels
        ]

    def settings(self, device: str) -> dict[str, Any]:
        peer = "west" if device == "east" else "east"
        master = device == "east"
        return {
            "device": device,
            "server": self.room.settings(f"kme-{device}"),
            "pki": self.room.pki(device),
            "channel": {"address": ADDRESSES[device], "port": self.port, "peers": {peer: ADDRESSES[peer]}},
            "rotate_s": ROTATE_S,
            "hold_s": HOLD_S,
            "lines": [{"port": "eth1", "peer": peer, "master": master}],
            "tunnels": [{"name": f"web--{peer}", "peer": peer, "master": master, "method": "ipsec"}],
        }

    def _run(self, agent: program.Agent) -> None:
        ready: set[int] = set()
        while not self._ends.is_set():
            until = agent.tick(ready)
            agent.events.write(agent.state())
            ready = agent.wait(min(until, time.monotonic() + 0.05))
        agent.source.stop()

    def end(self) -> None:
        self._ends.set()
        for thread in self._threads:
            thread.join(10)

    def keys(self, kind: str) -> set[str]:
        return {end.sending for end in self.pairs[kind].ends.values()}

    def agree(self, kind: str, beside: str = "") -> bool:
        keys = self.keys(kind)
        return len(keys) == 1 and not keys & {"", beside}

    def alarms(self, device: str) -> dict[str, str]:
        return {alarm["alarm"]: alarm["text"] for alarm in self.agents[device].alarms.listed()}

    def log(self, device: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / f"{device}.log").read_text().splitlines()]


def wait(what, limit_s: float = 10.0) -> float:
    begun = time.monotonic()
    while not what():
        assert time.monotonic() - begun < limit_s, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - begun


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    with keyservers.running(tmp_path_factory.mktemp("keyservers")) as found:
        yield found


@pytest.fixture
def town(servers, tmp_path, monkeypatch):
    monkeypatch.setattr(timing, "RETIRE_S", 0.3)
    monkeypatch.setattr(follower, "ASK_S", 0.3)
    monkeypatch.setattr(leader, "ANNOUNCE_S", (0.2, 0.5))
    monkeypatch.setattr(leader, "PATIENCE_S", (2.0, 4.0))
    for module in (leader, follower):
        monkeypatch.setattr(module, "BACK_OFF_S", (0.2, 1.0))
    for server in servers.network.servers.values():
        server.silent = server.dry = False
        server.lose, server.malform = 0, ""
        server.waiting.clear()
    for pool in servers.network._pools.values():
        pool.stored = pool.most
    found = Town(servers, tmp_path, monkeypatch)
    yield found
    found.end()
    for pair in found.pairs.values():
        assert pair.gaps == []


@pytest.mark.parametrize("kind", ["line", "tunnel"])
def test_both_ends_come_to_the_same_key_and_change_it_on_demand(town, kind):
    wait(lambda: town.agree(kind))
    (first,) = town.keys(kind)
    name = "line eth1" if kind == "line" else "tunnel web--west"
    agent = town.agents["east"]
    agent.mailbox.post(lambda: agent.source._ordered({"verb": "rotate", "name": name}))
    wait(lambda: town.agree(kind, beside=first))
    if kind == "tunnel":
        wait(lambda: all(first not in end.keys for end in town.pairs[kind].ends.values()))
    events = [(event["event"], event.get("key_id")) for event in town.log("east") if event.get("user") == name]
    assert ("key", first) in events
    assert ("in use", first) in events


@pytest.mark.parametrize("kind", ["line", "tunnel"])
def test_the_other_end_can_ask_for_a_change_too(town, kind):
    wait(lambda: town.agree(kind))
    (first,) = town.keys(kind)
    agent = town.agents["west"]
    name = "line eth1" if kind == "line" else "tunnel web--east"
    wait(lambda: agent.source._changes[name].current == first)
    agent.mailbox.post(lambda: agent.source._ordered({"verb": "rotate", "name": name}))
    wait(lambda: town.agree(kind, beside=first))


def test_change_on_schedule(town):
    wait(lambda: town.agree("line") and town.agree("tunnel"))
    (line,), (tunnel,) = town.keys("line"), town.keys("tunnel")
    for agent in town.agents.values():
        for change in agent.source._changes.values():
            wait(lambda change=change: not change.phase)
            change._taken_at -= ROTATE_S
            if isinstance(change, leader.Leader):
                change._next_at -= ROTATE_S
    wait(lambda: town.agree("line", line) and town.agree("tunnel", tunnel))
    assert not any("closed" in event["event"] for event in town.log("east") + town.log("west"))


@pytest.mark.parametrize("where", ["kme-east", "kme-west"])
def test_lost_answer_costs_one_key_and_never_a_mismatch(town, where):
    wait(lambda: town.agree("tunnel"))
    (first,) = town.keys("tunnel")
    wait(lambda: not any(change.phase for agent in town.agents.values() for change in agent.source._changes.values()))
    town.room.network.servers[where].lose = 1
    agent = town.agents["east"]
    agent.mailbox.post(lambda: agent.source._ordered({"verb": "rotate", "name": "tunnel web--west"}))
    wait(lambda: town.agree("tunnel", beside=first))
    device = where.removeprefix("kme-")
    assert [event["spent"] for event in town.log(device) if event["event"] == "no key"] == [True]
    values = [end.keys[end.sending] for end in town.pairs["tunnel"].ends.values()]
    assert values[0] == values[1]


def test_outage_raises_an_alarm_holds_closes_and_recovers(town):
    wait(lambda: town.agree("line") and town.agree("tunnel"))
    before = town.keys("line"), town.keys("tunnel")
    for server in town.room.network.servers.values():
        server.silent = True
    took = wait(lambda: all("key server" in town.alarms(device) for device in town.agents))
    print(f"alarm of an outage after {took:.2f} s")
    assert took < 5.0
    assert (town.keys("line"), town.keys("tunnel")) == before
    for agent in town.agents.values():  # rotation is overdue: the last key is held
        for change in agent.source._changes.values():
            change._taken_at -= ROTATE_S + HOLD_S / 2
    wait(lambda: all("line eth1: held" in town.alarms(device) for device in town.agents))
    assert (town.keys("line"), town.keys("tunnel")) == before
    for agent in town.agents.values():  # and now for too long
        for change in agent.source._changes.values():
            change._taken_at -= HOLD_S / 2
    wait(lambda: town.keys("line") | town.keys("tunnel") == {""})
    assert "line eth1: closed" in town.alarms("east")
    for server in town.room.network.servers.values():
        server.silent = False
    wait(lambda: town.agree("line", *before[0]) and town.agree("tunnel", *before[1]), 20)
    wait(lambda: not any(town.alarms(device) for device in town.agents))


def test_empty_pools_raise_an_alarm(town):
    wait(lambda: town.agree("line"))
    town.room.network.servers["kme-west"].dry = True
    took = wait(lambda: town.alarms("east").get("keys with west") == "there are none")
    print(f"alarm of an empty pool after {took:.2f} s")
    assert took < 5.0


def test_agent_that_starts_again_asks_for_a_new_key(town):
    wait(lambda: town.agree("tunnel"))
    (first,) = town.keys("tunnel")
    agent, end = town.agents["west"], town.pairs["tunnel"].ends["west"]
    agent.mailbox.post(lambda: (end.close(0.0), end.history.clear()))  # as after a reboot
    wait(lambda: town.agree("tunnel", beside=first))


def test_malformed_answers_are_no_keys(town):
    wait(lambda: town.agree("tunnel"))
    (first,) = town.keys("tunnel")
    town.room.network.servers["kme-west"].malform = "odd-field"
    agent = town.agents["east"]
    agent.mailbox.post(lambda: agent.source._ordered({"verb": "rotate", "name": "tunnel web--west"}))
    wait(lambda: any(event["event"] == "lost" for event in town.log("east")))
    assert town.keys("tunnel") == {first}
    town.room.network.servers["kme-west"].malform = ""
    wait(lambda: town.agree("tunnel", beside=first))


def test_keys_are_in_no_log_and_no_state(town):
    wait(lambda: town.agree("line") and town.agree("tunnel"))
    values = [value for pair in town.pairs.values() for end in pair.ends.values() for value in end.keys.values()]
    time.sleep(0.2)
    files = [path for path in town.folder.iterdir() if path.suffix in {".log", ".json"}]
    assert len(files) == 4
    import base64

    for path in files:
        text = path.read_text()
        for value in values:
            assert value.hex() not in text
            assert base64.b64encode(value).decode() not in text
    assert all(state["line eth1"]["key_id"] for state in [json.loads((town.folder / "east.json").read_text())["users"]])


def test_a_stranger_is_not_heard(town, servers):
    """The channel takes nothing of a device that shares no keys, nor of a certificate of others."""
    import socket
    import ssl

    wait(lambda: town.agree("tunnel"))
    (first,) = town.keys("tunnel")
    for who in ("third", "foreign", "expired"):
        context = ssl.create_default_context(cafile=str(servers.folder / "ca.pem"))
        pki = servers.pki(who)
        context.load_cert_chain(pki["certificate"], pki["key"])
        message = json.dumps({"verb": "lost", "name": "web", "key_id": first}).encode() + b"\n"
        try:
            with (
                socket.create_connection((ADDRESSES["east"], town.port), 5) as plain,
                context.wrap_socket(plain, server_hostname="east") as found,
            ):
                found.sendall(message)
                found.settimeout(5)
                assert found.recv(1) == b""
        except (ssl.SSLError, ConnectionError):
            continue
    assert town.keys("tunnel") == {first}
    assert not any(event["event"] == "lost" for event in town.log("east"))


def test_people_on_the_device_can_ask_and_order(town):
    import socket

    wait(lambda: town.agree("line"))
    path = town.folder / "west.sock"
    assert path.stat().st_mode & 0o077 == 0
    for order, expected in (
        ({"verb": "status"}, "users"),
        ({"verb": "rotate"}, "rotating"),
        ({"verb": "rotate", "name": "line x"}, "error"),
        ({"verb": "open"}, "error"),
    ):
        with socket.socket(socket.AF_UNIX) as found:
            found.connect(str(path))
            found.sendall(json.dumps(order).encode() + b"\n")
            assert expected in json.loads(found.makefile().readline())


def test_kme_module_has_the_time_limit_that_the_alarm_needs():
    assert source.POLL_S + kme.TIMEOUT_S < 5.0
