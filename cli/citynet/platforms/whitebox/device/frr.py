"""FRR: one file for all daemons, changed without a restart where that can be."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import glob
import re
from pathlib import Path
from typing import Any

from .frr_changes import CONFIGURATION, DAEMONS, LIBRARY, Changes, judge, settle, validate, whole_file
from .part import Part, Texts
from .system import StepError, booted_with_systemd, must, process_of, wait_for
from .texts import digest

START_LIMIT_S = 30.0
_ALWAYS = ("watchfrr", "zebra")
_ENABLED = re.compile(r"^\s*([a-z0-9]+d)\s*=\s*[\"']?yes", re.MULTILINE)


class Frr(Part):
    """The routing daemons."""

    name = "frr"
    paths = (DAEMONS, CONFIGURATION)
    commands = {"vtysh": "frr", f"{LIBRARY}/frrinit.sh": "frr", f"{LIBRARY}/frr-reload.py": "frr-pythontools"}  # noqa: RUF012
    owner = "frr"

    def validate(self, texts: Texts) -> None:
        """Let vtysh parse the whole file without sending it to a daemon."""
        if CONFIGURATION in texts:
            validate(texts[CONFIGURATION])

    def drift(self, texts: Texts, memory: Any) -> str:
        """Compare the running configuration with the one after the last commit, and see that all daemons live."""
        gone = dead(texts)
        if gone:
            return "not running: " + ", ".join(gone)
        if memory is not None and running_digest() == memory:
            return ""
        changes = Changes(whole_file)
        if memory is not None or changes:
            return changes.text() or "running configuration changed in order or defaults only"
        return ""

    def snapshot(self, texts: Texts) -> Any:
        """The daemons that ran; none when FRR did not."""
        return alive()

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Stop, start, restart or change in place, whichever the files ask for."""
        if CONFIGURATION not in texts:
            service("stop")
        elif DAEMONS in changed or dead(texts):
            service("restart" if self.snapshot(texts) else "start")
            settle(whole_file)
        elif not settle(whole_file):
            # Some changes FRR only takes from the start.
            service("restart")
            settle(whole_file)

    def check(self, texts: Texts) -> list[str]:
        """All daemons live, and what FRR runs is what the file says."""
        if CONFIGURATION not in texts:
            return []
        if not wait_for(lambda: not dead(texts), START_LIMIT_S):
            raise StepError("not running: " + ", ".join(dead(texts)))
        changes = Changes(whole_file)
        if changes:
            raise StepError("FRR does not run what its file says: " + "; ".join(changes.text().splitlines()[:5]))
        return []

    def memory(self, texts: Texts) -> Any:
        """A digest, because the running configuration holds keys."""
        return running_digest() if CONFIGURATION in texts else None

    def restore(self, snapshot: Any) -> None:
        """Change back in place; when that does not work, restart with the former files."""
        if not snapshot:
            service("stop")
            return
        try:
            if alive() == snapshot and settle(whole_file):
                return
        except StepError:
            pass
        service("restart")
        settle(whole_file)


def wanted_daemons(texts: Texts) -> list[str]:
    """Daemons that must live, by the `daemons` file."""
    return list(dict.fromkeys([*_ALWAYS, *_ENABLED.findall(texts.get(DAEMONS, ""))]))


def dead(texts: Texts) -> list[str]:
    """Wanted daemons that do not live."""
    return [name for name in wanted_daemons(texts) if process_of(f"/run/frr/{name}.pid", name) is None]


def alive() -> list[str]:
    """Daemons that live, whoever wanted them."""
    names = sorted(Path(file).stem for file in glob.glob("/run/frr/*.pid"))
    return [name for name in names if process_of(f"/run/frr/{name}.pid", name) is not None]


def service(verb: str) -> None:
    """Start, stop or restart FRR the way this system does."""
    if booted_with_systemd():
        must(["systemctl", verb, "frr"])
        if verb != "stop":
            must(["systemctl", "enable", "frr"])
        return
    output = must([f"{LIBRARY}/frrinit.sh", verb])
    if verb != "stop":
        judge(output)


def running_digest() -> str:
    """What FRR runs, without a word of it."""
    return digest(running())


def running() -> str:
    """The running configuration; it holds keys."""
    return must(["vtysh", "-c", "show running-config no-header"])
