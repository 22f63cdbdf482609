"""Compliance at L3: the path of data with an identifier is recorded hop by hop, and a hop off its list is alarmed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import limit, report, seconds
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.model import View
    from citynet.levels.trusted import Hopped, Strayed

_PATH = report(
    "4.2.3: paths of data are recorded, off-path data detected; 3.2, Level3: end to end",
    "4.2.3：记录数据流转路径、检测偏离；3.2 Level3：一体化端到端监管",
)


def judge_hopped(view: View) -> Judgement:
    """Every hop counted what passed it, and the device off the list was named in time."""
    run: list[Hopped] = view.facts["hopped"]
    judgement = Judgement(looked_at=len(run))
    most = view.bounds["max_alarm_s"]
    for one in run:
        _one_flow(judgement, one)
        _one_alarm(judgement, one, most)
    for one in run:
        judgement.note(t("packets sent", "发送报文"), f"{one.sent} ({one.identifier})")
        counted = " → ".join(f"{hop.device} {hop.packets}" for hop in one.hops)
        judgement.note(t("counted by hop", "逐跳计数"), counted or "–")
        if one.strayed is not None:
            judgement.note(
                t(f"alarm of {one.strayed.device}", f"{one.strayed.device} 告警"),
                seconds(one.strayed.alarm_s),
                f"≤ {most:g} s",
            )
    return judgement


def _one_flow(judgement: Judgement, one: Hopped) -> None:
    subject = f"{one.source} → {one.destination} ({one.identifier})"
    for name in one.silent:
        judgement.fail(subject, t(f"{name} tells nothing", f"{name} 无记录"), t("counters", "计数"), t("none", "无"))
    if not one.arrived:
        judgement.fail(subject, t("does not arrive, so nothing is proven", "未到达，不能证明什么"), str(one.sent), "0")
    hops = {hop.device: hop for hop in one.hops}
    ends = ((one.start, one.sent), (one.end, one.arrived))
    for name, packets in ends:
        has = hops[name].packets if name in hops else 0
        if has < packets:
            what = t(f"{name} did not record all of it", f"{name} 记录不全")
            judgement.fail(subject, what, f"≥ {packets}", str(has))
    lost = sum(hop.lost for hop in one.hops)
    if one.hops and lost != one.sent - one.arrived:
        what = t("what is missing at a hop is not what was lost", "逐跳缺失与实际丢失不符")
        judgement.fail(subject, what, str(one.sent - one.arrived), str(lost))
    for hop in one.hops:
        if not hop.told:
            judgement.fail(
                f"{subject}: {hop.device}", t("does not tell all", "无法完整记录"), t("counted", "计数"), "–"
            )
        if not hop.listed:
            judgement.fail(
                f"{subject}: {hop.device}", t("is not on its list", "不在白名单"), t("on the list", "在名单"), "–"
            )


def _one_alarm(judgement: Judgement, one: Hopped, most: float) -> None:
    found: Strayed | None = one.strayed
    if found is None:
        what = t("no device off the list could be tried", "没有可测试的名单外设备")
        judgement.fail(f"{one.start} → {one.end}", what, t("tried", "已测试"), t("not tried", "未测试"))
        return
    subject = f"{found.via} → {found.device} ({one.identifier})"
    if found.alarm_s is None:
        what = t("passes a device off its list without an alarm", "经过名单外设备而无告警")
        judgement.fail(subject, what, t("an alarm", "告警"), t("none", "无"))
    elif found.alarm_s > most:
        judgement.fail(subject, t("the alarm is late", "告警过慢"), f"≤ {most:g} s", f"{found.alarm_s:.1f} s")
    if found.alarm_s is not None and found.names != found.device:
        judgement.fail(
            subject, t("the alarm names another device", "告警指向其他设备"), found.device, found.names or "–"
        )


CHECKS = (
    Check(
        "L3-COM-01",
        t(
            "The path of labelled data is recorded hop by hop; a hop off the list raises an alarm that names it.",
            "带标识数据的路径逐跳记录；经过名单外的设备即告警并指明该设备。",
        ),
        t(
            "Send packets with an identifier between two hosts and read what every device counted of them: all at the "
            "entry, all that arrived at the end, and the difference where it was lost. Then lead them, by a route of "
            f"the first device, over one that is not on their list, and wait for its alarm. {_PATH.en}",
            "在两台主机间发送带标识的报文，读取每台设备的计数：入口全部，出口为到达数，差额出现在丢失处。"
            f"再用首台设备上的一条路由使其经过名单外的设备，等待该设备告警。依据：{_PATH.zh}",
        ),
        Evidence.FAULT,
        ("hopped",),
        judge_hopped,
        (
            limit(
                "max_alarm_s",
                5,
                "s",
                t("from the last packets off the list to the alarm", "从最后一批偏离报文到设备告警"),
            ),
        ),
    ),
)
