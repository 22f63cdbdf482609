"""Layer-2 services: the kernel's part of them, and the watcher for loops."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import json
from typing import Any

from . import circuits, loops
from .part import Part, Texts
from .system import StepError, read_json, wait_for

ROOT = "/usr/local/lib/citynet"
PROGRAMS = tuple(f"{ROOT}/layer2/{name}.py" for name in ("system", "frames", "circuits", "loops"))
UNIT = f"/etc/systemd/system/{loops.UNIT}.service"
_START_LIMIT_S = 15.0


class Layer2(Part):
    """Encapsulation, storm limits and loops: what a file says, and the programs that do it again after a reboot."""

    name = "layer2"
    paths = (circuits.FILE, UNIT, *PROGRAMS)
    commands = {"tc": "iproute2", "ip": "iproute2", "ethtool": "ethtool"}  # noqa: RUF012

    def validate(self, texts: Texts) -> None:
        """See that the file can be read."""
        if circuits.FILE in texts:
            try:
                json.loads(texts[circuits.FILE])
            except ValueError as error:
                raise StepError(f"{circuits.FILE} is no JSON: {error}") from error

    def drift(self, texts: Texts, memory: Any) -> str:
        """What the kernel lacks of it, and whether the watcher lives."""
        if circuits.FILE not in texts:
            return ""
        wrong = [f"-{fact}" for fact in circuits.wrong(json.loads(texts[circuits.FILE]))]
        return "\n".join(wrong + ([] if loops.running() else ["-the watcher for loops is not running"]))

    def snapshot(self, texts: Texts) -> Any:
        """Nothing: the files say it all."""
        return None

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Bring the kernel to what the file says, and start the watcher anew."""
        _follow(json.loads(texts.get(circuits.FILE, "{}")))

    def check(self, texts: Texts) -> list[str]:
        """Read it all back."""
        if circuits.FILE in texts:
            wrong = circuits.wrong(json.loads(texts[circuits.FILE]))
            if wrong:
                raise StepError("layer-2 services are not as configured: " + "; ".join(wrong[:5]))
            if not wait_for(loops.running, _START_LIMIT_S):
                raise StepError("the watcher for loops did not start")
        return []

    def memory(self, texts: Texts) -> Any:
        """Nothing: the file says it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """The former file is back, or none: bring the kernel to it."""
        _follow(read_json(circuits.FILE, {}))


def _follow(config: dict[str, Any]) -> None:
    loops.stop()
    try:
        circuits.apply(config)
    except OSError as error:
        raise StepError(f"{error.filename or 'layer 2'}: {error.strerror}") from error
    if config:
        loops.start(ROOT)
