"""The pages on encryption show the table as the program has it."""

from __future__ import annotations

import re

import pytest

from citynet.design.grades import GRADES
from citynet.levels.text import Language
from citynet.reports.grades import grades
from tree import ROOT

PAGES: dict[Language, str] = {"en": "docs/encryption.md", "zh": "docs/encryption.zh.md"}
BLOCK = re.compile(r"(?<=<!-- grades -->\n).*?(?=<!-- /grades -->)", re.DOTALL)


@pytest.mark.parametrize("language", PAGES)
def test_the_page_shows_the_table(language: Language, update: bool) -> None:
    file = ROOT / PAGES[language]
    text = file.read_text(encoding="utf-8")
    wanted = f"\n{grades(language)}\n"
    if update:
        text = BLOCK.sub(lambda _: wanted, text)
        file.write_text(text, encoding="utf-8")
    assert BLOCK.findall(text) == [wanted]


@pytest.mark.parametrize("language", PAGES)
def test_every_grade_and_level_is_there(language: Language) -> None:
    said = grades(language)
    for word in (*GRADES, "L1", "L2", "L3", "L4", "GCM-AES-128", "GCM-AES-256", "ML-KEM-768", "sm4"):
        assert word in said
