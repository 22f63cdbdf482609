"""Keys of a device, as its key agent tells of them: which are in use, which alarms there are; other ones on demand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from citynet.deploy.program import ask
from citynet.deploy.ssh import Connection

if TYPE_CHECKING:
    from citynet.deploy.ssh import Target

_ANSWER_S = 60.0


def status(target: Target) -> dict[str, Any]:
    """The agent's state: `users`, `alarms`, `server`; or `error`."""
    return _ask(target, {"verb": "status"}, _ANSWER_S)


def rotate(target: Target, user: str = "", wait_s: float = 30.0) -> dict[str, Any]:
    """Have one user, or all, change to another key; the state afterwards, with `rotated` and `waiting`."""
    return _ask(target, {"verb": "rotate", "name": user, "wait_s": wait_s}, wait_s + _ANSWER_S)


def _ask(target: Target, request: dict[str, Any], limit_s: float) -> dict[str, Any]:
    with Connection(target) as connection:
        return ask(connection, "key_control", request, limit_s)
