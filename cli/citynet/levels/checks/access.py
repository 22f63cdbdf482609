"""Trusted access: who gets on at all (L2), and who stays on when circumstances change (L3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import limit, report
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.text import Text, t

if TYPE_CHECKING:
    from citynet.levels.model import View
    from citynet.levels.trusted import Admission, Admitted, Stage, Withdrawn

_ACCESS = report("4.2.3: trusted access; 3.2, Level2: authenticated access", "4.2.3：可信接入；3.2 Level2：接入认证")
_DYNAMIC = report(
    "4.2.3: rights follow role, task and context, dynamically; 3.2, Level3",
    "4.2.3：依据角色、任务、环境动态授权；3.2 Level3",
)
_STAGES = {
    "on": t("with its own credential", "使用自身凭证"),
    "off": t("without a credential", "无凭证"),
    "wrong": t("with a certificate of another authority", "使用其他机构签发的证书"),
    "again": t("with its own credential, again", "重新使用自身凭证"),
}
_REFUSALS = ("FAILURE", "AUTHENTICATION_FAILED")
"""What a supplicant comes to (EAP, RFC 3748), and what an edge answers in IKE (RFC 7296, 2.21.2)."""
_CLOSED = t("its port is closed, nothing passes", "端口关闭，无报文通过")
_OPEN = t("its port is open, packets pass", "端口开放，报文通过")


def judge_admission(view: View) -> Judgement:
    """A host passes packets with its own credential, and none without or with a wrong one; every host is asked."""
    run: Admission = view.facts["admission"]
    judgement = Judgement(looked_at=len(run.tried))
    for one in run.tried:
        _one_host(judgement, one)
    for host in run.unasked:
        judgement.fail(
            host,
            t("gets on without proving who it is", "无需认证即可接入"),
            t("its service asks for access", "其业务要求接入认证"),
            t("anybody", "任何人"),
        )
    stages = [stage for one in run.tried for stage in one.stages]
    through = sum(stage.received for stage in stages if stage.name in {"off", "wrong"})
    sent = sum(stage.sent for stage in stages if stage.name in {"off", "wrong"})
    own = [stage for stage in stages if stage.name in {"on", "again"}]
    judgement.note(t("hosts tried", "测试的主机"), str(len(run.tried)))
    judgement.note(t("pings that pass without a right one", "无有效凭证时通过"), f"{through} / {sent}", "= 0")
    answered = sum(stage.received > 0 for stage in own)
    judgement.note(t("on with its own", "凭自身凭证接入"), f"{answered} / {len(own)}", f"= {len(own)}")
    return judgement


def _one_host(judgement: Judgement, one: Admitted) -> None:
    subject = f"{one.host} ({one.device}:{one.port})"
    seen = {stage.name: stage for stage in one.stages}
    for name, words in _STAGES.items():
        stage = seen.get(name)
        if stage is None:
            judgement.fail(subject, t(f"was not tried {words.en}", f"未测试：{words.zh}"), t("tried", "已测试"), "–")
            continue
        _one_stage(judgement, subject, stage, words)
    wrong = seen.get("wrong")
    if wrong is not None and wrong.said not in _REFUSALS:
        what = t("a wrong certificate is not refused", "错误证书未被拒绝")
        judgement.fail(subject, what, " / ".join(_REFUSALS), wrong.said or "–")


def _one_stage(judgement: Judgement, subject: str, stage: Stage, words: Text) -> None:
    figure = f"{stage.received} / {stage.sent}"
    if stage.name in {"on", "again"}:
        if not (stage.open and stage.received):
            what = t(f"does not get on {words.en}", f"未能接入：{words.zh}")
            judgement.fail(subject, what, _OPEN, t(f"{stage.said or '–'}, {figure}"))
    elif stage.open or stage.received:
        what = t(f"gets on {words.en}", f"仍可接入：{words.zh}")
        judgement.fail(subject, what, _CLOSED, t(f"{stage.said or '–'}, {figure}"))


def judge_withdrawn(view: View) -> Judgement:
    """A session that sends loses its right when its device's state changes, and has it back when that is over."""
    one: Withdrawn = view.facts["withdrawn"]
    most = view.bounds["max_withdrawal_s"]
    judgement = Judgement(looked_at=1)
    subject = f"{one.host} ({one.device}): {one.context}"
    if not one.before:
        what = t("did not send before, so silence proves nothing", "变化前没有流量，无应答不能证明什么")
        judgement.fail(subject, what, "> 0", "0")
    if not one.closed or one.after:
        what = t("keeps its right", "权限未被收回")
        judgement.fail(subject, what, _CLOSED, t(f"{one.after} pings answered", f"仍应答 {one.after} 次"))
    elif one.last_s > most:
        judgement.fail(subject, t("loses its right late", "权限收回过慢"), f"≤ {most:g} s", f"{one.last_s:.2f} s")
    if not one.returned:
        judgement.fail(subject, t("does not get on again afterwards", "恢复后未能重新接入"), _OPEN, _CLOSED)
    judgement.note(t("what changed", "变化"), one.context)
    judgement.note(t("pings answered before", "此前应答"), str(one.before), "> 0")
    judgement.note(
        t("from the change to the last packet", "从变化到最后一个报文"),
        f"{max(0.0, one.last_s):.2f} s",
        f"≤ {most:g} s",
    )
    return judgement


CHECKS = (
    Check(
        "L2-SEC-02",
        t(
            "Users, terminals and systems prove who they are before they get on; a wrong credential gets nothing.",
            "用户、终端、系统须先通过认证才能接入，错误凭证不能获得任何访问。",
        ),
        t(
            "Hosts that are on ping their gateway and another host; they leave, then ask with a certificate in their "
            "own name that another authority signed, then with their own. Without a right one nothing may be answered "
            "and the edge device has the port closed. Every service of the domain must ask for access. "
            f"{_ACCESS.en}",
            "已接入的主机 ping 其网关和另一台主机；随后下线，再以其他机构签发的同名证书请求接入，最后用自身证书接入。"
            f"没有有效证书时不得有任何应答，且边缘设备端口关闭。该域的每个业务都须要求接入认证。依据：{_ACCESS.zh}",
        ),
        Evidence.MEASURED,
        ("admission",),
        judge_admission,
    ),
    Check(
        "L3-SEC-02",
        t(
            "A session loses its right while it runs, within seconds, when its context changes.",
            "会话期间环境变化时，权限在数秒内被动态收回。",
        ),
        t(
            "While a host that is on sends 20 pings a second, the authentication server is told that the device is "
            "compromised (where a role bears that: that its right is withdrawn). From then to the last answer, by one "
            f"clock; afterwards that is taken back and the host gets on again. {_DYNAMIC.en}",
            "已接入的主机每秒发送 20 个 ping，期间告知认证服务器该设备已失陷（角色允许该状态时改为收回权限），"
            f"以同一时钟测量到最后一次应答的时间；随后撤销，主机应能重新接入。依据：{_DYNAMIC.zh}",
        ),
        Evidence.FAULT,
        ("withdrawn",),
        judge_withdrawn,
        (
            limit(
                "max_withdrawal_s",
                3,
                "s",
                t("from the change to the last packet", "从变化到最后一个报文"),
                t("project's own; the report says: within seconds", "本项目自定；报告要求：秒级"),
            ),
        ),
    ),
)
