"""One technology on one router that is otherwise not managed by citynet: from a task's options to a transaction."""

from __future__ import annotations

import uuid
from typing import Any

from citynet import tasks
from citynet.deploy import archive, transaction
from citynet.platforms.whitebox import scoped


def job(module: str, options: dict[str, Any], device: str, *, absent: bool = False) -> transaction.Job:
    """The transaction that brings a technology to a router, or takes away what such a transaction brought.

    Args:
        module: Name of the module in the collection.
        options: What the task says of the technology.
        device: Name of the router.
        absent: Take it away.

    Raises:
        TaskError: Options are wrong.
    """
    kind = tasks.TASKS[module]
    name = kind.scope(options)
    secrets: dict[str, str] = {}
    if absent:
        text = scoped.nothing(kind.parts(), name)
    else:
        task = tasks.task(module, options)
        text = scoped.render(task.device(device), kind.parts(), name)
        secrets = task.secrets()
    return transaction.Job(
        identifier=uuid.uuid4().hex,
        owner=f"{archive.who()}:{name}",
        files=text.files,
        secrets=secrets,
        run={"who": archive.who()},
        scope={"name": name, "frr": text.frr, "owns": text.owns},
    )
