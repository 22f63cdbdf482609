"""Daemons of others (wpa_supplicant, hostapd, charon): whether one runs, how it is started and ended.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from typing import Callable, Dict, List, Optional

from .base import read

_PACE_S = 0.02


def process_of(pidfile: str, name: str) -> int:
    """The process that a file names, if it lives under that name; 0 otherwise. A zombie lives no more."""
    pid = read(pidfile) or ""
    if not pid.isdigit():
        return 0
    before, _, state = (read(f"/proc/{pid}/stat") or "").rpartition(")")
    return int(pid) if before.endswith(f"({name[:15]}") and state.split()[0] != "Z" else 0


def start(argv: List[str], limit_s: float, more: Optional[Dict[str, str]] = None) -> str:
    """Start what goes into the background by itself; its words are dropped.

    Args:
        argv: Program and words.
        limit_s: How long it may take.
        more: Variables of its environment besides those of this process.

    Returns:
        Why it did not start; empty when it did.
    """
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=limit_s,
            check=False,
            cwd="/",
            env={**os.environ, **(more or {})},
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return type(error).__name__
    return f"exit code {done.returncode}" if done.returncode else ""


def end(process: Callable[[], int], limit_s: float) -> None:
    """End a process, and by force what has not ended after that time.

    Args:
        process: Tells which one there is, 0 for none.
        limit_s: How long to wait, each time.
    """
    pid = process()
    for number in (signal.SIGTERM, signal.SIGKILL) if pid else ():
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + limit_s
        while process() == pid and time.monotonic() < deadline:
            time.sleep(_PACE_S)
        if process() != pid:
            return
