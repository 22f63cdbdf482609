"""Services beside each other: classes and slices under congestion (L2), a resize (L2), hard isolation (L3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import limit, ms, report
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.measurements import Beside, Resized
    from citynet.levels.model import View

_CLASSES = report(
    "table 3-2, L2 flow: differentiated (the number is the project's own)",
    "表3-2 L2 可流通性：差异化保障（数值为本项目自定）",
)
_LARGE = report(
    "3.2, Level2: shared large-grain slices, elastic (the number is the project's own)",
    "3.2 Level2：共享的大颗粒切片，任务式敏捷弹性（数值为本项目自定）",
)
_HARD = report(
    "3.2, Level3: exclusive fine-grain slices (the number is the project's own)",
    "3.2 Level3：独享小颗粒业务切片（数值为本项目自定）",
)


def judge_loss_beside(view: View, run: Beside) -> Judgement:
    """The probe lost nothing although its neighbour was full."""
    judgement = Judgement(looked_at=1)
    bounds = view.bounds
    subject = f"{run.source} → {run.destination} ({run.service})"
    if not run.busy.received:
        judgement.fail(subject, t("the probe never arrived", "探测流从未到达"), t("datagrams", "有到达"), "0")
    loss = 100.0 * run.busy.lost / max(1, run.busy.sent)
    if loss > bounds["max_loss_percent"]:
        judgement.fail(
            subject,
            t(f"loses traffic while {run.neighbour} is full", f"{run.neighbour} 拥塞时丢包"),
            t(f"loss ≤ {bounds['max_loss_percent']:g} %", f"丢包 ≤ {bounds['max_loss_percent']:g} %"),
            f"{loss:.2f} %",
        )
    full = 100.0 * (run.sent_bytes - run.delivered_bytes) / max(1, run.sent_bytes)
    if full < bounds["min_neighbour_loss_percent"] and not judgement.findings:
        judgement.blocked = t(
            f"{run.neighbour} could not be filled ({full:.0f} % of its load lost): nothing was to be seen",
            f"未能使 {run.neighbour} 拥塞（其负载丢失 {full:.0f} %），无从判断",
        )
    judgement.note(t("protected", "受保护业务"), f"{run.service} ({run.slice}, {100 * run.share:.0f} %)")
    beside = run.neighbour_slice or "–"
    judgement.note(
        t("offered to its neighbour", "相邻业务负载"), f"{run.neighbour} ({beside}): {run.offered_mbps:g} Mbit/s"
    )
    judgement.note(t("datagrams lost", "丢失报文"), f"{run.busy.lost} / {run.busy.sent}")
    judgement.note(t("lost by the neighbour", "相邻业务丢包率"), f"{full:.0f} %")
    judgement.note(
        t("median delay, idle and beside", "时延中位数（空闲 / 拥塞）"),
        f"{run.idle.delay_ms[1]:.3f} / {run.busy.delay_ms[1]:.3f} ms",
    )
    return judgement


def judge_classes(view: View) -> Judgement:
    """A service in a slice beside full best effort."""
    return judge_loss_beside(view, view.facts["classes"])


def judge_isolation(view: View) -> Judgement:
    """A slice beside a full slice: no loss, and no more delay than the bound."""
    run: Beside = view.facts["slices_beside"]
    judgement = judge_loss_beside(view, run)
    bounds = view.bounds
    idle, busy = run.idle.delay_ms[1], run.busy.delay_ms[1]
    most = max(idle * (1 + bounds["max_growth_percent"] / 100.0), idle + bounds["clock_ms"])
    if busy > most:
        judgement.fail(
            f"{run.source} → {run.destination} ({run.service})",
            t(f"is delayed by {run.neighbour}", f"受 {run.neighbour} 影响时延增大"),
            f"≤ {ms(most)}",
            ms(busy),
        )
    return judgement


def judge_resize(view: View) -> Judgement:
    """A slice grown and shrunk while a probe runs in it."""
    runs: list[Resized] = view.facts["resized"]
    judgement = Judgement()
    sizes = [(run.from_gbps < run.to_gbps) for run in runs]
    if True not in sizes or False not in sizes:
        judgement.fail(
            view.domain,
            t("the slice was not both grown and shrunk", "切片未完成扩容与缩容"),
            t("both", "两者"),
            str(len(runs)),
        )
    for run in runs:
        judgement.looked_at += 1
        change = f"{run.slice} {run.from_gbps:g} → {run.to_gbps:g} Gbit/s"
        if not run.deployed:
            judgement.fail(
                change,
                t("the deployment failed", "部署失败"),
                t("deployed", "部署成功"),
                run.why or t("failed", "失败"),
            )
        if not run.probe.received or run.probe.lost > view.bounds["max_lost"]:
            judgement.fail(
                change,
                t("traffic lost while the slice was resized", "切片调整期间丢包"),
                f"≤ {view.bounds['max_lost']:g}",
                f"{run.probe.lost} / {run.probe.sent}",
            )
        judgement.note(
            t(f"lost, {change}", f"丢失报文，{change}"), f"{run.probe.lost} / {run.probe.sent} ({run.seconds:g} s)"
        )
    return judgement


_MAX_LOSS = ("max_loss_percent", 0, "%", t("loss of the protected service", "受保护业务丢包率"))
_FULL = limit(
    "min_neighbour_loss_percent",
    5,
    "%",
    t("loss of the neighbour, which shows that it was full", "相邻业务的丢包率（证明其已拥塞）"),
)

CHECKS = (
    Check(
        "L2-FLO-01",
        t(
            "A service with bandwidth of its own loses nothing while best effort is full.",
            "尽力而为业务拥塞时，有带宽保障的业务不丢包。",
        ),
        t(
            "Send a datagram every millisecond at 80 % of a service's slice; between the same two devices, offer a "
            "service without a slice three and a half times what the lines leave to it; count both services' losses.",
            "以业务切片速率的 80% 每毫秒发送一个报文；同时在相同两台设备之间向无切片业务施加 3.5 倍于剩余带宽的负载；"
            "统计两者丢包。",
        ),
        Evidence.MEASURED,
        ("classes",),
        judge_classes,
        (limit(*_MAX_LOSS, _CLASSES), _FULL),
    ),
    Check(
        "L2-FLO-02",
        t("A slice is resized while traffic runs in it, and loses nothing.", "切片在业务运行中调整带宽，不丢包。"),
        t(
            "Deploy a copy of the design in which a slice is twice as large, and the design itself again, while a "
            "probe takes 80 % of the smaller rate.",
            "在探测流占用较小速率 80% 的同时，部署切片带宽加倍的设计副本，再部署原设计。",
        ),
        Evidence.MEASURED,
        ("resized",),
        judge_resize,
        (limit("max_lost", 0, "datagrams", t("datagrams lost in each resize", "每次调整丢失的报文"), _LARGE),),
    ),
    Check(
        "L3-FLO-01",
        t(
            "A slice feels nothing of a neighbour that is full: no loss, no delay.",
            "切片不受已拥塞的相邻切片影响：不丢包、时延不变。",
        ),
        t(
            "Send a datagram every millisecond at 80 % of a slice, first alone, then while another slice between the "
            "same two devices is offered ten times its rate; compare loss and median delay.",
            "以切片速率的 80% 每毫秒发送一个报文，先单独测量，再在相同两台设备之间对另一切片施加 10 倍速率的负载，"
            "比较丢包与时延中位数。",
        ),
        Evidence.MEASURED,
        ("slices_beside",),
        judge_isolation,
        (
            limit(*_MAX_LOSS, _HARD),
            _FULL,
            limit("max_growth_percent", 10, "%", t("growth of the median delay", "时延中位数增幅"), _HARD),
            limit(
                "clock_ms",
                0.5,
                "ms",
                t(
                    "growth that the machine's own processor makes and that counts for nothing",
                    "测试机处理器自身造成、不计入的时延增量",
                ),
            ),
        ),
    ),
)
