"""One transaction on one device: compare, validate, commit with a timer, confirm or go back.

`main` gets a request as JSON and answers with one line of JSON. A commit runs in a process of its own (the guardian),
which outlives the SSH session: it backs up, applies, checks, and then waits for a confirmation on a socket. When none
arrives in time, or anything fails, it restores what was there. A device that lost power in between is restored by
the next transaction, because the backup stays on disk until it is confirmed.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import socket
import time
from typing import TYPE_CHECKING, Any

from .backup import Backup
from .health import look
from .scope import comparison as comparison_of
from .settle import ANSWER_LIMIT_S, RUN, SOCKET, answer, ask
from .system import StepError

if TYPE_CHECKING:
    from .compare import Comparison

STATE = "/var/lib/citynet"
_LOCK = f"{RUN}/lock"


def main(request: dict[str, Any]) -> int:
    """Answer one request; whatever goes wrong is part of the answer."""
    return answer({"diff": _diff, "commit": _commit}, request)


def _diff(request: dict[str, Any]) -> dict[str, Any]:
    comparison = comparison_of(request, STATE)
    comparison.require_tools()
    answer = comparison.answer()
    if comparison.changed:
        try:
            comparison.validate()
        except StepError as error:
            return {**answer, "status": "failed", "reason": comparison.mask.text(str(error))}
    return answer


def _commit(request: dict[str, Any]) -> dict[str, Any]:
    lock = hold(request.get("owner", ""))
    leftover = Backup.pending(STATE)
    if leftover is not None:
        # Power was lost, or the guardian was killed, before anybody confirmed.
        leftover.restore()
    comparison = comparison_of(request, STATE)
    comparison.require_tools()
    answer = comparison.answer()
    if leftover is not None:
        answer["notes"].append("took back a transaction that was never confirmed")
    if not comparison.changed:
        if "expect" in request:
            # Asked now, it saves another login when the whole run turns out to change nothing.
            answer["health"] = {**look(request["expect"]), "waited_s": 0.0}
        return answer
    try:
        comparison.validate()
    except StepError as error:
        return {**answer, "status": "failed", "went_back": False, "reason": comparison.mask.text(str(error))}
    applied = _with_guardian(request, comparison, lock)
    return {**answer, **applied, "notes": answer.get("notes", []) + applied.get("notes", [])}


def hold(owner: str) -> int:
    """Keep others from changing the device while this process lives; the handle of the lock."""
    os.makedirs(RUN, mode=0o700, exist_ok=True)
    os.makedirs(STATE, mode=0o700, exist_ok=True)
    handle = os.open(_LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    if _try_lock(handle):
        return handle
    if owner:
        # The same owner has come back, for instance after Ctrl-C: its unconfirmed transaction goes back now.
        try:
            ask({"verb": "supersede", "owner": owner})
        except StepError:
            pass
        deadline = time.monotonic() + ANSWER_LIMIT_S
        while time.monotonic() < deadline:
            if _try_lock(handle):
                return handle
            time.sleep(0.1)
    raise StepError("another transaction is under way on this device; it ends by itself when its timer runs out")


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _with_guardian(request: dict[str, Any], comparison: Comparison, lock: int) -> dict[str, Any]:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        if os.fork():
            os._exit(0)
        _detach({writer, lock})
        try:
            _guard(request, comparison, writer)
        finally:
            os._exit(0)
    os.close(writer)
    os.close(lock)
    os.waitpid(child, 0)
    with os.fdopen(reader, encoding="utf-8") as answers:
        text = answers.read()
    if not text:
        raise StepError("the transaction ended without an answer; the next one restores what was there")
    answer: dict[str, Any] = json.loads(text)
    return answer


def _detach(keep: set[int]) -> None:
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    for name in os.listdir("/proc/self/fd"):
        handle = int(name)
        if handle > 2 and handle not in keep:
            try:
                os.close(handle)
            except OSError:
                continue


def _guard(request: dict[str, Any], comparison: Comparison, writer: int) -> None:
    """The guardian: apply, report, wait, confirm or go back."""
    try:
        listener = _listen()
        backup = Backup.take(STATE, comparison, request["id"])
    except (OSError, StepError) as error:
        reason = f"no backup, so nothing was touched: {error}"
        _report(writer, {"status": "failed", "went_back": False, "reason": reason})
        return
    try:
        notes = comparison.apply()
    except Exception as error:  # noqa: BLE001 - whatever it was, the device must go back
        _report(writer, _go_back(backup, comparison, str(error) or type(error).__name__))
        return
    _report(writer, {"status": "applied", "id": request["id"], "notes": [comparison.mask.line(note) for note in notes]})
    _await_confirmation(listener, backup, comparison, request)


def _go_back(backup: Backup, comparison: Comparison, reason: str) -> dict[str, Any]:
    try:
        backup.restore()
    except StepError as second:
        reason = f"{reason}; going back failed as well: {second}"
        return {"status": "failed", "went_back": False, "reason": comparison.mask.text(reason)}
    return {"status": "failed", "went_back": True, "reason": comparison.mask.text(reason)}


def _report(writer: int, answer: dict[str, Any]) -> None:
    try:
        os.write(writer, json.dumps(answer).encode())
    except OSError:
        pass
    os.close(writer)


def _listen() -> socket.socket:
    try:
        os.unlink(SOCKET)
    except FileNotFoundError:
        pass
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(SOCKET)
    listener.listen(4)
    return listener


def _await_confirmation(
    listener: socket.socket, backup: Backup, comparison: Comparison, request: dict[str, Any]
) -> None:
    deadline = time.monotonic() + float(request["confirm_s"])
    while True:
        ready, _, _ = select.select([listener], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            backup.restore()
            return
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(5.0)
            try:
                if _settle(connection, backup, comparison, request):
                    return
            except (OSError, ValueError):
                continue


def _settle(connection: socket.socket, backup: Backup, comparison: Comparison, request: dict[str, Any]) -> bool:
    """Answer one who asks; True when the transaction has come to its end."""
    message = json.loads(connection.makefile(encoding="utf-8").readline())
    if message["verb"] == "confirm" and message["id"] == request["id"]:
        comparison.remember(request)
        backup.forget()
        answer = {"status": "confirmed"}
    elif (message["verb"] == "rollback" and message["id"] == request["id"]) or (
        message["verb"] == "supersede" and message["owner"] == request.get("owner")
    ):
        backup.restore()
        answer = {"status": "went back"}
    else:
        connection.sendall(b'{"status": "other transaction"}\n')
        return False
    try:
        connection.sendall(json.dumps(answer).encode() + b"\n")
    except OSError:
        pass
    return True
