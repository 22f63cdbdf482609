"""Take a host off (IKE), try to get on with another credential, get on with its own; and see what passes then.

charon runs all the while; it is told other credentials, and its own again in any case.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supplicant import arrived, left, passes, until  # type: ignore[import-not-found]  # lies beside this file on the node

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECTION = "access"
REFUSED = "AUTHENTICATION_FAILED"
"""What an edge answers to a credential that it does not take (RFC 7296, 2.21.2)."""
_ENDS_S, _ASKS_S, _PAUSE_S = 5.0, 6.0, 1.0


def tell(*words: str, folder: str = "") -> str:
    """Order something of charon, or ask it, with a folder of settings that is not its own; what was said."""
    environment = {**os.environ, **({"SWANCTL_DIR": folder} if folder else {})}
    argv = ["swanctl", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env=environment, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr


def state() -> str:
    """What the tunnel is."""
    return "INSTALLED" if "INSTALLED" in tell("--list-sas", "--ike", CONNECTION) else "no tunnel"


def is_on() -> bool:
    """Whether there is a tunnel."""
    return state() == "INSTALLED"


@contextlib.contextmanager
def other(folder: str) -> Iterator[None]:
    """Another credential for as long."""
    tell("--load-all", "--clear", "--noprompt", folder=folder)
    try:
        yield
    finally:
        tell("--load-all", "--clear", "--noprompt")


def leave() -> None:
    """End the tunnel."""
    tell("--terminate", "--ike", CONNECTION, "--timeout", str(int(_ENDS_S)))
    until(lambda: not is_on(), _ENDS_S)


def off(asked: dict[str, Any]) -> dict[str, Any]:
    """Leave, and do not ask again: whatever keeps the tunnel looks for this file."""
    Path(asked["off"]).touch()
    leave()
    return {"said": state(), **left(asked["targets"])}


def wrong(asked: dict[str, Any]) -> dict[str, Any]:
    """Ask with the other credential until that is refused, or let on."""
    said = ""

    def answered() -> bool:
        nonlocal said
        said = tell("--initiate", "--child", CONNECTION, "--timeout", str(int(_ASKS_S)))
        return REFUSED in said or is_on()

    with other(asked["config"]):
        done = until(answered, asked["until_s"])
        found = {"said": (REFUSED if REFUSED in said else state()) if done else "no answer", **passes(asked["targets"])}
        leave()
    return found


def again(asked: dict[str, Any]) -> dict[str, Any]:
    """Ask with its own, again and again: one that was refused just now is not heard for some seconds."""
    Path(asked["off"]).unlink(missing_ok=True)
    deadline = time.monotonic() + asked["until_s"]
    while not is_on() and time.monotonic() < deadline:
        tell("--initiate", "--child", CONNECTION, "--timeout", str(int(_ASKS_S)))
        until(is_on, _PAUSE_S)
    return {"said": state(), **arrived(asked["targets"])}


def look(asked: dict[str, Any]) -> dict[str, Any]:
    """As it is."""
    return {"said": state(), **passes(asked["targets"])}


HOW = {"look": look, "off": off, "wrong": wrong, "again": again}

if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    sys.stdout.write(json.dumps(HOW[told["do"]](told)) + "\n")
