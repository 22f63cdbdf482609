"""Broken lines at L2 and L3: how soon traffic has left them, and whether it has a second way and a third."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import judge_reach, limit, ms, report
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.text import Text, t

if TYPE_CHECKING:
    from citynet.levels.measurements import Paced, Switched
    from citynet.levels.model import Threshold, View

_QUICK = report(
    "3.2, Level2: quick switch-over (the time is the project's own: well under a second)",
    "3.2 Level2：快速倒换能力（时间为本项目自定：远小于一秒）",
)
_PATH = report(
    "table 3-2, L2 resilience: heals a failed path (the number is the project's own)",
    "表3-2 L2 韧性：面向路径失效的自愈（数值为本项目自定）",
)
_TWICE = report(
    "3.2, Level3: survives several cuts of fibre (the time is the project's own)",
    "3.2 Level3：抗多次断纤（时间为本项目自定）",
)
_KINDS = {"cut": t("line cut", "断线"), "silent": t("line silent", "线路静默丢包")}


def _crossed(judgement: Judgement, run: Switched, bound: float) -> None:
    """The probe went over the line before, and felt that it was broken."""
    if run.carried < bound / 100.0:
        judgement.fail(
            run.line,
            t("the probe did not cross the line before it was broken", "断线前探测流未经过该线路"),
            f"≥ {bound:g} %",
            f"{100 * run.carried:.0f} %",
        )
    if run.kind == "silent" and not run.broken.lost:
        judgement.fail(
            run.line,
            t("a silent line lost nothing: the fault was not there", "静默线路未丢包：故障未生效"),
            t("datagrams lost", "有丢包"),
            "0",
        )


def _outage(judgement: Judgement, run: Switched, seen: Paced, bound: float, when: Text) -> None:
    subject = f"{run.source} → {run.destination}"
    if not seen.received:
        judgement.fail(subject, t("the probe never arrived", "探测流从未到达"), t("datagrams", "有到达"), "0")
    if seen.longest_outage_ms > bound:
        judgement.fail(
            f"{run.kind} {run.line}",
            t(f"outage too long {when.en}", f"{when.zh}中断时间过长"),
            f"≤ {ms(bound)}",
            ms(seen.longest_outage_ms),
        )
    judgement.note(t(f"longest outage {when.en}", f"{when.zh}最长中断"), ms(seen.longest_outage_ms), f"≤ {ms(bound)}")
    judgement.note(
        t(f"datagrams lost {when.en}", f"{when.zh}丢失报文"), f"{seen.lost} / {seen.sent} (1 ms, IPv{seen.version})"
    )
    judgement.note(t("the machine's own longest pause meanwhile", "期间测试机自身最长停顿"), ms(seen.pause_ms))


def judge_switch(view: View, key: str) -> Judgement:
    """One broken line: the gap when it breaks, the gap when it is mended."""
    run: Switched = view.facts[key]
    bounds = view.bounds
    judgement = Judgement(looked_at=1)
    judgement.note(t("broken", "故障对象"), f"{run.kind} {run.line}")
    _crossed(judgement, run, bounds["min_carried_percent"])
    _outage(judgement, run, run.broken, bounds["max_outage_ms"], t("when it broke", "故障时"))
    if run.mended is None:
        judgement.fail(
            run.line, t("was not measured when it was mended", "恢复时未测量"), t("a figure", "有数值"), t("none", "无")
        )
    else:
        _outage(judgement, run, run.mended, bounds["max_outage_ms"], t("when it was mended", "恢复时"))
    return judgement


def judge_cut(view: View) -> Judgement:
    """Light lost."""
    return judge_switch(view, "fast_cut")


def judge_silent(view: View) -> Judgement:
    """Light there, nothing passes."""
    return judge_switch(view, "fast_silent")


def judge_healed(view: View) -> Judgement:
    """Every pair of hosts passes while a line is still broken, cut or silent."""
    judgement = Judgement()
    for key in ("fast_cut", "fast_silent"):
        run: Switched = view.facts[key]
        words = _KINDS[run.kind]
        _crossed(judgement, run, view.bounds["min_carried_percent"])
        _all_pairs(judgement, run, view.bounds["max_loss_percent"], words)
    return judgement


def _all_pairs(judgement: Judgement, run: Switched, bound: float, words: Text) -> None:
    when = t(f"while {run.line} is broken ({words.en})", f"在 {run.line} 故障期间（{words.zh}）")
    judge_reach(judgement, run.reach, bound, when)
    if not run.reach:
        judgement.fail(
            run.line,
            t("no pair of hosts was tried during the fault", "故障期间未测试任何主机对"),
            t("every pair", "全部主机对"),
            "0",
        )
    passed = sum(pair.received > 0 for pair in run.reach)
    judgement.note(t(f"pairs that passed, {words.en}", f"{words.zh}期间连通的主机对"), f"{passed} / {len(run.reach)}")


def judge_two_cuts(view: View) -> Judgement:
    """Two lines cut one after the other, each on the way that the service took just then."""
    runs: list[Switched] = view.facts["two_cuts"]
    judgement = Judgement()
    bounds = view.bounds
    if len(runs) < 2 or runs[1].already != [runs[0].line]:
        judgement.fail(
            view.domain,
            t("the second line was not cut while the first was", "第二条线路未在第一条断线期间切断"),
            t("two lines cut at once", "两条线路同时中断"),
            str(len(runs)),
        )
        return judgement
    for number, run in enumerate(runs, 1):
        judgement.looked_at += 1
        judgement.note(t(f"cut {number}", f"第 {number} 次断纤"), run.line)
        _crossed(judgement, run, bounds["min_carried_percent"])
        _outage(judgement, run, run.broken, bounds["max_outage_ms"], t(f"at cut {number}", f"第 {number} 次断纤时"))
    pair = [
        reach
        for reach in runs[-1].reach
        if (reach.source, reach.destination) == (runs[-1].source, runs[-1].destination)
    ]
    judge_reach(judgement, pair, 0.0, t("with both lines cut", "两条线路均中断时"))
    if not pair:
        judgement.fail(
            runs[-1].line,
            t("the service was not tried with both lines cut", "两条线路均中断时未测试该业务"),
            t("pings", "有测试"),
            "0",
        )
    return judgement


def _bounds(origin: Text) -> tuple[Threshold, ...]:
    return (
        limit("max_outage_ms", 500, "ms", t("longest gap in the probe", "探测流最长中断"), origin),
        limit(
            "min_carried_percent",
            50,
            "%",
            t("share of the probe on the line before it was broken", "故障前探测流经过该线路的比例"),
        ),
    )


CHECKS = (
    Check(
        "L2-REL-01",
        t(
            "A line that loses its light is left within well under a second, and taken again without a gap.",
            "线路失光后，流量在远小于一秒内离开该线路，恢复后返回时亦无长中断。",
        ),
        t(
            "Send a datagram every millisecond from host to host; find by port counters a line that carries it and can "
            "be done without; cut it; mend it; measure the gap each time.",
            "主机间每毫秒发送一个报文，按端口计数找到承载它且可绕行的线路，切断、恢复，分别测量中断时间。",
        ),
        Evidence.FAULT,
        ("fast_cut",),
        judge_cut,
        _bounds(_QUICK),
    ),
    Check(
        "L2-REL-02",
        t(
            "A line that keeps its light and passes nothing is left within well under a second.",
            "线路有光但不通（静默丢包）时，流量在远小于一秒内离开该线路。",
        ),
        t(
            "As for the cut line, with both ends keeping their carrier while every packet is dropped in between.",
            "同断线检查，但两端保持载波，中间丢弃所有报文。",
        ),
        Evidence.FAULT,
        ("fast_silent",),
        judge_silent,
        _bounds(_QUICK),
    ),
    Check(
        "L2-RES-01",
        t(
            "Services whose path failed run on another path while the failure lasts, lost light and silence both.",
            "路径失效期间业务自动改走其他路径，失光与静默丢包均适用。",
        ),
        t(
            "While the line is cut, and again while it is silent, ping between all hosts of each service.",
            "线路切断期间、静默期间，分别在各业务所有主机间互 ping。",
        ),
        Evidence.FAULT,
        ("fast_cut", "fast_silent"),
        judge_healed,
        (
            limit("max_loss_percent", 0, "%", t("loss between any two hosts", "任意两主机间丢包率"), _PATH),
            limit(
                "min_carried_percent",
                50,
                "%",
                t("share of the probe on the line before it was broken", "故障前探测流经过该线路的比例"),
            ),
        ),
    ),
    Check(
        "L3-REL-01",
        t(
            "A service runs on after two cuts one after the other.",
            "相继两次断纤后业务仍然运行。",
        ),
        t(
            "Cut a line that carries a probe; find the way that it takes now, and cut a line of that too, if the plan "
            "leaves a third way; measure both gaps, and ping with both cut.",
            "切断承载探测流的线路；找到其新路径，若规划仍有第三条路径则再切断其中一条线路；"
            "测量两次中断时间，并在两条线路均中断时互 ping。",
        ),
        Evidence.FAULT,
        ("two_cuts",),
        judge_two_cuts,
        _bounds(_TWICE),
    ),
)
