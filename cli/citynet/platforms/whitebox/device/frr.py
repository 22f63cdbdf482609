"""FRR: one file for all daemons, changed without a restart where that can be."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import glob
import importlib.util
import logging
import re
import sys
from pathlib import Path
from typing import Any

from .part import Part, Texts
from .system import StepError, booted_with_systemd, must, process_of, run, wait_for
from .texts import digest

DAEMONS = "/etc/frr/daemons"
CONFIGURATION = "/etc/frr/frr.conf"
_LIBRARY = "/usr/lib/frr"
_START_LIMIT_S = 30.0
_SETTLE_LIMIT_S = 3.0
# mgmtd lets one session configure at a time, and its own start-up is one.
_LOCKED = "locked by another session"
_ALWAYS = ("watchfrr", "zebra")
_ENABLED = re.compile(r"^\s*([a-z0-9]+d)\s*=\s*[\"']?yes", re.MULTILINE)
_COMPLAINT = re.compile(
    r"^(?:line \d+: .*|.*processing failure.*|% (?!Configuration applied with notes).*)$", re.MULTILINE
)


class Frr(Part):
    """The routing daemons."""

    name = "frr"
    paths = (DAEMONS, CONFIGURATION)
    commands = {"vtysh": "frr", f"{_LIBRARY}/frrinit.sh": "frr", f"{_LIBRARY}/frr-reload.py": "frr-pythontools"}  # noqa: RUF012
    owner = "frr"

    def validate(self, texts: Texts) -> None:
        """Let vtysh parse the whole file without sending it to a daemon."""
        if CONFIGURATION in texts:
            output = run(["vtysh", "-C", "-f", "/proc/self/fd/0"], texts[CONFIGURATION])
            if output.code != 0:
                lines = _COMPLAINT.findall(output.text) or output.text.splitlines()[-3:]
                raise StepError(
                    f"{CONFIGURATION} is not valid: " + "; ".join(line for line in lines if "processing" not in line)
                )

    def drift(self, texts: Texts, memory: Any) -> str:
        """Compare the running configuration with the one after the last commit, and see that all daemons live."""
        dead = _dead(texts)
        if dead:
            return "not running: " + ", ".join(dead)
        if memory is not None and digest(_running()) == memory:
            return ""
        changes = _Changes(CONFIGURATION)
        if memory is not None or changes:
            return changes.text() or "running configuration changed in order or defaults only"
        return ""

    def snapshot(self, texts: Texts) -> Any:
        """The daemons that ran; none when FRR did not."""
        return _alive()

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Stop, start, restart or change in place, whichever the files ask for."""
        if CONFIGURATION not in texts:
            _service("stop")
        elif DAEMONS in changed or _dead(texts):
            _service("restart" if self.snapshot(texts) else "start")
            _settle()
        elif not _settle():
            # Some changes FRR only takes from the start.
            _service("restart")
            _settle()

    def check(self, texts: Texts) -> list[str]:
        """All daemons live, and what FRR runs is what the file says."""
        if CONFIGURATION not in texts:
            return []
        if not wait_for(lambda: not _dead(texts), _START_LIMIT_S):
            raise StepError("not running: " + ", ".join(_dead(texts)))
        changes = _Changes(CONFIGURATION)
        if changes:
            raise StepError("FRR does not run what its file says: " + "; ".join(changes.text().splitlines()[:5]))
        return []

    def memory(self, texts: Texts) -> Any:
        """A digest, because the running configuration holds keys."""
        return digest(_running()) if CONFIGURATION in texts else None

    def restore(self, snapshot: Any) -> None:
        """Change back in place; when that does not work, restart with the former files."""
        if not snapshot:
            _service("stop")
            return
        try:
            if _alive() == snapshot and _settle():
                return
        except StepError:
            pass
        _service("restart")
        _settle()


def wanted_daemons(texts: Texts) -> list[str]:
    """Daemons that must live, by the `daemons` file."""
    return list(dict.fromkeys([*_ALWAYS, *_ENABLED.findall(texts.get(DAEMONS, ""))]))


def _dead(texts: Texts) -> list[str]:
    return [name for name in wanted_daemons(texts) if process_of(f"/run/frr/{name}.pid", name) is None]


def _alive() -> list[str]:
    names = sorted(Path(file).stem for file in glob.glob("/run/frr/*.pid"))
    return [name for name in names if process_of(f"/run/frr/{name}.pid", name) is not None]


def _service(verb: str) -> None:
    if booted_with_systemd():
        must(["systemctl", verb, "frr"])
        if verb != "stop":
            must(["systemctl", "enable", "frr"])
        return
    output = must([f"{_LIBRARY}/frrinit.sh", verb])
    if verb != "stop":
        _judge(output)


