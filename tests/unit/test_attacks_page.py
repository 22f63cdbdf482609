"""docs/attacks.md and its Chinese twin: every test they name exists, and both have the same rows."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from tree import ROOT

PAGES = ("docs/attacks.md", "docs/attacks.zh.md")
TEST = re.compile(r"`(tests/[\w/]+\.py)::([\w:]+)`")
SEPARATOR = re.compile(r"^\|(-+\|)+$")


def sections(page: str) -> list[list[str]]:
    """The rows of each table, without its head."""
    found: list[list[str]] = []
    for line in (ROOT / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            found.append([])
        elif line.startswith("|") and found:
            found[-1].append(line)
    assert all(SEPARATOR.match(rows[1]) for rows in found)
    return [rows[2:] for rows in found]


@cache
def known_tests(path: str) -> set[str]:
    """The tests of a file, those of classes as `Class::test`."""
    found = set()
    for node in ast.parse((ROOT / path).read_text(encoding="utf-8")).body:
        inside = node.body if isinstance(node, ast.ClassDef) else [node]
        start = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        named = (one.name for one in inside if isinstance(one, ast.FunctionDef) and one.name.startswith("test_"))
        found |= {start + name for name in named}
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_attack_has_a_result_and_tests_that_exist(page: str) -> None:
    rows = [row for section in sections(page) for row in section]
    assert len(rows) > 35
    for row in rows:
        attack, result, tests = (cell.strip() for cell in row.strip("|").split("|"))
        assert attack
        assert result
        named = TEST.findall(tests)
        assert named, row
        assert len(named) == tests.count("::"), row
        for path, test in named:
            assert (ROOT / path).is_file(), path
            assert test in known_tests(path), f"{path}::{test}"


def test_both_languages_have_the_same_rows() -> None:
    english, chinese = ([[TEST.findall(row) for row in section] for section in sections(page)] for page in PAGES)
    assert english == chinese


def test_a_test_that_is_gone_is_missed() -> None:
    assert "test_every_attack_has_a_result_and_tests_that_exist" in known_tests("tests/unit/test_attacks_page.py")
    assert "test_nobody_wrote_this" not in known_tests("tests/unit/test_attacks_page.py")
