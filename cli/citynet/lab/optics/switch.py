"""The way from the lab's light to its lines: one connection to the machine, kept open."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

from citynet.lab.running import guest_command
from citynet.lab.wiring import machine_address

if TYPE_CHECKING:
    from citynet.lab.optics.model import Steps
    from citynet.lab.running import Lab

_AGAIN_S = 0.3


class Switch:
    """Sends line states to the machine's `guest light`, and remembers when each was in force there.

    While the machine boots, and when the connection breaks, it is made anew and told the whole of what is wanted.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._number = 0
        self._wanted: dict[str, str] = {}
        self._process: asyncio.subprocess.Process | None = None
        self.answers: list[dict[str, Any]] = []
        self.ready = asyncio.Event()

    def tell(self, steps: Steps) -> None:
        """Have lines take new states; returns at once."""
        in_order = steps.in_order()
        if not in_order:
            return
        for step in in_order:
            self._wanted.update(step["lines"])
        if self.ready.is_set():
            self._write(in_order)

    async def run(self) -> None:
        """Keep the connection; ends only when it is cancelled."""
        while True:
            self._process = await asyncio.create_subprocess_exec(
                *self._lab.ssh(machine_address(self._lab.plan), guest_command("light")),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                await self._listen(self._process)
            finally:
                self.ready.clear()
                if self._process.returncode is None:
                    os.kill(self._process.pid, 15)
            await asyncio.sleep(_AGAIN_S)  # the machine is not there yet, or not any more

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            if not line.startswith(b"{"):
                continue
            answer = json.loads(line)
            if answer.get("ready"):
                self.ready.set()
                self._write([{"after_ms": 0, "lines": self._wanted}])
            else:
                self.answers.append(answer)

    def _write(self, steps: list[dict[str, Any]]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._number += 1
        self._process.stdin.write(json.dumps({"id": self._number, "steps": steps}).encode() + b"\n")
