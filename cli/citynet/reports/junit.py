"""The scorecard as JUnit XML: one suite per domain, one case per check, names that never collide."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from citynet.levels.model import Verdict
from citynet.reports import summary

if TYPE_CHECKING:
    from citynet.levels.model import Result, Scorecard

NOT_IN_XML = dict.fromkeys([*range(9), 11, 12, *range(14, 32)], "?")
"""Control characters that XML 1.0 forbids, even escaped."""


def junit(card: Scorecard) -> str:
    """The XML document. A blocked or attested check is an error: it did not pass and did not fail either."""
    root = ET.Element("testsuites", {"name": f"{card.city} {card.level.value}", "time": f"{card.seconds:.1f}"})
    totals = [0, 0, 0]
    for domain in summary.domains(card):
        failures = domain.counts[Verdict.FAILED]
        errors = domain.counts[Verdict.BLOCKED] + domain.counts[Verdict.ATTESTED]
        suite = ET.SubElement(
            root,
            "testsuite",
            {
                "name": domain.name,
                "tests": str(domain.total),
                "failures": str(failures),
                "errors": str(errors),
                "skipped": "0",
                "timestamp": card.started,
                "time": f"{sum(result.seconds for result in domain.results):.3f}",
            },
        )
        properties = ET.SubElement(suite, "properties")
        for name, value in (
            ("city", card.city),
            ("level", card.level.value),
            ("design_digest", card.design_digest),
            ("plan_digest", card.plan_digest),
            ("citynet", card.citynet),
        ):
            ET.SubElement(properties, "property", {"name": name, "value": _clean(value)})
        for result in domain.results:
            _case(suite, result)
        totals = [totals[0] + domain.total, totals[1] + failures, totals[2] + errors]
    for name, count in zip(("tests", "failures", "errors"), totals, strict=True):
        root.set(name, str(count))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(suite: ET.Element, result: Result) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "classname": f"citynet.{result.domain}.{result.level.value}.{result.feature.value}",
            "name": result.id,
            "time": f"{result.seconds:.3f}",
        },
    )
    if result.verdict is Verdict.FAILED:
        lines = [str(finding) for finding in result.findings] or ["nothing was there to look at"]
        ET.SubElement(case, "failure", {"message": _clean(lines[0]), "type": "failed"}).text = _clean("\n".join(lines))
    elif result.verdict is not Verdict.PASSED:
        why = str(result.reason) if result.reason else result.verdict.value
        ET.SubElement(case, "error", {"message": _clean(why), "type": result.verdict.value})
    said = [
        result.holds.en,
        *(f"{figure.name.en}: {figure.value} {figure.bound}".rstrip() for figure in result.figures),
    ]
    ET.SubElement(case, "system-out").text = _clean("\n".join(said))


def _clean(text: str) -> str:
    return text.translate(NOT_IN_XML)
