"""The words of the documents in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.text import Text, t
from citynet.reports.documents.words_of_columns import COLUMNS
from citynet.reports.documents.words_of_encryption import ENCRYPTION
from citynet.reports.documents.words_of_light import LIGHT
from citynet.reports.documents.words_of_pictures import PICTURES

if TYPE_CHECKING:
    from citynet.levels.text import Language

ROLES: dict[str, Text] = {
    "core": t("core", "核心"),
    "aggregation": t("aggregation", "汇聚"),
    "edge": t("edge", "接入"),
    "border": t("border", "边界"),
    "optical": t("optical", "光"),
}

PARTICIPANT_KINDS: dict[str, Text] = {
    "provider": t("provider", "提供方"),
    "user": t("user", "使用方"),
    "operator": t("operator", "运营方"),
    "service": t("service", "服务方"),
    "regulator": t("regulator", "监管方"),
}

DATA_CLASSES: dict[str, Text] = {
    "public": t("general, public", "一般数据（公共）"),
    "commercial": t("general, commercial", "一般数据（商业）"),
    "important": t("important", "重要数据"),
    "core": t("core", "核心数据"),
}

SERVICE_KINDS: dict[str, Text] = {
    "l3vpn": t("layer 3", "三层"),
    "vpws": t("layer 2, point to point", "二层，点到点"),
    "evpn": t("layer 2, multipoint", "二层，多点"),
}

ZONE_KINDS: dict[str, Text] = {
    "campus": t("campus", "园区"),
    "district": t("district", "区"),
    "city": t("city", "市"),
    "province": t("province", "省"),
    "country": t("country", "境"),
}

PORT_KINDS: dict[str, Text] = {
    "link": t("link", "域内链路"),
    "attachment": t("attachment", "接入"),
    "interconnect": t("interconnect", "互联"),
}

CHAPTERS: dict[str, Text] = {
    "overview": t("Overview", "总体说明"),
    "sites": t("Sites and fibres", "站点与光缆"),
    "topology": t("Topology", "拓扑"),
    "addresses": t("Address plan", "地址规划"),
    "lines": t("Lines", "线路"),
    "services": t("Services", "业务"),
    "interconnects": t("Interconnects and guards", "域间互联与防护"),
    "devices": t("Devices", "设备"),
    "encryption": t("Encryption", "加密"),
    "optical": t("Optical base", "光底座"),
}
"""The chapters, in order; the key is the file's name."""

ABOUT: dict[str, Text] = {
    "overview": t("what this design is, in figures", "设计概况与数量"),
    "sites": t("places, zones, fibres, lengths, loss, risk groups", "位置、围栏区域、光缆、长度、损耗、风险组"),
    "topology": t("fibre layer, IP layer, services, as pictures", "光缆层、IP 层、业务层图"),
    "addresses": t(
        "blocks, loopbacks, locators, router identifiers, management, subnets, RD and RT",
        "地址块、环回、Locator、路由器标识、管理地址、子网、RD 与 RT",
    ),
    "lines": t("ends, rate, length, delay, fibres, risk groups", "端点、速率、长度、时延、光缆、风险组"),
    "services": t("ends, participants, data class, level, bandwidth", "端点、参与方、数据类别、等级、带宽"),
    "interconnects": t("the guarded lines between the domains and what passes", "两域之间的受控线路及放行规则"),
    "devices": t("one sheet per device", "每台设备一张表"),
    "encryption": t("lines with ciphers, tunnels, key servers, gaps", "线路及加密套件、隧道、密钥服务器、缺口"),
    "optical": t("spectrum, lit paths, ODUs, amplifiers", "频谱、光路、ODU、放大器"),
}

