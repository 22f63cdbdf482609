"""The end of a transaction: what its guardian is told, over a socket, by whoever comes back to the device.

A program of its own, since most of what a transaction needs has no part in its end, and a slow device takes long to
start what it does not need.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
from typing import Any, Callable, Dict

from .health import look
from .system import StepError

MARK = "CITYNET "
RUN = "/run/citynet-transaction"
SOCKET = f"{RUN}/transaction.sock"
ANSWER_LIMIT_S = 60.0
_APPLY_LIMIT_S = 300.0


def main(request: dict[str, Any]) -> int:
    """Confirm a transaction, or take it back; whatever goes wrong is part of the answer."""
    return answer({"confirm": _confirm, "rollback": _rollback}, request)


def answer(actions: Dict[str, Callable[[dict[str, Any]], dict[str, Any]]], request: dict[str, Any]) -> int:
    """Do what is asked for and write the answer as a line."""
    os.umask(0o022)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    started = time.monotonic()
    try:
        found = actions[request["action"]](request)
    except StepError as error:
        found = {"status": "failed", "reason": str(error)}
    except OSError as error:
        found = {"status": "failed", "reason": f"{error.filename or request['action']}: {error.strerror}"}
    found["device_s"] = round(time.monotonic() - started, 2)
    sys.stdout.write(MARK + json.dumps(found) + "\n")
    sys.stdout.flush()
    return 0


def ask(message: dict[str, Any]) -> dict[str, Any]:
    """What the guardian answers to a message.

    Raises:
        StepError: There is none any more, or it ended meanwhile.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with connection:
        connection.settimeout(_APPLY_LIMIT_S if message["verb"] == "supersede" else ANSWER_LIMIT_S)
        try:
            connection.connect(SOCKET)
            connection.sendall(json.dumps(message).encode() + b"\n")
            line = connection.makefile(encoding="utf-8").readline()
        except OSError as error:
            raise StepError("no transaction waits for a confirmation: it went back already") from error
    if not line:
        raise StepError("the transaction ended before it could be confirmed")
    answer: dict[str, Any] = json.loads(line)
    return answer


def _confirm(request: dict[str, Any]) -> dict[str, Any]:
    answer = ask({"verb": "confirm", "id": request["id"]})
    if answer["status"] != "confirmed":
        raise StepError(f"not confirmed: {answer['status']}")
    if "expect" in request:
        answer["health"] = {**look(request["expect"]), "waited_s": 0.0}
    return answer


def _rollback(request: dict[str, Any]) -> dict[str, Any]:
    return ask({"verb": "rollback", "id": request["id"]})
