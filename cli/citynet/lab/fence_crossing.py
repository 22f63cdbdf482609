"""A packet over an interconnect of a running lab, of the kind that its guards let pass: does it arrive?

Guards are stateful: they let the flows of a list be opened, and answers of open flows back. So the probe is the first
packet of a flow on the list; or, from the host that answers, the first answer to it.
"""

from __future__ import annotations

import json
import secrets
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from citynet.lab.fence_probe import STICKY
from citynet.lab.waiting import until
from citynet.plan.fences.words import option

if TYPE_CHECKING:
    from citynet.lab.running import Lab
    from citynet.plan.model import DeviceFence, GuardRule, Host, Plan, PlannedIdentifier

_WAIT_S = 3.0
_FIRST_PORT, _PORTS = 20_000, 10_000
_TAKE = """
import json, socket, sys
told = json.loads(sys.argv[1])
taker = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x86DD))
taker.settimeout(15)
source, wanted = socket.inet_pton(socket.AF_INET6, told["source"]), bytes.fromhex(told["wanted"])
open(told["place"], "w").close()
while True:
    packet, where = taker.recvfrom(2000)
    if where[2] != socket.PACKET_OUTGOING and packet[8:24] == source and wanted in packet[40:]:
        break
open(told["place"], "w").write(told["word"])
"""
_SEND = """
import json, socket, struct, sys
told = json.loads(sys.argv[1])
kinds = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0), "icmp": (socket.SOCK_RAW, 58)}
out = socket.socket(socket.AF_INET6, *kinds[told["protocol"]])
out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
out.settimeout(3)
if told["header"]:
    out.setsockopt(socket.IPPROTO_IPV6, told["sticky"], bytes.fromhex(told["header"]))
data = bytes.fromhex(told["data"])
try:
    if told["protocol"] != "icmp":
        out.bind(("::", told["own"]))
    if told["protocol"] != "tcp":
        for _ in range(3):
            out.sendto(data, (told["address"], told["port"]))
    elif told["listens"]:
        out.settimeout(8)
        out.listen()
        open(told["place"], "w").close()
        out.accept()
    else:
        out.connect((told["address"], told["port"]))
except OSError:
    pass
"""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A rule of a guard by which two hosts talk: which of them opens flows, and where they go."""

    rule: GuardRule
    opener: Host
    answerer: Host

    @property
    def port(self) -> int:
        """Where flows go; 0 for protocols without ports."""
        return self.rule.ports[0] if self.rule.ports else 0


def crossing(plan: Plan, start: Host, end: Host) -> Crossing | None:
    """The rule by which two hosts of different services talk, one that `start` opens flows by before any other."""
    rules = [rule for device in plan.devices.values() for guard in device.guards for rule in guard.rules]
    for opener, answerer in ((start, end), (end, start)):
        for rule in rules:
            if opener.address(6) in rule.sources and answerer.address(6) in rule.destinations:
                return Crossing(rule, opener, answerer)
    return None


def arrives_across(
    lab: Lab, start: Host, over: Crossing, fence: DeviceFence, identifier: PlannedIdentifier | None
) -> bool:
    """Send it from `start` to the other host of the crossing, and see."""
    return _Probe(lab, over, fence, identifier.number if identifier else 0).arrives(start)


class _Probe:
    """One flow of a crossing, by numbers of its own."""

    def __init__(self, lab: Lab, over: Crossing, fence: DeviceFence, identifier: int) -> None:
        self._lab, self._over, self._fence, self._identifier = lab, over, fence, identifier
        self._word = secrets.token_hex(8)
        self._own = _FIRST_PORT + secrets.randbelow(_PORTS)

    def arrives(self, start: Host) -> bool:
        opener, answerer = self._over.opener, self._over.answerer
        end = answerer if start.name == opener.name else opener
        place = self._background(end, _TAKE, {"source": start.address(6), "wanted": self._wanted(start).hex()})
        listening = ""
        if start.name == opener.name:
            self._run(_SEND, opener, self._opening(self._identifier))
        elif self._over.rule.protocol == "tcp":
            listening = self._background(answerer, _SEND, self._answer())
            self._run(_SEND, opener, self._opening(self._asking()))
        else:
            self._run(_SEND, opener, self._opening(self._asking()))
            self._run(_SEND, answerer, self._answer())
        came = until(lambda: self._lab.node(end.name, f"cat {place}") == self._word, _WAIT_S)
        self._lab.node(end.name, f"rm -f {place}")
        self._lab.node(start.name, f"rm -f {listening}")
        return came

    def _asking(self) -> int:
        """The identifier of what is answered: that of the list, or the same."""
        return self._over.rule.identifiers[0] if self._over.rule.identifiers and self._identifier else self._identifier

    def _wanted(self, start: Host) -> bytes:
        """What the packet has behind its header, and no other of these hosts."""
        if self._over.rule.protocol != "tcp":
            return self._data(answers=start.name == self._over.answerer.name)[-8:]
        ports = (self._own, self._over.port) if start.name == self._over.opener.name else (self._over.port, self._own)
        return b"".join(port.to_bytes(2, "big") for port in ports)

    def _data(self, *, answers: bool) -> bytes:
        """The word, the other way round in an answer; behind the head of an echo where it is one (RFC 4443, 4)."""
        word = bytes.fromhex(self._word)
        kind = bytes([129 if answers else 128, 0, 0, 0]) + self._own.to_bytes(2, "big") + bytes(2)
        return (kind if self._over.rule.protocol == "icmp" else b"") + (word[::-1] if answers else word)

    def _opening(self, identifier: int) -> dict[str, Any]:
        to = self._over.answerer.address(6)
        told = {"address": to, "port": self._over.port, "own": self._own, "data": self._data(answers=False).hex()}
        return {**self._labelled(identifier), **told, "listens": False}

    def _answer(self) -> dict[str, Any]:
        back = {"address": self._over.opener.address(6), "port": self._own if self._over.port else 0}
        told = {**back, "own": self._over.port, "data": self._data(answers=True).hex(), "listens": True}
        return {**self._labelled(self._identifier), **told}

    def _labelled(self, identifier: int) -> dict[str, Any]:
        header = option(self._fence, identifier).hex() if identifier else ""
        return {"protocol": self._over.rule.protocol, "header": header, "sticky": STICKY[self._fence.headers[0]]}

    def _run(self, program: str, host: Host, told: dict[str, Any]) -> None:
        self._lab.node(host.name, shlex.join(["python3", "-c", program, json.dumps(told)]))

    def _background(self, host: Host, program: str, told: dict[str, Any]) -> str:
        """Start it and wait until it is ready: then its file is there."""
        place = f"/tmp/citynet-probe-{secrets.token_hex(8)}"  # noqa: S108 - on a host of the lab, a name nobody guesses
        words = ["python3", "-c", program, json.dumps({**told, "place": place, "word": self._word})]
        self._lab.node(host.name, f"{shlex.join(words)} </dev/null >/dev/null 2>&1 &")
        until(lambda: self._lab.node(host.name, f"ls {place} 2>/dev/null || true").strip() == place, _WAIT_S)
        return place
