"""The scorecard as one self-contained HTML page, the form that an acceptance tester hands over."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined

from citynet.levels.features import LEVEL_TITLES
from citynet.reports import summary
from citynet.reports.words import EVIDENCE, LABELS, VERDICTS

if TYPE_CHECKING:
    from jinja2 import Template

    from citynet.levels.model import Scorecard
    from citynet.levels.text import Language


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("citynet.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("scorecard.html.j2")


def html(card: Scorecard, language: Language) -> str:
    """The page in one language."""
    return _template().render(
        card=card,
        lang=language,
        domains=summary.domains(card),
        rows=summary.rows(card),
        say=lambda text: text.say(language),
        label={name: text.say(language) for name, text in LABELS.items()},
        verdicts=VERDICTS,
        evidence=EVIDENCE,
        level_title=LEVEL_TITLES[card.level].say(language),
        headline=lambda result: summary.headline(result, language),
        reached=summary.level_reached(card),
    )
