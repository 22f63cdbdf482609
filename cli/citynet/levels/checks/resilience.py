"""Resilience at L1: the network heals a failed device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import limit, ms, report
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.measurements import FaultRun
    from citynet.levels.model import View

_TABLE = report(
    "table 3-2, L1 resilience: heals a failed device (the time is the project's own)",
    "表3-2 L1 韧性：面向设备失效的自愈（时间为本项目自定）",
)


def judge_killed_router(view: View) -> Judgement:
    """Traffic that crossed the dead router goes on by another way."""
    run: FaultRun = view.facts["kill"]
    bounds = view.bounds
    judgement = Judgement(looked_at=1)
    stream = run.stream
    loss = 100.0 * (stream.sent - stream.received) / stream.sent if stream.sent else 100.0
    if run.carried < bounds["min_carried_percent"] / 100.0:
        judgement.fail(
            run.target,
            t("the probe stream did not cross the router before it died", "路由器关停前探测流未经过它"),
            f"≥ {bounds['min_carried_percent']:g} %",
            f"{100 * run.carried:.0f} %",
        )
    if not stream.received:
        judgement.fail(
            f"{stream.source} → {stream.destination}",
            t("no probe arrived", "探测包全部丢失"),
            t("replies", "有应答"),
            "0",
        )
    if stream.longest_outage_ms > bounds["max_outage_ms"]:
        judgement.fail(
            f"{stream.source} → {stream.destination}",
            t(f"outage after {run.target} died", f"{run.target} 关停后的中断"),
            f"≤ {ms(bounds['max_outage_ms'])}",
            ms(stream.longest_outage_ms),
        )
    judgement.note(t("router killed", "关停的路由器"), run.target)
    judgement.note(
        t("stream that crossed it", "经过它的探测流"),
        f"{stream.source} → {stream.destination}, {100 * run.carried:.0f} %",
    )
    judgement.note(t("longest outage", "最长中断"), ms(stream.longest_outage_ms), f"≤ {ms(bounds['max_outage_ms'])}")
    judgement.note(t("loss over the whole run", "全程丢包率"), f"{loss:.2f} %")
    return judgement


CHECKS = (
    Check(
        "L1-RES-01",
        t("When a router dies, traffic finds another way by itself.", "路由器失效时，流量自动改走其他路径。"),
        t(
            "Run a probe stream from host to host, find by port counters which core router carries it, kill "
            "that router without warning, and measure the gap.",
            "主机间运行探测流，按端口计数确定承载它的核心路由器，无预警关停，测量中断时间。",
        ),
        Evidence.FAULT,
        ("kill",),
        judge_killed_router,
        (
            limit("max_outage_ms", 5000, "ms", t("longest gap in the probe stream", "探测流最长中断"), _TABLE),
            limit(
                "min_carried_percent",
                50,
                "%",
                t("share of the stream that crossed the router before", "关停前探测流经过该路由器的比例"),
            ),
        ),
    ),
)
