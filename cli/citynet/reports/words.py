"""The words of a scorecard in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.model import Evidence, Verdict
from citynet.levels.text import Text, t

if TYPE_CHECKING:
    from citynet.levels.text import Language

VERDICTS: dict[Verdict, Text] = {
    Verdict.PASSED: t("passed", "通过"),
    Verdict.FAILED: t("failed", "未通过"),
    Verdict.BLOCKED: t("blocked", "受阻"),
    Verdict.ATTESTED: t("attested", "待审计确认"),
}

EVIDENCE: dict[Evidence, Text] = {
    Evidence.MEASURED: t("measured", "实测"),
    Evidence.FAULT: t("fault injected", "故障注入"),
    Evidence.STATE: t("state read", "状态读取"),
    Evidence.MODELLED: t("modelled", "建模计算"),
    Evidence.ATTESTED: t("attested", "审计确认"),
}

LABELS: dict[str, Text] = {
    "heading": t("Service level scorecard", "可信数据流通网服务等级评估报告"),
    "subtitle": t(
        "Trusted data circulation network · nine features · measured on the running network",
        "可信数据流通网 · 九大可信特征 · 基于运行网络实测",
    ),
    "asked": t("level asked for", "评估等级"),
    "target": t("target in the design", "设计目标等级"),
    "reached": t("reached", "已达到"),
    "not_reached": t("not reached", "未达到"),
    "not_graded": t("not graded: only some checks were run", "未定级：仅运行了部分检查"),
    "level_of_domain": t("level of the domain", "该域等级"),
    "no_level": t("none", "无"),
    "overview": t("Overview", "总览"),
    "dimension": t("Dimension", "维度"),
    "feature": t("Feature", "特征"),
    "asks": t("The report asks", "报告要求"),
    "result": t("Result", "结果"),
    "checks": t("checks", "项检查"),
    "details": t("Checks", "检查明细"),
    "check": t("Check", "检查项"),
    "procedure": t("Procedure", "方法"),
    "figures": t("Found", "实测值"),
    "figure": t("Figure", "指标"),
    "value": t("Value", "数值"),
    "bound": t("Bound", "限值"),
    "thresholds": t("Thresholds and their origin", "判定阈值及依据"),
    "threshold": t("Threshold", "阈值"),
    "origin": t("Origin", "依据"),
    "changed": t("set for this run", "本次运行设定"),
    "findings": t("Findings", "问题"),
    "subject": t("Subject", "对象"),
    "problem": t("Problem", "问题"),
    "expected": t("Expected", "期望"),
    "actual": t("Actual", "实际"),
    "evidence": t("Evidence", "证据"),
    "kind": t("Kind of evidence", "证据类型"),
    "files": t("Evidence files (SHA-256)", "证据文件（SHA-256）"),
    "reason": t("Why it could not run", "未能执行的原因"),
    "nothing_looked_at": t("nothing was there to look at", "没有可检查的对象"),
    "run": t("This run", "本次评估"),
    "city": t("City", "城市"),
    "lab": t("Lab", "实验网"),
    "design_digest": t("Design digest", "设计摘要"),
    "plan_digest": t("Plan digest", "规划摘要"),
    "version": t("citynet", "citynet 版本"),
    "software": t("Software on the nodes", "节点软件"),
    "started": t("Started", "开始时间"),
    "finished": t("Finished", "结束时间"),
    "took": t("Took", "用时"),
    "basis": t(
        "Basis: the city network report, chapter 3, table 3-2. A level is reached in a domain only if every "
        "check of it "
        "and of all levels below passed there; blocked and attested never count as passed.",
        "依据：城市一张网报告第三章表3-2。仅当某域该等级及以下全部检查均通过时，该域才达到该等级；受阻与待审"
        "计确认不计为通过。",
    ),
    "sign": t("Acceptance", "验收签署"),
    "tester": t("Tested by", "测试人"),
    "reviewer": t("Reviewed by", "审核人"),
    "date": t("Date", "日期"),
}


def label(name: str, language: Language) -> str:
    """One word of the scorecard."""
    return LABELS[name].say(language)
