"""Compliance at L1: five-tuple flow records at the border."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import report
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.measurements import FlowRecord
    from citynet.levels.model import View

FIELDS = ("source", "source_port", "destination", "destination_port", "protocol", "time", "bytes")
_TUPLE = report("3.2, Level1: control and visibility by five-tuple", "3.2 Level1：基于五元组的流通管控和监管可视")


def judge_records(view: View) -> Judgement:
    """Each flow that crossed the border has a record there with all its fields, and they are right."""
    records: list[FlowRecord] = view.facts["records"]
    judgement = Judgement(looked_at=len(records))
    for flow in records:
        ends = (f"{flow.source}:{flow.source_port}", f"{flow.destination}:{flow.destination_port}")
        subject = f"{flow.border}: {' → '.join(ends)}"
        if not flow.found:
            judgement.fail(subject, t("left no record", "没有留下记录"), t("a record", "有记录"), t("none", "无"))
            continue
        sent = {
            "source": flow.source,
            "source_port": str(flow.source_port),
            "destination": flow.destination,
            "destination_port": str(flow.destination_port),
            "protocol": str(flow.protocol),
        }
        for name in FIELDS:
            value = flow.record.get(name, "")
            if not value:
                judgement.fail(
                    subject,
                    t(f"the record lacks '{name}'", f"记录缺少“{name}”"),
                    t("a value", "有值"),
                    t("none", "无"),
                )
            elif sent.get(name, value) != value:
                judgement.fail(subject, t(f"the record's '{name}' is wrong", f"记录的“{name}”不符"), sent[name], value)
        if flow.record.get("bytes", "0").isdigit() and int(flow.record.get("bytes", "0")) < flow.carried_bytes:
            judgement.fail(
                subject,
                t("the record counts too few bytes", "记录的字节数过少"),
                f"≥ {flow.carried_bytes}",
                flow.record.get("bytes", "0"),
            )
    judgement.note(t("flows sent", "发送的流"), str(len(records)))
    judgement.note(t("records found", "找到的记录"), str(sum(flow.found for flow in records)), f"= {len(records)}")
    if records and records[0].found:
        judgement.note(
            t("one of them", "示例"),
            ", ".join(f"{key} {value}" for key, value in sorted(records[0].record.items())),
        )
    return judgement


CHECKS = (
    Check(
        "L1-COM-01",
        t(
            "The border keeps a five-tuple record of every flow that crosses it.",
            "边界为每条穿越的流保留五元组记录。",
        ),
        t(
            "Send an allowed flow with a known source port and known size across the border, then look for "
            f"its record on the border device: addresses, ports, protocol, time, bytes. {_TUPLE.en}",
            "以已知源端口和字节数发送一条放行的流穿越边界，在边界设备上查找其记录：地址、端口、协议、时间、"
            f"字节数。依据：{_TUPLE.zh}",
        ),
        Evidence.MEASURED,
        ("records",),
        judge_records,
    ),
)
