"""Lights and darkens lines as the lab's optical network says, at once or a few ms later.

Reads from the standard input, a JSON object a line: `{"id": 7, "steps": [{"after_ms": 20, "lines": {"a-b": "lit"}}]}`;
answers each step when it is done. A switch in an optical network takes place in its nodes, not in its controller, so
its time is kept here: however long a message takes, 20 ms between two steps are 20 ms.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import time
from typing import Any

from . import lines, netlink, nodes, state

_STDIN = 0
_AT_ONCE_S = 0.005
_AGAIN_S = 0.5  # how soon lines are looked at again that somebody else may have been changing


class Agent:
    """What is to be done when, and the socket by which it is done."""

    def __init__(self) -> None:
        self._wiring = state.wiring()
        self._kernel = netlink.Netlink()
        self._lights = state.lights()
        self._waiting: list[tuple[float, dict[str, Any]]] = []
        self._done: list[dict[str, Any]] = []
        self._lock = -1

    def take(self, message: dict[str, Any]) -> None:
        """Note a message's steps. What it says of a line replaces whatever older messages wanted with it."""
        named = {line for step in message["steps"] for line in step["lines"]}
        for _, step in self._waiting:
            for line in named & set(step["lines"]):
                del step["lines"][line]
        begin = time.monotonic()
        for number, step in enumerate(message["steps"]):
            told = {"id": message["id"], "step": number, "lines": dict(step["lines"])}
            after_s = step.get("after_ms", 0) / 1000
            if after_s <= _AT_ONCE_S:
                # What takes a ms or two is over before this process would be woken again.
                time.sleep(max(0.0, begin + after_s - time.monotonic()))
                self._do(told)
                begin = time.monotonic() - after_s  # a switch takes its time from when the light is gone
            else:
                self._waiting.append((begin + after_s, told))
        self._waiting.sort(key=lambda entry: entry[0])
        self._tell()

    def wait_s(self) -> float | None:
        """Time until something is due; None when nothing is."""
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None

    def work(self) -> None:
        """Do what is due."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, step = self._waiting.pop(0)
            if step.get("again"):
                self._tell()  # lets go of the lock
                with state.alone():
                    lines.bring([self._wiring.lines[name] for name in step["lines"]])
            else:
                self._do(step)
        self._tell()

    def _do(self, step: dict[str, Any]) -> None:
        begin = time.monotonic()
        errors = self._change(step["lines"])
        took_ms = round((time.monotonic() - begin) * 1000, 2)
        self._done.append(
            {"id": step["id"], "step": step["step"], "at": time.time(), "took_ms": took_ms, "errors": errors}
        )

    def _tell(self) -> None:
        """What was done, on disk and to the other side: after the deed, which must not wait for it."""
        if self._done:
            state.write_lights(self._lights)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        for answer in self._done:
            state.say(**answer)
        self._done.clear()

    def _change(self, told: dict[str, str]) -> list[str]:
        if self._lock < 0 and not self._hold():
            # Somebody starts nodes or sets faults and may have looked at these lines before now.
            self._waiting.append((time.monotonic() + _AGAIN_S, {"again": True, "lines": dict(told)}))
            self._waiting.sort(key=lambda entry: entry[0])
        errors = self._kernel.send(self._messages(told))
        self._lights.update(told)
        return errors

    def _hold(self) -> bool:
        """Hold the machine's lock until `_tell`, if it can be had at once: light does not wait for anybody."""
        lock = os.open(state.RUN / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return False
        self._lock = lock
        return True

    def _messages(self, told: dict[str, str]) -> list[tuple[int, int, bytes]]:
        """Gates first: what must not pass is stopped before ports learn anything."""
        gates, links = [], []
        cut = {fault.target for fault in state.faults() if fault.kind == "cut"}
        for name, light in told.items():
            line, before = self._wiring.lines[name], self._lights.get(name, "off")
            if light == before:
                continue
            if "dark" in (light, before):
                gates.append(netlink.gate(line.light, open_=light != "dark"))
            if "off" in (light, before):
                alive = all(nodes.pid(end.node) for end in line.ends)
                up = light != "off" and name not in cut and alive
                links += [netlink.link(end.outer, up=up) for end in line.ends if nodes.pid(end.node)]
        return gates + links


def serve() -> None:
    """Serve until the other side hangs up."""
    # An optical network has its own processors: its switch does not wait for its turn behind routers' daemons.
    os.setpriority(os.PRIO_PROCESS, 0, -20)
    agent = Agent()
    state.say(ready=True)
    rest = b""
    while True:
        readable, _, _ = select.select([_STDIN], [], [], agent.wait_s())
        if readable:
            data = os.read(_STDIN, 1 << 16)
            if not data:
                return
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                agent.take(json.loads(line))
        agent.work()
