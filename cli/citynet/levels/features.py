"""The report's table 3-2: nine features, what each level asks of them, and why a cell can be empty."""

from __future__ import annotations

from citynet.design.types import Level
from citynet.levels.model import Feature
from citynet.levels.text import Text, t

F = Feature

GROUPS: tuple[tuple[Text, tuple[Feature, ...]], ...] = (
    (t("Trusted network", "可信网络"), (F.SEC, F.REL, F.PRI, F.RES, F.AVA)),
    (t("Efficient flow", "高效流通"), (F.FLO, F.OPS, F.INT)),
    (t("Compliance", "合规监管"), (F.COM,)),
)

TITLES: dict[Feature, Text] = {
    F.SEC: t("Security", "安全性"),
    F.REL: t("Reliability", "可靠性"),
    F.PRI: t("Privacy", "隐私性"),
    F.RES: t("Resilience", "韧性"),
    F.AVA: t("Availability", "可用性"),
    F.FLO: t("Flow", "可流通性"),
    F.OPS: t("Operability", "可运营性"),
    F.INT: t("Integration", "可集成性"),
    F.COM: t("Compliance", "合规性"),
}

LEVEL_TITLES: dict[Level, Text] = {
    Level.L1: t("initial", "初始级可信"),
    Level.L2: t("strengthened", "强化级可信"),
    Level.L3: t("autonomous", "自主级可信"),
    Level.L4: t("self-governing", "自治级可信"),
}

DOMAIN_TITLES: dict[str, Text] = {
    "government": t("Government domain", "政务域"),
    "cross": t("Cross-domain circulation network", "跨域流通网"),
}

NOTHING_ASKED = t("the report asks nothing at this level", "报告在该等级无要求")

_ASKS: dict[Feature, tuple[Text, Text, Text, Text]] = {
    F.SEC: (
        t("boundary protection", "边界防护"),
        t("defence in depth", "纵深防护"),
        t("active defence", "主动防护"),
        t("intelligent defence", "智能防护"),
    ),
    F.REL: (t("99.9 %"), t("99.99 %"), t("99.999 %"), t("99.9999 %")),
    F.PRI: (
        t("basic encryption", "基础加密"),
        t("stronger encryption", "增强加密"),
        t("quantum-resistant encryption", "抗量子加密"),
        t("quantum-resistant encryption", "抗量子加密"),
    ),
    F.RES: (
        t("heals a failed device", "面向设备失效的自愈"),
        t("heals a failed path", "面向路径失效的自愈"),
        t("heals a failed service", "面向业务失效的自愈"),
        t("predicts attacks, acts before", "智能预测攻击失效预防性处置"),
    ),
    F.AVA: (
        t("MTTR in hours", "MTTR：小时级"),
        t("MTTR in minutes", "MTTR：分钟级"),
        t("MTTR in seconds", "MTTR：秒级"),
        t("self-healing", "MTTR：自愈"),
    ),
    F.FLO: (
        t("best effort", "尽力而为"),
        t("differentiated", "差异化保障"),
        t("high throughput, low latency, flexible, widely connected", "高吞吐低时延、灵活调度、广泛互联"),
        t("adaptive, predictive", "动态自适应、预测性优化，极致性能"),
    ),
    F.OPS: (
        t("one undifferentiated service", "无差别的基础网络服务运营"),
        t("central, differentiated", "集中管理控制的差异化运营"),
        t("automated, fine-grained policy", "自动化与精细化策略的运营"),
        t("self-governing, by value", "自治与价值运营"),
    ),
    F.INT: (
        t("none", "无集成性"),
        t("network-level interface", "网络级集成服务接口"),
        t("service-level interface", "业务级集成服务接口"),
        t("ecosystem interface", "生态级集成服务接口"),
    ),
    F.COM: (
        t("manual, at the border", "边界人工合规管控"),
        t("supervised and handled at the border", "边界集中监管和处置"),
        t("end to end, one system", "一体化端到端监管和处置"),
        t("recognised and closed automatically", "智能识别与自动化处置闭环"),
    ),
}


def asks(feature: Feature, level: Level) -> Text:
    """What the report asks of a feature at a level."""
    return _ASKS[feature][list(Level).index(level)]


def asks_nothing(feature: Feature, level: Level) -> bool:
    """Whether the report leaves the cell empty ("无集成性")."""
    return feature is Feature.INT and level is Level.L1


def levels_up_to(level: Level) -> list[Level]:
    """A level and all below it: a level includes them."""
    return list(Level)[: list(Level).index(level) + 1]


def domain_title(name: str, planned: str = "") -> Text:
    """A domain's name for people: the report's word; in Chinese the design's own title if it has one."""
    usual = DOMAIN_TITLES.get(name, t(name))
    return t(usual.en, planned or usual.zh)
