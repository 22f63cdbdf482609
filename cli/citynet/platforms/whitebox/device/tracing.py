"""Tracing of data identifiers: the kernel's counting, and the agent that tells what was counted."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

from typing import Any

from . import trace
from .part import Part, Texts
from .program import ROOT, Program
from .system import StepError, read_json, wait_for

MODULES = (
    *("system", "events", "keeping", "bpf", "bpf_maps"),
    *("trace_programs", "trace", "trace_probes", "trace_ways", "trace_agent"),
)
_PROGRAM = Program(*("citynet-trace", "tracing.trace_agent", "citynet-trace", "citynet-traced"), "the agent of traces")
UNIT = _PROGRAM.path
_LIMIT_S = 20.0


class Tracing(Part):
    """The agent starts anew with other settings; what it counted until then is told or lost, never told twice.

    It takes its filters away when it ends.
    """

    name = "trace"
    paths = (trace.FILE, UNIT, *(f"{ROOT}/tracing/{name}.py" for name in MODULES))
    commands = {"tc": "iproute2", "python3": "python3"}  # noqa: RUF012

    def validate(self, texts: Texts) -> None:
        """See that the file can be read."""
        if trace.FILE in texts:
            try:
                trace.settings_of(texts[trace.FILE])
            except (ValueError, KeyError) as error:
                raise StepError(f"{trace.FILE}: {error}") from error

    def drift(self, texts: Texts, memory: Any) -> str:
        """Whether the agent lives and works by these settings, and what the kernel lacks."""
        if trace.FILE not in texts:
            return ""
        if not _follows(texts):
            return "-the agent of traces does not run by these settings"
        return "\n".join(f"-{one}" for one in trace.wrong(trace.settings_of(texts[trace.FILE])))

    def snapshot(self, texts: Texts) -> Any:
        """Whether it ran."""
        return _PROGRAM.runs()

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Start it by the file on disk, or stop it when that is gone."""
        _PROGRAM.stop(_LIMIT_S)
        if trace.FILE in texts:
            _PROGRAM.start()

    def check(self, texts: Texts) -> list[str]:
        """See that it works."""
        if trace.FILE in texts:
            if not wait_for(lambda: _follows(texts), _LIMIT_S):
                raise StepError("the agent of traces did not start")
            if lacking := trace.wrong(trace.settings_of(texts[trace.FILE])):
                raise StepError("identifiers are not traced as configured: " + "; ".join(lacking[:5]))
        return []

    def memory(self, texts: Texts) -> Any:
        """Nothing: the file says it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """The former file is back, or none."""
        _PROGRAM.stop(_LIMIT_S)
        if snapshot:
            _PROGRAM.start()


def _follows(texts: Texts) -> bool:
    told = read_json(trace.STATE, {}).get("settings")
    return _PROGRAM.runs() and told == trace.mark_of(texts[trace.FILE])
