"""Records of refused flows: the program that writes down what the packet filter of this device drops."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import hashlib
import json
from typing import Any

from .part import Part, Texts
from .program import ROOT, Program
from .system import StepError, read_json, wait_for

MODULES = ("system", "events", "keeping", "nflog", "packet_ends", "refused_flows", "refusal_agent")
SETTINGS = "/etc/citynet/refusals.json"
STATE = "/run/citynet/refusals.json"
_PROGRAM = Program(
    *("citynet-refusals", "refusals.refusal_agent", "citynet-refusal", "citynet-refused"),
    "the program that writes down refused flows",
)
UNIT = _PROGRAM.path
_LIMIT_S = 20.0


class Refusals(Part):
    """The program starts anew with other settings; flows that had not ended then are told in two parts."""

    name = "refusals"
    paths = (SETTINGS, UNIT, *(f"{ROOT}/refusals/{name}.py" for name in MODULES))
    commands = {"nft": "nftables", "python3": "python3"}  # noqa: RUF012

    def validate(self, texts: Texts) -> None:
        """See that the file can be read."""
        if SETTINGS in texts:
            try:
                json.loads(texts[SETTINGS])
            except ValueError as error:
                raise StepError(f"{SETTINGS} is no JSON: {error}") from error

    def drift(self, texts: Texts, memory: Any) -> str:
        """Whether it lives and works by these settings."""
        return "" if SETTINGS not in texts or _follows(texts) else "-refused flows are not written down"

    def snapshot(self, texts: Texts) -> Any:
        """Whether it ran."""
        return _PROGRAM.runs()

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Start it by the file on disk, or stop it when that is gone."""
        _PROGRAM.stop(_LIMIT_S)
        if SETTINGS in texts:
            _PROGRAM.start()

    def check(self, texts: Texts) -> list[str]:
        """See that it listens."""
        if SETTINGS in texts and not wait_for(lambda: _follows(texts), _LIMIT_S):
            raise StepError("the program that writes down refused flows did not start")
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
    told = read_json(STATE, {}).get("settings")
    return _PROGRAM.runs() and told == hashlib.sha256(texts[SETTINGS].encode()).hexdigest()
