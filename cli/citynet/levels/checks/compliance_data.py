"""Compliance from L2 on: data identifiers decide at fences, and what crosses leaves evidence that holds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from citynet.levels.checks.common import report
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.text import Text, t

if TYPE_CHECKING:
    from citynet.levels.fencing import Supervised, Supervision, Tried
    from citynet.levels.model import View

_FENCE = report(
    "4.2.3: lists of identifiers at borders let data pass, forbidden areas are cut off at once, and it is logged",
    "4.2.3：边界白名单依据标识放行，禁止区域立即阻断并记录",
)
_RECORDS = report("3.2, Level2: supervision data", "3.2 Level2：监管数据")
KINDS = {
    "spoofed": t("an identifier to which the sender has no right", "发送方无权使用的标识"),
    "denied": t("an identifier that no fence lets go there", "围栏不允许到达的标识"),
    "closed": t("an identifier outside its hours", "时间窗之外的标识"),
    "untagged": t("no identifier where one is asked for", "须有标识处无标识"),
}
"""Why a packet must end, as a fence counts it."""


def judge_fences(view: View) -> Judgement:
    """What a fence lets pass arrives; everything else ends where it must, and is counted there."""
    tried: list[Tried] = view.facts["fenced"]
    judgement = Judgement(looked_at=len(tried))
    for one in tried:
        _one_try(judgement, one)
    count = Counter(one.kind for one in tried)
    for lacking in _lacking(count):
        judgement.fail(view.domain, lacking, t("at least one", "至少一条"), "0")
    came = sum(one.arrived > 0 for one in tried if one.kind == "allowed")
    judgement.note(t("allowed: arrived", "允许：到达"), f"{came} / {count['allowed']}", f"= {count['allowed']}")
    for kind, what in KINDS.items():
        if count[kind]:
            ended = sum(not one.arrived and one.counted >= one.sent for one in tried if one.kind == kind)
            judgement.note(
                t(f"{what.en}: dropped and counted", f"{what.zh}：丢弃并计数"),
                f"{ended} / {count[kind]}",
                f"= {count[kind]}",
            )
    return judgement


def _lacking(count: Counter[str]) -> list[Text]:
    found = []
    if not count["allowed"]:
        found.append(t("no allowed data were tried, so silence proves nothing", "未测试允许的数据，无到达不能证明什么"))
    if not sum(count[kind] for kind in KINDS):
        found.append(t("nothing forbidden was tried", "未测试任何应禁止的数据"))
    return found


def _one_try(judgement: Judgement, one: Tried) -> None:
    label = f"{one.identifier}" if one.identifier else "–"
    subject = f"{one.sender}: {one.source} → {one.destination} {one.protocol} ({label})"
    if one.kind == "allowed":
        if not one.arrived:
            what = t("data that a fence lets pass do not arrive", "围栏允许的数据未到达")
            judgement.fail(subject, what, t("arrives", "到达"), f"0 / {one.sent}")
        return
    why = KINDS[one.kind]
    if one.arrived:
        what = t(f"arrives although it has {why.en}", f"仍然到达：{why.zh}")
        judgement.fail(
            subject, what, t(f"dropped at {one.device}", f"在 {one.device} 丢弃"), f"{one.arrived} / {one.sent}"
        )
    if one.counted < one.sent:
        what = t(f"{one.device} does not count it as {one.kind}", f"{one.device} 未计入 {one.kind}")
        judgement.fail(subject, what, f"≥ {one.sent}", str(one.counted))


def judge_supervision(view: View) -> Judgement:
    """A flow over each border has a record with every field of the report, in a store that shows any change."""
    run: Supervision = view.facts["supervised"]
    judgement = Judgement(looked_at=len(run.flows))
    for flow in run.flows:
        _one_record(judgement, flow)
    if run.verdict != "intact":
        judgement.fail(
            view.domain, t("the evidence store does not hold", "存证库校验不通过"), "intact", run.verdict or "–"
        )
    if run.edited_verdict != "tampered":
        what = t("a record that was changed by a letter is not found out", "改动一个字母的记录未被发现")
        judgement.fail(view.domain, what, "tampered", run.edited_verdict or "–")
    judgement.note(t("flows over the border", "穿越边界的流"), str(len(run.flows)))
    judgement.note(t("records found", "找到的记录"), str(sum(bool(flow.record) for flow in run.flows)))
    judgement.note(t("with an identifier", "带标识"), str(sum(bool(flow.identifier) for flow in run.flows)))
    judgement.note(t("the store", "存证库"), run.verdict, "intact")
    judgement.note(t("a changed copy", "改动的副本"), run.edited_finding or run.edited_verdict, "tampered")
    return judgement


def _one_record(judgement: Judgement, flow: Supervised) -> None:
    subject = f"{flow.border}: {flow.source}:{flow.source_port} → {flow.destination}"
    if not flow.record:
        judgement.fail(subject, t("left no record", "没有留下记录"), t("a record", "有记录"), t("none", "无"))
        return
    for field, wanted, has in wrong_fields(flow):
        judgement.fail(subject, t(f"the record's {field} is wrong", f"记录的 {field} 不符"), wanted, has)


def wrong_fields(flow: Supervised) -> list[tuple[str, str, str]]:
    """Fields of a record that are empty or not what was sent: the field, what it should be, and what it is."""
    record = flow.record
    ends, load = (record["source"], record["destination"]), record["load"]
    exact = {
        "participants": (flow.participants, [end["participant"] for end in ends]),
        "identifier": (flow.identifier, record["identifier"]),
        "addresses": ([flow.source, flow.destination], [end["address"] for end in ends]),
        "port": (flow.source_port, ends[0]["port"]),
        "policy results": (["allow"], sorted({item["result"] for item in record["policies"]})),
    }
    filled = {
        "label": record["labels"],
        "class": record["data_class"],
        "time": record["start"] and record["end"],
        "direction": record["direction"],
        "crossing": record["crossing"],
        "path": len(record["path"]) > 1,
        "domains": all(end["domain"] for end in ends),
        "load": load["bytes_sent"] >= flow.carried_bytes and load["packets_sent"],
    }
    found = [(name, str(wanted), str(has)) for name, (wanted, has) in exact.items() if wanted != has]
    return found + [(name, "filled", "empty") for name, value in filled.items() if not value]


CHECKS = (
    Check(
        "L2-COM-01",
        t(
            "A flow over the border leaves a record with every field of the report, in a store that shows any change.",
            "穿越边界的流留下字段齐全的监管记录，存于任何改动均可发现的存证库。",
        ),
        t(
            "Send an allowed flow over each border, collect the borders' records into an evidence store, and hold its "
            "record against what was sent: participants, identifier, label and class, time, source and destination, "
            "direction and path, load, results of policies; verify the store, and a copy in which one letter was "
            f"changed. {_RECORDS.en}",
            "在每个边界发送放行的流，将边界记录采集入存证库，逐字段核对：参与方、标识、标签与分级、时间、"
            f"源与目的、流向与路径、载荷、策略结果；校验存证库，并校验改动一个字母的副本。依据：{_RECORDS.zh}",
        ),
        Evidence.MEASURED,
        ("supervised",),
        judge_supervision,
    ),
    Check(
        "L2-COM-02",
        t(
            "Data pass only with an identifier that a fence lets go there; all else is dropped and counted.",
            "数据仅凭围栏允许的标识通过，其余一律丢弃并计数。",
        ),
        t(
            "In each service and over each interconnect send packets with every identifier, with none, and with those "
            "of others, also from the far border itself on the line between the domains; see which arrive, and read "
            f"the counters of the device that must stop the rest. {_FENCE.en}",
            "在各业务内及经各互联点发送带各种标识、不带标识、冒用标识的报文，并由对侧边界设备在互联线路上"
            f"直接发送；查看到达情况，读取应阻断设备的计数器。依据：{_FENCE.zh}",
        ),
        Evidence.MEASURED,
        ("fenced",),
        judge_fences,
    ),
)
