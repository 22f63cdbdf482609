"""Reliability in nines, from L1 to L3: the availability of every pair of sites, modelled with what was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design import failures
from citynet.levels.checks.common import ONE_SITE, OWN, limit, ms, report
from citynet.levels.graph import Rates, availability, domain_graph
from citynet.levels.model import Check, Evidence, Judgement, blocked
from citynet.levels.text import Text, t

if TYPE_CHECKING:
    from citynet.levels.measurements import FaultRun
    from citynet.levels.model import Threshold, View


def judge_availability(view: View) -> Judgement:
    """The worst pair of sites is available for the share of time that the level asks."""
    graph = domain_graph(view.plan, view.domain)
    if len(graph.sites) < 2:
        return blocked(ONE_SITE)
    runs: list[FaultRun] = [view.facts["cut"], view.facts["kill"]]
    switch_over = max(run.stream.longest_outage_ms for run in runs)
    bounds = view.bounds
    rates = Rates(bounds["device_mtbf_h"], bounds["port_mtbf_h"], bounds["fibre_cuts"], bounds["mttr_h"], switch_over)
    found = availability(graph, rates)
    judgement = Judgement(looked_at=len(found))
    least = bounds["min_availability_percent"] / 100.0
    for (a, b), value in sorted(found.items(), key=lambda item: item[1]):
        if value < least:
            judgement.fail(
                f"{a} ↔ {b}",
                t("modelled availability too low", "建模可用度过低"),
                f"≥ {100 * least:g} %",
                f"{100 * value:.5f} %",
            )
    worst, value = min(found.items(), key=lambda item: item[1])
    judgement.note(t("worst pair", "最差站点对"), " ↔ ".join(worst))
    judgement.note(t("its availability", "其可用度"), f"{100 * value:.5f} %", f"≥ {100 * least:g} %")
    judgement.note(t("downtime a year", "年中断时间"), f"{(1 - value) * 525600:.1f} min")
    judgement.note(t("measured switch-over used", "采用的实测倒换时间"), ms(switch_over))
    return judgement


def _bounds(least: float, origin: Text) -> tuple[Threshold, ...]:
    return (
        limit(
            "min_availability_percent",
            least,
            "%",
            t("availability of the worst pair", "最差站点对可用度"),
            origin,
        ),
        limit(
            "device_mtbf_h",
            failures.DEVICE_MTBF_H,
            "h",
            t("mean time between failures of a device", "设备平均无故障时间"),
            OWN,
        ),
        limit(
            "port_mtbf_h",
            failures.PORT_MTBF_H,
            "h",
            t("mean time between failures of a port with its optics", "端口及光模块平均无故障时间"),
            OWN,
        ),
        limit("fibre_cuts", failures.FIBRE_CUTS, "/(1000 km·year)", t("fibre cuts", "光缆中断率"), OWN),
        limit(
            "mttr_h",
            failures.MTTR_H,
            "h",
            t("mean time to repair", "平均修复时间"),
            report(
                "table 3-2, L1 availability: MTTR in hours (4 is the project's own)",
                "表3-2 L1 可用性：MTTR 小时级（取 4 为本项目自定）",
            ),
        ),
    )


def _check(check_id: str, least: float) -> Check:
    level = check_id[:2]
    return Check(
        check_id,
        t(
            f"Every pair of sites is available for at least {least:g} % of the time.",
            f"任意两站点间可用度不低于 {least:g}%。",
        ),
        t(
            "Model from the plan: failure rates and repair time as set here, the measured switch-over for "
            "whatever has a stand-in, all single failures and all double failures; "
            "a site with one device is down while that device is repaired.",
            "按规划建模：采用此处设定的故障率与修复时间，有冗余者取实测倒换时间，覆盖全部单点与双点故障；单"
            "设备站点在其修复期间视为中断。",
        ),
        Evidence.MODELLED,
        ("cut", "kill"),
        judge_availability,
        _bounds(
            least,
            report(f"table 3-2, {level} reliability {least:g} %", f"表3-2 {level} 可靠性 {least:g}%"),
        ),
    )


CHECKS = (_check("L1-REL-04", 99.9), _check("L2-REL-03", 99.99), _check("L3-REL-02", 99.999))
