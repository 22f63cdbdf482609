"""What lab tests use by name: the running room, and the command as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citynet.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator

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


@contextmanager
def carrying(lab: Lab, told: dict[str, Any]) -> Iterator[subprocess.Popen[str]]:
    """One transaction with files of the test's choice; see carry.py."""
    argv = lab.enter(["env", f"PYTHONPATH={ROOT / 'cli'}", sys.executable, str(HERE / "carry.py")])
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    process.stdin.write(json.dumps(told) + "\n")
    process.stdin.flush()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def unconfirmed(lab: Lab, node: str, files: dict[str, str], secrets: dict[str, str], **more: Any) -> None:
    """Commit to a node what nobody confirms; returns at once, the node goes back after 6 s."""
    told = {
        "name": node,
        "address": lab.address(node),
        "key": str(lab.ssh_key),
        "known_hosts": str(lab.known_hosts),
        "id": "unconfirmed",
        "files": files,
        "secrets": secrets,
        "confirm_s": 6,
        "die": True,
        **more,
    }
    with carrying(lab, told) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "committed\n"


def answer(*words: str) -> dict:
    """What a command prints with --json."""
    return json.loads(citynet(*words, "--json").stdout)
