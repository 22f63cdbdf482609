"""Privacy at L2: what leaves a machine room is encrypted. Captures on the lines say so, not the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import limit, report
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.probes.privacy import lines_outside
from citynet.levels.text import t
from citynet.proof.encryption.due import of_service

if TYPE_CHECKING:
    from citynet.levels.model import View
    from citynet.levels.sealing import Captured, Macsec, Marked, Seals, Wire

MACSEC, MKA = "0x88e5", "0x888e"
"""EtherTypes of what an encrypted line carries (IEEE 802.1AE, IEEE 802.1X)."""
_LINES = report(
    "3.2, Level2: lines have high-performance encryption that keeps data private",
    "3.2 Level2：网络具备高性能线路加密能力保障数据隐私性",
)


def judge_lines(view: View) -> Judgement:
    """Nothing can be read on a line between sites; all that is there is encrypted, by the cipher that was planned."""
    captured: Captured = view.facts["captured"]
    seals: dict[str, Seals] = view.facts["seals"]
    judgement = Judgement()
    wires = {wire.line: wire for wire in captured.wires}
    for line in lines_outside(view.plan, view.domain):
        judgement.looked_at += 1
        wire = wires.get(line.name)
        if wire is None:
            judgement.fail(line.name, t("was not captured", "未抓包"), t("a capture", "抓包"), t("none", "无"))
            continue
        _wire(judgement, wire)
        for end in (line.a, line.b):
            _cipher(judgement, view, end.node, end.port, seals)
    _flows(judgement, view, captured)
    return judgement


def _wire(judgement: Judgement, wire: Wire) -> None:
    readable = sum(wire.plain.values())
    if readable:
        judgement.fail(
            wire.line,
            t("marked payload can be read on the line", "线路上可读到标记的明文"),
            t("0 frames", "0 帧"),
            t(f"{readable} frames", f"{readable} 帧"),
        )
    others = {kind: count for kind, count in wire.kinds.items() if kind not in {MACSEC, MKA}}
    if others:
        judgement.fail(
            wire.line,
            t("frames that are not MACsec", "有未经 MACsec 的帧"),
            f"{MACSEC}, {MKA}",
            ", ".join(f"{kind}: {count}{_example(wire, kind)}" for kind, count in sorted(others.items())),
        )
    if not wire.kinds.get(MACSEC):
        judgement.fail(
            wire.line,
            t("carried no encrypted frame while marked payload flowed", "标记流量期间线路上没有加密帧"),
            MACSEC,
            t(f"{wire.frames} frames of other kinds", f"{wire.frames} 个其他帧"),
        )


def _example(wire: Wire, kind: str) -> str:
    return f" ({wire.examples[kind][0]})" if wire.examples.get(kind) else ""


def _cipher(judgement: Judgement, view: View, node: str, port: str, seals: dict[str, Seals]) -> None:
    """What runs at an end is what was planned, and refuses what is not encrypted."""
    planned = next((one for one in view.plan.devices[node].macsec if one.port == port), None)
    if planned is None:
        judgement.fail(f"{node}:{port}", t("no encryption was planned", "未规划加密"), "MACsec", t("none", "无"))
        return
    running = [one for one in seals[node].macsec if one.port == port and one.up] if node in seals else []
    if not running:
        judgement.fail(f"{node}:{port}", t("no MACsec runs", "MACsec 未运行"), planned.cipher, t("none", "无"))
    for one in running:
        if has := _weakness(one, planned.cipher):
            judgement.fail(
                f"{node}:{one.interface}",
                t("MACsec is weaker than planned", "MACsec 弱于规划"),
                f"{planned.cipher}, encrypt, protect, validate strict",
                has,
            )


def _weakness(one: Macsec, cipher: str) -> str:
    if one.cipher == cipher and one.encrypts and one.protects and one.validates == "strict":
        return ""
    words = ["encrypt" if one.encrypts else "no encrypt", "protect" if one.protects else "no protect"]
    return f"{one.cipher}, {', '.join(words)}, validate {one.validates}"


def _flows(judgement: Judgement, view: View, captured: Captured) -> None:
    """Every marked flow came back, and those that are due encryption from end to end cannot be read on the way."""
    wires = captured.wires
    for flow in captured.flows:
        if flow.echoed < flow.sent * view.bounds["min_returned_percent"] / 100.0:
            judgement.fail(
                f"{flow.flow} {flow.source} → {flow.destination} (IPv{flow.version})",
                t("marked payload did not come back: the capture proves little", "标记流量未返回：抓包证明力不足"),
                f"≥ {view.bounds['min_returned_percent']:g} %",
                f"{flow.echoed} / {flow.sent}",
            )
    sealed = {flow.mark: flow for flow in captured.flows if _is_due(view, flow)}
    for mark, flow in sealed.items():
        read = [wire.line for wire in wires if (wire.within or {}).get(mark)]
        if read:
            judgement.fail(
                flow.flow,
                t("can be read by devices on the way", "途中设备可读到明文"),
                t("encrypted from end to end", "端到端加密"),
                ", ".join(read[:4]),
            )
    if sealed and not sum(wire.esp for wire in wires):
        judgement.fail(view.domain, t("no packet of ESP was seen", "未见 ESP 报文"), "ESP", "0")
    frames = sum(wire.frames for wire in wires)
    readable = sum(sum(wire.plain.values()) for wire in wires)
    judgement.note(t("lines captured", "抓包的线路"), str(len(wires)))
    judgement.note(t("frames with readable payload", "含可读明文的帧"), f"{readable} / {frames}", "0")
    returned = sum(flow.echoed for flow in captured.flows)
    judgement.note(
        t("marked payloads that came back", "返回的标记流量"),
        f"{returned} / {sum(flow.sent for flow in captured.flows)}",
    )
    judgement.note(
        t("packets encrypted from end to end (ESP)", "端到端加密的报文（ESP）"), str(sum(w.esp for w in wires))
    )


def _is_due(view: View, flow: Marked) -> bool:
    """Whether a flow is due encryption from end to end: its own, or that of the service that it is a part of."""
    name, _, application = flow.flow.partition(".")
    service = view.plan.services[name]
    one = next((one for one in service.applications if one.name == application), None)
    return any(of_service(view.plan, service, part).grade is not None for part in (one, None))


CHECKS = (
    Check(
        "L2-PRI-01",
        t(
            "Nothing can be read on a line between sites, and what is encrypted from end to end nowhere on the way.",
            "站点间线路上读不到任何明文；端到端加密的数据途中亦不可读。",
        ),
        t(
            "Capture every line between sites at one end while marked payload of every service and application goes "
            "there and back: count readable marks, kinds of frames, ESP behind MACsec; read cipher and strictness from "
            "the running devices at both ends.",
            "在每条站点间线路一端抓包，同时各业务及应用的标记流量往返：统计可读标记、帧类型、MACsec 之内的 ESP；"
            "从两端运行设备读取加密套件与校验方式。",
        ),
        Evidence.MEASURED,
        ("captured", "seals"),
        judge_lines,
        (
            limit(
                "min_returned_percent",
                50,
                "%",
                t("marked payloads of each flow that must come back", "每条流须返回的标记流量比例"),
                _LINES,
            ),
        ),
    ),
)
