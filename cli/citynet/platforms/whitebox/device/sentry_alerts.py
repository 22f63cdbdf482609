"""Events of alerts: who is meant by name, what was found, by which data identifier; never more than can be read."""

from __future__ import annotations

import base64
import datetime as dt
import json
import socket
import syslog
import time
from typing import Any, Dict

from . import events

SETTINGS = "/etc/citynet/sentry.json"
EVENTS = events.FILE
BURST, RATE = 200.0, 20.0
"""Events at once, and in a second for long; those beyond are counted."""
_ETHERNET, _IPV6_TYPE, _IPV6_HEADER = 14, b"\x86\xdd", 40
_FIRST_HEADERS = (0, 60)
"""Extension headers that may hold the identifier: hop-by-hop and destination options (RFC 8200, 4.3 and 4.6)."""


class Told:
    """Alerts made events, by settings that may change."""

    def __init__(self, settings: Dict[str, Any]) -> None:
        self.settings(settings)
        self._room, self._at = BURST, time.monotonic()
        self._left_out = 0

    def settings(self, settings: Dict[str, Any]) -> None:
        """Names and meanings from now on."""
        self._settings = settings
        self._watches = {name: one["name"] for one in settings["watches"] for name in one["interfaces"]}

    def alert(self, line: bytes) -> None:
        """One alert, as Suricata writes it."""
        try:
            found: Dict[str, Any] = json.loads(line)
            what = dict(found["alert"])
        except (ValueError, KeyError, TypeError):
            return
        if not self._may_tell():
            self._left_out += 1
            return
        watch, kind = self._settings["rules"].get(str(what.get("signature_id")), ("", "rule"))
        source, destination = _address(found.get("src_ip")), _address(found.get("dest_ip"))
        detail = {
            "watch": watch or self._watches.get(found.get("in_iface", ""), ""),
            "kind": kind,
            "rule": what.get("signature_id", 0),
            "severity": what.get("severity", 0),
            "category": what.get("category", ""),
            "interface": found.get("in_iface", ""),
            "protocol": found.get("proto", ""),
            "application": found.get("app_proto", ""),
            "source": source,
            "source_port": found.get("src_port", 0),
            "source_host": self._name(source),
            "destination": destination,
            "destination_port": found.get("dest_port", 0),
            "destination_host": self._name(destination),
        }
        who, whom = self._name(source) or source, self._name(destination) or destination
        port = f" port {detail['destination_port']}" if detail["destination_port"] else ""
        tell(
            time=_time(found.get("timestamp", "")),
            alarm=True,
            subject=who,
            verdict="seen",
            identifier=identifier(found.get("packet", ""), self._settings["option"], self._settings["bits"]),
            reason=f"{what.get('signature', '')}: {who} to {whom}{port}"[:300],
            detail={name: value for name, value in detail.items() if value not in ("", 0)},
        )

    def blind(self, reason: str) -> None:
        """An alarm: nobody looks."""
        self._of_sentry(reason, alarm=True, verdict="blind")

    def sees_again(self, after_s: float) -> None:
        """The end of that."""
        self._of_sentry(f"Suricata looks again, after {after_s:.1f} s", alarm=False, verdict="restored")

    def overrun(self, drops: int, packets: int) -> None:
        """Packets that nobody looked at."""
        reason = f"{drops} of {packets} packets were not looked at: they came too fast (buffer_mb)"
        self._of_sentry(reason, alarm=True, verdict="overrun")

    def flush(self) -> None:
        """Tell of alerts that were left out, once there is room again."""
        if self._left_out and self._may_tell():
            number, self._left_out = self._left_out, 0
            self._of_sentry(f"{number} more alerts in a short time, not told one by one", alarm=True, verdict="seen")

    def _of_sentry(self, reason: str, *, alarm: bool, verdict: str) -> None:
        tell(
            time=time.time_ns() // 1000,
            alarm=alarm,
            subject=socket.gethostname(),
            verdict=verdict,
            identifier=0,
            reason=reason[:300],
            detail={"watch": " ".join(dict.fromkeys(self._watches.values())), "kind": "sentry"},
        )

    def _may_tell(self) -> bool:
        now = time.monotonic()
        self._room = min(BURST, self._room + (now - self._at) * RATE)
        self._at = now
        if self._room < 1.0:
            return False
        self._room -= 1.0
        return True

    def _name(self, address: str) -> str:
        name: str = self._settings["names"].get(address, "")
        return name


def identifier(packet: str, option: int, bits: int) -> int:
    """The data identifier of an Ethernet frame (base64), where a border looks for it; 0 when there is none."""
    try:
        data = base64.b64decode(packet)
    except ValueError:
        return 0
    ip, size = data[_ETHERNET:], bits // 8
    at = _IPV6_HEADER + 4
    if data[_ETHERNET - 2 : _ETHERNET] != _IPV6_TYPE or len(ip) < at + size or ip[6] not in _FIRST_HEADERS:
        return 0
    if ip[at - 2] != option or ip[at - 1] != size:
        return 0
    return int.from_bytes(ip[at : at + size], "big")


def _address(text: Any) -> str:
    """As people write it: Suricata writes every digit of IPv6."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            return socket.inet_ntop(family, socket.inet_pton(family, str(text)))
        except OSError:
            continue
    return ""


def _time(text: str) -> int:
    try:
        return int(dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp() * 1_000_000)
    except (ValueError, TypeError):
        return time.time_ns() // 1000


def tell(**event: Any) -> None:
    """Add an event to those that are collected from this device; a full disk must not stop the looking."""
    try:
        events.record("intrusion", path=EVENTS, **event)
    except OSError as error:
        syslog.syslog(syslog.LOG_ERR, f"an event was not written: {error}: {event['reason']}")
