"""A program of ours on this device: started, told to begin anew by its files, and stopped."""

from __future__ import annotations

import os
import signal

from .system import StepError, booted_with_systemd, must, process_named, run, wait_for

ROOT = "/usr/local/lib/citynet"
"""Folder of the packages on a device."""
UNITS = "/etc/systemd/system"


class Program:
    """A program that does not end by itself: systemd keeps it alive where there is one, and `keeping` elsewhere.

    Args:
        unit: Name of its unit.
        module: What Python runs.
        worker: Name of its process.
        supervisor: Name of the process that keeps it alive where no systemd does.
        words: What it is, for people.
    """

    def __init__(self, unit: str, module: str, worker: str, supervisor: str, words: str) -> None:
        self.path = f"{UNITS}/{unit}.service"
        self._unit, self._module = unit, module
        self._worker, self._supervisor, self._words = worker, supervisor, words

    def runs(self) -> bool:
        """Whether it lives."""
        return process_named(self._worker) is not None

    def start(self) -> None:
        """Start it by the files on disk; it does not run."""
        if booted_with_systemd():
            must(["systemctl", "daemon-reload"])
            must(["systemctl", "enable", "--now", self._unit])
        else:
            must(["env", f"PYTHONPATH={ROOT}", "python3", "-B", "-m", self._module, "--daemon"])

    def start_or_reload(self, *, reread: bool) -> None:
        """Start it, or tell it to begin anew by its files; `reread` when its unit has changed."""
        if booted_with_systemd():
            if reread:
                must(["systemctl", "daemon-reload"])
            must(["systemctl", "enable", self._unit])
            must(["systemctl", "reload-or-restart", self._unit])
        elif not self._tell(signal.SIGHUP, self._worker):
            self.start()

    def stop(self, limit_s: float) -> None:
        """Stop it; it may take away what it made.

        Raises:
            StepError: It does not stop.
        """
        if booted_with_systemd():
            run(["systemctl", "disable", "--now", self._unit])
            return
        for name in (self._supervisor, self._worker):  # in this order, or the one would start the other anew
            self._tell(signal.SIGTERM, name)
        self._wait_for_end("does not stop", self._supervisor, limit_s)

    def end(self, limit_s: float) -> None:
        """Let it end itself: its files are gone, and told to begin anew it takes away what it made.

        Raises:
            StepError: It does not end.
        """
        if self._tell(signal.SIGHUP, self._worker):
            self._wait_for_end("does not end", self._worker, limit_s)
        if booted_with_systemd():
            run(["systemctl", "disable", "--now", self._unit])

    def _wait_for_end(self, words: str, other: str, limit_s: float) -> None:
        if not wait_for(lambda: process_named(self._worker) is None and process_named(other) is None, limit_s):
            raise StepError(f"{self._words} {words}")

    @staticmethod
    def _tell(number: int, name: str) -> bool:
        """Signal a process; whether there was one."""
        process = process_named(name)
        if process is None:
            return False
        try:
            os.kill(process, number)
        except ProcessLookupError:  # it has ended just now
            return False
        return True
