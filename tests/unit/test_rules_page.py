"""`docs/rules.md` says what the rules say."""

from citynet.reports.rules import rules_page
from tree import ROOT


def test_the_page_is_current(update: bool) -> None:
    page = ROOT / "docs/rules.md"
    if update:
        page.write_text(rules_page(), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == rules_page(), "run: pytest tests/unit/test_rules_page.py --update"
