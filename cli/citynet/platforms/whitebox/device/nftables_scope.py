"""The packet filter of one scope: a table of its own beside whatever else is loaded."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .network_scope import BESIDE
from .nftables_update import objects, update
from .part import Part
from .system import StepError, booted_with_systemd, must, read, run, write
from .texts import difference

if TYPE_CHECKING:
    from .part import Texts

FOLDER = "/etc/nftables.d"
_UNIT = "/etc/systemd/system/citynet-nftables@.service"
# Loaded again whenever the system's own rules are, because those begin by flushing everything.
_UNIT_TEXT = f"""[Unit]
Description=citynet packet filter of %i
After=nftables.service
PartOf=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f {FOLDER}/citynet-%i.nft

[Install]
WantedBy=multi-user.target nftables.service
"""


class ScopedNftables(Part):
    """The table of one scope, brought to a new text in one atomic transaction of the kernel."""

    name = f"nftables{BESIDE}"
    commands = {"nft": "nftables"}  # noqa: RUF012

    def __init__(self, scope: str = "") -> None:
        self._scope = scope
        self._table = table_of(scope)
        self.paths = (f"{FOLDER}/citynet-{scope}.nft",)
        self._before = ""

    def validate(self, texts: Texts) -> None:
        """Let nft parse and check the table without loading it; remember the text that stands on disk until then."""
        self._before = read(self.paths[0]) or ""
        self._bring(texts, "-c")

    def drift(self, texts: Texts, memory: Any) -> str:
        """Compare the loaded table with the one after the last commit."""
        if memory is None:
            return "the table was never committed"
        return difference(_loaded(self._table), str(memory), "table as running", "table as committed")

    def snapshot(self, texts: Texts) -> Any:
        """The table as it is loaded."""
        return {"table": self._table, "rules": _loaded(self._table)}

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Load it, or take it away."""
        self.replace(texts)
        if booted_with_systemd():
            write(_UNIT, _UNIT_TEXT, 0o644)
            must(["systemctl", "daemon-reload"])
            must(["systemctl", "enable" if self.mine(texts) else "disable", f"citynet-nftables@{self._scope}"])

    def check(self, texts: Texts) -> list[str]:
        """See that it is there, and nothing else in it."""
        text = texts.get(self.paths[0], "")
        if text and objects(_declared(self._table)).keys() != objects(text).keys():
            self._before = ""  # somebody had added to the table
            self.replace(texts)
            if not _declared(self._table):
                raise StepError(f"the table {self._table} is not there after loading it")
        return []

    def memory(self, texts: Texts) -> Any:
        """The loaded table without its counters."""
        return _loaded(self._table)

    def restore(self, snapshot: Any) -> None:
        """The former table, or none."""
        table = snapshot["table"]
        must(["nft", "-f", "/proc/self/fd/0"], update(table, _declared(table), snapshot["rules"]))

    def replace(self, texts: Texts) -> None:
        """Bring the table to its text in one transaction of the kernel."""
        self._bring(texts)

    def _bring(self, texts: Texts, *words: str) -> None:
        """From the text that stood on disk; where something else is loaded, from what nft lists of it.

        Most of the time that is the text, and older nft fetch every element to list a table without its elements, which
        takes as long as to replace them.
        """
        argv, text = ["nft", *words, "-f", "/proc/self/fd/0"], texts.get(self.paths[0], "")
        if self._before and run(argv, update(self._table, self._before, text)).code == 0:
            return
        must(argv, self._replacing(texts))

    def _replacing(self, texts: Texts) -> str:
        return update(self._table, _declared(self._table), texts.get(self.paths[0], ""))


def table_of(scope: str) -> str:
    """The name of a scope's table; nft's names know no '-'."""
    return "citynet_" + re.sub(r"[^A-Za-z0-9_]", "_", scope)


def _loaded(table: str, *words: str) -> str:
    output = run(["nft", "-s", *words, "list", "table", "inet", table])
    return output.text if output.code == 0 else ""


def _declared(table: str) -> str:
    """What is loaded, without the elements of sets."""
    return _loaded(table, "-t")
