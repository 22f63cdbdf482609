"""Watches attachments of layer-2 services for loops at the customer's site, and blocks one port of each loop.

Every attachment sends a frame that names it, every second. One that comes back in, on whatever attachment of the same
service, has gone round a loop: the port whose name sorts later is blocked until none has come for some seconds. Frames
go on being sent and heard on a blocked port, so the end of a loop is seen. Services are apart: a frame of another one
says nothing about this one.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path
from typing import Any, Optional

from . import circuits
from .system import StepError, booted_with_systemd, must, process_named, run, wait_for

INTERVAL_S = 1.0
QUIET_S = 3.5
"""A blocked port is opened when no frame has come back for that long."""
ONE_WAY_S = 2.0
"""A frame of a port that should have blocked itself and did not: the loop leads one way only, so this port blocks."""
NAME = "citynet-loops"
BLOCKED = f"{circuits.STATE}/blocked.json"
UNIT = "citynet-layer2"
_MAGIC = b"citynet loop?"
_TYPE = int(circuits.LOOP_FRAMES, 16)
_ETH_P_ALL = 3
_SOL_PACKET, _IGNORE_OUTGOING, _ATTACH_FILTER, _PR_SET_NAME = 263, 23, 26, 15


class Attachment:
    """One attachment: its socket, and what came back."""

    def __init__(self, entry: circuits.Entry) -> None:
        self.name: str = entry["interface"]
        self.service: str = entry["service"]
        self.identity = f"{entry['device']} {self.name}"
        self.blocked_by = ""
        self._heard_at = 0.0
        self._later_since: Optional[float] = None
        self._index = 0
        self.socket: Optional[socket.socket] = None

    def tick(self, now: float) -> None:
        """Say who we are, and open a port that has been quiet."""
        self._open()
        if self.blocked_by and now - self._heard_at > QUIET_S:
            self.blocked_by = ""
            circuits.unblock(self.name)
        if self.socket is not None:
            says = {"service": self.service, "from": self.identity, "blocked": bool(self.blocked_by)}
            try:
                own = self.socket.getsockname()[4]
                head = b"\xff" * 6 + own + struct.pack("!H", _TYPE)
                self.socket.send((head + _MAGIC + json.dumps(says).encode()).ljust(60, b"\0"))
            except OSError:
                pass  # the port is down: no loop leads through it

    def hear(self, now: float) -> None:
        """Judge what has come in."""
        while self.socket is not None:
            try:
                frame = self.socket.recv(2048, socket.MSG_DONTWAIT)
            except OSError:
                return
            says = _said(frame)
            if says is not None and says["service"] == self.service:
                self._judge(str(says["from"]), bool(says["blocked"]), now)

    def _judge(self, origin: str, blocked: bool, now: float) -> None:  # noqa: FBT001
        if origin > self.identity:
            if blocked:
                self._later_since = None
                return
            self._later_since = self._later_since or now
            if now - self._later_since < ONE_WAY_S:
                return
        self._heard_at = now
        if not self.blocked_by:
            circuits.block(self.name)
            self.blocked_by = origin

    def _open(self) -> None:
        """The socket, anew when the interface is another one than before."""
        try:
            index = socket.if_nametoindex(self.name)
        except OSError:
            index = 0
        if index == self._index:
            return
        if self.socket is not None:
            self.socket.close()
        self.socket, self._index, self.blocked_by = _listen(self.name) if index else None, index, ""


def _listen(name: str) -> socket.socket:
    """A socket for our frames on an interface; it sees them before any filter or bridge does."""
    found = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    # Load the EtherType; ours: take all of the frame; otherwise: nothing of it (classic BPF).
    code = [(0x28, 0, 0, 12), (0x15, 0, 1, _TYPE), (0x06, 0, 0, 0xFFFF), (0x06, 0, 0, 0)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *line) for line in code))
    found.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("HL", len(code), ctypes.addressof(program)))
    found.setsockopt(_SOL_PACKET, _IGNORE_OUTGOING, 1)
    found.bind((name, _ETH_P_ALL))
    return found


def _said(frame: bytes) -> Optional[dict[str, Any]]:
    """What a frame says; None when it is none of ours."""
    if frame[14 : 14 + len(_MAGIC)] != _MAGIC:
        return None
    try:
        says = json.loads(frame[14 + len(_MAGIC) :].rstrip(b"\0"))
        return says if {"service", "from", "blocked"} <= set(says) else None
    except (ValueError, TypeError):
        return None


def watch(wanted: list[circuits.Entry]) -> None:
    """Watch for ever."""
    attachments = [Attachment(entry) for entry in wanted]
    for attachment in attachments:
        circuits.unblock(attachment.name)
    told, due = None, 0.0
    while True:
        now = time.monotonic()
        if now >= due:
            due = now + INTERVAL_S
            for attachment in attachments:
                attachment.tick(now)
        sockets = {one.socket: one for one in attachments if one.socket is not None}
        for ready in select.select(list(sockets), [], [], max(0.0, due - time.monotonic()))[0]:
            sockets[ready].hear(time.monotonic())
        blocked = {one.name: one.blocked_by for one in attachments if one.blocked_by}
        if blocked != told:
            Path(BLOCKED).write_text(json.dumps(blocked), encoding="utf-8")
            told = blocked


def running() -> bool:
    """Whether the watcher lives."""
    return process_named(NAME) is not None


def stop() -> None:
    """End the watcher; StepError when it does not."""
    if booted_with_systemd():
        run(["systemctl", "disable", "--now", UNIT])
    process = process_named(NAME)
    if process is not None:
        os.kill(process, signal.SIGTERM)
    if not wait_for(lambda: not running(), 10.0):
        raise StepError("the watcher for loops does not stop")


def start(root: str) -> None:
    """Start the watcher from the files on disk under `root`, which holds the package."""
    if booted_with_systemd():
        must(["systemctl", "daemon-reload"])
        must(["systemctl", "enable", "--now", UNIT])
        return
    must(["env", f"PYTHONPATH={root}", "python3", "-B", "-m", "layer2.loops", "--detach"])


def main() -> None:
    """Bring the kernel to what the files say, then watch; with `--detach`, on its own."""
    wanted = circuits.configured()
    if not wanted:
        raise SystemExit(f"no attachments: neither {circuits.FILE} nor {circuits.file_of('*')}")
    circuits.apply(wanted)
    if "--detach" in sys.argv:
        if os.fork():
            os._exit(0)
        os.setsid()
    ctypes.CDLL(None).prctl(_PR_SET_NAME, NAME.encode(), 0, 0, 0)
    watch(wanted)


if __name__ == "__main__":
    main()
