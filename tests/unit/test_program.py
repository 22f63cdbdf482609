"""How a program of ours is started, told to begin anew and stopped, with systemd and without."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from citynet.platforms.whitebox.device import program
from citynet.platforms.whitebox.device.program import Program
from citynet.platforms.whitebox.device.system import StepError

PROGRAM = Program("citynet-x", "x.agent", "citynet-x", "citynet-xd", "the agent of x")
START = ["env", "PYTHONPATH=/usr/local/lib/citynet", "python3", "-B", "-m", "x.agent", "--daemon"]
BOTH = {"citynet-x": 12, "citynet-xd": 11}


class Machine:
    """Processes by name; one that is signalled is gone unless it is stubborn."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, systemd: bool, stubborn: bool = False, **alive: int) -> None:
        self.alive = dict(alive)
        self.done: list[Any] = []
        self.stubborn = stubborn
        monkeypatch.setattr(program, "booted_with_systemd", lambda: systemd)
        monkeypatch.setattr(program, "process_named", self.alive.get)
        monkeypatch.setattr(program, "must", self.done.append)
        monkeypatch.setattr(program, "run", self.done.append)
        monkeypatch.setattr(program, "wait_for", lambda condition, _limit_s: condition())
        monkeypatch.setattr(program.os, "kill", self._kill)

    def _kill(self, process: int, number: int) -> None:
        self.done.append((process, signal.Signals(number).name))
        if not self.stubborn:
            self.alive.pop(next(name for name, own in self.alive.items() if own == process))


def systemctl(*words: str) -> list[str]:
    return ["systemctl", *words]


ENABLED, DISABLED = systemctl("enable", "citynet-x"), systemctl("disable", "--now", "citynet-x")
AGAIN, REREAD = systemctl("reload-or-restart", "citynet-x"), systemctl("daemon-reload")


@pytest.mark.parametrize(
    ("systemd", "alive", "what", "done"),
    [
        (False, {}, PROGRAM.start, [START]),
        (True, {}, PROGRAM.start, [REREAD, systemctl("enable", "--now", "citynet-x")]),
        (False, {}, lambda: PROGRAM.start_or_reload(reread=True), [START]),
        (False, BOTH, lambda: PROGRAM.start_or_reload(reread=True), [(12, "SIGHUP")]),
        (True, BOTH, lambda: PROGRAM.start_or_reload(reread=True), [REREAD, ENABLED, AGAIN]),
        (True, BOTH, lambda: PROGRAM.start_or_reload(reread=False), [ENABLED, AGAIN]),
        (False, BOTH, lambda: PROGRAM.stop(1.0), [(11, "SIGTERM"), (12, "SIGTERM")]),
        (False, {}, lambda: PROGRAM.stop(1.0), []),
        (True, BOTH, lambda: PROGRAM.stop(1.0), [DISABLED]),
        (False, {"citynet-x": 12}, lambda: PROGRAM.end(1.0), [(12, "SIGHUP")]),
        (False, {}, lambda: PROGRAM.end(1.0), []),
        (True, {"citynet-x": 12}, lambda: PROGRAM.end(1.0), [(12, "SIGHUP"), DISABLED]),
    ],
)
def test_what_is_done(
    systemd: bool, alive: dict[str, int], what: Any, done: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    machine = Machine(monkeypatch, systemd=systemd, **alive)
    what()
    assert machine.done == done


@pytest.mark.parametrize("what", ["stop", "end"])
def test_one_that_goes_on_is_a_failure(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, systemd=False, stubborn=True, **BOTH)
    with pytest.raises(StepError, match=f"the agent of x does not {what}"):
        getattr(PROGRAM, what)(1.0)


def test_one_that_ends_just_then_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(monkeypatch, systemd=False, **BOTH)

    def gone(_process: int, _number: int) -> None:
        raise ProcessLookupError

    monkeypatch.setattr(program.os, "kill", gone)
    PROGRAM.start_or_reload(reread=False)
    assert machine.done == [START]
    assert PROGRAM.path == "/etc/systemd/system/citynet-x.service"
