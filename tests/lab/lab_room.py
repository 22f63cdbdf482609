"""What lab tests use by name: the running room, and the command as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from citynet.lab import Lab

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
COMMAND_LIMIT_S = 180


def citynet(
    *words: str, check: int | None = 0, limit_s: int = COMMAND_LIMIT_S, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does; `check` is the exit code it must have."""
    done = subprocess.run(
        [sys.executable, "-m", "citynet", *words],
        capture_output=True,
        text=True,
        timeout=limit_s,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT / "cli"), **more},
    )
    assert check is None or done.returncode == check, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return done


@dataclass
class Room:
    """The design's folder and the running lab."""

    design: Path
    lab: Lab


def answer(*words: str) -> dict:
    """What a command prints with --json."""
    return json.loads(citynet(*words, "--json").stdout)
