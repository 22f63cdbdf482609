"""Running something as a process of its own and knowing what it took."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Took:
    """What a process took: seconds on the clock, of processor, peak memory of its largest process, and its output."""

    seconds: float
    cpu: float
    peak_mib: float
    output: str


class FailedError(Exception):
    """The process ended with an error; the text is the end of what it said."""


def run(*command: str | Path, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> Took:
    """Run a command to its end."""
    with tempfile.TemporaryFile() as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode:
        raise FailedError(f"exit code {process.returncode}: {' | '.join(text.strip().splitlines()[-3:])}")
    return Took(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, text)


def best(times: int, *command: str | Path) -> Took:
    """The fastest of some runs: what else the machine does can only slow one down."""
    return min((run(*command) for _ in range(times)), key=lambda took: took.seconds)


def citynet(*words: str | Path) -> tuple[str | Path, ...]:
    """The command line of `citynet` with these words."""
    return (sys.executable, "-m", "citynet", *words)
