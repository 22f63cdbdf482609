"""Privacy at L1: "basic encryption".

The report's text on Level1 names one protection of a line: its two ends authenticate by protocol, so that
the topology can be trusted. Encryption of lines and of user data comes with Level2. So L1 asks here for keyed
authentication that works, and for encryption of what manages the network; user data stays in the clear, and
the scorecard says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import limit, report, seconds, snapshots_of
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.measurements import WrongKey
    from citynet.levels.model import View

_LINE_ENDS = report("3.2, Level1: the two ends of a line authenticate by protocol", "3.2 Level1：线路两端网元协议认证")
SAFE_CIPHERS = ("chacha20-poly1305", "aes128-gcm", "aes256-gcm", "aes128-ctr", "aes192-ctr", "aes256-ctr")
MANAGEMENT_PORT = 22


def judge_wrong_key(view: View, key: str) -> Judgement:
    """With a wrong key the neighbour is lost and stays lost; with the right one it returns."""
    run: WrongKey = view.facts[key]
    subject = f"{run.node} → {run.neighbor} ({run.protocol})"
    judgement = Judgement(looked_at=1)
    if run.down_s is None:
        judgement.fail(
            subject,
            t("stays up although the key is wrong", "密钥错误仍保持邻接"),
            t("down", "断开"),
            t("up", "保持"),
        )
    if run.returned_while_wrong:
        judgement.fail(
            subject,
            t("comes up with a wrong key", "密钥错误仍建立邻接"),
            t("stays down", "保持断开"),
            t("up", "建立"),
        )
    if run.restored_s is None:
        judgement.fail(
            subject,
            t("does not return with the right key", "恢复正确密钥后未重新建立"),
            t("up", "建立"),
            t("down", "断开"),
        )
    if run.watched_s < view.bounds["min_watched_s"]:
        judgement.fail(
            subject,
            t("was not watched for long enough", "观察时间不足"),
            f"≥ {view.bounds['min_watched_s']:g} s",
            seconds(run.watched_s),
        )
    judgement.note(t("neighbour lost after", "邻接断开用时"), seconds(run.down_s))
    judgement.note(t("stayed down for", "保持断开"), seconds(run.watched_s), f"≥ {view.bounds['min_watched_s']:g} s")
    judgement.note(t("back with the right key after", "恢复正确密钥后重建用时"), seconds(run.restored_s))
    return judgement


def judge_wrong_isis(view: View) -> Judgement:
    """IS-IS."""
    return judge_wrong_key(view, "wrong_isis")


def judge_wrong_bgp(view: View) -> Judgement:
    """BGP."""
    return judge_wrong_key(view, "wrong_bgp")


def judge_management(view: View) -> Judgement:
    """Devices are managed by SSH alone, with ciphers that are not broken."""
    judgement = Judgement()
    for name, snapshot in snapshots_of(view).items():
        judgement.looked_at += 1
        weak = [cipher for cipher in snapshot.ssh_ciphers if not cipher.startswith(SAFE_CIPHERS)]
        if not snapshot.ssh_ciphers or weak:
            judgement.fail(
                name,
                t("SSH offers weak ciphers or none", "SSH 提供弱算法或无算法"),
                ", ".join(SAFE_CIPHERS),
                ", ".join(weak) or t("none", "无"),
            )
        others = [
            item
            for item in snapshot.listeners
            if item.protocol == "tcp" and item.scope == "mgmt" and item.port != MANAGEMENT_PORT
        ]
        for item in others:
            judgement.fail(
                name,
                t(
                    f"{item.process or 'a process'} listens on the management network",
                    f"管理网上有 {item.process or '进程'} 监听",
                ),
                t("SSH only", "仅 SSH"),
                f"tcp/{item.port}",
            )
    judgement.note(t("nodes read", "读取的节点"), str(judgement.looked_at))
    return judgement


_WATCHED = (
    limit(
        "min_watched_s",
        2,
        "s",
        t(
            "time for which the neighbour must stay down (the duration is the project's own)",
            "邻接须保持断开的时间（时长为本项目自定）",
        ),
        _LINE_ENDS,
    ),
)

CHECKS = (
    Check(
        "L1-PRI-01",
        t("A neighbour with a wrong IS-IS key forms no adjacency.", "IS-IS 密钥错误的邻居不能建立邻接。"),
        t(
            "On the running device set a wrong key on one interface, watch the adjacency go and stay away "
            "for several hello times, put the saved key back, watch it return.",
            "在运行设备的一个接口上设置错误密钥，观察邻接断开并在数个 hello 周期内保持断开；放回原密钥，观察邻接恢复。",
        ),
        Evidence.FAULT,
        ("wrong_isis",),
        judge_wrong_isis,
        _WATCHED,
    ),
    Check(
        "L1-PRI-02",
        t("A neighbour with a wrong BGP password forms no session.", "BGP 密码错误的邻居不能建立会话。"),
        t(
            "On the running device set a wrong password on one session, watch it go and stay away, put the "
            "saved password back, watch it return.",
            "在运行设备的一个会话上设置错误密码，观察会话断开并保持断开；放回原密码，观察会话恢复。",
        ),
        Evidence.FAULT,
        ("wrong_bgp",),
        judge_wrong_bgp,
        _WATCHED,
    ),
    Check(
        "L1-PRI-03",
        t(
            "What manages the network is encrypted. (L1 encrypts no user data: the report asks for that from L2 on.)",
            "网络管理流量加密。（L1 不加密用户数据：报告自 L2 起要求。）",
        ),
        t(
            "Read every node: the ciphers its SSH server offers, and that nothing else listens on the "
            "management network.",
            "读取每个节点：SSH 服务提供的加密算法，以及管理网上没有其他监听。",
        ),
        Evidence.STATE,
        ("snapshots",),
        judge_management,
    ),
)
