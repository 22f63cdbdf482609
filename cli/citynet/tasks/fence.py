"""The fence of a router: which packets with a data identifier may pass its ports, and which ports ask for one."""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from citynet.design.windows import ALWAYS, schedule
from citynet.plan.bindings import EXTENSIONS
from citynet.plan.model import DeviceFence, FenceEntry, FencePort
from citynet.tasks.base import Address, Part, PortName, Task
from citynet.tasks.paths import DataIdentifiers, Label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device

_LENGTH = 64


def _half(text: str) -> str:
    network = ipaddress.IPv6Network(text)
    if network.prefixlen != _LENGTH:
        raise ValueError(f"{text} is a /{network.prefixlen}, expected a /{_LENGTH}")
    return str(network)


Prefix64 = Annotated[str, AfterValidator(_half)]
Number = Annotated[int, Field(ge=1, lt=1 << 128)]
Time = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$")]


class FencedPort(Part):
    """A port at which packets are judged; see `plan.model.FencePort`."""

    name: PortName
    kind: Literal["attachment", "interconnect", "exit"] = "attachment"
    fenced: bool = True
    sources: list[Prefix64] = Field(default_factory=list)
    identifiers: list[Number] = Field(default_factory=list)
    own: list[Address] = Field(default_factory=list)


class OpenHours(Part):
    """Hours of the week in Beijing time, as in a design."""

    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(default_factory=list)
    start: Time = "00:00"
    end: Time = "24:00"


class Passing(Part):
    """Packets that may pass; see `plan.model.FenceEntry`."""

    fence: Label = "task"
    identifier: Number
    direction: Literal["in", "out"] = "in"
    sources: Annotated[list[Prefix64], Field(min_length=1)]
    destinations: Annotated[list[Prefix64], Field(min_length=1)]
    windows: list[OpenHours] = Field(default_factory=list)


class FenceAcl(Task):
    """The whole fence of a router: whatever no entry lets pass is dropped."""

    technology: ClassVar[str] = "fence"

    ports: Annotated[list[FencedPort], Field(min_length=1)]
    entries: list[Passing] = Field(default_factory=list)
    data_identifiers: DataIdentifiers | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wrong = [*self._wrong_ports(), *self._wrong_entries()]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _wrong_ports(self) -> Iterator[str]:
        for name, count in Counter(port.name for port in self.ports).items():
            if count > 1:
                yield f"port {name} stands twice"
        for port in self.ports:
            if port.kind != "attachment" and (port.identifiers or port.sources):
                yield f"port {port.name}: sources and identifiers are those of a host, expected kind attachment"

    def _wrong_entries(self) -> Iterator[str]:
        bits = self._carried.bits
        numbers = [(f"port {port.name}", one) for port in self.ports for one in port.identifiers]
        for where, number in (*numbers, *((f"entry {one.fence}", one.identifier) for one in self.entries)):
            if number >> bits:
                yield f"{where}: identifier {number} has more than {bits} bits"

    @property
    def _carried(self) -> DataIdentifiers:
        return self.data_identifiers or DataIdentifiers()

    def fill(self, device: Device) -> None:
        """Ports and entries, as the plan has them."""
        how = self._carried
        device.fence = DeviceFence(
            how.option,
            EXTENSIONS[how.header],
            how.bits,
            [
                FencePort(one.name, one.kind, one.fenced, list(one.sources), list(one.identifiers), list(one.own))
                for one in self.ports
            ],
            [
                FenceEntry(
                    one.fence,
                    one.identifier,
                    one.direction,
                    list(one.sources),
                    list(one.destinations),
                    list(schedule(one.windows) if one.windows else ALWAYS),
                )
                for one in self.entries
            ],
        )
