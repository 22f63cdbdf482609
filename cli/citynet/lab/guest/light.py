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
_AGAIN_S = 0.5  # how soon lines are looked at again that somebody else may have been changing


class Agent:
    """What is to be done when, and the socket by which it is done."""

    def __init__(self) -> None:
        self._wiring = state.wiring()
        self._kernel = netlink.Netlink()
        self._lights = state.lights()
        self._waiting: list[tuple[float, dict[str, Any]]] = []

    def take(self, message: dict[str, Any]) -> None:
        """Note a message's steps. What it says of a line replaces whatever older messages wanted with it."""
        now = time.monotonic()
        named = {line for step in message["steps"] for line in step["lines"]}
        for _, step in self._waiting:
            for line in named & set(step["lines"]):
                del step["lines"][line]
        for number, step in enumerate(message["steps"]):
            due = now + step.get("after_ms", 0) / 1000
            self._waiting.append((due, {"id": message["id"], "step": number, "lines": dict(step["lines"])}))
        self._waiting.sort(key=lambda entry: entry[0])

    def wait_s(self) -> float | None:
        """Time until something is due; None when nothing is."""
        return max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None

    def work(self) -> None:
        """Do what is due."""
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            _, step = self._waiting.pop(0)
            begin = time.monotonic()
            if step.get("again"):
                with state.alone():
                    lines.bring([self._wiring.lines[name] for name in step["lines"]])
                continue
            errors = self._change(step["lines"])
            took_ms = round((time.monotonic() - begin) * 1000, 2)
            state.say(id=step["id"], step=step["step"], at=time.time(), took_ms=took_ms, errors=errors)

    def _change(self, told: dict[str, str]) -> list[str]:
        lock = os.open(state.RUN / "lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # Somebody starts nodes or sets faults and may have looked at these lines before now.
                self._waiting.append((time.monotonic() + _AGAIN_S, {"again": True, "lines": dict(told)}))
                self._waiting.sort(key=lambda entry: entry[0])
            errors = self._kernel.send(self._messages(told))
            self._lights.update(told)
            state.write_lights(self._lights)
        finally:
            os.close(lock)
        return errors

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
