"""Tracing of data identifiers: the kernel's counting, and the agent that tells what was counted."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import os
import signal
from typing import Any

from . import trace
from .part import Part, Texts
from .system import StepError, booted_with_systemd, must, process_named, read_json, run, wait_for

ROOT = "/usr/local/lib/citynet"
MODULES = (
    *("system", "events", "keeping", "bpf", "bpf_maps"),
    *("trace_programs", "trace", "trace_probes", "trace_ways", "trace_agent"),
)
UNIT = "/etc/systemd/system/citynet-trace.service"
_WORKER, _SUPERVISOR = "citynet-trace", "citynet-traced"
_LIMIT_S = 20.0


class Tracing(Part):
    """The agent starts anew with other settings; what it counted until then is told or lost, never told twice."""

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
        return process_named(_WORKER) is not None

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Start it by the file on disk, or stop it when that is gone."""
        _stop()
        if trace.FILE in texts:
            _start()

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
        _stop()
        if snapshot:
            _start()


def _follows(texts: Texts) -> bool:
    told = read_json(trace.STATE, {}).get("settings")
    return process_named(_WORKER) is not None and told == trace.mark_of(texts[trace.FILE])


def _start() -> None:
    if booted_with_systemd():
        must(["systemctl", "daemon-reload"])
        must(["systemctl", "enable", "--now", "citynet-trace"])
    else:
        must(["env", f"PYTHONPATH={ROOT}", "python3", "-B", "-m", "tracing.trace_agent", "--daemon"])


def _stop() -> None:
    """The agent takes its filters away when it ends."""
    if booted_with_systemd():
        run(["systemctl", "disable", "--now", "citynet-trace"])
        return
    for name in (_SUPERVISOR, _WORKER):  # in this order, or the one would start the other anew
        process = process_named(name)
        if process is not None:
            os.kill(process, signal.SIGTERM)
    if not wait_for(lambda: process_named(_WORKER) is None and process_named(_SUPERVISOR) is None, _LIMIT_S):
        raise StepError("the agent of traces does not stop")
