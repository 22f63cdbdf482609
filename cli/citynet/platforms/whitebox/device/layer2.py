"""Layer-2 services: the kernel's part of them, and the watcher for loops."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

from typing import Any

from . import circuits, loops
from .part import Part, Texts
from .program import ROOT, UNITS
from .system import StepError, wait_for

PROGRAMS = tuple(f"{ROOT}/layer2/{name}.py" for name in ("system", "bpf", "frames", "circuits", "loops"))
UNIT = f"{UNITS}/{loops.UNIT}.service"
_START_LIMIT_S = 15.0


class Layer2(Part):
    """Encapsulation, storm limits and loops: what a file says, and the programs that do it again after a reboot.

    The file may be that of a scope. Programs and watcher are one for all of them, and so is the kernel's state: what
    it lacks is judged by the scope's file, what it has too much by all files together.
    """

    name = "layer2"
    commands = {"tc": "iproute2", "ip": "iproute2", "ethtool": "ethtool"}  # noqa: RUF012

    def __init__(self, scope: str = "") -> None:
        self._file = circuits.file_of(scope)
        self.paths = (self._file, UNIT, *PROGRAMS)

    def validate(self, texts: Texts) -> None:
        """See that the file can be read."""
        if self._file in texts:
            try:
                circuits.entries(texts[self._file])
            except ValueError as error:
                raise StepError(f"{self._file} is no JSON: {error}") from error

    def drift(self, texts: Texts, memory: Any) -> str:
        """What the kernel lacks of it or has too much, and whether the watcher lives."""
        if self._file not in texts:
            return ""
        wrong = [f"-{fact}" for fact in self._wrong(texts)]
        return "\n".join(wrong + ([] if loops.running() else ["-the watcher for loops is not running"]))

    def snapshot(self, texts: Texts) -> Any:
        """Nothing: the files say it all."""
        return None

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Bring the kernel to what the files on disk say, and start the watcher anew."""
        _follow()

    def check(self, texts: Texts) -> list[str]:
        """Read it all back."""
        if self._file in texts:
            wrong = self._wrong(texts)
            if wrong:
                raise StepError("layer-2 services are not as configured: " + "; ".join(wrong[:5]))
            if not wait_for(loops.running, _START_LIMIT_S):
                raise StepError("the watcher for loops did not start")
        return []

    def memory(self, texts: Texts) -> Any:
        """Nothing: the file says it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """The former files are back, or none: bring the kernel to them."""
        _follow()

    def _wrong(self, texts: Texts) -> list[str]:
        """Where the kernel differs; the file is on disk as the texts have it."""
        return circuits.wrong(circuits.entries(texts[self._file])) + circuits.unwanted(circuits.configured())


def _follow() -> None:
    loops.stop()
    wanted = circuits.configured()
    try:
        circuits.apply(wanted)
    except OSError as error:
        raise StepError(f"{error.filename or 'layer 2'}: {error.strerror}") from error
    if wanted:
        loops.start(ROOT)
