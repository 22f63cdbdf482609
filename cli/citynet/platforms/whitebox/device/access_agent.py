"""Trusted access of this device: the table that keeps ports closed, and the agent that opens them."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from .nftables_scope import FOLDER, ScopedNftables
from .part import Part
from .program import ROOT, Program
from .system import StepError, lacking, must, read_json, remove, run, wait_for
from .texts import difference, digest

if TYPE_CHECKING:
    from .part import Texts

MODULES = (
    *("__init__", "radius", "telling", "gate", "hostapd", "relay", "orders", "sessions"),
    *("charon", "tunnels", "ports", "agent"),
)
"""The programs of the agent."""
SHARED = (
    ("events", "events"),
    ("keeping", "keeping"),
    ("vici", "keys/vici"),
    ("base", "keys/base"),
    ("daemons", "keys/daemons"),
)
"""Those that it has in common with others: name, and where it is in the package."""
PROGRAMS = tuple(f"{ROOT}/access/{name}.py" for name in (*MODULES, *(name for name, _ in SHARED)))
PKI = tuple(f"/etc/citynet/access/{name}" for name in ("ca.pem", "device.pem", "device.key"))
"""What the device proves by who it is where others get on by IKE."""
SETTINGS = "/etc/citynet/access.json"
STATE = "/run/citynet/access.json"
SCOPE = "access"
TABLE_FILE = f"{FOLDER}/citynet-{SCOPE}.nft"
OPEN = "/run/citynet/access-open.nft"
"""Who is on, for the table: written by the agent (its `gate`)."""
_PROGRAM = Program("citynet-access", "access.agent", "citynet-access", "citynet-accessd", "the access agent")
UNIT = _PROGRAM.path
_LIMIT_S = 20.0


class AccessTable(ScopedNftables):
    """The table, replaced alone; who is on stays on. Its elements are the agent's and no drift."""

    name = "access-table"

    def __init__(self) -> None:
        super().__init__(SCOPE)

    def drift(self, texts: Texts, memory: Any) -> str:
        """Compare the rules that are loaded with those after the last commit."""
        if memory is None:
            return "the table was never committed"
        return difference(self._rules(), str(memory), "table as running", "table as committed")

    def memory(self, texts: Texts) -> Any:
        """The rules as loaded, without who is on."""
        return self._rules()

    def snapshot(self, texts: Texts) -> Any:
        """The rules as loaded, without who is on."""
        return {"table": self._table, "rules": self._rules()}

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Put the new table in the place of the old one, with who is on, or take it away."""
        if not self.mine(texts):
            remove(OPEN)
        self.replace(texts)

    def replace(self, texts: Texts) -> None:
        """Bring the table to its text, with who is on."""
        must(["nft", "-f", "/proc/self/fd/0"], self._replacing(texts) + (open_now() if self.mine(texts) else ""))

    def _rules(self) -> str:
        output = run(["nft", "-s", "-t", "list", "table", "inet", self._table])
        return output.text if output.code == 0 else ""


def table_of_scope(scope: str) -> ScopedNftables:
    """The table of a scope on a router that is not managed whole."""
    return AccessTable() if scope == SCOPE else ScopedNftables(scope)


def open_now() -> str:
    """A line for nft that brings who is on, if anybody is."""
    return f'include "{OPEN}"\n' if os.path.exists(OPEN) else ""


class AccessAgent(Part):
    """The agent; told to read its files anew it closes nothing."""

    name = "access"
    paths = (SETTINGS, UNIT, *PKI, *PROGRAMS)
    commands = {"hostapd": "hostapd", "nft": "nftables", "python3": "python3"}  # noqa: RUF012

    def validate(self, texts: Texts) -> None:
        """See that the settings are JSON and the programs are programs; no secret is quoted."""
        try:
            told = json.loads(texts.get(SETTINGS, "{}"))
        except ValueError:
            raise StepError(f"{SETTINGS} is no JSON") from None
        missing = lacking({"charon-systemd": "charon-systemd"}) if told.get("tunnel_vrf") else []
        if missing:
            raise StepError("this device lacks " + ", ".join(missing))
        for path in PROGRAMS:
            try:
                compile(texts.get(path, ""), path, "exec")
            except SyntaxError as error:
                raise StepError(f"{path}: {error}") from error

    def drift(self, texts: Texts, memory: Any) -> str:
        """Whether the agent lives and works by these settings."""
        if SETTINGS not in texts or _follows(texts):
            return ""
        return "the access agent has other settings" if _PROGRAM.runs() else "the access agent does not run"

    def snapshot(self, texts: Texts) -> Any:
        """Whether it ran."""
        return _PROGRAM.runs()

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Start it, let it begin anew by its files, or let it take everything away when they are gone."""
        if SETTINGS in texts:
            _PROGRAM.start_or_reload(reread=UNIT in changed)
        else:
            _PROGRAM.end(_LIMIT_S)

    def check(self, texts: Texts) -> list[str]:
        """See that it works by these settings, and that authenticators run where there is a port."""
        if SETTINGS not in texts:
            return []
        if not wait_for(lambda: _follows(texts), _LIMIT_S):
            raise StepError("the access agent did not start")
        state = read_json(STATE, {})
        if state.get("trouble"):
            raise StepError(f"access: {state['trouble']}")
        ports = state.get("ports", {})
        return [f"{name} has no authenticator yet" for name, port in ports.items() if not port["authenticator"]]

    def memory(self, texts: Texts) -> Any:
        """Nothing: the files say it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """Let it work by the former files, or end it if it did not run."""
        if snapshot and os.path.exists(SETTINGS):
            _PROGRAM.start_or_reload(reread=True)
        else:
            _PROGRAM.end(_LIMIT_S)


def _follows(texts: Texts) -> bool:
    found = read_json(STATE, {}).get("settings")
    return _PROGRAM.runs() and found == digest(texts.get(SETTINGS, ""))
