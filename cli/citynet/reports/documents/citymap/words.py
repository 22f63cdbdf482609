"""The words of the map in both languages; the page carries all of them and switches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.text import t
from citynet.reports.documents.words import DATA_CLASSES, PARTICIPANT_KINDS, ROLES, ZONE_KINDS

if TYPE_CHECKING:
    from citynet.levels.text import Language, Text

_WORDS: dict[str, Text] = {
    "map": t("Map", "地图"),
    "layers": t("Layers", "图层"),
    "zones": t("Zones", "围栏区域"),
    "fibres": t("Fibres", "光缆"),
    "groups": t("Risk groups", "共享风险组"),
    "lines": t("IP lines", "IP 线路"),
    "interconnects": t("Interconnects", "域间互联"),
    "services": t("Services", "业务"),
    "labels": t("Labels", "标注"),
    "sites": t("Sites", "站点"),
    "devices": t("Devices", "设备"),
    "participants": t("Participants", "参与方"),
    "search": t("Search sites, devices, fibres, services …", "搜索站点、设备、光缆、业务……"),
    "nothing_found": t("Nothing of that name", "未找到"),
    "without_place": t("Sites without coordinates", "无坐标的站点"),
    "no_places": t("No site of this design has coordinates.", "本设计中的站点均无坐标。"),
    "zoom_in": t("Zoom in", "放大"),
    "zoom_out": t("Zoom out", "缩小"),
    "fit": t("Show all", "显示全部"),
    "close": t("Close", "关闭"),
    "hint": t(
        "Drag or arrow keys move, wheel or + and − zoom, 0 shows all. Click a site or a fibre.",
        "拖动或方向键平移，滚轮或 + − 缩放，0 显示全部。点击站点或光缆查看。",
    ),
    "canvas": t("Map of the city", "城市地图"),
    "zone": t("zone", "围栏区域"),
    "coordinates": t("coordinates (WGS-84)", "坐标（WGS-84）"),
    "length": t("length", "长度"),
    "loss": t("loss", "损耗"),
    "capacity": t("capacity", "容量"),
    "ends": t("Ends", "端点"),
    "domain": t("domain", "域"),
    "level": t("target level", "目标等级"),
    "data_class": t("data class", "数据类别"),
    "bandwidth": t("bandwidth per end", "每端带宽"),
    "plane": t("plane", "平面"),
    "together": t("Share a risk group with it", "与其同风险组"),
    "riding": t("IP lines on it", "承载的 IP 线路"),
    "more": t("… and {count} more", "……另有 {count} 个"),
    "north": t("N", "北"),
    "figures": t("Figures", "数量"),
    "made": t("citynet {version}, design {digest}", "citynet {version}，设计 {digest}"),
}

_KINDS = {"role": ROLES, "participant": PARTICIPANT_KINDS, "class": DATA_CLASSES, "zonekind": ZONE_KINDS}


def map_words(language: Language) -> dict[str, str]:
    """All words of the page in one language."""
    words = {name: text.say(language) for name, text in _WORDS.items()}
    for kind, texts in _KINDS.items():
        words |= {f"{kind}_{name}": text.say(language) for name, text in texts.items()}
    return words
