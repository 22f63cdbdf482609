"""Intrusion detection at L2: a known-bad flow at every interconnect and exit raises an alarm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import limit, report, seconds
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.model import View
    from citynet.levels.trusted import Alarmed

_SENTRY = report("2.2.1: security sentries; 3.2, Level2: intrusion detection", "2.2.1：安全哨兵；3.2 Level2：入侵检测")


def judge_alarmed(view: View) -> Judgement:
    """Each interconnect and exit has a sentry, and it raises its alarm in time."""
    places: list[Alarmed] = view.facts["alarmed"]
    most = view.bounds["max_alarm_s"]
    judgement = Judgement(looked_at=len(places))
    for one in places:
        _one_place(judgement, one, most)
    alarms = [one.alarm_s for one in places if one.alarm_s is not None]
    judgement.note(t("interconnects and exits", "互联点与出口"), str(len(places)))
    judgement.note(t("of these, alarmed", "其中告警"), str(len(alarms)), f"= {len(places)}")
    judgement.note(t("slowest alarm", "最慢告警"), seconds(max(alarms, default=None)), f"≤ {most:g} s")
    if said := next((one.said for one in places if one.said), ""):
        judgement.note(t("one of them", "示例"), said)
    return judgement


def _one_place(judgement: Judgement, one: Alarmed, most: float) -> None:
    subject = f"{one.device} {one.guard}"
    alarm = t("an alarm", "告警")
    if not one.watched:
        judgement.fail(subject, t("no sentry looks there", "未部署哨兵"), t("a sentry", "哨兵"), t("none", "无"))
    elif not one.tries:
        judgement.fail(subject, t("nothing could be sent there", "无法向该处发送流量"), alarm, t("not tried", "未测试"))
    elif one.alarm_s is None:
        what = f"{one.tries} × TCP SYN {one.source} → {one.destination}"
        judgement.fail(subject, t(f"stays silent at a scan ({what})", f"扫描未告警（{what}）"), alarm, t("none", "无"))
    elif one.alarm_s > most:
        judgement.fail(subject, t("is late with its alarm", "告警过慢"), f"≤ {most:g} s", f"{one.alarm_s:.1f} s")


CHECKS = (
    Check(
        "L2-SEC-01",
        t(
            "Intrusion detection at every interconnect and exit raises an alarm on a known-bad flow.",
            "每个互联点与出口的入侵检测对已知恶意流产生告警。",
        ),
        t(
            "Send a scan (opening segments to a port that nobody opens) over each interconnect from the far border "
            "itself, with the address of a host there, and from the internet at each exit; wait for the alarm of this "
            f"domain's sentry that names source and place. {_SENTRY.en}",
            "经每个互联点由对侧边界设备以该侧主机地址发送扫描（向未开放端口的 TCP SYN），在每个出口由互联网侧发送；"
            f"等待本域哨兵给出指明源与位置的告警。依据：{_SENTRY.zh}",
        ),
        Evidence.MEASURED,
        ("alarmed",),
        judge_alarmed,
        (
            limit(
                "max_alarm_s",
                10,
                "s",
                t("from the last try to the alarm on the device", "从最后一次尝试到设备上的告警"),
            ),
        ),
    ),
)
