"""A design, read and checked: the types filled, every reference followed, every rule asked."""

from __future__ import annotations

import contextlib
import hashlib
from itertools import chain
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

from citynet.design import geometry, rule_files
from citynet.design.expansion import Expansion
from citynet.design.model import Design
from citynet.design.partial import Aside, validate
from citynet.design.reader import Files, design_files, read
from citynet.design.rules import check
from citynet.design.types import City
from citynet.errors import Problem, Severity, did_you_mean, in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pydantic_core import ErrorDetails

    from citynet.design.source import Loc, Source


def load(path: Path, *more: Callable[[Design], Iterable[Problem]]) -> Design:
    """Read, validate and check the design at `path` (a file or a folder).

    Args:
        path: The file or folder.
        more: Asked with the rules for errors, by rooms that this one must not know.

    Raises:
        InputError: Every problem found, of form, of type and of sense together; only YAML that cannot be read at
            all keeps the rest from being asked.
    """
    files = design_files(path)
    values, source, findings = read(files)
    expansion = Expansion(values, source, Aside())
    expansion.run()
    city, errors = validate(values, source, expansion.aside)
    findings.problems += expansion.problems
    findings.problems += [_as_problem(details, source) for details in (*expansion.errors, *errors)]
    if city is None:
        findings.raise_if_any()
        raise AssertionError("a design without a city has errors")
    beside = chain(geometry.files_of(city, source), rule_files.files_of(city, source))
    design = Design(city, source, _digest(files, beside), expansion.aside)
    findings.problems += check(design, Severity.ERROR)
    findings.problems += [problem for ask in more for problem in ask(design)]
    findings.raise_if_any()
    design.warnings = in_order(check(design, Severity.WARNING))  # of a faulty design most would be echoes
    return design


def _digest(files: Files, more: Iterable[Path]) -> str:
    """The digest of all files with their names and places, which say who wins; not of where the design lies."""
    digest = hashlib.sha256()
    for place, members in (("", files.joined), ("override/", files.overrides)):
        for file in members:
            digest.update(f"{place}{file.name}".encode() + b"\0" + file.read_bytes() + b"\0")
    for file in more:
        with contextlib.suppress(OSError):  # a rule says that it cannot be read
            digest.update(f"map/{file.name}".encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


_TEXTS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "list_type": "a list",
    "ip_v4_network": "an IPv4 prefix such as 10.1.0.0/16",
    "ip_v6_network": "an IPv6 prefix such as fd01::/32",
    "ip_v4_address": "an IPv4 address",
}


def _as_problem(error: ErrorDetails, source: Source) -> Problem:
    loc: Loc = error["loc"]
    if error["type"] in {"extra_forbidden", "missing"}:
        return _key_problem(error["type"], loc, source)
    name = ".".join(str(part) for part in loc)
    what, expected, hint = _value_problem(error, error.get("ctx", {}))
    return source.problem_at(source.at(loc), f"{name}{what}", expected, hint, "value")


def _key_problem(kind: str, loc: Loc, source: Source) -> Problem:
    parent = ".".join(map(str, loc[:-1])) or "the design"
    if kind == "missing":
        return source.problem_at(
            source.at(loc[:-1]), f"'{parent}' has no '{loc[-1]}'", f"a key '{loc[-1]}'", rule="key"
        )
    hint = did_you_mean(str(loc[-1]), _fields_at(loc[:-1]))
    return source.problem_at(source.at(loc), f"unknown key '{loc[-1]}' in '{parent}'", "", hint, "key")


def _value_problem(error: ErrorDetails, context: dict[str, object]) -> tuple[str, str, str]:
    kind, given, wanted = error["type"], error["input"], str(context.get("expected", ""))
    if kind == "string_pattern_mismatch":
        free = "A-Z" in str(context.get("pattern"))
        letters = (
            "letters, digits, '.', '_' and '-', 63 at most"
            if free
            else "lower-case letters, digits and '-', a letter first"
        )
        return f": '{given}' is no valid name", letters, ""
    if kind in {"enum", "literal_error"}:
        return f": '{given}' is unknown", wanted, _near(str(given), _quoted(wanted))
    if kind in {"too_short", "too_long"}:
        number = context.get("min_length", context.get("max_length"))
        return f" has {context.get('actual_length')} entries", f"{number} entries", ""
    if kind in _TEXTS:
        return f": {_show(given)} has the wrong type", _TEXTS[kind], ""
    return f": {_show(given)} is not accepted", _lower(error["msg"]), ""


def _near(text: str, known: list[str]) -> str:
    hint = did_you_mean(text, known)
    return hint if hint.startswith("did") else ""  # the known ones stand in "expected" already


def _show(value: object) -> str:
    text = (
        "nothing" if value is None else f"'{value}'" if isinstance(value, str | int | float) else type(value).__name__
    )
    return text if len(text) <= 60 else text[:57] + "...'"


def _lower(text: str) -> str:
    text = text.removeprefix("Input should be ").removeprefix("Value error, ")
    return text[:1].lower() + text[1:]


def _quoted(text: str) -> list[str]:
    return text.split("'")[1::2]


def _fields_at(loc: Loc) -> list[str]:
    """The keys that the mapping at `loc` may have."""
    model: type[BaseModel] | None = City
    for part in loc:
        if model is None or not isinstance(part, str) or part not in model.model_fields:
            continue  # a name or an index: the model found last describes it
        model = _model_in(model.model_fields[part].annotation)
    return list(model.model_fields) if model else []


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for argument in get_args(annotation):
        if (found := _model_in(argument)) is not None:
            return found
    return None