def _running() -> str:
    return must(["vtysh", "-c", "show running-config no-header"])


def _judge(output: str) -> None:
    """Raise StepError for lines that FRR refused; that somebody else was configuring just then is no refusal."""
    complaints = [line for line in _COMPLAINT.findall(output) if _LOCKED not in line]
    if complaints:
        raise StepError("FRR refused lines: " + "; ".join(complaints[:5]))


def _settle() -> bool:
    """Change in place until FRR runs what its file says; somebody else's configuration session is waited for."""

    def settled() -> bool:
        if not _Changes(CONFIGURATION):
            return True
        _change_in_place()
        return not _Changes(CONFIGURATION)

    return settled() or wait_for(settled, _SETTLE_LIMIT_S)


def _change_in_place() -> None:
    """Take away, add, and look again: taking a line away may take others with it."""
    first = _Changes(CONFIGURATION)
    first.take_away()
    first.add()
    second = _Changes(CONFIGURATION)
    if second:
        second.extend(first)
        second.add()


class _Changes:
    """What would turn the running configuration into that of a file, as FRR's own reload tool sees it."""

    def __init__(self, path: str) -> None:
        self._tool = _reload_tool()
        shell = self._tool.Vtysh("/usr/bin", "/etc/frr")
        intended, running = self._tool.Config(shell), self._tool.Config(shell)
        try:
            intended.load_from_file(path)
            running.load_from_show_running(None)
            self._add, self._remove = self._tool.compare_context_objects(intended, running)
        except self._tool.VtyshException as error:
            raise StepError(f"FRR's configuration cannot be compared: {error}") from error
        self._add = [entry for entry in self._add if not _idle(entry)]
        self._remove = [entry for entry in self._remove if not _idle(entry)]

    def __bool__(self) -> bool:
        return bool(self._add or self._remove)

    def extend(self, earlier: _Changes) -> None:
        """Add what was added before once more, so that the last word is the file's."""
        self._add = self._add + [entry for entry in earlier._add if not entry[0][0].startswith("no ")]

    def text(self) -> str:
        """One line per change, with the contexts it stands in."""
        lines = [("-", entry) for entry in self._remove] + [("+", entry) for entry in self._add]
        return "\n".join(sign + " / ".join(part for part in [*keys, line] if part) for sign, (keys, line) in lines)

    def add(self) -> None:
        """Add all lines in one go; vtysh reads them from its standard input, so no file holds them."""
        lines = [line for keys, entry in self._add for line in self._tool.lines_to_config(keys, entry, delete=False)]
        if not lines:
            return
        output = run(["vtysh", "-f", "/proc/self/fd/0"], "\n".join(lines) + "\n")
        _judge(output.text)
        if output.code != 0 and _LOCKED not in output.text:
            raise StepError("FRR refused lines: " + "; ".join(output.text.splitlines()[-3:]))

    def take_away(self) -> None:
        """Take lines away one by one; FRR wants some `no` commands without their last words."""
        if not self._remove:
            return
        script = []
        for keys, line in self._remove:
            script += ["configure terminal", *self._tool.lines_to_config(keys, line, delete=True), "end"]
        run(["vtysh"], "\n".join(script) + "\n")
        for keys, line in _Changes(CONFIGURATION)._remove:  # noqa: SLF001
            if (keys, line) in self._remove:
                self._shorten(self._tool.lines_to_config(keys, line, delete=True))

    def _shorten(self, command: list[str]) -> None:
        # The line itself stands before the `exit`s that leave its contexts.
        place = max(index for index, line in enumerate(command) if line.strip() != "exit")
        words = command[place].split()
        while len(words) > 2:
            words.pop()
            command[place] = " ".join(words)
            if "% " not in run(["vtysh"], "\n".join(["configure terminal", *command, "end"]) + "\n").text:
                return


def _idle(entry: tuple[tuple[str, ...], str]) -> bool:
    keys, line = entry
    return line == "!" or (bool(keys) and keys[0].startswith("frr version"))


def _reload_tool() -> Any:
    if "frr_reload" not in sys.modules:
        # It logs every command, keys included.
        logging.disable(logging.CRITICAL)
        sys.dont_write_bytecode = True
        spec = importlib.util.spec_from_file_location("frr_reload", f"{_LIBRARY}/frr-reload.py")
        if spec is None or spec.loader is None:
            raise StepError(f"{_LIBRARY}/frr-reload.py cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules["frr_reload"] = module
    return sys.modules["frr_reload"]
