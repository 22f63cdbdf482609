"""What a check found as SARIF 2.1.0 (OASIS), which code hosts show beside the lines."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from citynet import __version__
from citynet.design.rules import RULES
from citynet.errors import in_order
from citynet.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from citynet.errors import Problem

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write_sarif(path: Path, problems: Iterable[Problem]) -> None:
    """Write the file, whole."""
    write_whole(path, json.dumps(sarif(problems), indent=1, ensure_ascii=False) + "\n")


def sarif(problems: Iterable[Problem]) -> dict[str, Any]:
    """The SARIF log of one run, with every rule described."""
    rules = [
        {
            "id": rule.id,
            "shortDescription": {"text": rule.title},
            "fullDescription": {"text": rule.text},
            "defaultConfiguration": {"level": str(rule.severity)},
        }
        for rule in RULES.values()
    ]
    driver = {"name": "citynet", "version": __version__, "rules": rules}
    results = [_result(problem) for problem in in_order(problems)]
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _result(problem: Problem) -> dict[str, Any]:
    parts = [problem.what, f"expected {problem.expected}" if problem.expected else "", problem.hint]
    location: dict[str, Any] = {"artifactLocation": {"uri": PurePath(problem.file).as_posix()}}
    if problem.line:
        location["region"] = {"startLine": problem.line, "startColumn": max(1, problem.column)}
    result: dict[str, Any] = {
        "level": str(problem.severity),
        "message": {"text": ", ".join(part for part in parts if part)},
        "locations": [{"physicalLocation": location}],
    }
    if problem.rule in RULES:
        result |= {"ruleId": problem.rule, "ruleIndex": list(RULES).index(problem.rule)}
    return result
