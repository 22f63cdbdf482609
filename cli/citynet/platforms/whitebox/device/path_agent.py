"""The paths of this device: the agent that watches them, its settings, and its unit."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import json
from typing import Any

from .part import Part, Texts
from .program import ROOT, Program
from .system import StepError, read_json, wait_for
from .texts import digest

MODULES = ("__init__", "ways", "routes", "agent")
"""The programs of the agent, besides the one that keeps it alive."""
PROGRAMS = tuple(f"{ROOT}/paths/{name}.py" for name in (*MODULES, "keeping"))
SETTINGS = "/etc/citynet/paths.json"
STATE = "/run/citynet/paths.json"
_PROGRAM = Program("citynet-paths", "paths.agent", "citynet-paths", "citynet-pathsd", "the path agent")
UNIT = _PROGRAM.path
_LIMIT_S = 15.0


class Paths(Part):
    """Segment routes by probes; the agent changes its routes without a gap when it is told to read anew.

    It takes them away when it ends.
    """

    name = "paths"
    paths = (SETTINGS, UNIT, *PROGRAMS)
    commands = {"ip": "iproute2", "python3": "python3"}  # noqa: RUF012

    def validate(self, texts: Texts) -> None:
        """See that the settings are JSON."""
        try:
            json.loads(texts.get(SETTINGS, "{}"))
        except ValueError as error:
            raise StepError(f"{SETTINGS} is no JSON: {error}") from error

    def drift(self, texts: Texts, memory: Any) -> str:
        """Whether the agent lives and works by these settings."""
        if _follows(texts):
            return ""
        return "the path agent has other settings" if _PROGRAM.runs() else "the path agent does not run"

    def snapshot(self, texts: Texts) -> Any:
        """Whether it ran."""
        return _PROGRAM.runs()

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Start it, let it read its files anew, or stop it when they are gone."""
        if SETTINGS not in texts:
            _PROGRAM.stop(_LIMIT_S)
        else:
            _PROGRAM.start_or_reload(reread=UNIT in changed)

    def check(self, texts: Texts) -> list[str]:
        """See that it works by these settings; paths that are down are remarked, the far end may not be there yet."""
        if SETTINGS not in texts:
            return []
        if not wait_for(lambda: _follows(texts), _LIMIT_S):
            raise StepError("the path agent did not start")
        paths = read_json(STATE, {}).get("paths", {})
        return [f"path {name} has no way that answers yet" for name, path in paths.items() if not path["active"]]

    def memory(self, texts: Texts) -> Any:
        """Nothing: the files say it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """Let it work by the former files, or stop it if it did not run."""
        if snapshot:
            _PROGRAM.start_or_reload(reread=True)
        else:
            _PROGRAM.stop(_LIMIT_S)


def _follows(texts: Texts) -> bool:
    state = read_json(STATE, {})
    return _PROGRAM.runs() and state.get("settings") == digest(texts.get(SETTINGS, ""))
