"""Data identifiers that a router counts where they pass, and those that raise an alarm there."""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from citynet.plan import addresses
from citynet.plan.bindings import EXTENSIONS
from citynet.plan.model import DeviceTrace, FarEnd, Port, PortKind, TracedIdentifier
from citynet.plan.tracing import node_at
from citynet.tasks.base import UNNAMED, Ipv6, Part, PortName, Prefix6, Task, Word
from citynet.tasks.paths import DataIdentifiers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device

_LOCATOR_BITS = 48
_KINDS = {"link": PortKind.LINK, "attachment": PortKind.ATTACHMENT, "border": PortKind.INTERCONNECT}


class CountedPort(Part):
    """A port where packets are counted, and who is at its other end."""

    name: PortName
    kind: Literal["link", "attachment", "border"] = "link"
    neighbor: Word = UNNAMED

    def port(self) -> Port:
        """As the plan has it."""
        return Port(self.name, _KINDS[self.kind], "", self.neighbor, "port", "", [])


class CountedIdentifier(Part):
    """A data identifier; see `plan.model.TracedIdentifier`."""

    number: Annotated[int, Field(ge=1, lt=1 << 128)]
    name: Word | None = None
    here: bool = True

    def planned(self) -> TracedIdentifier:
        """As the plan has it."""
        return TracedIdentifier(self.name or f"identifier-{self.number}", self.number, self.here)


class FarRouter(Part):
    """A router that probes go to."""

    name: Word
    prefix: Prefix6

    def planned(self) -> FarEnd:
        """As the plan has it."""
        return FarEnd(self.name, addresses.ipv6(addresses.base(self.prefix)), node_at(self.prefix))


class HopTrace(Task):
    """All that a router counts of data identifiers."""

    technology: ClassVar[str] = "trace"

    prefix: Prefix6
    source_address: Ipv6
    interfaces: Annotated[list[CountedPort], Field(min_length=1)]
    identifiers: Annotated[list[CountedIdentifier], Field(min_length=1)]
    far: list[FarRouter] = Field(default_factory=list)
    period_s: Annotated[int, Field(ge=1, le=60)] = 2
    record_s: Annotated[int, Field(ge=1, le=3600)] = 10
    ioam_every: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    data_identifiers: DataIdentifiers | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wrong = [*self._wrong_locators(), *self._twice()]
        bits = self._carried.bits
        wrong += [f"identifier {n} has more than {bits} bits" for one in self.identifiers if (n := one.number) >> bits]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _wrong_locators(self) -> Iterator[str]:
        for option, prefix in (("prefix", self.prefix), *((f"far {one.name}", one.prefix) for one in self.far)):
            if ipaddress.IPv6Network(prefix).prefixlen != _LOCATOR_BITS:
                yield f"{option}: {prefix}, expected a length of {_LOCATOR_BITS}"
        if ipaddress.IPv6Address(self.source_address) not in ipaddress.IPv6Network(self.prefix):
            yield f"source_address {self.source_address} is not in {self.prefix}, where others know this router by it"
        for one in self.far:
            if one.prefix == self.prefix:
                yield f"far {one.name}: {one.prefix} is this router's own"

    def _twice(self) -> Iterator[str]:
        for what, values in (
            ("interface", [one.name for one in self.interfaces]),
            ("identifier", [str(one.number) for one in self.identifiers]),
            ("far", [one.name for one in self.far]),
        ):
            for value, times in Counter(values).items():
                if times > 1:
                    yield f"{what} {value} stands twice"

    @property
    def _carried(self) -> DataIdentifiers:
        return self.data_identifiers or DataIdentifiers()

    def fill(self, device: Device) -> None:
        """Ports, identifiers and far ends, as the plan has them."""
        how = self._carried
        device.srv6.prefix, device.underlay.loopback = self.prefix, self.source_address
        device.ports = [one.port() for one in self.interfaces]
        device.trace = DeviceTrace(
            how.option,
            EXTENSIONS[how.header],
            how.bits,
            self.period_s,
            max(1, self.record_s // self.period_s),
            [one.planned() for one in self.identifiers],
            [one.planned() for one in self.far],
            self.ioam_every,
        )
