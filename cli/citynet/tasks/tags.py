"""Data identifiers that a router gives to flows of hosts that give none."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from citynet.plan.bindings import EXTENSIONS
from citynet.plan.model import EdgeTag, IdentifierOption
from citynet.tasks.base import Part, PortName, Prefix, Prefix6, Task
from citynet.tasks.paths import DataIdentifiers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device

_PORTS = frozenset({"tcp", "udp"})
_END_BITS = 4


class TaggedFlows(Part):
    """Flows that get an identifier; see `plan.model.EdgeTag`."""

    identifier: Annotated[int, Field(ge=1, lt=1 << 128)]
    protocol: Literal["tcp", "udp", "icmp", "any"] = "any"
    ports: list[Annotated[int, Field(ge=1, le=65535)]] = Field(default_factory=list)
    prefixes: list[Prefix] = Field(default_factory=list)


class EdgeTags(Task):
    """All flows of a router that get identifiers, where they enter by one of its interfaces and leave by another."""

    technology: ClassVar[str] = "tags"

    interfaces: Annotated[list[PortName], Field(min_length=1)]
    flows: Annotated[list[TaggedFlows], Field(min_length=1)]
    ipv4_block: Prefix | None = None
    ipv6_block: Prefix6 | None = None
    data_identifiers: DataIdentifiers | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wrong = list(self._wrong())
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _wrong(self) -> Iterator[str]:
        bits = self._carried.bits
        for number, one in enumerate(self.flows):
            if one.identifier >> bits:
                yield f"flows.{number}: identifier {one.identifier} has more than {bits} bits"
            if one.ports and one.protocol not in _PORTS:
                yield f"flows.{number}: ports, and the protocol is {one.protocol}, expected tcp or udp"
        if (self.ipv4_block is None) != (self.ipv6_block is None):
            yield "ipv4_block and ipv6_block belong together"
        elif self.ipv4_block is not None and self.ipv6_block is not None:
            yield from _wrong_blocks(self.ipv4_block, self.ipv6_block)

    @property
    def _carried(self) -> DataIdentifiers:
        return self.data_identifiers or DataIdentifiers()

    def fill(self, device: Device) -> None:
        """The flows on every interface, as the plan has them."""
        how = self._carried
        device.identifiers = [IdentifierOption(how.option, EXTENSIONS[how.header], how.bits)]
        blocks = [self.ipv4_block, self.ipv6_block] if self.ipv4_block and self.ipv6_block else []
        device.tags = [
            EdgeTag(
                "task",
                list(dict.fromkeys(self.interfaces)),
                one.identifier,
                one.protocol,
                list(one.ports),
                list(one.prefixes),
                blocks,
            )
            for one in self.flows
        ]


def _wrong_blocks(ipv4: str, ipv6: str) -> Iterator[str]:
    block4, block6 = ipaddress.ip_network(ipv4), ipaddress.IPv6Network(ipv6)
    if block4.version != 4 or block4.prefixlen > 32 - _END_BITS:
        yield f"ipv4_block: {ipv4} is no block of /28 prefixes"
    elif block6.prefixlen > 64 or 64 - block6.prefixlen < 32 - _END_BITS - block4.prefixlen:
        yield f"ipv6_block: {ipv6} has fewer /64 prefixes than {ipv4} has /28 prefixes"
