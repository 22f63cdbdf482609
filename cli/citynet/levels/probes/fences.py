"""Packets with and without data identifiers at the fences of a domain: what must pass, and what must end and where."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass, field, replace
from itertools import permutations, product
from typing import TYPE_CHECKING

from citynet.design.windows import holds, minute_of
from citynet.levels.bench import CannotMeasureError
from citynet.levels.fencing import Tried
from citynet.levels.labels import given
from citynet.levels.targets import guards
from citynet.levels.text import t
from citynet.plan.fences.tracing import Tracer
from citynet.plan.fences.words import option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.levels.bench import Bench
    from citynet.plan.fences.tracing import Gate
    from citynet.plan.model import Device, Guard, Host, Plan, PlannedIdentifier

COUNT = 3
"""Packets of each try: one may be lost on a busy line, not all."""
PORT = 40200
MOST_OF_A_KIND = 2
_COUNTED_S = 3.0
_NO_FENCES = t("the plan has no fences", "规划中没有围栏")
_NOTHING_TO_TRY = t("no two hosts of this domain can try a fence", "该域没有可用于测试围栏的主机对")


@dataclass(frozen=True, slots=True)
class Aimed:
    """A packet that is to be sent: where it must end, or that it must arrive.

    Attributes:
        kind: `allowed`, or the counter that must count it.
        place: Service or interconnect where it is tried.
        start: The host whose address it has.
        end: The host to which it goes.
        identifier: The number that it carries; 0 for none.
        protocol: tcp, udp or icmp.
        port: Where it goes.
        device: Where it must end.
        sender: Another node that sends it, from a VRF.
        vrf: That VRF.
    """

    kind: str
    place: str
    start: Host
    end: Host
    identifier: int
    protocol: str
    port: int
    device: str = ""
    sender: str = ""
    vrf: str = ""


def aims(plan: Plan, domain: str, minute: int) -> list[Aimed]:
    """What is tried: some of each kind in each service, and over each interconnect from the host and from the line."""
    aiming = _Aiming(plan, domain, minute)
    found: list[Aimed] = []
    seen: dict[tuple[str, str, str], int] = {}
    for one in (*aiming.inside(), *aiming.across()):
        key = (one.kind, one.place, one.sender)
        seen[key] = seen.get(key, 0) + 1
        if seen[key] <= MOST_OF_A_KIND:
            found.append(one)
    return found


@dataclass(slots=True)
class _Aiming:
    """Works out what becomes of packets of a domain in a minute of the week, gate by gate as fences are planned."""

    plan: Plan
    domain: str
    minute: int
    tracer: Tracer = field(init=False)

    def __post_init__(self) -> None:
        """Read the plan's ways and entries."""
        self.tracer = Tracer(self.plan)

    def inside(self) -> Iterator[Aimed]:
        """Between the hosts of each service."""
        for service in self.plan.services.values():
            if service.domain != self.domain or service.kind != "l3vpn":
                continue
            for start, end in permutations([self.plan.hosts[name] for name in service.hosts], 2):
                if service.talk(start.name, end.name):
                    yield from self._tries(Aimed("", service.name, start, end, 0, "udp", PORT))

    def across(self) -> Iterator[Aimed]:
        """What guards let pass, either way; inward also from the line itself."""
        hosts = {host.address(6): host for host in self.plan.hosts.values()}
        for device, guard in guards(self.plan, self.domain):
            for rule in guard.rules:
                starts, ends = ([hosts[a] for a in side if a in hosts] for side in (rule.sources, rule.destinations))
                for start, end in product(starts, ends):
                    port = rule.ports[0] if rule.ports else 0
                    model = Aimed("", guard.interconnect, start, end, 0, rule.protocol, port)
                    yield from self._tries(model)
                    if rule.inward:
                        yield from self._from_the_line(device, guard, model)

    def _tries(self, model: Aimed) -> Iterator[Aimed]:
        """The same packet with every identifier, and without one where the edge gives none."""
        labels: list[PlannedIdentifier | None] = [*self.plan.identifiers.values()]
        if given(self.plan, model.start, model.end, model.protocol, model.port) is None:
            labels.append(None)
        for way in self._only_way(model):
            yield from (one for label in labels for one in self._try(model, label, way))

    def _from_the_line(self, device: Device, guard: Guard, model: Aimed) -> Iterator[Aimed]:
        """The far border sends it by itself: none of its own fences helps, so this domain's border stands alone."""
        near = device.port(guard.port)
        sent = replace(model, sender=near.peer, vrf=self.plan.devices[near.peer].port(near.peer_port).vrf)
        for way in self._only_way(model):
            entry = next((n for n, gate in enumerate(way) if gate.device == device.name and gate.entering), len(way))
            for label in (*self.plan.identifiers.values(), None):
                yield from self._try(sent, label, way[entry:])

    def _only_way(self, model: Aimed) -> list[list[Gate]]:
        """With several ways a packet may end here or there."""
        ways = list(self.tracer.ways(model.start, model.end))
        return ways if len(ways) == 1 else []

    def _try(self, model: Aimed, label: PlannedIdentifier | None, way: list[Gate]) -> Iterator[Aimed]:
        """The packet with what must become of it; without an identifier, and no fence on its way, it says nothing."""
        stops = ((self._stopped(model, label, gate), gate.device) for gate in way)
        kind, device = next((stop for stop in stops if stop[0]), ("allowed", ""))
        if label is not None:
            yield replace(model, kind=kind, device=device, identifier=label.number)
        elif device:
            yield replace(model, kind=kind, device=device)

    def _stopped(self, model: Aimed, label: PlannedIdentifier | None, gate: Gate) -> str:
        """The counter of a gate that stops a packet; empty where it passes."""
        port = self.tracer.ports.get((gate.device, gate.port))
        if port is None:
            return ""
        if label is None:
            return "untagged" if port.fenced else ""
        if gate.entering and port.kind != "interconnect" and label.number not in port.identifiers:
            return "spoofed"
        held = self.tracer.entry(gate, label.number, model.start, model.end)
        if held is None:
            return "denied"
        return "" if holds(held[1], self.minute) else "closed"


