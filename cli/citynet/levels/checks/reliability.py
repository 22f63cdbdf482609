"""Reliability at L1: 99.9 %, by lines and devices that stand in for each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import ONE_SITE, judge_reach, limit, ms, report, seconds
from citynet.levels.graph import domain_graph
from citynet.levels.model import Check, Evidence, Judgement, blocked
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.measurements import FaultRun
    from citynet.levels.model import View

_REDUNDANT = report("3.2, Level1: line redundancy", "3.2 Level1：线路冗余备份")


def judge_single_failures(view: View) -> Judgement:
    """No single device or line severs two sites that both still have a live device."""
    graph = domain_graph(view.plan, view.domain)
    if len(graph.sites) < 2:
        return blocked(ONE_SITE)
    singles = [failure for failure in graph.failures if failure.kind != "fibre"]
    judgement = Judgement(looked_at=len(singles))
    whole = graph.severed()
    if whole:
        judgement.fail(
            " ↔ ".join(whole[0]),
            t("no way even with everything up", "无故障时也不连通"),
            t("a way", "连通"),
            t("none", "不连通"),
        )
    for failure in singles:
        pairs = graph.severed(failure)
        if len(pairs) > view.bounds["max_severed_pairs"]:
            shown = ", ".join(f"{a} ↔ {b}" for a, b in pairs[:3]) + (" …" if len(pairs) > 3 else "")
            judgement.fail(
                f"{failure.kind} {failure.name}",
                t("its loss severs sites", "其失效使站点间中断"),
                t("no pair severed", "无站点对中断"),
                t(f"{len(pairs)} severed: {shown}", f"{len(pairs)} 对中断：{shown}"),
            )
    alone = [site for site in graph.sites if sum(at == site for at in graph.site.values()) == 1]
    judgement.note(t("single failures modelled", "模拟的单点故障"), str(len(singles)))
    judgement.note(t("pairs of sites", "站点对"), str(len(graph.pairs())))
    judgement.note(
        t(
            "sites with one device (their own loss is counted in L1-REL-04)",
            "单设备站点（自身失效计入 L1-REL-04）",
        ),
        ", ".join(alone) or "0",
    )
    return judgement


def judge_fault(view: View, key: str) -> Judgement:
    """While something is broken every other pair still passes, and the gap was short."""
    run: FaultRun = view.facts[key]
    judgement = Judgement(looked_at=1)
    bounds = view.bounds
    if run.carried < bounds["min_carried_percent"] / 100.0:
        judgement.fail(
            run.target,
            t("the probe stream did not cross what was broken", "探测流未经过被断开的对象"),
            f"≥ {bounds['min_carried_percent']:g} %",
            f"{100 * run.carried:.0f} %",
        )
    if not run.stream.received:
        judgement.fail(
            f"{run.stream.source} → {run.stream.destination}",
            t("the probe stream never arrived", "探测流从未到达"),
            t("replies", "有应答"),
            "0",
        )
    elif run.stream.longest_outage_ms > bounds["max_outage_ms"]:
        judgement.fail(
            f"{run.kind} {run.target}",
            t("outage too long", "中断时间过长"),
            f"≤ {ms(bounds['max_outage_ms'])}",
            ms(run.stream.longest_outage_ms),
        )
    judge_reach(
        judgement,
        run.reach,
        bounds["max_loss_percent"],
        t(f"while {run.target} is down", f"在 {run.target} 失效期间"),
    )
    if not run.reach:
        judgement.fail(
            run.target,
            t("no pair of hosts was tried during the fault", "故障期间未测试任何主机对"),
            t("every pair", "全部主机对"),
            "0",
        )
    if run.recovered_s is None:
        judgement.fail(
            run.target,
            t("the network did not return to its planned state afterwards", "故障恢复后网络未回到规划状态"),
            t("recovered", "恢复"),
            t("not recovered", "未恢复"),
        )
    judgement.note(t("broken", "故障对象"), f"{run.kind} {run.target}")
    judgement.note(
        t("longest outage", "最长中断"), ms(run.stream.longest_outage_ms), f"≤ {ms(bounds['max_outage_ms'])}"
    )
    judgement.note(
        t("probes lost", "丢失探测包"),
        f"{run.stream.sent - run.stream.received} / {run.stream.sent} ({run.stream.interval_ms:g} ms)",
    )
    judgement.note(
        t("pairs that passed meanwhile", "期间连通的主机对"),
        f"{sum(pair.received > 0 for pair in run.reach)} / {len(run.reach)}",
    )
    judgement.note(t("planned state again after", "恢复规划状态用时"), seconds(run.recovered_s))
    return judgement


def judge_cut(view: View) -> Judgement:
    """A cut line."""
    return judge_fault(view, "cut")


def judge_device(view: View) -> Judgement:
    """A killed device."""
    return judge_fault(view, "kill")


_FAULT_BOUNDS = (
    limit("max_outage_ms", 5000, "ms", t("longest gap in the probe stream", "探测流最长中断")),
    limit(
        "max_loss_percent",
        0,
        "%",
        t("loss between any two hosts while it is broken", "故障期间任意两主机间丢包率"),
    ),
    limit(
        "min_carried_percent",
        50,
        "%",
        t("share of the probe stream that crossed it before", "故障前探测流经过该对象的比例"),
    ),
)

CHECKS = (
    Check(
        "L1-REL-01",
        t(
            "Every pair of sites survives the loss of any one device or line.",
            "任一设备或任一线路失效，任意两站点间仍然连通。",
        ),
        t(
            "Take every device and every line out of the planned graph, one at a time, and look for a way "
            "between each two sites that still have a live device.",
            "在规划图中逐一移除每台设备、每条线路，检查仍有存活设备的每对站点之间是否连通。",
        ),
        Evidence.MODELLED,
        (),
        judge_single_failures,
        (
            limit(
                "max_severed_pairs",
                0,
                "pairs",
                t("pairs of sites that one failure may sever", "单点故障允许中断的站点对"),
                _REDUNDANT,
            ),
        ),
    ),
    Check(
        "L1-REL-02",
        t(
            "A cut line interrupts traffic only briefly, and every pair of hosts still passes while it is cut.",
            "线路中断只造成短暂影响，中断期间所有主机对仍连通。",
        ),
        t(
            "Cut a line that carries a probe stream (both ends lose carrier); measure the gap; ping between "
            "all hosts of each service while it is cut; mend it.",
            "切断承载探测流的线路（两端失去载波），测量中断时间；断线期间在各业务所有主机间互 ping；然后恢复。",
        ),
        Evidence.FAULT,
        ("cut",),
        judge_cut,
        _FAULT_BOUNDS,
    ),
    Check(
        "L1-REL-03",
        t("A dead transit device severs no pair of hosts.", "转发设备失效不使任何主机对中断。"),
        t(
            "Kill a router that carries a probe stream; ping between all hosts of each service while it is "
            "dead; start it again.",
            "关停承载探测流的路由器；关停期间在各业务所有主机间互 ping；然后重新启动。",
        ),
        Evidence.FAULT,
        ("kill",),
        judge_device,
        _FAULT_BOUNDS,
    ),
)
