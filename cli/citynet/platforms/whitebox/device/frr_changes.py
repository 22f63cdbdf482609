"""What turns FRR's running configuration into another one, as FRR's own reload tool sees it, and doing that."""

from __future__ import annotations

import importlib.util
import logging
import re
import sys
from typing import Any, Callable, Optional

from .system import StepError, run, wait_for
from .texts import Mask

DAEMONS = "/etc/frr/daemons"
CONFIGURATION = "/etc/frr/frr.conf"
LIBRARY = "/usr/lib/frr"
COMPLAINT = re.compile(
    r"^(?:line \d+: .*|.*processing failure.*|% (?!Configuration applied with notes).*)$", re.MULTILINE
)
_SETTLE_LIMIT_S = 3.0
# mgmtd lets one session configure at a time, and its own start-up is one.
_LOCKED = "locked by another session"

Entry = tuple[tuple[str, ...], Optional[str]]  # contexts, outermost first, and a line in the last; None: the context
Goal = Callable[[Any], Any]  # the running configuration, as the reload tool's Config -> the intended one


def whole_file(_running: Any) -> Any:
    """The goal of a device that is managed whole: its file, whatever runs."""
    config = _new_config()
    config.load_from_file(CONFIGURATION)
    return config


def parse(text: str) -> Any:
    """A configuration text as the reload tool's Config."""
    config = reload_tool().Config(_Marker())
    config.load_from_file(text)
    return config


def entries(config: Any) -> list[Entry]:
    """Every context and line of a Config, in order, without what says nothing."""
    found: list[Entry] = []
    for keys, context in config.contexts.items():
        found += [(keys, None), *((keys, line) for line in context.lines)]
    return [entry for entry in found if not idle(entry)]


def validate(text: str) -> None:
    """Let vtysh parse a configuration without sending it to a daemon; StepError with the lines it does not take."""
    output = run(["vtysh", "-C", "-f", "/proc/self/fd/0"], text)
    if output.code != 0:
        lines = COMPLAINT.findall(output.text) or output.text.splitlines()[-3:]
        # What others wrote is read along with it, and what hides in there is not ours to show.
        hidden = Mask({}, []).text("; ".join(line for line in lines if "processing" not in line))
        raise StepError(f"{CONFIGURATION} is not valid: {hidden}")


def judge(output: str) -> None:
    """Raise StepError for lines that FRR refused; that somebody else was configuring just then is no refusal."""
    complaints = [line for line in COMPLAINT.findall(output) if _LOCKED not in line]
    if complaints:
        raise StepError("FRR refused lines: " + "; ".join(complaints[:5]))


def settle(goal: Goal) -> bool:
    """Change in place until FRR runs what is meant; somebody else's configuration session is waited for."""

    def settled() -> bool:
        if not Changes(goal):
            return True
        _change_in_place(goal)
        return not Changes(goal)

    return settled() or wait_for(settled, _SETTLE_LIMIT_S)


def _change_in_place(goal: Goal) -> None:
    """Take away, add, and look again: taking a line away may take others with it."""
    first = Changes(goal)
    first.take_away()
    first.add()
    second = Changes(goal)
    if second:
        second.extend(first)
        second.add()


class Changes:
    """What would turn the running configuration into the intended one."""

    def __init__(self, goal: Goal) -> None:
        self._tool = reload_tool()
        self._goal = goal
        running = _new_config()
        try:
            running.load_from_show_running(None)
            self._add, self._remove = self._tool.compare_context_objects(goal(running), running)
        except self._tool.VtyshException as error:
            raise StepError(f"FRR's configuration cannot be compared: {error}") from error
        self._add = [entry for entry in self._add if not idle(entry)]
        self._remove = [entry for entry in self._remove if not idle(entry)]

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._add or self._remove)

    def extend(self, earlier: Changes) -> None:
        """Add what was added before once more, so that the last word is the intended one."""
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
        judge(output.text)
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
        for keys, line in Changes(self._goal)._remove:  # noqa: SLF001
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


def idle(entry: Entry) -> bool:
    """Whether an entry says nothing."""
    keys, line = entry
    return line == "!" or (bool(keys) and keys[0].startswith("frr version"))


class _Marker:
    """Stands in for the reload tool's vtysh where a text is at hand rather than a file."""

    @staticmethod
    def mark_file(text: str) -> str:
        output = run(["vtysh", "-m", "-f", "/proc/self/fd/0"], text)
        if output.code != 0:
            validate(text)
            raise StepError(f"vtysh cannot read a configuration ({output.code})")
        return output.text


def _new_config() -> Any:
    tool = reload_tool()
    return tool.Config(tool.Vtysh("/usr/bin", "/etc/frr"))


def reload_tool() -> Any:
    """FRR's frr-reload.py as a module."""
    if "frr_reload" not in sys.modules:
        # It logs every command, keys included.
        logging.disable(logging.CRITICAL)
        sys.dont_write_bytecode = True
        spec = importlib.util.spec_from_file_location("frr_reload", f"{LIBRARY}/frr-reload.py")
        if spec is None or spec.loader is None:
            raise StepError(f"{LIBRARY}/frr-reload.py cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules["frr_reload"] = module
    return sys.modules["frr_reload"]
