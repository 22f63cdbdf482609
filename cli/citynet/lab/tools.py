"""Running the builders' tools so that they can be stopped, and their failures told."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from collections import deque
from typing import TYPE_CHECKING

from citynet.errors import Lack, LackingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_KEPT_LINES = 12
_PATIENCE_S = 15


class ToolFailedError(Exception):
    """A tool ended with an error; holds what it said last."""


class Tools:
    """Runs tools, each in a session of its own; `stop` ends those that run and refuses new ones."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._running: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def run(
        self,
        argv: Sequence[str],
        *,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
        hear: Callable[[str], None] | None = None,
    ) -> None:
        """Run a tool to its end; `hear` gets each line that it prints.

        Raises:
            ToolFailedError: It ended with an error.
        """
        process = self._start(argv, folder, env)
        last: deque[str] = deque(maxlen=_KEPT_LINES)
        assert process.stdout is not None
        try:
            for line in process.stdout:
                last.append(line.rstrip())
                if hear is not None:
                    hear(line.rstrip())
            code = process.wait()
        finally:
            _end(process)
            with self._guard:
                self._running.discard(process)
        if code:
            raise ToolFailedError(f"{argv[0]} ended with {code}:\n" + "\n".join(last))

    def stop(self) -> None:
        """End every tool that runs."""
        with self._guard:
            self._stopped = True
            running = list(self._running)
        for process in running:
            _end(process)

    def _start(self, argv: Sequence[str], folder: Path | None, env: Mapping[str, str] | None) -> subprocess.Popen[str]:
        with self._guard:
            if self._stopped:
                raise ToolFailedError("stopped")
            try:
                process = subprocess.Popen(
                    argv,
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT,
                    text=True,
                    errors="replace",
                    start_new_session=True,
                    env={**os.environ, "LC_ALL": "C", **(env or {})},
                )
            except FileNotFoundError as error:
                raise LackingError([Lack(argv[0], "building the lab's kernel and image", "citynet doctor")]) from error
            self._running.add(process)
        return process


def _end(process: subprocess.Popen[str]) -> None:
    """Ask the tool's session to end (it may have things to clean up), then make it."""
    if process.poll() is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_PATIENCE_S)
            return
