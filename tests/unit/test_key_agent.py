"""The key agent's core: users come and go with its settings, and a failure of one is not that of others."""

from __future__ import annotations

import json
import stat
import time
import types
from typing import Any

import pytest

from citynet.platforms.whitebox.device.keys import agent as program
from citynet.platforms.whitebox.device.keys.base import Key, Trouble, User
from citynet.platforms.whitebox.device.keys.events import Events


class Pretended(User):
    """A user that writes down what it is told."""

    def __init__(self, entry: dict[str, Any], told: list[str]) -> None:
        self.name = f"tunnel {entry['name']}"
        self.peer, self.told, self.fails = entry["peer"], told, False
        told.append(f"made {entry['name']}")

    def close(self, now: float) -> None:
        self.told.append(f"close {self.name}")

    def tick(self, now: float) -> float:
        if self.fails:
            raise ValueError("the key is 00112233")
        return now + 60

    def stop(self) -> None:
        self.told.append(f"stop {self.name}")

    def remove(self) -> None:
        self.told.append(f"remove {self.name}")

    def reread(self, settings: dict[str, Any]) -> None:
        self.told.append(f"reread {self.name}")

    def status(self) -> dict[str, Any]:
        return {"state": "up", "key_id": "", "since": 0.0}


def settings(*tunnels: tuple[str, str]) -> str:
    entries = [{"name": name, "peer": peer, "method": "sm4"} for name, peer in tunnels]
    return json.dumps({"device": "a", "lines": [], "tunnels": entries})


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def agent(tmp_path, told, monkeypatch) -> program.Agent:
    maker = types.SimpleNamespace(users=lambda what: [Pretended(entry, told) for entry in what["tunnels"]])
    monkeypatch.setattr(program, "load", {"sm4": maker}.get)
    return program.Agent(Events(str(tmp_path / "keys.log"), str(tmp_path / "keys.json")))


def test_only_what_changed_is_touched(agent, told):
    agent.configure(settings(("one", "b"), ("two", "c"), ("three", "d")))
    assert told == ["made one", "made two", "made three"]
    told.clear()
    agent.configure(settings(("one", "b"), ("two", "x")))
    assert told == ["remove tunnel three", "stop tunnel two", "reread tunnel one", "made two"]
    assert {user.peer for user in agent.users.values()} == {"b", "x"}


def test_failure_of_one_user_is_told_without_its_words(agent, tmp_path):
    agent.configure(settings(("one", "b"), ("two", "c")))
    agent.users["tunnel one"].fails = True
    agent.tick(set())
    alarms = agent.state()["alarms"]
    assert [alarm["alarm"] for alarm in alarms] == ["tunnel one: tick"]
    assert alarms[0]["text"].startswith("ValueError in test_key_agent.py:")
    assert "00112233" not in (tmp_path / "keys.log").read_text()
    agent.users["tunnel one"].fails = False
    agent.hurry("tunnel one")
    agent.tick(set())
    assert not agent.state()["alarms"]
    assert [json.loads(line)["event"] for line in (tmp_path / "keys.log").open()] == ["settings", "alarm", "over"]


def test_maker_that_fails_raises_an_alarm(agent, monkeypatch):
    def refuse(_settings: object) -> None:
        raise Trouble("no wpa_supplicant here")

    monkeypatch.setattr(program, "load", {"sm4": types.SimpleNamespace(users=refuse)}.get)
    agent.configure(settings(("one", "b")))
    assert agent.state()["alarms"][0]["text"] == "no wpa_supplicant here"


def test_missing_program_means_no_users(agent, monkeypatch):
    monkeypatch.setattr(program, "load", {}.get)
    agent.configure(settings(("one", "b")))
    assert agent.users == {}


def test_load_knows_missing_from_broken():
    assert program.load("no_such_program") is None
    assert program.load("base") is not None


def test_descriptor_and_mail_wake_it(agent):
    agent.configure(settings(("one", "b")))
    called = []
    begun = time.monotonic()
    agent.mailbox.post(lambda: called.append(1))
    agent.wait(begun + 1)
    agent.tick(set())
    assert called == [1]
    assert time.monotonic() - begun < 0.5


def test_log_takes_no_bytes_and_keys_print_without_value(tmp_path):
    events = Events(str(tmp_path / "log" / "keys.log"), str(tmp_path / "keys.json"))
    with pytest.raises(TypeError):
        events.say("key", value=b"secret")
    with pytest.raises(TypeError):
        events.say("key", value=Key("id", b"secret"))
    events.say("key", key_id="id")
    assert "secret" not in repr(Key("id", b"secret")) + str(Key("id", b"secret"))
    mode = stat.S_IMODE((tmp_path / "log" / "keys.log").stat().st_mode)
    assert mode & 0o007 == 0


def test_who_the_device_is_and_how_long_keys_live_is_said_where_its_key_server_is():
    line = json.dumps({"device": "router", "server": None, "rotate_s": 0, "hold_s": 9, "lines": ["one"], "tunnels": []})
    other = {"device": "router", "server": None, "channel": None, "rotate_s": 60, "hold_s": 5, "lines": ["two"]}
    server = {"device": "west", "server": {"name": "kme"}, "channel": None, "rotate_s": 30, "hold_s": 0, "lines": []}
    settings = json.loads(program.merged([line, json.dumps(other), json.dumps(server)]))
    assert settings["device"] == "west"
    assert (settings["rotate_s"], settings["hold_s"]) == (30, 0)
    assert settings["lines"] == ["one", "two"]
    without = json.loads(program.merged([line, json.dumps(other)]))
    assert (without["device"], without["rotate_s"], without["hold_s"]) == ("router", 60, 9)
