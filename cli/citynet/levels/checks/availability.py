"""Availability at L1: repaired within hours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import limit, ms, report, seconds
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.measurements import Crash, Restore
    from citynet.levels.model import View

_MTTR = report(
    "table 3-2, L1 availability: MTTR in hours (4 is the project's own)",
    "表3-2 L1 可用性：MTTR 小时级（取 4 为本项目自定）",
)


def judge_crash(view: View) -> Judgement:
    """A crashed daemon comes back by itself and its neighbours with it."""
    crash: Crash = view.facts["crash"]
    bound = view.bounds["max_restart_s"]
    subject = f"{crash.node} {crash.daemon}"
    judgement = Judgement(looked_at=1)
    for name, value in (
        (t("is not restarted", "未自动重启"), crash.restarted_s),
        (t("its neighbours do not return", "邻居未恢复"), crash.converged_s),
    ):
        if value is None or value > bound:
            judgement.fail(subject, name, f"≤ {bound:g} s", seconds(value))
    judgement.note(t("daemon killed", "被杀死的进程"), subject)
    judgement.note(t("running again after", "重新运行用时"), seconds(crash.restarted_s), f"≤ {bound:g} s")
    judgement.note(t("neighbours back after", "邻居恢复用时"), seconds(crash.converged_s), f"≤ {bound:g} s")
    judgement.note(t("longest gap for traffic meanwhile", "期间业务最长中断"), ms(crash.stream.longest_outage_ms))
    return judgement


def judge_restore(view: View) -> Judgement:
    """A router that lost its configuration is whole again after one deployment."""
    run: Restore = view.facts["restore"]
    bound_s = view.bounds["max_restore_h"] * 3600.0
    judgement = Judgement(looked_at=1)
    if not run.files_lost:
        judgement.fail(
            run.node,
            t("no configuration was there to lose", "没有可丢失的配置"),
            t("files removed", "已删除文件"),
            "0",
        )
    if not run.came_up_empty:
        judgement.fail(
            run.node,
            t("came up configured although its configuration was removed", "配置删除后启动仍有配置"),
            t("unconfigured", "无配置"),
            t("configured", "有配置"),
        )
    if not run.deployed:
        judgement.fail(
            run.node,
            t("the deployment failed", "部署失败"),
            t("deployed", "部署成功"),
            run.why or t("failed", "失败"),
        )
    if run.restored_s is None or run.restored_s > bound_s:
        judgement.fail(
            run.node,
            t("is not restored in time", "未按时恢复"),
            f"≤ {view.bounds['max_restore_h']:g} h",
            seconds(run.restored_s),
        )
    judgement.note(t("router that lost its configuration", "丢失配置的路由器"), run.node)
    judgement.note(t("files lost", "丢失的文件"), str(run.files_lost))
    judgement.note(t("deployment took", "部署用时"), seconds(run.deploy_s))
    judgement.note(
        t("whole again after", "完全恢复用时"),
        seconds(run.restored_s),
        f"≤ {view.bounds['max_restore_h']:g} h",
    )
    return judgement


CHECKS = (
    Check(
        "L1-AVA-01",
        t("A crashed routing daemon is restarted without a hand.", "路由进程崩溃后自动重启。"),
        t(
            "Kill a routing daemon with SIGKILL on a running router; wait for it to run again and for every "
            "planned neighbour to return; a probe stream runs meanwhile.",
            "在运行的路由器上用 SIGKILL 杀死路由进程；等待其重新运行且规划的邻居全部恢复；期间持续运行探测流。",
        ),
        Evidence.FAULT,
        ("crash",),
        judge_crash,
        (
            limit(
                "max_restart_s",
                60,
                "s",
                t("until it runs and its neighbours are back", "重新运行且邻居恢复的时间"),
            ),
        ),
    ),
    Check(
        "L1-AVA-02",
        t("A lost configuration is restored by one deployment.", "配置丢失后一次部署即可恢复。"),
        t(
            "Remove a router's configuration and reboot it; see that it comes up unconfigured; deploy it "
            "again; wait for every planned neighbour.",
            "删除一台路由器的配置并重启；确认其启动后无配置；重新部署；等待规划的邻居全部恢复。",
        ),
        Evidence.FAULT,
        ("restore",),
        judge_restore,
        (
            limit(
                "max_restore_h",
                4,
                "h",
                t("from the loss to the planned state", "从丢失到恢复规划状态"),
                _MTTR,
            ),
        ),
    ),
)
