"""The sentry of this device: its files, judged by Suricata before they are used, and the program that keeps it."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any, Dict, List

from .part import Part, Texts
from .program import ROOT, Program
from .system import StepError, read_json, run, wait_for
from .texts import digest

MODULES = ("sentry", "sentry_alerts", "events", "keeping")
CONFIGURATION, RULES, SETTINGS = (f"/etc/citynet/sentry.{end}" for end in ("yaml", "rules", "json"))
STATE = "/run/citynet/sentry/state.json"
_TRIAL = "/run/citynet-sentry-trial"
_PROGRAM = Program("citynet-sentry", "sentry.sentry", "citynet-sentry", "citynet-sentryd", "the sentry")
UNIT = _PROGRAM.path
_LIMIT_S, _STOPS_S = 90.0, 20.0


class Sentries(Part):
    """Intrusion detection; other rules come into force while it goes on looking."""

    name = "sentry"
    paths = (CONFIGURATION, RULES, SETTINGS, UNIT, *(f"{ROOT}/sentry/{name}.py" for name in MODULES))
    commands = {"suricata": "suricata", "python3": "python3"}  # noqa: RUF012

    def validate(self, texts: Texts) -> None:
        """Let Suricata read configuration and rules without using them."""
        if CONFIGURATION not in texts:
            return
        try:
            json.loads(texts[SETTINGS])
        except ValueError as error:
            raise StepError(f"{SETTINGS} is no JSON: {error}") from error
        shutil.rmtree(_TRIAL, ignore_errors=True)
        os.makedirs(_TRIAL, mode=0o700)
        try:
            for path in (CONFIGURATION, RULES):
                Path(f"{_TRIAL}/{os.path.basename(path)}").write_text(texts[path], encoding="utf-8")
            _judge()
        finally:
            shutil.rmtree(_TRIAL, ignore_errors=True)

    def drift(self, texts: Texts, memory: Any) -> str:
        """Whether it lives and works by these files."""
        return "" if SETTINGS not in texts or _follows(texts) else _state_in_words()

    def snapshot(self, texts: Texts) -> Any:
        """Whether it ran."""
        return _PROGRAM.runs()

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Start it, let it read its files anew, or stop it when they are gone."""
        if SETTINGS in texts:
            programs = any(path.endswith(".py") for path in changed & set(self.paths))
            _start_or_reload(changed=UNIT in changed or programs)
        else:
            _PROGRAM.stop(_STOPS_S)

    def check(self, texts: Texts) -> list[str]:
        """See that it looks by these files."""
        if SETTINGS in texts and not wait_for(lambda: _follows(texts), _LIMIT_S):
            raise StepError(_state_in_words())
        return []

    def memory(self, texts: Texts) -> Any:
        """Nothing: the files say it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """Let it work by the former files, or stop it if it did not run."""
        if snapshot:
            _start_or_reload(changed=True)
        else:
            _PROGRAM.stop(_STOPS_S)


def trouble() -> List[str]:
    """What is wrong with the sentry of this device; nothing where it looks, or where there is none."""
    if not os.path.exists(SETTINGS):
        return []
    works = _PROGRAM.runs() and _works(read_json(STATE, {}))
    return [] if works else [f"the sentry: {_state_in_words()}"]


def _judge() -> None:
    words = ["-c", f"{_TRIAL}/sentry.yaml", "-S", f"{_TRIAL}/sentry.rules", "-l", _TRIAL]
    done = run(["suricata", "-T", *words])
    if done.code:
        lines = [line for line in done.text.splitlines() if line.startswith(("E:", "Error"))] or [done.text[-300:]]
        raise StepError("Suricata refuses its configuration: " + " / ".join(line.strip() for line in lines[:5]))


def _follows(texts: Texts) -> bool:
    state = read_json(STATE, {})
    wanted = {path: digest(texts[path]) for path in (CONFIGURATION, RULES, SETTINGS)}
    return _PROGRAM.runs() and _works(state) and state.get("files") == wanted


def _works(state: Dict[str, Any]) -> bool:
    return bool(state.get("up")) and not state.get("error")


def _state_in_words() -> str:
    if not _PROGRAM.runs():
        return "the sentry does not run"
    state = read_json(STATE, {})
    return state.get("error") or ("the sentry has other files" if state.get("up") else "Suricata is not up")


def _start_or_reload(*, changed: bool) -> None:
    """A program that changed, or a unit, needs a new start; everything else is read anew."""
    if changed and _PROGRAM.runs():
        _PROGRAM.stop(_STOPS_S)
    _PROGRAM.start_or_reload(reread=changed)
