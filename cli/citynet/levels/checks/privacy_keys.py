"""Privacy at L3 and L4: keys from QKD that change and outlive an outage; post-quantum exchange wherever one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.levels.checks.common import devices_of, limit, report, seconds
from citynet.levels.model import Check, Evidence, Judgement
from citynet.levels.probes.privacy import lines_outside, quantum_users
from citynet.levels.text import Text, t

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.levels.measurements import Paced
    from citynet.levels.model import View
    from citynet.levels.sealing import Ike, KeyUser, Outage, Rotated, Seals

UP = frozenset({"up", "changing"})
PPK, ML_KEM = "PPK", "ML_KEM_768"
_QKD = report(
    "3.2, Level3: QKD over the whole network; the number is the project's own",
    "3.2 Level3：全域 QKD 量子加密能力；数值为本项目自定",
)
_HELD = t("the last key is held, never replaced by none", "保持最后一个密钥，绝不回落")


def judge_quantum(view: View) -> Judgement:
    """Every line and every tunnel that must has a key from QKD; keys change; a key server may fall silent."""
    judgement = Judgement()
    _lines_are_planned(judgement, view)
    seals: dict[str, Seals] = view.facts["seals"]
    users = quantum_users(view.plan, view.domain)
    _all_up(judgement, view, seals, t("in use", "使用中"))
    _ends_agree(judgement, view, seals)
    rotated: Rotated = view.facts["rotated"]
    for name, user in _each(users):
        judgement.looked_at += 1
        _changed(judgement, f"{name} {user}", _user(rotated.before, name, user), _user(rotated.after, name, user))
    _all_up(judgement, view, rotated.after, t("after its change", "更换后"))
    _nothing_lost(judgement, rotated.probe, t("while keys changed", "密钥更换期间"))
    judgement.note(t("all keys changed within", "全部密钥更换用时"), seconds(rotated.within_s))
    _outage(judgement, view, view.facts["outage"])
    return judgement


def _lines_are_planned(judgement: Judgement, view: View) -> None:
    """Whatever leaves a machine room has keys from QKD in the plan, or nothing below would look at it."""
    for line in lines_outside(view.plan, view.domain):
        for end in (line.a, line.b):
            judgement.looked_at += 1
            one = next((one for one in view.plan.devices[end.node].macsec if one.port == end.port), None)
            if one is None or one.source != "qkd":
                judgement.fail(
                    f"{end.node}:{end.port}",
                    t("its keys do not come from QKD", "密钥不来自 QKD"),
                    "QKD",
                    one.source if one else t("no encryption", "无加密"),
                )


def _each(users: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    return ((name, user) for name, mine in sorted(users.items()) for user in mine)


def _user(seals: dict[str, Seals], name: str, user: str) -> KeyUser | None:
    return seals[name].users.get(user) if name in seals else None


def _all_up(judgement: Judgement, view: View, seals: dict[str, Seals], when: Text) -> None:
    """Every user is up with a key that has a name, and IKE has taken it for its PPK."""
    for name, user in _each(quantum_users(view.plan, view.domain)):
        found = _user(seals, name, user)
        state = found.state if found else "–"
        if found is None or found.state not in UP or not found.key_id or found.source != "qkd":
            judgement.fail(
                f"{name} {user}",
                t(f"has no key from QKD {when.en}", f"{when.zh}没有来自 QKD 的密钥"),
                t("up, with the ID of its key", "已启用并有密钥标识"),
                f"{state} {found.key_id if found else ''}".strip(),
            )
    for name, connection in _connections(view, ppk=True):
        for one in _associations(seals, name, connection, judgement):
            if PPK not in one.suite:
                judgement.fail(
                    f"{name} {connection}",
                    t(f"IKE has no PPK {when.en}", f"{when.zh}IKE 未使用 PPK"),
                    PPK,
                    "/".join(one.suite),
                )


def _connections(view: View, *, ppk: bool) -> list[tuple[str, str]]:
    """Devices with the names of their IKE connections; of those with a PPK from QKD only, if asked."""
    return [
        (name, tunnel.name.replace(".", "/"))
        for name, device in devices_of(view).items()
        for one in device.protections
        if one.method == "ipsec" and (one.ppk or not ppk)
        for tunnel in one.tunnels
    ]


def _associations(seals: dict[str, Seals], name: str, connection: str, judgement: Judgement) -> list[Ike]:
    """The IKE SAs of a connection; a failure when there are none."""
    found = [one for one in seals[name].ike if one.name == connection] if name in seals else []
    found = [one for one in found if one.state == "ESTABLISHED"]
    if not found:
        judgement.fail(f"{name} {connection}", t("has no IKE SA", "没有 IKE SA"), "ESTABLISHED", t("none", "无"))
    return found


def _ends_agree(judgement: Judgement, view: View, seals: dict[str, Seals]) -> None:
    """Both ends of a line send under one key, whose ID MKA calls it by (its CKN)."""
    for line in lines_outside(view.plan, view.domain):
        ends = [_user(seals, end.node, f"line {end.port}") for end in (line.a, line.b)]
        keys = {one.key_id for one in ends if one is not None and one.state == "up"}
        if len(keys) > 1:
            judgement.fail(
                line.name,
                t("its ends use two keys", "两端使用不同密钥"),
                t("one key ID", "同一密钥标识"),
                " / ".join(keys),
            )


def _changed(judgement: Judgement, subject: str, before: KeyUser | None, after: KeyUser | None) -> None:
    if before is None or after is None or before.key_id == after.key_id:
        judgement.fail(
            subject,
            t("its key did not change", "密钥未更换"),
            t("another key ID", "新的密钥标识"),
            after.key_id if after else t("none", "无"),
        )


def _nothing_lost(judgement: Judgement, probe: Paced, when: Text) -> None:
    if probe.lost or not probe.received:
        judgement.fail(
            t("probe", "探测流").en,
            t(f"datagrams were lost {when.en}", f"{when.zh}有丢包"),
            "0",
            f"{probe.lost} / {probe.sent}",
        )
    judgement.note(t(f"datagrams lost {when.en}", f"{when.zh}丢失报文"), f"{probe.lost} / {probe.sent} (1 ms)", "0")


def _outage(judgement: Judgement, view: View, run: Outage) -> None:
    bounds = view.bounds
    if run.seconds < bounds["min_outage_s"]:
        judgement.fail(
            run.server,
            t("was silent for too short a time", "停服时间不足"),
            f"≥ {bounds['min_outage_s']:g} s",
            seconds(run.seconds),
        )
    for name in run.devices:
        judgement.looked_at += 1
        late = run.alarm_s.get(name)
        if late is None or late > bounds["max_alarm_s"]:
            judgement.fail(
                name,
                t(f"had no alarm in time although {run.server} was silent", f"{run.server} 停服未及时告警"),
                f"≤ {bounds['max_alarm_s']:g} s",
                seconds(late),
            )
        if name in run.after and run.after[name].alarms:
            judgement.fail(
                name,
                t("still has an alarm", "告警未消除"),
                t("none", "无"),
                "; ".join(alarm.name for alarm in run.after[name].alarms[:3]),
            )
    when = t(f"while {run.server} was silent: {_HELD.en}", f"{run.server} 停服期间：{_HELD.zh}")
    _all_up(judgement, view, run.during, when)
    users = quantum_users(view.plan, view.domain)
    for name in run.devices:
        for user in users.get(name, ()):
            _changed(judgement, f"{name} {user}", _user(run.during, name, user), _user(run.after, name, user))
    _nothing_lost(judgement, run.probe, t(f"while {run.server} was silent", f"{run.server} 停服期间"))
    worst = max((late for late in run.alarm_s.values() if late is not None), default=None)
    judgement.note(
        t("key server silent for", "密钥服务器停服"), seconds(run.seconds), f"≥ {bounds['min_outage_s']:g} s"
    )
    judgement.note(t("latest alarm after", "最迟告警"), seconds(worst), f"≤ {bounds['max_alarm_s']:g} s")


def judge_post_quantum(view: View) -> Judgement:
    """Every IKE SA that runs has ML-KEM; what makes no key exchange has keys from QKD."""
    seals: dict[str, Seals] = view.facts["seals"]
    judgement = Judgement()
    for name, connection in _connections(view, ppk=False):
        judgement.looked_at += 1
        _associations(seals, name, connection, judgement)
    count = 0
    for name in devices_of(view):
        for one in seals[name].ike if name in seals else ():
            count += 1
            if not any(ML_KEM in word for word in one.suite):
                judgement.fail(
                    f"{name} {one.name}",
                    t("its key exchange is not post-quantum", "密钥交换不抗量子"),
                    f"KE1_{ML_KEM}",
                    "/".join(one.suite) or one.state,
                )
    for name, device in devices_of(view).items():
        without = [(f"line {one.port}", one.source) for one in device.macsec]
        without += [(one.name, one.source) for one in device.protections if one.method == "sm4"]
        judgement.looked_at += len(without)
        for what, source in without:
            if source != "qkd":
                judgement.fail(
                    f"{name} {what}",
                    t("has no key exchange and no keys from QKD", "无密钥交换且密钥不来自 QKD"),
                    "QKD",
                    source,
                )
    judgement.note(t("IKE SAs read", "读取的 IKE SA"), str(count))
    return judgement


CHECKS = (
    Check(
        "L3-PRI-01",
        t(
            "Lines and important data have keys from QKD, which change without loss and outlive a silent key server.",
            "线路与重要数据使用 QKD 密钥；密钥更换无丢包，密钥服务器停服时保持加密并告警。",
        ),
        t(
            "Read key IDs and IKE suites of every device, wait until every key has changed while a probe runs, let a "
            "key server fall silent for longer than a key lives: the probe loses nothing, alarms come, the last key is "
            "held, keys change again afterwards.",
            "读取各设备的密钥标识与 IKE 套件；在探测流运行中等待全部密钥更换；使一台密钥服务器停服超过密钥寿命："
            "探测流不丢包、及时告警、保持最后密钥，恢复后密钥继续更换。",
        ),
        Evidence.FAULT,
        ("seals", "rotated", "outage"),
        judge_quantum,
        (
            limit("max_alarm_s", 5, "s", t("time to an alarm", "告警时间"), _QKD),
            limit("min_outage_s", 20, "s", t("time for which the key server is silent", "密钥服务器停服时长"), _QKD),
        ),
    ),
    Check(
        "L4-PRI-01",
        t("Every key exchange that runs has ML-KEM-768.", "运行中的每个密钥交换均含 ML-KEM-768。"),
        t(
            "Read every IKE SA of every device; lines and SM4 tunnels, which exchange no keys, have theirs from QKD.",
            "读取各设备全部 IKE SA；线路与 SM4 隧道无密钥交换，其密钥来自 QKD。",
        ),
        Evidence.STATE,
        ("seals",),
        judge_post_quantum,
    ),
)
