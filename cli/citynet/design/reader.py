"""YAML files → plain values with the place of each, ranges expanded. Everything wrong is found in one pass."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from citynet.design import ranges
from citynet.errors import Findings, InputError, Problem

if TYPE_CHECKING:
    from pathlib import Path

Loc = tuple[str | int, ...]
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_BYTES = 16 * 1024 * 1024
"""A design of 10,000 devices takes well under 1 MiB; larger input is a mistake."""
MAX_VALUES = 500_000
"""Values after expansion; bounds what aliases and ranges can blow up to."""


@dataclass(slots=True)
class Source:
    """Where each value of a design was written."""

    places: dict[Loc, tuple[str, int]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    kept: dict[str, list[int]] = field(default_factory=dict)

    def keep(self, section: str, numbers: list[int]) -> None:
        """Only these entries of a list are left; from now on their numbers mean the new, shorter list."""
        before = self.kept.get(section)
        self.kept[section] = [before[number] if before else number for number in numbers]

    def original(self, loc: Loc) -> Loc:
        """A place with the number that its list entry has in the file."""
        if len(loc) > 1 and loc[0] in self.kept and isinstance(loc[1], int):
            return (loc[0], self.kept[str(loc[0])][loc[1]], *loc[2:])
        return loc

    def current(self, section: str, number: int) -> int:
        """The reverse of `original` for one entry of a list."""
        return self.kept[section].index(number) if section in self.kept else number

    def where(self, *given: str | int) -> tuple[str, int]:
        """File and line of the value at a place, or of the nearest value around it."""
        loc = self.original(given)
        for length in range(len(loc), 0, -1):
            if (place := self.places.get(loc[:length])) is not None:
                return place
        return (self.files[0] if self.files else "design", 0)

    def problem(self, loc: Loc, what: str, expected: str = "", hint: str = "") -> Problem:
        """A problem with the value at `loc`."""
        file, line = self.where(*loc)
        return Problem(file, line, what, expected, hint)


def design_files(path: Path) -> list[Path]:
    """The files of a design: the file itself, `design/*.yml` in a folder, or `design.yml` there.

    Raises:
        InputError: Nothing of the kind stands at `path`.
    """
    if path.is_file():
        return [path]
    folder = path / "design"
    files = sorted(folder.glob("*.yml")) if folder.is_dir() else [path / "design.yml"]
    if not files or not files[0].is_file():
        raise InputError([Problem(str(path), 0, "holds no design", "design.yml or design/*.yml")])
    return files


def read(files: list[Path]) -> tuple[dict[str, Any], Source, Findings]:
    """Read and merge the files of one design.

    Returns:
        The merged mapping (sections of several files join), its places, and the problems of form after which the
        rest can still be judged, such as a name that stands twice.

    Raises:
        InputError: A file could not be read at all; every problem of form found in any of the files.
    """
    source, findings, unreadable = Source(files=[str(file) for file in files]), Findings(), False
    merged: dict[str, Any] = {}
    for file in files:
        node = _compose(file, findings)
        if node is None:
            unreadable = True
            continue
        converter = _Converter(str(file), source, findings)
        if isinstance(node, yaml.MappingNode):
            _merge(merged, converter, node)
        else:
            findings.add(converter.problem(node, "the file is no mapping", "keys such as 'city', 'sites', 'devices'"))
            unreadable = True
        unreadable = unreadable or converter.budget <= 0
    if unreadable:
        findings.raise_if_any()
    return merged, source, findings


def _compose(file: Path, findings: Findings) -> yaml.Node | None:
    try:
        if file.stat().st_size > MAX_BYTES:
            findings.add(Problem(str(file), 0, "is too large", f"at most {MAX_BYTES // 2**20} MiB"))
            return None
        text = file.read_bytes().decode("utf-8")
    except OSError as error:
        findings.add(Problem(str(file), 0, f"cannot be read: {error.strerror}"))
        return None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        findings.add(Problem(str(file), line, "is not UTF-8", "UTF-8 text"))
        return None
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        findings.add(Problem(str(file), line, f"is no YAML: {error.problem}"))
        return None
    except (yaml.YAMLError, RecursionError) as error:
        findings.add(Problem(str(file), 0, f"is no YAML: {str(error).splitlines()[0]}"))
        return None
    if node is None:
        findings.add(Problem(str(file), 0, "is empty", "a design"))
    return node


def _merge(merged: dict[str, Any], converter: _Converter, node: yaml.MappingNode) -> None:
    for key, value in converter.mapping(node, (), None, seen=merged).items():
        old = merged.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            old.update(value)
        elif isinstance(old, list) and isinstance(value, list):
            old.extend(value)
        else:
            merged[key] = value


class _Converter:
    """Turns the nodes of one file into values; `index` is the number inside the range being expanded, if any."""

    def __init__(self, file: str, source: Source, findings: Findings) -> None:
        self.file, self.source, self.findings = file, source, findings
        self.open_nodes: set[int] = set()
        self.done_nodes: set[int] = set()
        self.constructor = yaml.constructor.SafeConstructor()
        self.budget = MAX_VALUES

    def problem(self, node: yaml.Node, what: str, expected: str = "", hint: str = "") -> Problem:
        return Problem(self.file, node.start_mark.line + 1, what, expected, hint)

    def span(self, node: yaml.ScalarNode) -> int:
        try:
            return ranges.span(node.value)
        except ranges.RangeError as error:
            self.findings.add(self.problem(node, str(error), "a range such as [01-13]"))
            return 0

    def value(self, node: yaml.Node, loc: Loc, index: int | None) -> Any:
        self.budget -= 1
        if self.budget <= 0:
            if self.budget == 0:
                self.findings.add(self.problem(node, "the design expands to too much", f"at most {MAX_VALUES} values"))
            return None
        self.source.places.setdefault(loc, (self.file, node.start_mark.line + 1))
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, index)
        if id(node) in self.open_nodes:
            self.findings.add(self.problem(node, "contains itself"))
            return None
        self.open_nodes.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self.mapping(node, loc, index)
            return self.sequence(node, loc, index)  # type: ignore[arg-type] # the only kind left
        finally:
            self.open_nodes.discard(id(node))

    def scalar(self, node: yaml.ScalarNode, index: int | None) -> Any:
        if node.tag == "tag:yaml.org,2002:str":
            return node.value if index is None else ranges.pick(node.value, index)
        try:
            return self.constructor.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            self.findings.add(self.problem(node, f"'{node.value}' cannot be read: {str(error).splitlines()[0]}"))
            return None

    def mapping(
        self, node: yaml.MappingNode, loc: Loc, index: int | None, seen: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.findings.add(self.problem(key_node, "a key is no plain text"))
                continue
            for number, key in self.keys(key_node, index):
                self.place_key(key_node, (*loc, key), known=key in result)
                if key in result:
                    continue
                value = self.value(value_node, (*loc, key), number)
                result[key] = value
                if seen is not None and key in seen:
                    self.joins(key_node, key, value, seen[key])
        return result

    def keys(self, node: yaml.ScalarNode, index: int | None) -> list[tuple[int | None, str]]:
        count = self.span(node)
        if count and index is None:
            return [(number, ranges.pick(node.value, number)) for number in range(count)]
        return [(index, node.value if index is None else ranges.pick(node.value, index))]

    def place_key(self, node: yaml.ScalarNode, loc: Loc, *, known: bool) -> None:
        if known:
            first = self.source.places[loc][1]
            self.findings.add(
                self.problem(node, f"'{loc[-1]}' stands twice", "each name once", f"first in line {first}")
            )
        else:
            self.source.places.setdefault(loc, (self.file, node.start_mark.line + 1))

    def joins(self, node: yaml.ScalarNode, key: str, value: Any, old: Any) -> None:
        """Complain when two files of a design both give what only one may."""
        if isinstance(old, dict) and isinstance(value, dict):
            for name in value.keys() & old.keys():
                file, line = self.source.where(key, name)
                self.findings.add(
                    self.problem(
                        node, f"'{key}: {name}' stands in two files", "each name once", f"first in {file}:{line}"
                    )
                )
        elif not (isinstance(old, list) and isinstance(value, list)):
            self.findings.add(self.problem(node, f"'{key}' stands in two files", "it once"))

    def sequence(self, node: yaml.SequenceNode, loc: Loc, index: int | None) -> list[Any]:
        result: list[Any] = []
        for item in node.value:
            for number in self.item_numbers(item, index):
                result.append(self.value(item, (*loc, len(result)), number))
        return result

    def item_numbers(self, item: yaml.Node, index: int | None) -> list[int | None]:
        """How often a list item repeats: a name with a range once per name, a mapping once per step of its ranges."""
        if index is not None:
            return [index]
        spans = {count for count in self.spans_in(item) if count}
        if len(spans) > 1:
            self.findings.add(
                self.problem(item, "ranges of different length in one entry", "ranges that count in step")
            )
        return list(range(max(spans))) if spans else [None]

    def spans_in(self, node: yaml.Node) -> list[int]:
        if isinstance(node, yaml.ScalarNode):
            return [self.span(node)]
        if id(node) in self.done_nodes:  # an alias: its anchor was looked at already
            return []
        self.done_nodes.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return [count for _, value in node.value for count in self.spans_in(value)]
        return [count for value in node.value for count in self.spans_in(value)]
