"""YAML files → plain values with the place of each, ranges expanded. Everything wrong is found in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from citynet.design.converter import MAX_VALUES, Converter
from citynet.design.source import Loc, Source
from citynet.errors import Findings, InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
MAX_BYTES = 16 * 1024 * 1024
"""A design of 10,000 devices takes well under 1 MiB; larger input is a mistake."""


_SEPARATORS = (b"\n", b",", b":", b"[", b"{")
"""One of them stands before every value of a YAML file."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a design: those that join, and those that are read after them and win."""

    joined: list[Path]
    overrides: list[Path]

    @property
    def all(self) -> list[Path]:
        """Every file, in the order of reading."""
        return [*self.joined, *self.overrides]


def design_files(path: Path) -> Files:
    """The files of a design: the file itself, `design/*.yml` in a folder, or `design.yml` there.

    In a folder, `override/*.yml` beside them are read last, in the order of their names.

    Raises:
        InputError: Nothing of the kind stands at `path`.
    """
    if path.is_file():
        return Files([path], [])
    folder = path / "design"
    joined = sorted(folder.glob("*.yml")) if folder.is_dir() else [path / "design.yml"]
    if not joined or not joined[0].is_file():
        raise InputError([Problem(str(path), 0, "holds no design", "design.yml or design/*.yml", rule="yaml")])
    return Files(joined, sorted((folder if folder.is_dir() else path).glob("override/*.yml")))


def read(files: Files) -> tuple[dict[str, Any], Source, Findings]:
    """Read and merge the files of one design.

    Returns:
        The merged mapping, its places, and the problems of form after which the rest can still be judged, such as a
        name that stands twice.

    Raises:
        InputError: A file could not be read at all; every problem of form found in any of the files.
    """
    source, findings, unreadable = Source(files=[str(file) for file in files.all]), Findings(), False
    merged: dict[str, Any] = {}
    for file in files.all:
        node = _compose(file, findings)
        if node is None:
            unreadable = True
            continue
        wins = file in files.overrides
        converter = Converter(str(file), source, findings, before=None if wins else merged)
        if not isinstance(node, yaml.MappingNode):
            expected = "keys such as 'city', 'sites', 'devices'"
            findings.add(converter.problem(node, "the file is no mapping", expected))
            unreadable = True
        elif wins:
            _override(merged, converter.mapping(node, (), ()), (), source, findings)
        else:
            _join(merged, converter.mapping(node, (), ()))
        unreadable = unreadable or converter.budget <= 0
    if unreadable:
        findings.raise_if_any()
    return merged, source, findings


def _compose(file: Path, findings: Findings) -> yaml.Node | None:
    text = _text(file, findings)
    if text is None:
        return None
    try:
        node: yaml.Node | None = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        findings.add(Problem(str(file), line, f"is no YAML: {error.problem}", column=column, rule="yaml"))
        return None
    except (yaml.YAMLError, RecursionError) as error:
        findings.add(Problem(str(file), 0, f"is no YAML: {str(error).splitlines()[0]}", rule="yaml"))
        return None
    if node is None:
        findings.add(Problem(str(file), 0, "is empty", "a design", rule="yaml"))
    return node


def _text(file: Path, findings: Findings) -> str | None:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        findings.add(Problem(str(file), 0, f"cannot be read: {error.strerror}", rule="yaml"))
        return None
    if sum(map(content.count, _SEPARATORS)) > MAX_VALUES:  # the parser's memory is bounded before it starts
        findings.add(Problem(str(file), 0, "holds too much", f"at most {MAX_VALUES} values", rule="yaml"))
        return None
    if len(content) > MAX_BYTES:
        findings.add(Problem(str(file), 0, "is too large", f"at most {MAX_BYTES // 2**20} MiB", rule="yaml"))
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        findings.add(Problem(str(file), line, "is not UTF-8", "UTF-8 text", rule="yaml"))
        return None


def _join(old: Any, new: Any) -> None:
    """Join the sections of a file to those of the files before it; the converter left nothing that stands twice."""
    for key, value in new.items():
        if isinstance(value, dict) and key in old:
            _join(old[key], value)
        elif isinstance(value, list) and key in old:
            old[key].extend(value)
        else:
            old[key] = value


def _override(old: dict[str, Any], new: dict[str, Any], loc: Loc, source: Source, findings: Findings) -> None:
    """Let a file win key by key: mappings merge, everything else is replaced, and null takes away."""
    for key, value in new.items():
        here = (*loc, key)
        if value is None and key not in old:
            hint = did_you_mean(key, old)
            what = f"'{'.'.join(map(str, here))}' is not there to be taken away"
            findings.add(source.problem(here, what, "", hint, "reference"))
        elif value is None:
            del old[key]
        elif isinstance(value, dict) and isinstance(old.get(key), dict):
            _override(old[key], value, here, source, findings)
        else:
            old[key] = value
