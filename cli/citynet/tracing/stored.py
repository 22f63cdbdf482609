"""What devices told of an identifier in events, out of an evidence store; and the way of one flow of it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from citynet.evidence.event import EventKind
from citynet.evidence.reading import Happened, Wanted, entries, records
from citynet.evidence.record import MICROSECONDS
from citynet.tracing.hops import Place
from citynet.tracing.states import Traced

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.evidence.event import Event
    from citynet.evidence.record import Party
    from citynet.tracing.hops import Flow

_COUNTER = re.compile(r"(\S+) (in|out) (\d+)")
_KINDS = frozenset({str(EventKind.PATH), str(EventKind.OFFPATH)})


def stored(folder: Path, identifier: int, since: int | None, until: int | None) -> Traced:
    """What was counted within some time (µs), in the blocks of which devices told.

    A block that some device did not count from its beginning to its end is left out, and all of a length other than
    the last one's: somebody changed the design's `tracing`.

    Raises:
        InputError: There is no store.
        StoreError: It was changed.
    """
    found = entries(folder, Wanted(identifier=identifier, since=since, until=until, kinds=_KINDS))
    events = [one.event for one in found if isinstance(one, Happened)]
    told = [one for one in events if one.event is EventKind.PATH and "seconds" in one.detail]
    length = int(told[-1].detail.get("seconds", 0)) if told else 0
    told = [one for one in told if one.detail.get("seconds") == length]
    torn = {int(one.detail["start"]) for one in told if one.detail.get("whole") != 1}
    starts = sorted({int(one.detail["start"]) for one in told} - torn)
    traced = Traced(length or 1)
    if starts:
        span = length * MICROSECONDS
        traced.first, traced.end = starts[0] // span, starts[-1] // span + 1
        blocks = {start: number for number, start in enumerate(starts)}
        for one in told:
            if (block := blocks.get(int(one.detail["start"]))) is not None:
                _add(traced, one, block, len(blocks))
    for one in events:
        if one.event is EventKind.PATH and "nodes" in one.detail:
            nodes = tuple(int(word) for word in str(one.detail["nodes"]).split())
            traced.carried[one.device, nodes] = int(one.detail["packets"])
        if one.event is EventKind.OFFPATH:
            detail = one.detail
            place = Place(one.device, str(detail["interface"]), str(detail["direction"]), int(detail["entered"]))
            traced.strangers[place] = int(detail["packets"])
    return traced


@dataclass(frozen=True, slots=True)
class Refused:
    """Flows of an identifier that the same device refused for the same reason, between the same hosts.

    Attributes:
        device: The device.
        by: The policy that decided, and its rule.
        ends: Source and destination, by name where they have one.
        flows: Records of such flows.
        packets: Their packets.
        why: In words.
    """

    device: str
    by: str
    ends: tuple[str, str]
    flows: int
    packets: int
    why: str

    def as_dict(self) -> dict[str, Any]:
        """As JSON-ready values."""
        values = asdict(self)
        source, destination = values.pop("ends")
        return {**values, "source": source, "destination": destination}


def refused(folder: Path, identifier: int, since: int | None, until: int | None) -> list[Refused]:
    """Which flows of an identifier were refused within some time (µs), and by whom.

    Raises:
        InputError: There is no store.
        StoreError: It was changed.
    """
    found: dict[tuple[str, str, tuple[str, str], str], list[int]] = {}
    for one in records(folder, Wanted(identifier=identifier, since=since, until=until, refused=True)):
        record = one.record
        ends = (_name(record.source), _name(record.destination))
        for policy in record.policies:
            key = (record.border, f"{policy.policy} {policy.rule}", ends, policy.detail)
            counted = found.setdefault(key, [0, 0])
            counted[0] += 1
            counted[1] += record.load.packets_sent
    return [
        Refused(device, by, ends, flows, packets, why) for (device, by, ends, why), (flows, packets) in found.items()
    ]


def _name(party: Party) -> str:
    return party.host or party.address


def _add(traced: Traced, event: Event, block: int, blocks: int) -> None:
    for key, packets in event.detail.items():
        if counter := _COUNTER.fullmatch(key):
            place = Place(event.device, counter[1], counter[2], int(counter[3]))
            traced.counted.setdefault(place, [0] * blocks)[block] += int(packets)


def way(flows: list[Flow], start: str, end: str) -> list[str]:
    """The devices that packets passed from one device to another, in order, over any interconnects.

    What an identifier's packets took from that entry in that time; of ways side by side, the devices of all.
    """
    after = _after(flows, start)
    reached = _reached(after, start)
    before: dict[str, list[str]] = {}
    for name, nexts in after.items():
        for one in nexts:
            before.setdefault(one, []).append(name)
    if end not in reached:
        return []
    useful = {*_reached(before, end)}
    return [name for name in reached if name in useful]


def _after(flows: list[Flow], start: str) -> dict[str, list[str]]:
    """Where packets of one entry go on to, from each device; those that cross enter the other domain anew."""
    entries_ = {flow.entered: flow for flow in flows}
    found: dict[str, list[str]] = {}
    open_ = [start]
    while open_:
        flow = entries_.pop(open_.pop(), None)
        for hop in flow.hops if flow else ():
            found.setdefault(hop.device, []).extend(leg.to for leg in hop.legs if leg.packets)
            open_ += [leg.to for leg in hop.legs if leg.lost is None and leg.to in entries_]
    return found


def _reached(after: dict[str, list[str]], start: str) -> list[str]:
    found, open_ = [start], [start]
    while open_:
        for name in after.get(open_.pop(0), ()):
            if name not in found:
                found.append(name)
                open_.append(name)
    return found