def measure_fences(bench: Bench, domain: str) -> None:
    """Send everything, one try after the other, while every host to which something goes listens."""
    if not bench.plan.fences:
        raise CannotMeasureError(_NO_FENCES)
    aimed = aims(bench.plan, domain, minute_of(dt.datetime.now(dt.UTC)))
    if not aimed:
        raise CannotMeasureError(_NOTHING_TO_TRY)
    run = secrets.token_hex(4)
    words = {f"<{run}:{number:04}>": one for number, one in enumerate(aimed)}
    ears = {
        name: bench.access.start(name, "labelled", {"take": [w for w, one in words.items() if one.end.name == name]})
        for name in dict.fromkeys(one.end.name for one in aimed)
    }
    counted: dict[str, int] = {}
    arrived: dict[str, int] = {}
    try:
        for ear in ears.values():
            ear.line()
        for number, (word, one) in enumerate(words.items()):
            counted[word] = _send(bench, one, word, number)
    finally:
        for ear in ears.values():
            arrived.update(ear.finish())
    bench.put(
        domain,
        "fenced",
        [
            Tried(
                one.kind,
                one.sender or one.start.name,
                one.start.name,
                one.end.name,
                one.identifier,
                one.protocol,
                COUNT,
                arrived.get(word, 0),
                one.device,
                counted[word],
            )
            for word, one in words.items()
        ],
    )


def _send(bench: Bench, one: Aimed, word: str, number: int) -> int:
    """Send the packets of one try; by how much the counter grew that must count them."""
    fence = next(device.fence for device in bench.plan.devices.values() if device.fence)
    before = bench.access.ask(one.device, "fenced", {}).get(one.kind, 0) if one.device else 0
    asked = {
        "packet": {
            "source": one.start.address(6),
            "destination": one.end.address(6),
            "protocol": one.protocol,
            "port": one.port,
            "word": word,
            "option": option(fence, one.identifier)[1:].hex() if one.identifier else "",
            "header": fence.headers[0],
        },
        "count": COUNT,
        "first": number * COUNT,
        "vrf": one.vrf,
    }
    bench.access.ask(one.sender or one.start.name, "labelled", asked)
    if not one.device:
        return 0
    waited = {"counter": one.kind, "least": before + COUNT, "until_s": _COUNTED_S}
    return int(bench.access.ask(one.device, "fenced", waited).get(one.kind, 0)) - before
