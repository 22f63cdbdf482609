"""Integration: the report asks nothing at L1 ("无集成性"); at L2 an interface that reports by data identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from citynet.levels.checks.common import report
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.model import View
    from citynet.levels.reporting import Reported

_OPEN = report(
    "table 3-2, L2: network-level interface; 3.2, Level2: open interfaces based on data identifiers",
    "表3-2 L2：网络级集成服务接口；3.2 Level2：基于数据标识的开放接口",
)


def judge_reported(view: View) -> Judgement:
    """The report by an identifier tells of the flows that were sent with it, and of none for one that nobody sent."""
    run: list[Reported] = view.facts["reported"]
    judgement = Judgement(looked_at=len(run))
    for one in run:
        _one_report(judgement, one)
        if one.other.get("flows") != 0 or one.other.get("between"):
            what = t(f"tells of flows with {one.unused}, which nobody sent", f"报告了无人发送的标识 {one.unused} 的流")
            judgement.fail(view.domain, what, "0", str(one.other.get("flows", "–")))
    judgement.note(t("identifiers asked for", "查询的标识"), " ".join(str(one.identifier) for one in run))
    judgement.note(t("flows reported", "报告的流"), str(sum(int(one.report.get("flows", 0)) for one in run)))
    return judgement


def _one_report(judgement: Judgement, one: Reported) -> None:
    subject = f"{one.identifier} {one.border}"
    if one.report.get("identifier") != one.identifier:
        what = t("is about another identifier", "标识不符")
        judgement.fail(subject, what, str(one.identifier), str(one.report.get("identifier")))
    pair = next((found for found in one.report.get("between", ()) if _is_meant(found, one)), None)
    if pair is None:
        what = t("does not tell of the flow that was sent", "未报告所发送的流")
        judgement.fail(subject, what, " → ".join(one.participants), t("none", "无"))
        return
    least = {"flows": one.flows, "bytes_sent": one.flows * one.carried_bytes, "packets_sent": one.flows}
    for name, wanted in least.items():
        if pair.get(name, 0) < wanted:
            judgement.fail(subject, t(f"'{name}' is too small", f"“{name}”过小"), f"≥ {wanted}", str(pair.get(name)))
    for name in ("results", "first", "last", "paths", "data_classes"):
        if not pair.get(name):
            judgement.fail(subject, t(f"'{name}' is empty", f"“{name}”为空"), t("filled", "有值"), t("empty", "空"))


def _is_meant(found: dict[str, Any], one: Reported) -> bool:
    """Whether these are the flows that passed: those that were refused are told beside them."""
    if found.get("outcome") != "crossed":
        return False
    return found.get("border") == one.border and [found.get("source"), found.get("destination")] == one.participants


CHECKS: tuple[Check, ...] = (
    Check(
        "L2-INT-01",
        t(
            "An interface reports by data identifier: flows, load, participants, results and paths.",
            "提供按数据标识查询的接口：流、载荷、参与方、策略结果与路径。",
        ),
        t(
            "Send a flow with an identifier over each border and collect the records; ask for the report of that "
            "identifier since then (`citynet evidence report --identifier N --since TIME --json`) and hold it against "
            f"what was sent, then for one that nobody has, of which it must tell nothing. {_OPEN.en}",
            "在每个边界发送带标识的流并采集记录；查询该标识此后的报告"
            "（`citynet evidence report --identifier N --since TIME --json`），与所发送的内容核对；"
            f"再查询无人使用的标识，应无任何流。依据：{_OPEN.zh}",
        ),
        Evidence.MEASURED,
        ("reported",),
        judge_reported,
    ),
)
