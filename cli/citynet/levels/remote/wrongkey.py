"""Put a wrong key on one adjacency of the running router, watch it, put the right one back.

The right key is taken from the running configuration into memory and goes back through a pipe: never into an argument,
a file, a log or the output.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from typing import Any

import frr  # type: ignore[import-not-found]  # lies beside this file on the node


def configure(lines: list[str]) -> None:
    """Give vtysh configuration lines on its standard input: not in its arguments, nor in its history."""
    text = "\n".join(["configure terminal", *lines, "end", ""])
    subprocess.run(
        ["vtysh"],
        input=text,
        text=True,
        check=True,
        env={**os.environ, "VTYSH_HISTFILE": "/dev/null"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


class Isis:
    """The password of one IS-IS interface."""

    def __init__(self, asked: dict[str, Any], running: str) -> None:
        self.port = asked["port"]
        self.line = next(line for line in frr.interfaces(running)[self.port] if line.startswith(" isis password "))

    def wrong(self) -> list[str]:
        """Lines that set a wrong key."""
        return [f"interface {self.port}", f" isis password md5 {secrets.token_hex(8)}"]

    def right(self) -> list[str]:
        """Lines that put the saved key back."""
        return [f"interface {self.port}", self.line]

    def retry(self) -> None:
        """Nothing to do: hellos go out every second anyway."""

    def up(self) -> bool:
        """Whether the adjacency is up."""
        return any(item["port"] == self.port and item["state"].lower() == "up" for item in frr.adjacencies())


class Bgp:
    """The password of one BGP neighbour, its own or its group's."""

    def __init__(self, asked: dict[str, Any], running: str) -> None:
        self.address = asked["address"]
        self.router = next(line for line in running.splitlines() if re.match(r"router bgp \d+$", line))
        own = re.search(rf"^ (neighbor {re.escape(self.address)} password \S+)$", running, re.MULTILINE)
        self.line = own[1] if own else f"no neighbor {self.address} password"

    def wrong(self) -> list[str]:
        """Lines that set a wrong password."""
        return [self.router, f" neighbor {self.address} password {secrets.token_hex(8)}"]

    def right(self) -> list[str]:
        """Lines that put the saved password back."""
        return [self.router, f" {self.line}"]

    def retry(self) -> None:
        """Start a new connection: the old attempt waits for TCP's growing retransmission time."""
        frr.vtysh(f"clear bgp {self.address}")

    def up(self) -> bool:
        """Whether the session is up."""
        return any(item["address"] == self.address and item["state"] == "Established" for item in frr.sessions())


def wait(side: Isis | Bgp, until_s: float, *, up: bool) -> float | None:
    """Seconds until the neighbour is up (or down); None if that never came."""
    start = time.monotonic()
    while time.monotonic() - start < until_s:
        if side.up() == up:
            return round(time.monotonic() - start, 2)
        time.sleep(0.1)
    return None


def stop(_signal: int, _frame: object) -> None:
    """Leave through `finally`, so that the right key is put back."""
    raise SystemExit(1)


def main() -> None:
    """Print when the neighbour went, whether it came back under the wrong key, and when it came back."""
    asked = json.loads(sys.argv[1])
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGPIPE):
        signal.signal(number, stop)
    before = frr.vtysh("show running-config")
    side = (Isis if asked["protocol"] == "isis" else Bgp)(asked, before)
    if not side.up():
        raise SystemExit("the neighbour was not up to begin with")
    try:
        configure(side.wrong())
        down = wait(side, asked["until_s"], up=False)
        returned = down is not None and wait(side, asked["watch_s"], up=True) is not None
    finally:
        configure(side.right())
        side.retry()
    restored = wait(side, asked["until_s"], up=True)
    same = frr.vtysh("show running-config") == before
    told = {
        "down_s": down,
        "returned_while_wrong": returned,
        "watched_s": asked["watch_s"] if down is not None else 0.0,
        "restored_s": restored,
        "same_configuration": same,
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
