"""Records of refused flows: the program that writes down what the packet filter of this device drops."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import hashlib
import json
import os
import signal
from typing import Any

from .part import Part, Texts
from .system import StepError, booted_with_systemd, must, process_named, read_json, run, wait_for

ROOT = "/usr/local/lib/citynet"
MODULES = ("system", "events", "keeping", "nflog", "packet_ends", "refused_flows", "refusal_agent")
SETTINGS = "/etc/citynet/refusals.json"
UNIT = "/etc/systemd/system/citynet-refusals.service"
STATE = "/run/citynet/refusals.json"
_WORKER, _SUPERVISOR = "citynet-refusal", "citynet-refused"
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
        return process_named(_WORKER) is not None

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Start it by the file on disk, or stop it when that is gone."""
        _stop()
        if SETTINGS in texts:
            _start()

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
        _stop()
        if snapshot:
            _start()


def _follows(texts: Texts) -> bool:
    told = read_json(STATE, {}).get("settings")
    return process_named(_WORKER) is not None and told == hashlib.sha256(texts[SETTINGS].encode()).hexdigest()


def _start() -> None:
    if booted_with_systemd():
        must(["systemctl", "daemon-reload"])
        must(["systemctl", "enable", "--now", "citynet-refusals"])
    else:
        must(["env", f"PYTHONPATH={ROOT}", "python3", "-B", "-m", "refusals.refusal_agent", "--daemon"])


def _stop() -> None:
    if booted_with_systemd():
        run(["systemctl", "disable", "--now", "citynet-refusals"])
        return
    for name in (_SUPERVISOR, _WORKER):  # in this order, or the one would start the other anew
        process = process_named(name)
        if process is not None:
            os.kill(process, signal.SIGTERM)
    if not wait_for(lambda: process_named(_WORKER) is None and process_named(_SUPERVISOR) is None, _LIMIT_S):
        raise StepError("the program that writes down refused flows does not stop")
