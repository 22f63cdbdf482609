"""Tunnels that IKE keys: the order of a change of key at both ends, restarts, and a tunnel that is to carry nothing."""

from __future__ import annotations

from typing import Any

import pytest

from citynet.platforms.whitebox.device.keys import ike
from citynet.platforms.whitebox.device.keys.base import Key, Trouble
from citynet.platforms.whitebox.device.keys.charon import Association

ONE, TWO = Key("one", b"1" * 32), Key("two", b"2" * 32)
NAME = "core.web--b"


class Daemon:
    """A daemon of which the test says what comes up."""

    def __init__(self) -> None:
        self.there, self.stale, self.why = True, False, ""
        self.done: list[tuple[Any, ...]] = []
        self.keys: set[str] = set()
        self.found: list[Association] = []

    def look(self, now: float) -> bool:
        return self.there

    def lose(self, error: Trouble, now: float) -> None:
        self.there, self.why = False, str(error)

    def associations(self, connection: str) -> list[Association]:
        assert connection == "core/web--b"
        return self.found

    def holds(self, name: str) -> bool:
        return name in self.keys

    def load_key(self, name: str, key: Key) -> None:
        self.keys.add(name)

    def forget_key(self, name: str) -> None:
        self.keys.discard(name)

    def load(self, connection: str, ppk_id: str = "", priority: int = 0) -> None:
        self.done.append(("load", ppk_id, bool(priority)))

    def start(self, connection: str) -> None:
        self.done.append(("start",))

    def end(self, association: Association) -> None:
        self.done.append(("end", association.number))

    def fileno(self) -> int:
        return -1

    def has(self, *numbers: int) -> None:
        told = {"state": "ESTABLISHED", "ppk": "yes", "child-sas": {"x": {"state": "INSTALLED"}}}
        self.found = [Association({"uniqueid": str(number), **told}) for number in numbers]


def entry(**more: Any) -> dict[str, Any]:
    return {"name": NAME, "peer": "b", "master": True, "source": "qkd", "ppk": True, "method": "ipsec", **more}


@pytest.fixture
def daemon() -> Daemon:
    return Daemon()


@pytest.fixture
def master(daemon) -> ike.Tunnel:
    return ike.Tunnel(entry(), {}, daemon)


@pytest.fixture
def other(daemon) -> ike.Tunnel:
    return ike.Tunnel(entry(master=False), {}, daemon)


def in_use(tunnel: ike.Tunnel, daemon: Daemon) -> None:
    tunnel.prepare(ONE, 1.0)
    tunnel.switch("one", 2.0)
    daemon.has(1)
    tunnel.tick(3.0)
    daemon.done.clear()
    assert (tunnel.switched("one"), tunnel.status()["state"]) == (True, "up")


def test_without_a_key_nothing_starts(master, daemon) -> None:
    for now in range(60):
        master.tick(float(now))
    assert daemon.done == []
    assert master.status()["state"] == "down"


def test_the_master_starts_under_the_first_key(master, daemon) -> None:
    master.prepare(ONE, 1.0)
    assert master.prepared("one")
    assert daemon.done == []
    master.switch("one", 2.0)
    assert daemon.done == [("load", "one", False), ("start",)]
    assert not master.switched("one")


def test_the_old_one_ends_after_the_new_one_is_up(master, daemon) -> None:
    in_use(master, daemon)
    master.prepare(TWO, 10.0)
    assert daemon.done == []
    master.switch("two", 11.0)
    assert daemon.done == [("load", "two", False), ("start",)]
    assert master.status()["state"] == "changing"
    daemon.has(1, 2)
    master.tick(11.2)
    assert master.switched("two")
    assert ("end", 1) not in daemon.done
    master.retire("one", 15.0)
    assert daemon.done[-1] == ("end", 1)
    assert daemon.keys == {"core/web--b two"}


def test_the_other_end_goes_on_sending_under_the_old_one(other, daemon) -> None:
    in_use(other, daemon)
    other.prepare(TWO, 10.0)
    assert daemon.done == [("load", "", True)]
    daemon.has(1, 2)
    other.tick(10.5)
    other.switch("two", 11.0)
    assert other.switched("two")
    other.retire("one", 15.0)
    assert [one[0] for one in daemon.done] == ["load"]
    assert daemon.keys == {"core/web--b two"}


