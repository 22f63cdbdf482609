"""The socket by which people on this device speak to the key agent: `status`, and `rotate` of one user or all.

One line of JSON each way, root only: `{"verb": "rotate", "name": "line eth1"}`.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import struct
import threading
from typing import Any, Callable, Dict

SOCKET = "/run/citynet/keys.sock"
_LIMIT, _ANSWER_S = 4096, 10.0
_PEER = struct.Struct("3i")


class Control:
    """Listens in a thread; the agent's thread answers."""

    def __init__(
        self,
        post: Callable[[Callable[[], None]], None],
        answer: Callable[[Dict[str, Any]], Dict[str, Any]],
        path: str = "",
    ) -> None:
        self._post, self._answer, self._path = post, answer, path or SOCKET
        try:
            os.makedirs(os.path.dirname(self._path), exist_ok=True)
            if os.path.exists(self._path):
                os.unlink(self._path)
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            before = os.umask(0o177)
            try:
                self._socket.bind(self._path)
            finally:
                os.umask(before)
            self._socket.listen(4)
        except OSError:  # the agent does its work without
            return
        threading.Thread(target=self._run, name="control", daemon=True).start()

    def stop(self) -> None:
        """Listen no more."""
        try:
            self._socket.close()
            os.unlink(self._path)
        except OSError:
            return

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                try:
                    self._serve(connection)
                except (OSError, ValueError, queue.Empty):
                    continue

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(_ANSWER_S)
        _, user, _ = _PEER.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
        if user not in (0, os.geteuid()):
            return
        order = json.loads(connection.makefile("rb").readline(_LIMIT))
        if not isinstance(order, dict):
            return
        answers: queue.SimpleQueue[Dict[str, Any]] = queue.SimpleQueue()
        self._post(lambda: answers.put(self._answer(order)))
        connection.sendall(json.dumps(answers.get(timeout=_ANSWER_S)).encode() + b"\n")
