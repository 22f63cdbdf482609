"""What each level asks for, part by part, with the check that covers it, there or still to come.

A level is reached when all of its parts are covered and pass. The list is the report's chapter 3 (table 3-2 and the
text under Level2 to Level4); a part without a check is `blocked` by its name, so that a feature with half of its checks
is never taken for the whole. Level 1 needs no list: every feature that the report asks there has its checks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.types import Level
from citynet.levels.text import Text, t

if TYPE_CHECKING:
    from citynet.levels.model import Check

PARTS: dict[str, Text] = {
    "L2-SEC-01": t("intrusion detection at core and exit raises an alarm", "核心与出口入侵检测告警"),
    "L2-SEC-02": t("users, terminals and systems authenticate before they get on", "用户、终端、系统接入认证"),
    "L2-REL-01": t("quick switch-over when a line loses its light", "线路失光快速倒换"),
    "L2-REL-02": t("quick switch-over when a line is silent", "线路静默丢包快速倒换"),
    "L2-REL-03": t("availability of 99.99 %", "可用度 99.99%"),
    "L2-REL-04": t("fibres are watched along their length", "线路光纤检测"),
    "L2-RES-01": t("a failed path heals", "路径级失效自愈"),
    "L2-AVA-01": t("repair within minutes", "分钟级恢复"),
    "L2-PRI-01": t("every line between sites is encrypted (MACsec or IPsec)", "站点间线路加密（MACsec 或 IPsec）"),
    "L2-FLO-01": t("services get their class under congestion", "拥塞时业务获得差异化保障"),
    "L2-FLO-02": t("large-grain slices, resized while traffic runs", "大颗粒切片在线调整"),
    "L2-OPS-01": t("paths are seen on every layer", "全流通路径多维可视"),
    "L2-INT-01": t("an interface that reports by data identifier", "基于数据标识的开放接口"),
    "L2-COM-01": t("supervision records with all fields of the report", "监管数据字段齐全"),
    "L2-COM-02": t("data pass with an identifier that a fence allows, and only so", "数据凭围栏允许的标识通过"),
    "L3-SEC-01": t("a tap alarm moves services off a fibre", "光纤窃听告警后业务迁移"),
    "L3-SEC-02": t("a session loses its right while it runs", "会话期间动态收回权限"),
    "L3-REL-01": t("two cuts one after the other", "抗多次断纤"),
    "L3-REL-02": t("availability of 99.999 %", "可用度 99.999%"),
    "L3-RES-01": t("a failed service heals", "业务级失效自愈"),
    "L3-AVA-01": t("repair within seconds", "秒级恢复"),
    "L3-PRI-01": t("every line between sites is keyed from QKD", "站点间线路使用 QKD 密钥"),
    "L3-FLO-01": t("exclusive fine-grain slices with hard isolation", "独享小颗粒切片硬隔离"),
    "L3-FLO-02": t("a transfer with volume and deadline gets its bandwidth", "任务式弹性带宽"),
    "L3-FLO-03": t("RDMA over the long path within its loss bound", "广域无损传输"),
    "L3-OPS-01": t("services ordered and steered by policy, automatically", "自动化与精细化策略运营"),
    "L3-INT-01": t("a service is ordered end to end by the catalogue's interface", "一站式服务目录接口"),
    "L3-COM-01": t("the path of every labelled flow is recorded hop by hop", "带标识流的路径逐跳记录"),
    "L4-SEC-01": t("a line whose light says that it is mirrored is left", "线路防非法镜像"),
    "L4-SEC-02": t("nodes attest themselves before they carry traffic", "远程证明"),
    "L4-REL-01": t("paths of protected services share no risk group", "IP+光共享风险链路组隔离"),
    "L4-REL-02": t("availability of 99.9999 %", "可用度 99.9999%"),
    "L4-PRI-01": t("post-quantum key exchange everywhere", "密钥交换全部抗量子"),
    "L4-RES-01": t("a degrading line is left before it fails", "线路劣化提前规避"),
    "L4-AVA-01": t("faults are repaired without a hand", "故障自愈"),
    "L4-FLO-01": t("capacity follows a forecast", "容量随预测调整"),
    "L4-OPS-01": t("incidents are handled without a hand", "事件自动闭环"),
    "L4-INT-01": t("interfaces for an ecosystem", "生态级集成服务接口"),
    "L4-COM-01": t("violations are recognised and closed automatically", "违规智能识别与自动处置"),
}


def missing(levels: list[Level], covered: set[str]) -> dict[str, Text]:
    """The parts of some levels that no check covers."""
    return {name: what for name, what in PARTS.items() if Level(name[:2]) in levels and name not in covered}


def unlisted(checks: list[Check]) -> list[str]:
    """Checks above level 1 that stand for no part of the list."""
    return [check.id for check in checks if check.level is not Level.L1 and check.id not in PARTS]
