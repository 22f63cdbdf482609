"""The words of encryption in both languages."""

from __future__ import annotations

from citynet.levels.text import Text, t

ENCRYPTION: dict[str, Text] = {
    "encryption_text": t(
        "Data on a line outside a machine room is never in the clear: lines between sites have MACsec, and services "
        "what the class of their data asks for from end to end. Keys stand here by the names of their secrets only; "
        "keys from QKD have none.",
        "机房之外的线路上没有明文：站点间线路采用 MACsec，业务按数据分级端到端加密。此处密钥只写其名称；"
        "来自 QKD 的密钥没有名称。",
    ),
    "encryption_levels": t("Levels of encryption", "加密等级"),
    "encryption_lines": t("Lines between sites", "站点间线路"),
    "encryption_tunnels": t("Tunnels between devices", "设备间隧道"),
    "encryption_servers": t("Key servers", "密钥服务器"),
    "encryption_gaps": t("Whatever is weaker than is due", "弱于应有等级之处"),
    "encryption_design": t("In the clear by design", "按设计为明文之处"),
    "closed": t("closed", "关闭"),
    "open": t("in the clear", "明文"),
    "qkd": t("QKD", "QKD"),
    "vault": t("vault", "保管库"),
    "certificates": t("certificates", "证书"),
    "certificates_ppk": t("certificates, PPK from QKD", "证书，QKD 提供的 PPK"),
}

ENCRYPTION_COLUMNS: dict[str, tuple[str, str]] = {
    "encryption": ("Encryption of level", "加密等级"),
    "algorithms": ("Algorithms", "密码算法"),
    "cipher": ("Cipher", "加密套件"),
    "keys": ("Keys", "密钥来源"),
    "master": ("Begins", "主端"),
    "keyless": ("Without a key", "无密钥时"),
    "protection": ("Protection", "加密对象"),
    "grade": ("Grade", "档次"),
    "method": ("Method", "方式"),
    "ml_kem": ("ML-KEM", "ML-KEM"),
    "integrity": ("Integrity (bits)", "完整性（比特）"),
    "url": ("Interface", "接口"),
    "rotate": ("Keys change every (s)", "密钥更换周期（s）"),
    "hold": ("Held beyond that (s)", "此后保持（s）"),
    "claim": ("Claim", "条目"),
}
