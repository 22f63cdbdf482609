"""Take a host off (802.1X), try to get on with another credential, get on with its own; and see what passes then.

The supplicant that runs is ended for the other credential, and started again by its own words in any case.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import reach  # type: ignore[import-not-found]  # lies beside this file on the node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONTROL = "/run/wpa_supplicant"
_PACE_S, _ENDS_S, _ASKS_S, _OPENS_S = 0.2, 5.0, 6.0, 5.0


def until(ready: Callable[[], bool], seconds: float) -> bool:
    """Wait for something."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PACE_S)
    return True


def tell(interface: str, *words: str) -> str:
    """Ask the supplicant of an interface, or order something of it; empty when there is none."""
    argv = ["wpa_cli", "-p", CONTROL, "-i", interface, *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False).stdout


def state(interface: str) -> dict[str, str]:
    """What it says of itself."""
    pairs = (line.partition("=") for line in tell(interface, "status").splitlines())
    return {name: value for name, _, value in pairs}


def authorized(interface: str) -> bool:
    """Whether it is on, as it sees it."""
    return state(interface).get("suppPortStatus") == "Authorized"


def running(interface: str) -> tuple[int, list[str]]:
    """The supplicant's process and its words; 0 when there is none."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_text().split("\0")[:-1]
            if words and words[0].endswith("wpa_supplicant") and interface in words:
                return int(entry.name), words
    return 0, []


@contextlib.contextmanager
def other(interface: str, config: str) -> Iterator[bool]:
    """Another credential for as long; whether there was a supplicant at all."""
    pid, words = running(interface)
    if not pid:
        yield False
        return
    _replace(interface, pid, [config if before == "-c" else word for before, word in zip(["", *words], words)])  # noqa: B905
    try:
        yield True
    finally:
        _replace(interface, running(interface)[0], words)


def _replace(interface: str, pid: int, words: list[str]) -> None:
    if pid:
        os.kill(pid, signal.SIGTERM)
        until(lambda: not running(interface)[0], _ENDS_S)
    subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False)


def passes(targets: list[dict[str, Any]]) -> dict[str, int]:
    """Some pings to each target."""
    tried = [dict(target) for target in targets]
    reach.ping_all(tried, {"count": 3})
    return {"sent": sum(one["sent"] for one in tried), "received": sum(one["received"] for one in tried)}


def left(targets: list[dict[str, Any]]) -> dict[str, int]:
    """What passes once the edge knows that this host has left: it hears so a moment later, and may not close at all."""
    until(lambda: not passes(targets)["received"], _ENDS_S)
    return passes(targets)


def arrived(targets: list[dict[str, Any]]) -> dict[str, int]:
    """What passes once the edge has opened, which it may do a moment later, or not at all."""
    found: dict[str, int] = {}

    def through() -> bool:
        found.update(passes(targets))
        return found["received"] > 0

    until(through, _OPENS_S)
    return found


def off(asked: dict[str, Any]) -> dict[str, Any]:
    """Leave."""
    name = asked["interface"]
    tell(name, "logoff")
    until(lambda: not authorized(name), _ENDS_S)
    return {"said": state(name).get("suppPortStatus", ""), **left(asked["targets"])}


def wrong(asked: dict[str, Any]) -> dict[str, Any]:
    """Ask with the other credential until that is refused, or let on."""
    name = asked["interface"]
    with other(name, asked["config"]) as there:
        done = there and until(lambda: state(name).get("EAP state") == "FAILURE" or authorized(name), asked["until_s"])
        said = state(name).get("EAP state", "") if there else "no supplicant"
        return {"said": said if done or not there else f"no answer ({said})", **passes(asked["targets"])}


def again(asked: dict[str, Any]) -> dict[str, Any]:
    """Ask with its own, again and again: one that was refused just now is not heard for some seconds."""
    name, deadline = asked["interface"], time.monotonic() + asked["until_s"]
    while not authorized(name) and time.monotonic() < deadline:
        tell(name, "logoff")
        tell(name, "logon")
        until(lambda: authorized(name), _ASKS_S)
    return {"said": state(name).get("suppPortStatus", ""), **arrived(asked["targets"])}


def look(asked: dict[str, Any]) -> dict[str, Any]:
    """As it is."""
    return {"said": state(asked["interface"]).get("suppPortStatus", ""), **passes(asked["targets"])}


HOW = {"look": look, "off": off, "wrong": wrong, "again": again}

if __name__ == "__main__":
    told = json.loads(sys.argv[1])
    sys.stdout.write(json.dumps(HOW[told["do"]](told)) + "\n")
