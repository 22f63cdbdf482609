"""GNPy's topology JSON → its elements and connections with the line of each."""

from __future__ import annotations

import bisect
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from citynet.imports import sources
from citynet.imports.report import Report, Where

if TYPE_CHECKING:
    from pathlib import Path

WRAPPER = "gnpy-network-topology:topology"
"""What GNPy's YANG-shaped files put around the topology."""
LISTS = ("elements", "connections")
_BLANK = re.compile(r"[ \t\r\n]*")


class Entry(NamedTuple):
    """An entry of one of the lists."""

    value: dict[str, Any]
    where: Where


@dataclass(slots=True)
class Network:
    """A file's lists, and its name for itself."""

    name: str = ""
    lists: dict[str, list[Entry]] = field(default_factory=dict)


def read(file: Path, report: Report) -> Network | None:
    """Read a topology file; None when that cannot be, which the report then tells."""
    text = sources.text(file, report)
    if text is None:
        return None
    walker = _Walker(text, str(file), report)
    try:
        walker.top()
    except json.JSONDecodeError as error:
        report.wrong(Where(str(file), error.lineno), f"is no JSON: {error.msg}")
        return None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, lists nested by the thousand
        report.wrong(Where(str(file)), f"is no JSON: {str(error).splitlines()[0]}")
        return None
    missing = [name for name in LISTS if name not in walker.network.lists]
    for name in missing:
        report.wrong(Where(str(file)), f"holds no list '{name}'", "GNPy's topology: 'elements' and 'connections'")
    return None if missing else walker.network


class _Walker:
    """Walks the outer objects by itself, to know the line of each entry, and leaves the rest to `json`."""

    def __init__(self, text: str, file: str, report: Report) -> None:
        self.text, self.file, self.report = text, file, report
        self.decoder = json.JSONDecoder()
        self.breaks = [match.start() for match in re.finditer("\n", text)]
        self.network = Network()

    def where(self, at: int) -> Where:
        """The line of a position."""
        return Where(self.file, bisect.bisect_left(self.breaks, at) + 1)

    def after_blank(self, at: int) -> int:
        """The first position from `at` on that is no white space."""
        match = _BLANK.match(self.text, at)
        return match.end() if match else at

    def expect(self, sign: str, at: int) -> int:
        """The position after `sign`, which must come next."""
        at = self.after_blank(at)
        if not self.text.startswith(sign, at):
            raise json.JSONDecodeError(f"'{sign}' is missing", self.text, at)
        return at + 1

    def top(self) -> None:
        """The whole text: one object."""
        end = self.after_blank(self.members(0))
        if end != len(self.text):
            raise json.JSONDecodeError("more follows after the end", self.text, end)

    def members(self, at: int) -> int:
        """An object that holds the lists, or another one that does; returns the position after it."""
        at = self.after_blank(self.expect("{", at))
        if self.text.startswith("}", at):
            return at + 1
        while True:
            at = self.after_blank(at)
            key, at = self.decoder.raw_decode(self.text, at)
            at = self.member(key, self.after_blank(self.expect(":", at)))
            at = self.after_blank(at)
            if not self.text.startswith(",", at):
                return self.expect("}", at)
            at += 1

    def member(self, key: object, at: int) -> int:
        """The value of a key; returns the position after it."""
        begins = self.text[at : at + 1]
        if key == WRAPPER and begins == "{":
            return self.members(at)
        if key in LISTS and begins == "[":
            return self.entries(str(key), at)
        value, at = self.decoder.raw_decode(self.text, at)
        if key == "network_name" and isinstance(value, str):
            self.network.name = value
        return at

    def entries(self, name: str, at: int) -> int:
        """One of the lists; returns the position after it."""
        entries = self.network.lists.setdefault(name, [])
        at = self.after_blank(at + 1)
        if self.text.startswith("]", at):
            return at + 1
        while True:
            at = self.after_blank(at)
            value, after = self.decoder.raw_decode(self.text, at)
            if isinstance(value, dict):
                entries.append(Entry(value, self.where(at)))
            else:
                self.report.faulty(self.where(at), f"an entry of '{name}' is no object", "an object")
            at = self.after_blank(after)
            if not self.text.startswith(",", at):
                return self.expect("]", at)
            at += 1
