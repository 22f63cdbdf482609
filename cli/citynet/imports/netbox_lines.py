"""Lines from router to router along the cables of a NetBox, through panels and optical devices where that is plain."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from citynet.design.types import Role
from citynet.imports.topology import Wire

if TYPE_CHECKING:
    from citynet.imports.netbox import Inventory
    from citynet.imports.report import Report, Where

_SIDE = re.compile(r"\b(front|rear|port)\b|[\s_-]")


class End(NamedTuple):
    """One end of a cable."""

    device: str
    port: str

    @property
    def way(self) -> tuple[str, ...]:
        """Device and port; front and rear of one number are the same."""
        return (self.device, _SIDE.sub("", self.port.lower()))


class Cable(NamedTuple):
    """A cable whose ends are known; `span` is the number of its fibre, -1 when it stays inside a site."""

    a: End
    b: End
    span: int
    where: Where


class Lines:
    """Follows cables and adds wires to the topology of an inventory.

    A line goes through a panel or optical device where two cables end at the same port, or at the whole device.
    """

    def __init__(self, inventory: Inventory, report: Report, cables: list[Cable]) -> None:
        self.inventory, self.report, self.cables = inventory, report, cables
        self.routers = {name for name, box in inventory.topology.boxes.items() if box.role is not Role.OPTICAL}
        self.at_way = Counter(end.way for cable in cables for end in (cable.a, cable.b))
        self.at_device = Counter(end.device for cable in cables for end in (cable.a, cable.b))
        self.nodes = [(self.node(cable.a, number), self.node(cable.b, number)) for number, cable in enumerate(cables)]
        self.at: dict[tuple[str, ...], list[int]] = defaultdict(list)
        for number, pair in enumerate(self.nodes):
            for node in pair:
                self.at[node].append(number)
        self.used: set[int] = set()

    def node(self, end: End, number: int) -> tuple[str, ...]:
        """What an end hangs on when lines are followed: a router, a way through, or a dead end."""
        if end.device in self.routers:
            return (end.device,)
        if end.device in self.inventory.passive:
            if end.port and self.at_way[end.way] == 2:
                return end.way
            if self.at_device[end.device] == 2:
                return (end.device, "")
        return (end.device, "", str(number))

    def add(self) -> None:
        """Follow every cable that ends at a router, and tell of those that none reaches."""
        for number, cable in enumerate(self.cables):
            for side, end in enumerate((cable.a, cable.b)):
                if end.device in self.routers and number not in self.used:
                    self.follow(number, side)
        for number, cable in enumerate(self.cables):
            if number not in self.used and cable.span < 0:
                said = f"the cable from '{cable.a.device}' to '{cable.b.device}' leads from no router"
                self.report.leave(cable.where, said)

    def follow(self, number: int, side: int) -> None:
        """From one side of a cable on to the next router."""
        start, where = self.nodes[number][side][0], self.cables[number].where
        spans: list[int] = []
        while True:
            self.used.add(number)
            spans += [self.cables[number].span] if self.cables[number].span >= 0 else []
            here = self.nodes[number][1 - side]
            if here[0] in self.routers:
                break
            ahead = [other for other in self.at[here] if other not in self.used]
            if not ahead:
                why = "behind which nothing is known" if here[0] in self.inventory.passive else "which does not route"
                said = f"the line from '{start}' ends at '{here[0]}', {why}"
                self.report.leave(where, said)
                return
            number = ahead[0]
            side = 0 if self.nodes[number][0] == here else 1
        if here[0] != start:
            self.inventory.topology.wires.append(Wire(start, here[0], spans, where))
