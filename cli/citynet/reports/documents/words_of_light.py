"""The words of the optical base in both languages."""

from __future__ import annotations

from citynet.levels.text import Text, t

LIGHT: dict[str, Text] = {
    "spectrum": t("Spectrum: fibres and wavelengths", "频谱：光缆与波长"),
    "spectrum_use": t(
        "slots of 6.25 GHz in use up to {highest} of {slots}; the fullest fibre, {fibre}, carries {bound}: no "
        "assignment on these routes needs less",
        "6.25 GHz 时隙用至第 {highest} 个，共 {slots} 个；最满的光缆 {fibre} 承载 {bound} 个，按此路由不可能更少",
    ),
    "spectrum_left": t("{count} fibres that carry least are not drawn", "负载最小的 {count} 条光缆未画出"),
    "light_working": t("working", "工作"),
    "light_protection": t("protection", "保护"),
    "light_restoration": t("restoration, dark until needed", "恢复（平时不点亮）"),
    "light_text": t(
        "Every line between two sites rides a lit path. GSNR is that of the worst channel of a full band in the worse "
        "direction, judged by GNPy; the margin is what it has over the need of its mode with the system margin.",
        "两个站点之间的每条线路都承载于一条光路。GSNR 取满配频谱中最差信道、较差方向的值，由 GNPy 评估；"
        "余量为超出模式所需（含系统余量）的部分。",
    ),
    "lit_paths": t("Lit paths", "光路"),
    "odu_trunks": t("ODUs in wavelengths", "波长中的 ODU"),
    "light_services": t("Services of the optical base", "光底座业务"),
    "amplified": t("Amplifiers", "放大器"),
}

LIGHT_COLUMNS: dict[str, tuple[str, str]] = {
    "lit_path": ("Lit path", "光路"),
    "frequency": ("Frequency (THz)", "中心频率（THz）"),
    "width": ("Width (GHz)", "宽度（GHz）"),
    "mode": ("Mode", "模式"),
    "gsnr": ("GSNR (dB)", "GSNR（dB）"),
    "margin": ("Margin (dB)", "余量（dB）"),
    "class": ("Class", "保护等级"),
    "odu": ("ODU", "ODU"),
    "slots": ("Tributary slots", "支路时隙"),
    "working": ("Working", "工作"),
    "other_path": ("Protection, restoration", "保护、恢复"),
    "amplifier": ("Amplifier", "放大器"),
    "at": ("At (km)", "位置（km）"),
    "gain": ("Gain a–b, b–a (dB)", "增益 a–b、b–a（dB）"),
}
