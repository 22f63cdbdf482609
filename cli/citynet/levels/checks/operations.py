"""Operability at L1: what is there, and whether it is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import devices_of, hosts_of, limit, report, snapshots_of
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.measurements import Snapshot
    from citynet.levels.model import View
    from citynet.plan.model import Device

_BASIC = report(
    "3.2, Level1: basic operation and maintenance of network resources",
    "3.2 Level1：网络资源的基本运维运营能力",
)
SOFTWARE = ("kernel", "os")


def judge_inventory(view: View) -> Judgement:
    """Every node of the plan answers and says what it is."""
    judgement = Judgement()
    snapshots = snapshots_of(view)
    planned = [*devices_of(view), *hosts_of(view)]
    for name in planned:
        judgement.looked_at += 1
        snapshot = snapshots.get(name)
        if snapshot is None:
            why = view.facts.get("unreachable", {}).get(name, "")
            judgement.fail(
                name,
                t("cannot be read", "无法读取"),
                t("a snapshot", "可读取"),
                why or t("no answer", "无应答"),
            )
            continue
        wanted = (*SOFTWARE, "frr") if name in devices_of(view) else SOFTWARE
        for item in wanted:
            if not snapshot.software.get(item):
                judgement.fail(
                    name,
                    t(f"does not say its version of {item}", f"未报告 {item} 版本"),
                    t("a version", "版本号"),
                    t("nothing", "无"),
                )
        if snapshot.uptime_s <= 0:
            judgement.fail(
                name,
                t("does not say for how long it has been up", "未报告运行时间"),
                "> 0 s",
                f"{snapshot.uptime_s:g} s",
            )
    judgement.note(t("nodes in the plan", "规划的节点"), str(len(planned)))
    judgement.note(t("nodes read", "读取的节点"), str(len(snapshots)), f"= {len(planned)}")
    versions = {f"{key} {value}" for snapshot in snapshots.values() for key, value in snapshot.software.items()}
    judgement.note(t("software found", "发现的软件"), ", ".join(sorted(versions)))
    return judgement


def judge_health(view: View) -> Judgement:
    """Every device has the neighbours of the plan, and memory to spare."""
    judgement = Judgement()
    snapshots = snapshots_of(view)
    adjacencies = sessions = 0
    for name, device in devices_of(view).items():
        snapshot = snapshots.get(name)
        judgement.looked_at += 1
        if snapshot is None:
            judgement.fail(name, t("cannot be read", "无法读取"), t("a snapshot", "可读取"), t("no answer", "无应答"))
            continue
        _neighbours(judgement, device, snapshot)
        adjacencies += len(device.underlay.interfaces)
        sessions += len(device.bgp.neighbors)
        if snapshot.memory_mib > view.bounds["max_memory_mib"]:
            judgement.fail(
                name,
                t("uses much memory", "内存占用过高"),
                f"≤ {view.bounds['max_memory_mib']:g} MiB",
                f"{snapshot.memory_mib:.0f} MiB",
            )
        if not snapshot.daemons:
            judgement.fail(name, t("no routing daemon runs", "没有运行路由进程"), t("daemons", "有进程"), "0")
    judgement.note(t("IS-IS adjacencies planned", "规划的 IS-IS 邻接"), str(adjacencies))
    judgement.note(t("BGP sessions planned", "规划的 BGP 会话"), str(sessions))
    if snapshots:
        most = max(snapshots.values(), key=lambda item: item.memory_mib)
        judgement.note(
            t("most memory", "最大内存"),
            f"{most.memory_mib:.0f} MiB ({most.name})",
            f"≤ {view.bounds['max_memory_mib']:g} MiB",
        )
    return judgement


def _neighbours(judgement: Judgement, device: Device, snapshot: Snapshot) -> None:
    up = {item.port for item in snapshot.adjacencies if item.state.lower() == "up"}
    for interface in device.underlay.interfaces:
        if device.interface(interface.port) not in up:
            judgement.fail(
                f"{device.name} {interface.port}",
                t("no IS-IS adjacency", "没有 IS-IS 邻接"),
                "Up",
                next(
                    (item.state for item in snapshot.adjacencies if item.port == device.interface(interface.port)),
                    t("none", "无"),
                ),
            )
    established = {item.address for item in snapshot.sessions if item.state == "Established"}
    wanted = {peer.address: peer.name for peer in device.bgp.neighbors}
    wanted |= {peer.address: peer.name for vrf in device.vrfs for peer in vrf.peers}
    for address, peer_name in wanted.items():
        if address not in established:
            judgement.fail(
                f"{device.name} → {peer_name} ({address})",
                t("BGP session is not up", "BGP 会话未建立"),
                "Established",
                next((item.state for item in snapshot.sessions if item.address == address), t("none", "无")),
            )


CHECKS = (
    Check(
        "L1-OPS-01",
        t(
            "Every node of the plan can be read and says what it runs.",
            "规划的每个节点均可读取并报告其软件。",
        ),
        t(
            "Log in to every device and host and read software versions and uptime; compare with the plan's "
            "list of nodes.",
            "登录每台设备和主机，读取软件版本与运行时间，与规划的节点清单比对。",
        ),
        Evidence.STATE,
        ("snapshots",),
        judge_inventory,
    ),
    Check(
        "L1-OPS-02",
        t(
            "Every device is healthy: all planned neighbours up, memory within bounds.",
            "每台设备健康：规划的邻居全部在线，内存在限值内。",
        ),
        t(
            "Read IS-IS adjacencies, BGP sessions, routing daemons and memory of every device; compare with the plan.",
            "读取每台设备的 IS-IS 邻接、BGP 会话、路由进程和内存，与规划比对。",
        ),
        Evidence.STATE,
        ("snapshots",),
        judge_health,
        (
            limit(
                "max_memory_mib",
                512,
                "MiB",
                t("memory of all processes of a device", "设备全部进程的内存"),
                t(f"project's own; {_BASIC.en}", f"本项目自定；{_BASIC.zh}"),
            ),
        ),
    ),
)
