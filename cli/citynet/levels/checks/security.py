"""Security at L1: boundary protection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import devices_of, limit, report, snapshots_of
from citynet.levels.model import Check, Evidence, Judgement, blocked
from citynet.levels.text import Text, t

if TYPE_CHECKING:
    from citynet.levels.measurements import Attempt, PortScan, Sweep
    from citynet.levels.model import View

PASSED_THROUGH = frozenset({"open", "reply", "refused", "heard"})
_TABLE = report("table 3-2, L1 security: boundary protection", "表3-2 L1 安全性：边界防护")


def judge_border(view: View) -> Judgement:
    """Nothing passes the border that the plan does not list; everything listed does."""
    sweep: Sweep = view.facts["sweep"]
    judgement = Judgement(looked_at=len(sweep.attempts))
    leaks = 0
    for attempt in sweep.attempts:
        passed = attempt.answer in PASSED_THROUGH
        if passed and not attempt.allowed:
            leaks += 1
            judgement.fail(
                _flow(attempt),
                t("passes the border though no rule allows it", "无放行规则却通过了边界"),
                t("dropped", "丢弃"),
                attempt.answer,
            )
        if attempt.allowed and attempt.answer not in {"open", "reply"}:
            judgement.fail(
                _flow(attempt),
                t("an allowed flow does not pass", "放行的流量未通过"),
                t("answered", "有应答"),
                attempt.answer,
            )
    allowed = [attempt for attempt in sweep.attempts if attempt.allowed]
    refused = len(sweep.attempts) - len(allowed)
    if not allowed:
        judgement.fail(
            ", ".join(sweep.border),
            t(
                "no allowed flow was tried, so silence proves nothing",
                "未测试任何放行流量，无应答不能证明什么",
            ),
            t("at least one", "至少一条"),
            "0",
        )
    if not refused:
        judgement.fail(
            ", ".join(sweep.border),
            t("no forbidden flow was tried", "未测试任何应拒绝的流量"),
            t("at least one", "至少一条"),
            "0",
        )
    judgement.note(t("forbidden flows tried", "测试的应拒绝流量"), str(refused))
    judgement.note(t("of these, came through", "其中通过"), str(leaks), f"≤ {view.bounds['max_leaks']:g}")
    judgement.note(t("allowed flows tried", "测试的放行流量"), str(len(allowed)))
    return judgement


def _flow(attempt: Attempt) -> str:
    port = f":{attempt.port}" if attempt.port else ""
    return f"{attempt.source} → {attempt.destination} {attempt.protocol}{port}"


def judge_ports(view: View) -> Judgement:
    """A device shows a service host no open port."""
    scans: list[PortScan] = view.facts["scans"]
    judgement = Judgement(looked_at=len(scans))
    scanned = {scan.device for scan in scans}
    for scan in scans:
        ports = [f"tcp/{port}" for port in scan.open_tcp] + [f"udp/{port}" for port in scan.open_udp]
        if len(ports) > view.bounds["max_open_ports"]:
            judgement.fail(
                f"{scan.device} ({scan.address})",
                t(f"answers the service host {scan.host}", f"向业务主机 {scan.host} 开放端口"),
                t("no open port", "无开放端口"),
                ", ".join(ports),
            )
    # In layer 2 no address of the device is in a host's reach.
    serving = {host.device for host in view.plan.hosts.values() if host.domain == view.domain and host.gateways}
    for name in sorted(serving - scanned):
        judgement.fail(
            name,
            t("was not scanned from its own host", "未从其接入主机扫描"),
            t("scanned", "已扫描"),
            t("not scanned", "未扫描"),
        )
    judgement.note(t("devices scanned", "扫描的设备"), str(len(scanned)))
    judgement.note(t("ports tried", "测试的端口"), str(sum(scan.tried for scan in scans)))
    return judgement


def judge_signed(view: View) -> Judgement:
    """Every adjacency and session that is up is authenticated, as the running daemons say."""
    judgement = Judgement()
    snapshots = snapshots_of(view)
    for name, device in devices_of(view).items():
        snapshot = snapshots.get(name)
        if snapshot is None:
            judgement.fail(name, t("cannot be read", "无法读取"), t("a snapshot", "可读取"), t("no answer", "无应答"))
            continue
        for interface in device.underlay.interfaces:
            judgement.looked_at += 1
            if device.interface(interface.port) not in snapshot.signed_ports:
                judgement.fail(
                    f"{name} {interface.port}",
                    t("IS-IS hellos are not signed", "IS-IS 报文未认证"),
                    "HMAC",
                    _NO_KEY,
                )
        for session in snapshot.sessions:
            judgement.looked_at += 1
            if not session.authenticated:
                judgement.fail(
                    f"{name} {session.vrf or 'default'} {session.address}",
                    t("BGP session is not signed", "BGP 会话未认证"),
                    "TCP-MD5",
                    _NO_KEY,
                )
    if not devices_of(view):
        return blocked(t("the plan has no device in this domain", "规划中该域没有设备"))
    judgement.note(t("adjacencies and sessions", "邻接与会话"), str(judgement.looked_at))
    return judgement


_NO_KEY: Text = t("no key", "无密钥")

CHECKS = (
    Check(
        "L1-SEC-01",
        t(
            "The domain's border drops every flow that the design does not allow.",
            "域边界丢弃设计未放行的所有流量（默认拒绝）。",
        ),
        t(
            "From hosts of the other domain: TCP, UDP and ICMP to every host of this domain and to the border's own "
            "addresses; from the far end of the interconnect itself: UDP, so that the other side's guard does not "
            "help. Listeners behind every port tell what came through, answered or not; the allowed flows must pass.",
            "从另一域的主机向本域全部主机及边界设备地址发起 TCP、UDP、ICMP 探测；并从互联链路对端设备直接发起 UDP"
            "探测，排除对侧防护的影响。每个被测端口后都有监听，记录一切到达的流量；放行的流量必须通过。",
        ),
        Evidence.MEASURED,
        ("sweep",),
        judge_border,
        (limit("max_leaks", 0, "flows", t("forbidden flows that pass", "通过的应拒绝流量"), _TABLE),),
    ),
    Check(
        "L1-SEC-02",
        t("No device shows an open port to a service host.", "任何设备不向业务主机开放端口。"),
        t(
            "nmap from each service host to the addresses of its own device and to the loopbacks it can "
            "name: management ports, routing daemons, common services.",
            "在每台业务主机上用 nmap 扫描接入设备的业务地址和环回地址：管理端口、路由进程端口、常见服务端口。",
        ),
        Evidence.MEASURED,
        ("scans",),
        judge_ports,
        (
            limit(
                "max_open_ports",
                0,
                "ports",
                t("ports a device may show a service host", "设备可向业务主机开放的端口"),
                _TABLE,
            ),
        ),
    ),
    Check(
        "L1-SEC-03",
        t("Both ends of every routing adjacency authenticate each other.", "每条路由邻接的两端互相认证。"),
        t(
            "Read the running daemons of every device: a key is set on every IS-IS interface and every BGP "
            "session of the plan.",
            "读取每台设备运行中的路由进程：规划的每个 IS-IS 接口、每个 BGP 会话均已启用密钥认证。",
        ),
        Evidence.STATE,
        ("snapshots",),
        judge_signed,
    ),
)