def test_a_change_that_was_called_off_is_undone(other, daemon) -> None:
    in_use(other, daemon)
    other.prepare(TWO, 10.0)
    other.retire("two", 12.0)
    assert daemon.done == [("load", "", True), ("load", "", False)]
    assert daemon.keys == {"core/web--b one"}
    assert other.status()["key_id"] == "one"


def test_a_start_that_fails_is_tried_again_not_at_once(master, daemon) -> None:
    master.prepare(ONE, 1.0)
    master.switch("one", 2.0)
    master.tick(2.1)
    assert daemon.done.count(("start",)) == 1
    starts = []
    for tenth in range(1000):
        master.tick(2.2 + tenth / 10)
        if daemon.done.count(("start",)) > 1 + len(starts):
            starts.append(round(tenth / 10))
    assert starts == [2, 6, 14, 30, 62, 94]


def test_what_is_starting_is_left_to_it(master, daemon) -> None:
    master.prepare(ONE, 1.0)
    master.switch("one", 2.0)
    daemon.found = [Association({"uniqueid": "9", "state": "CONNECTING"})]
    master.tick(30.0)
    assert daemon.done.count(("start",)) == 1


@pytest.mark.parametrize(("who", "waits"), [("master", 0.0), ("other", 6.0)])
def test_a_tunnel_that_went_comes_again_under_the_same_key(request, daemon, who, waits) -> None:
    tunnel = request.getfixturevalue(who)
    in_use(tunnel, daemon)
    daemon.has()
    tunnel.tick(100.0)
    if waits:
        assert daemon.done == []
    tunnel.tick(100.0 + waits)
    assert daemon.done == [("load", "one", False), ("start",)]


def test_a_daemon_that_was_restarted_gets_its_keys_again(master, daemon) -> None:
    in_use(master, daemon)
    daemon.keys.clear()
    daemon.has()
    master.tick(100.0)
    assert daemon.keys == {"core/web--b one"}
    assert daemon.done == [("load", "one", False), ("start",)]


def test_a_daemon_and_an_agent_that_were_restarted_need_another_key(daemon) -> None:
    tunnel = ike.Tunnel(entry(), {"key_id": "one", "since": 7.0}, daemon)
    tunnel.tick(1.0)
    assert tunnel.status()["key_id"] == ""
    assert daemon.done == []


def test_an_agent_that_was_restarted_takes_over_what_is_up(daemon) -> None:
    daemon.has(4)
    tunnel = ike.Tunnel(entry(), {"key_id": "one", "since": 7.0}, daemon)
    tunnel.tick(1.0)
    assert tunnel.status() == {"state": "up", "key_id": "one", "since": 7.0, "exchange": "PPK"}
    assert daemon.done == []


def test_closed_is_closed(master, daemon) -> None:
    in_use(master, daemon)
    master.close(10.0)
    assert daemon.done == [("end", 1)]
    daemon.has()
    for now in range(11, 60):
        master.tick(float(now))
    assert daemon.keys == set()
    assert daemon.done == [("end", 1)]
    assert master.status()["state"] == "closed"


def test_what_a_restart_of_the_peer_left_is_swept_away_later(master, daemon) -> None:
    in_use(master, daemon)
    daemon.has(1, 2)
    master.tick(10.0)
    master.tick(12.0)
    assert daemon.done == []
    master.tick(17.0)
    assert daemon.done == [("end", 1)]


def test_a_tunnel_without_keys_is_kept_up(daemon) -> None:
    tunnel = ike.Tunnel(entry(ppk=False), {}, daemon)
    assert tunnel.source == "vault"
    tunnel.tick(1.0)
    assert daemon.done == [("start",)]


def test_a_daemon_that_fails_is_said_and_asked_again(master, daemon) -> None:
    def fails(*_words: object) -> None:
        raise Trouble("the IKE daemon is gone")

    daemon.load_key = fails
    master._keys["one"] = ONE
    assert master.tick(5.0) > 5.0
    assert master.status()["why"] == "the IKE daemon is gone"


def test_no_key_is_told(master, daemon) -> None:
    in_use(master, daemon)
    assert "1111" not in f"{master.status()} {vars(master)}"
