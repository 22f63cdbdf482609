"""Words and small judgements that several features share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.model import Threshold
from citynet.levels.text import Text, t

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.levels.measurements import Reach, Snapshot
    from citynet.levels.model import Judgement, View
    from citynet.plan.model import Device, Host

OWN = t("project's own: the report gives no number", "本项目自定：报告未给出数值")
LOSS = t("pings lost", "丢包")
NONE = t("none", "无")
ONE_SITE = t("the domain has fewer than two sites, so no pair to judge", "该域少于两个站点，没有可评估的站点对")


def report(section_en: str, section_zh: str) -> Text:
    """The origin of a bound that the report states."""
    return t(f"report, {section_en}", f"报告{section_zh}")


def limit(name: str, default: float, unit: str, meaning: Text, origin: Text = OWN) -> Threshold:
    """A threshold; the project's own unless an origin is given."""
    return Threshold(name, default, unit, meaning, origin)


def devices_of(view: View) -> dict[str, Device]:
    """The domain's devices."""
    return {name: device for name, device in view.plan.devices.items() if device.domain == view.domain}


def hosts_of(view: View) -> dict[str, Host]:
    """The domain's hosts."""
    return {name: host for name, host in view.plan.hosts.items() if host.domain == view.domain}


def snapshots_of(view: View) -> dict[str, Snapshot]:
    """The domain's snapshots; a node that could not be read is not among them."""
    found: dict[str, Snapshot] = view.facts["snapshots"]
    return found


def ms(value: float) -> str:
    """Milliseconds for people."""
    return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"


def seconds(value: float | None) -> str:
    """Seconds for people; a dash when it never happened."""
    return "–" if value is None else f"{value:.1f} s"


def judge_reach(judgement: Judgement, reach: Iterable[Reach], max_loss_percent: float, when: Text) -> None:
    """Every pair of hosts reaches each other, losing no more than the bound."""
    for pair in reach:
        judgement.looked_at += 1
        loss = 100.0 * (pair.sent - pair.received) / pair.sent if pair.sent else 100.0
        if loss > max_loss_percent:
            judgement.fail(
                f"{pair.source} → {pair.destination} (IPv{pair.version})",
                t(f"traffic lost {when.en}", f"{when.zh}丢失流量"),
                t(f"loss ≤ {max_loss_percent:g} %", f"丢包 ≤ {max_loss_percent:g} %"),
                f"{loss:.1f} %",
            )
