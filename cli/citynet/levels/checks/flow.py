"""Flow at L1: best effort, load shared over equal-cost paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import judge_reach, limit, report
from citynet.levels.model import Check, Evidence, Judgement, blocked
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.measurements import FullSize, Reach, Shares
    from citynet.levels.model import View

_BALANCE = report(
    "3.2, Level1: basic load balancing (the share is the project's own)",
    "3.2 Level1：基础的负载均衡（比例为本项目自定）",
)
_EFFORT = report(
    "table 3-2, L1 flow: best effort (the bound is the project's own)",
    "表3-2 L1 可流通性：尽力而为（数值为本项目自定）",
)


def judge_shares(view: View) -> Judgement:
    """What leaves an ingress router by other ports than its busiest, against an even split, over the domain."""
    shares: list[Shares] = view.facts["shares"]
    if not shares:
        return blocked(
            t("no two hosts of this domain have equal-cost paths between them", "该域没有主机之间存在等价路径")
        )
    judgement = Judgement()
    bound = view.bounds["min_share_percent"]
    spread = even = 0.0
    for ingress in dict.fromkeys(run.ingress for run in shares):
        ports = _total([run.ports for run in shares if run.ingress == ingress])
        total = sum(ports.values())
        if len(ports) < 2 or not total:
            _no_traffic(judgement, ingress, total)
            continue
        judgement.looked_at += 1
        spread += total - max(ports.values())
        even += total * (len(ports) - 1) / len(ports)
        split = ", ".join(f"{port} {100 * count / total:.0f} %" for port, count in sorted(ports.items()))
        judgement.note(t(f"bytes sent by {ingress}", f"{ingress} 发送的字节"), split)
    if even:
        percent = 100 * spread / even
        if percent < bound:
            too_little = t("equal-cost ports share too little of the load", "等价端口分担的流量过少")
            judgement.fail(view.domain, too_little, f"≥ {bound:g} %", f"{percent:.0f} %")
        flows = sum(run.flows for run in shares)
        name = t(f"load shared by {flows} flows, even split = 100 %", f"{flows} 条流的分担程度（均分为 100 %）")
        judgement.note(name, f"{percent:.0f} %", f"≥ {bound:g} %")
    return judgement


def _total(counts: list[dict[str, int]]) -> dict[str, int]:
    return {
        port: sum(count.get(port, 0) for count in counts)
        for port in dict.fromkeys(key for one in counts for key in one)
    }


def _no_traffic(judgement: Judgement, ingress: str, total: int) -> None:
    judgement.fail(
        ingress,
        t("no traffic on equal-cost ports", "等价端口上没有流量"),
        t("traffic on each", "各端口有流量"),
        str(total),
    )


def judge_best_effort(view: View) -> Judgement:
    """Every two hosts of a service reach each other."""
    reach: list[Reach] = view.facts["reach"]
    judgement = Judgement()
    judge_reach(judgement, reach, view.bounds["max_loss_percent"], t("without any fault", "无故障时"))
    sent = sum(pair.sent for pair in reach)
    received = sum(pair.received for pair in reach)
    judgement.note(t("pairs tried (IPv4 and IPv6)", "测试的主机对（IPv4 与 IPv6）"), str(len(reach)))
    judgement.note(
        t("loss", "丢包率"),
        f"{100.0 * (sent - received) / sent if sent else 100.0:.2f} %",
        f"≤ {view.bounds['max_loss_percent']:g} %",
    )
    return judgement


def judge_full_size(view: View) -> Judgement:
    """A host's largest packets pass whole."""
    found: FullSize = view.facts["full_size"]
    bound = int(view.bounds["min_mtu_bytes"])
    judgement = Judgement()
    judge_reach(
        judgement,
        found.reach,
        0.0,
        t(f"in packets of {found.packet_bytes} bytes", f"在 {found.packet_bytes} 字节报文下"),
    )
    if found.packet_bytes < bound:
        judgement.fail(
            view.domain,
            t("smaller packets were tried than asked", "测试报文小于要求"),
            f"≥ {bound}",
            str(found.packet_bytes),
        )
    judgement.note(t("pairs tried", "测试的主机对"), str(len(found.reach)))
    judgement.note(t("packets passed whole", "完整通过的报文"), f"{found.packet_bytes} B", f"≥ {bound} B")
    return judgement


CHECKS = (
    Check(
        "L1-FLO-01",
        t("Equal-cost paths share the load.", "等价路径分担负载。"),
        t(
            "Send many UDP flows between hosts whose routers have equal-cost paths; count the bytes that "
            "each of those "
            "ports sent. Judged over the domain: what left by other ports than each router's busiest, "
            "against an even split.",
            "在路由器之间存在等价路径的主机间发送多条 UDP 流，统计各等价端口发送的字节数。"
            "按全域判定：经最忙端口以外的端口发送的流量与均分之比。",
        ),
        Evidence.MEASURED,
        ("shares",),
        judge_shares,
        (
            limit(
                "min_share_percent",
                20,
                "% of an even split",
                t("load off the busiest port, against an even split", "最忙端口以外的分担量（相对均分）"),
                _BALANCE,
            ),
        ),
    ),
    Check(
        "L1-FLO-02",
        t(
            "Every two hosts of a service reach each other, on IPv4 and IPv6.",
            "同一业务的任意两台主机互通（IPv4 与 IPv6）。",
        ),
        t(
            "Ping between all hosts of each service, no fault in force.",
            "无故障时在各业务所有主机间互 ping。",
        ),
        Evidence.MEASURED,
        ("reach",),
        judge_best_effort,
        (limit("max_loss_percent", 0, "%", t("loss between any two hosts", "任意两主机间丢包率"), _EFFORT),),
    ),
    Check(
        "L1-FLO-03",
        t("Full-size packets pass between hosts whole.", "满长报文在主机间完整通过。"),
        t(
            "Ping between all hosts of each service with packets as large as their Ethernet takes, "
            "fragmentation "
            "forbidden: the network's own headers must not make them too large.",
            "在各业务所有主机间以以太网最大报文互 ping 且禁止分片：网络自身封装不得使报文超限。",
        ),
        Evidence.MEASURED,
        ("full_size",),
        judge_full_size,
        (
            limit(
                "min_mtu_bytes",
                1500,
                "bytes",
                t("size of an IP packet that must pass", "必须通过的 IP 报文长度"),
                _EFFORT,
            ),
        ),
    ),
)
