"""The keys of this device: the agent that brings them into use, its settings and certificates, and its unit."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import glob
import json
from typing import Any

from .part import Part, Texts
from .program import ROOT, Program
from .system import StepError, lacking, read_json, wait_for
from .texts import digest

MODULES = (
    *("base", "daemons", "events", "agent", "eapol", "wpa", "macsec", "carrier", "lines"),
    *("vici", "charon", "ike", "xfrm", "kdf", "exchange", "sm4"),
    *("kme", "clerk", "peers", "control", "changes", "leader", "follower", "source"),
)
"""The programs of the agent, besides the one that keeps it alive."""
PROGRAMS = tuple(f"{ROOT}/keys/{name}.py" for name in (*MODULES, "keeping"))
SETTINGS = "/etc/citynet/keys.json"
PKI = tuple(f"/etc/citynet/pki/{name}" for name in ("ca.pem", "device.pem", "device.key"))
STATE = "/run/citynet/keys.json"
_PROGRAM = Program("citynet-keys", "keys.agent", "citynet-keys", "citynet-keysd", "the key agent")
UNIT = _PROGRAM.path
_LIMIT_S = 20.0


def file_of(scope: str) -> str:
    """The settings' file of a scope; that of the device as a whole for none."""
    return SETTINGS.replace(".json", f"-{scope}.json") if scope else SETTINGS


class KeyAgent(Part):
    """Keys of lines and tunnels; the agent reads its settings anew without touching what is as before.

    The file may be that of a scope; the agent works by all files together.
    """

    name = "keys"
    commands = {"ip": "iproute2", "python3": "python3"}  # noqa: RUF012

    def __init__(self, scope: str = "") -> None:
        self._file = file_of(scope)
        self.paths = (self._file, *PKI, UNIT, *PROGRAMS)

    def validate(self, texts: Texts) -> None:
        """See that the settings are JSON and the programs are programs; no secret is quoted."""
        try:
            told = json.loads(texts.get(self._file, "{}"))
        except ValueError as error:
            raise StepError(f"{self._file} is no JSON: {error}") from error
        missing = lacking({"wpa_supplicant": "wpasupplicant"}) if told.get("lines") else []
        if missing:
            raise StepError("this device lacks " + ", ".join(missing))
        for path in PROGRAMS:
            try:
                compile(texts.get(path, ""), path, "exec")
            except SyntaxError as error:
                raise StepError(f"{path}: {error}") from error

    def drift(self, texts: Texts, memory: Any) -> str:
        """Whether the agent lives and works by these settings."""
        if self._file not in texts or self._follows(texts):
            return ""
        return "the key agent has other settings" if _PROGRAM.runs() else "the key agent does not run"

    def snapshot(self, texts: Texts) -> Any:
        """Whether it ran."""
        return _PROGRAM.runs()

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Start it, let it read its files anew, or let it take everything away when they are gone."""
        if not configured():
            _PROGRAM.end(_LIMIT_S)
        else:
            _PROGRAM.start_or_reload(reread=UNIT in changed)

    def check(self, texts: Texts) -> list[str]:
        """See that it works by these settings; what is down is remarked, the far end may not be there yet."""
        if self._file not in texts:
            return []
        if not wait_for(lambda: self._follows(texts), _LIMIT_S):
            raise StepError("the key agent did not start")
        users = read_json(STATE, {}).get("users", {})
        return [f"{name} has no key in use yet" for name, user in users.items() if user.get("state") != "up"]

    def memory(self, texts: Texts) -> Any:
        """Nothing: the files say it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """Let it work by the former files, or end it if it did not run."""
        if snapshot and configured():
            _PROGRAM.start_or_reload(reread=True)
        else:
            _PROGRAM.end(_LIMIT_S)

    def _follows(self, texts: Texts) -> bool:
        settings = read_json(STATE, {}).get("settings")
        digests = settings if isinstance(settings, dict) else {}
        return _PROGRAM.runs() and digests.get(self._file) == digest(texts.get(self._file, ""))


def configured() -> list[str]:
    """The settings' files on disk."""
    return glob.glob(SETTINGS) + glob.glob(file_of("*"))
