"""Asks the key agent of this device how its keys are, or for others; IDs of keys come back, keys never."""

from __future__ import annotations

import json
import socket
import sys
import time
from typing import Any

from .system import StepError

MARK = "CITYNET "
SOCKET = "/run/citynet/keys.sock"
_ANSWER_S, _POLL_S = 15.0, 0.5


def main(request: dict[str, Any]) -> int:
    """Answer with the agent's state; of `rotate` also with what has changed within `wait_s`."""
    try:
        answer = _rotate(request) if request["verb"] == "rotate" else ask({"verb": "status"})
    except StepError as error:
        answer = {"error": str(error)}
    sys.stdout.write(MARK + json.dumps(answer) + "\n")
    sys.stdout.flush()
    return 0


def ask(order: dict[str, Any]) -> dict[str, Any]:
    """One question to the agent."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_ANSWER_S)
            connection.connect(SOCKET)
            connection.sendall(json.dumps(order).encode() + b"\n")
            answer: dict[str, Any] = json.loads(connection.makefile(encoding="utf-8").readline() or "{}")
    except (OSError, ValueError) as error:
        raise StepError("the key agent does not answer: it runs where something is encrypted") from error
    return answer


def _rotate(request: dict[str, Any]) -> dict[str, Any]:
    """Order other keys, and wait until they are in use."""
    ordered = ask({"verb": "rotate", "name": request.get("name", "")})
    if "error" in ordered:
        return ordered
    before: dict[str, str] = ordered["rotating"]
    deadline = time.monotonic() + float(request["wait_s"])
    while True:
        answer = ask({"verb": "status"})
        waiting = [name for name, old in before.items() if not _changed(answer["users"].get(name, {}), old)]
        if not waiting or time.monotonic() >= deadline:
            return {**answer, "rotated": sorted(set(before) - set(waiting)), "waiting": waiting}
        time.sleep(_POLL_S)


def _changed(user: dict[str, Any], old: str) -> bool:
    return bool(user.get("key_id")) and user["key_id"] != old and user.get("state") == "up"
