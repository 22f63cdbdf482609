"""The words of pictures and their legends, in both languages; the key starts with `pic_`."""

from __future__ import annotations

from citynet.levels.text import Text, t

PICTURES: dict[str, Text] = {
    "pic_fibre": t("fibre (length in km)", "光缆（长度 km）"),
    "pic_shared": t("fibres that share a risk group", "同一风险组的光缆"),
    "pic_site": t("site; the number is that of its devices", "站点；数字为设备数"),
    "pic_group": t("several together; the number is that of devices", "若干合并；数字为设备数"),
    "pic_link": t("IP link", "IP 链路"),
    "pic_links": t("IP links (how many)", "IP 链路（数量）"),
    "pic_interconnect": t("interconnect", "域间互联"),
    "pic_other": t("border device of the other domain", "他域边界设备"),
    "pic_host": t("participant's host", "参与方主机"),
    "pic_carrier": t("device that carries the service", "承载业务的设备"),
    "pic_tunnel": t("VPN over SRv6", "SRv6 上的 VPN"),
    "pic_without_place": t("without coordinates", "无坐标"),
    "pic_by_place": t(
        "by bearing and distance from the centre; near ones are moved apart", "按相对中心的方位与距离排布；过近者已分开"
    ),
    "pic_by_links": t("arranged by connection: no coordinates in the design", "按连接关系排布：设计中无坐标"),
    "pic_together_site": t("drawn by site", "按站点合并"),
    "pic_together_zone": t("drawn by zone", "按围栏区域合并"),
    "pic_together_cell": t("drawn by area", "按地理网格合并"),
    "pic_together_name": t("drawn by the first part of the name", "按名称前段合并"),
    "pic_bundle": t("fibres (the thicker, the more)", "光缆（越粗越多）"),
    "pic_together_role": t("drawn by role", "按角色合并"),
    "pic_devices": t("{count} devices", "{count} 台设备"),
    "pic_lines": t("{count} lines", "{count} 条线路"),
    "pic_fibres": t("{count} fibres", "{count} 条光缆"),
    "pic_hosts": t("{count} hosts", "{count} 台主机"),
    "pic_plane": t("plane {plane}", "{plane} 平面"),
    "pic_role_core": t("core", "核心"),
    "pic_role_aggregation": t("aggregation", "汇聚"),
    "pic_role_edge": t("edge", "接入"),
    "pic_role_border": t("border", "边界"),
    "pic_role_optical": t("optical", "光"),
}
