"""Plans to write documents of: the mini city, a big one, and one that tries to break out of every text."""

from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING

from citynet import build
from citynet.reports.documents.write import documents
from tree import ROOT

if TYPE_CHECKING:
    from citynet.levels.text import Language
    from citynet.plan.model import Plan

BOTH: tuple[Language, ...] = ("zh", "en")
NASTY = (
    "</script><script>alert(1)</script>|`x`|\n\n# head\n- item\r\n<img src=x onerror=alert(1)> [a](javascript:b) "
    "![i](http://e.example/p.png) *b* _u_ ~s~ \\ &amp; \"q\" 'q' ]]> --> \u2028 \x07 {{ 7*7 }} {% raw %} $x$ 中文"
)


@cache
def _plan(design: str) -> Plan:
    return build.plan(ROOT / design)[0]


def mini() -> Plan:
    """The mini city; a new one each time, so that a test may change it."""
    return copy.deepcopy(_plan("tests/golden/cases/mini"))


def wuhan() -> Plan:
    """Wuhan as published: 38 sites, 76 routers."""
    return copy.deepcopy(_plan("labs/wuhan"))


def nasty() -> Plan:
    """The mini city with a hostile text wherever a person may write one, and some names that no design would pass."""
    plan = mini()
    plan.title = NASTY
    for each in (plan.domains, plan.sites, plan.participants, plan.services):
        for item in each.values():
            item.title = NASTY
    plan.fibres["hubs"].risk_groups = [NASTY]
    plan.services["gov-sharing"].data_class = NASTY
    plan.participants["tax"].kind = NASTY
    plan.devices["gov-border"].role = NASTY
    plan.secrets.append(NASTY)
    plan.lines["gov-pe-west--gov-core-a"].risk_groups = [NASTY]
    return plan


def written(plan: Plan, languages: tuple[Language, ...] = BOTH) -> dict[str, str]:
    """Path and text of all documents of a plan."""
    return dict(documents(plan, languages))
