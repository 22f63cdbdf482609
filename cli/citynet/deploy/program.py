"""Asking a program on a device, over a connection, one request at a time."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from citynet.deploy import bundle
from citynet.errors import CitynetError, Exit

if TYPE_CHECKING:
    from citynet.deploy.ssh import Connection

_MARK = b"CITYNET "
# Nothing of the site is wanted (-S), nor of the environment (-I): that saves a third of the start.
_COMMAND = f"python3 -I -S -c {shlex.quote(bundle.BOOTSTRAP)}"


class DeviceProgramError(CitynetError):
    """The program on the device gave no answer that can be understood."""

    exit_code = Exit.DEVICE_FAILED


def ask(connection: Connection, program: str, request: dict[str, Any], limit_s: float) -> dict[str, Any]:
    """Send one request to a program on the device and read its answer.

    Raises:
        UnreachableError: The connection failed.
        DeviceProgramError: No answer came.
    """
    ended = connection.run(_COMMAND, bundle.pack(program, request), limit_s)
    for line in reversed(ended.output.splitlines()):
        if line.startswith(_MARK):
            answer: dict[str, Any] = json.loads(line[len(_MARK) :])
            return answer
    last = (ended.errors or ended.output).decode(errors="replace").strip().splitlines()[-1:]
    raise DeviceProgramError(f"no answer from its python3 (exit code {ended.code}): {' '.join(last)[:200]}")