LABELS: dict[str, Text] = {
    "design": t("Low-level design", "详细设计"),
    "city": t("city", "城市"),
    "contents": t("Contents", "目录"),
    "chapter": t("Chapter", "章"),
    "map": t("Map", "地图"),
    "map_about": t(
        "sites at their coordinates, layers to switch on and off; one file that needs no network",
        "按坐标显示站点，图层可开关；单个文件，无需联网",
    ),
    "languages": t("Languages", "语言"),
    "home": t("Contents", "目录"),
    "nothing": t("None.", "无。"),
    "page": t("Page", "页"),
    "made": t(
        "Made from the plan by citynet {version}. Design digest (SHA-256): {digest}",
        "由 citynet {version} 根据规划生成。设计摘要（SHA-256）：{digest}",
    ),
    "secrets_note": t(
        "Secrets appear by name only; their values are in no document, plan or rendered file.",
        "密钥仅以名称出现；其值不在任何文档、规划或配置文件中。",
    ),
    "what_it_is": t("What this design is", "设计概况"),
    "what_it_is_text": t(
        "The city has one optical base and, on it, the networks of the domains below. They are physically separate: "
        "each has its own devices, addresses, routing and keys. They meet only at the guarded interconnects, where "
        "everything that is not listed is dropped. Each domain runs IS-IS for IPv6 with BFD, SRv6 with micro-SIDs "
        "and layer-3 VPNs over it.",
        "全市共用一张光网底座，其上承载下列各域的网络。各域物理隔离：设备、地址、路由、密钥各自独立，仅在受控互联处相接；"
        "未列明的流量一律丢弃。各域运行 IS-IS（IPv6）与 BFD、SRv6（uSID）及其上的三层 VPN。",
    ),
    "in_figures": t("In figures", "数量"),
    "domains": t("Domains", "域"),
    "zones": t("Zones", "围栏区域"),
    "participants": t("Participants", "参与方"),
    "roles_by_domain": t("Devices by role", "按角色统计设备"),
    "secrets": t("Secrets, by name", "密钥名称"),
    "sites": t("Sites", "站点"),
    "fibres": t("Fibres", "光缆"),
    "risk_groups": t("Risk groups", "共享风险组"),
    "risk_groups_text": t(
        "Fibres of one group can fail together: they share a duct, a bridge or a manhole.",
        "同组光缆可能同时中断：它们共用管道、桥梁或人井。",
    ),
    "fibres_text": t(
        "Length is that of the route. Loss is what was measured end to end; “–” where nobody measured.",
        "长度为路由长度。损耗为端到端实测值；未测量者记“–”。",
    ),
    "sites_text": t(
        "Coordinates are WGS-84, in degrees, north and east positive.", "坐标为 WGS-84，单位为度，北纬、东经为正。"
    ),
    "fibre_layer": t("Fibre layer", "光缆层"),
    "ip_layer": t("IP layer", "IP 层"),
    "service_layer": t("Service layer", "业务层"),
    "plane": t("plane", "平面"),
    "whole": t("whole domain", "全域"),
    "blocks": t("Blocks", "地址块"),
    "blocks_text": t(
        "Inside a domain's locator block each device has one /48; its loopback is in it. The last /48 numbers the "
        "interconnect lines. A service gives each end a /28 and a /64.",
        "域的 Locator 块中每台设备占一个 /48，环回地址在其中；最后一个 /48 用于互联线路。"
        "业务的每个端点分得一个 /28 与一个 /64。",
    ),
    "device_addresses": t("Devices", "设备"),
    "gateway": t("gateway", "网关"),
    "management": t("Management network", "管理网"),
    "interconnect_addresses": t("Interconnect lines", "互联线路"),
    "service_subnets": t("Subnets of services", "业务子网"),
    "rd_rt": t("Route distinguishers and route targets", "RD 与 RT"),
    "links_of": t("Links", "域内链路"),
    "attachments": t("Attachments", "用户接入"),
    "interconnect_lines": t("Interconnects", "域间互联"),
    "lines_text": t(
        "Delay is one way, by light in the fibre: 4.9 µs a kilometre (ITU-T G.652). "
        "Lines without fibres stay inside a site.",
        "时延为光在光纤中的单向传播时延：每公里 4.9 µs（ITU-T G.652）。无光缆的线路在站点内部。",
    ),
    "service_ends": t("Ends", "端点"),
    "service_carriers": t("Devices that carry it", "承载设备"),
    "participants_text": t("Who takes part in the circulation of data.", "数据流通的参与方。"),
    "rules": t("What passes", "放行规则"),
    "guard_text": t(
        "Default deny at both ends. Only these flows pass; their replies pass by state. "
        "Everything else is dropped and logged.",
        "两端默认拒绝。仅放行下列流，其应答按状态放行；其余丢弃并记录。",
    ),
    "platforms": t("Platforms", "平台"),
    "platforms_text": t(
        "What a platform makes of each technology, and its limits, as its capability table says.",
        "各平台对各项技术的支持与限制，据其能力表。",
    ),
    "device_list": t("Device sheets", "设备表"),
    "facts": t("Facts", "基本信息"),
    "ports": t("Ports", "端口"),
    "underlay": t("Underlay (IS-IS)", "底层路由（IS-IS）"),
    "srv6": t("SRv6", "SRv6"),
    "bgp": t("BGP neighbours", "BGP 邻居"),
    "bgp_clients": t("Route reflection clients", "路由反射客户"),
    "bgp_text": t(
        "iBGP of AS {asn}, VPN routes for IPv4 and IPv6, TCP-MD5 with the secret {key}.",
        "AS {asn} 的 iBGP，承载 IPv4 与 IPv6 的 VPN 路由，TCP-MD5 使用密钥 {key}。",
    ),
    "vrfs": t("VRFs", "VRF"),
    "layer2": t("Layer-2 services", "二层业务"),
    "vrf_peers": t("eBGP in VRFs", "VRF 内的 eBGP"),
    "guards": t("Guards", "防护规则"),
    "limits": t("Platform and its limits", "平台及其限制"),
    "yes": t("yes", "支持"),
    "no": t("no", "不支持"),
    "inward": t("inward", "入"),
    "outward": t("outward", "出"),
    "any_port": t("any", "任意"),
    "more": t("… and {count} more", "……另有 {count} 个"),
    "not_planned": t("not planned for", "未规划"),
    "inside": t("inside a site", "站内"),
}

COUNTED: dict[str, Text] = {
    "zones": t("zones", "围栏区域"),
    "sites": t("sites", "站点"),
    "sites_without_place": t("of these without coordinates", "其中无坐标"),
    "fibres": t("fibres", "光缆"),
    "fibre_km": t("fibre, km", "光缆总长（km）"),
    "risk_groups": t("risk groups", "风险组"),
    "devices": t("devices", "设备"),
    "links": t("links", "域内链路"),
    "attachments": t("attachments", "用户接入"),
    "interconnects": t("interconnects", "域间互联"),
    "participants": t("participants", "参与方"),
    "services": t("services", "业务"),
    "hosts": t("hosts of participants", "参与方主机"),
}

_ALL: dict[str, Text] = LABELS | COLUMNS | PICTURES | LIGHT | ENCRYPTION


def say(name: str, language: Language, **values: object) -> str:
    """A word or sentence of the documents."""
    text = _ALL[name].say(language)
    return text.format(**values) if values else text


def kind(words: dict[str, Text], key: str, language: Language) -> str:
    """The word of a role, kind or class; the key itself where there is none."""
    return words[key].say(language) if key in words else key
