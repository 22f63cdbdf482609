"""The sentry of a router: what it looks for at its guards, and rules of Suricata of one's own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from citynet.design import rule_files
from citynet.plan.model import DeviceSentry, GuardRule, Watch
from citynet.tasks.base import Address, Part, PortName, Prefix, Task, Word
from citynet.tasks.paths import DataIdentifiers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device

TransportPort = Annotated[int, Field(ge=1, le=65535)]
Domain = Annotated[str, Field(pattern=r"^[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9])?$")]


class Flow(Part):
    """A kind of flow that the guard lets pass; see `plan.model.GuardRule`."""

    inward: bool = False
    protocol: Literal["tcp", "udp", "icmp"]
    ports: list[TransportPort] = Field(default_factory=list)
    sources: list[Prefix] = Field(default_factory=list)
    destinations: list[Prefix] = Field(default_factory=list)


class ExpectedPort(Part):
    """What is spoken on a port."""

    port: TransportPort
    protocol: Literal["tls", "ssh", "http", "dns"]


class Watched(Part):
    """A guard; see `plan.model.Watch`."""

    name: Word
    kind: Literal["interconnect", "exit"] = "interconnect"
    inside: PortName
    outside: PortName
    near: Annotated[list[Prefix], Field(min_length=1)]
    far: list[Prefix] = Field(default_factory=list)
    own: list[Address] = Field(default_factory=list)
    flows: list[Flow] = Field(default_factory=list)
    attempts: Annotated[int, Field(ge=1, le=1000)] = 5
    expected: list[ExpectedPort] = Field(default_factory=list)
    largest_mb: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    blocked_addresses: Annotated[list[Prefix], Field(max_length=1000)] = Field(default_factory=list)
    blocked_names: Annotated[list[Domain], Field(max_length=200)] = Field(default_factory=list)

    def watch(self, known: list[str]) -> Watch:
        """As the plan has it."""
        flows = [
            GuardRule(f"allow-{n}", one.inward, one.protocol, one.ports, one.sources, one.destinations)
            for n, one in enumerate(self.flows, 1)
        ]
        return Watch(
            self.name,
            self.kind,
            self.inside,
            self.outside,
            self.near,
            self.far,
            known,
            self.own,
            flows,
            self.attempts,
            [(one.port, one.protocol) for one in self.expected],
            self.largest_mb,
            self.blocked_addresses,
            self.blocked_names,
        )


class SentryTask(Task):
    """The whole sentry of a router; it tells and stops nothing."""

    technology: ClassVar[str] = "sentry"

    watches: Annotated[list[Watched], Field(min_length=1)]
    rules: str = ""
    names: dict[Address, Word] = Field(default_factory=dict)
    identifiers: list[Annotated[int, Field(ge=1, lt=1 << 128)]] = Field(default_factory=list)
    data_identifiers: DataIdentifiers | None = None
    buffer_mb: Annotated[int, Field(ge=1, le=4096)] = 8

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wrong = [*self._wrong_watches(), *self._wrong_rules()]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _wrong_watches(self) -> Iterator[str]:
        for name, count in Counter(one.name for one in self.watches).items():
            if count > 1:
                yield f"watch {name} stands twice"
        for one in self.watches:
            if (one.kind == "interconnect") != bool(one.far):
                yield f"watch {one.name}: an interconnect has far prefixes, an exit has none"
        bits = self._carried.bits
        for number in self.identifiers:
            if number >> bits:
                yield f"identifier {number} has more than {bits} bits"

    def _wrong_rules(self) -> Iterator[str]:
        for fault in rule_files.parse(self.rules).faults:
            yield f"rules, line {fault.line}: {fault.what}, expected {fault.expected}"

    @property
    def _carried(self) -> DataIdentifiers:
        return self.data_identifiers or DataIdentifiers()

    def fill(self, device: Device) -> None:
        """Watches and rules, as the plan has them."""
        known = sorted({prefix for one in self.watches for prefix in (*one.near, *one.far)})
        device.sentry = DeviceSentry(
            [one.watch(known) for one in self.watches],
            sorted({prefix for one in self.watches for prefix in one.near}),
            rule_files.parse(self.rules).rules,
            dict(self.names),
            self._carried.option,
            self._carried.bits,
            self.buffer_mb,
            list(self.identifiers),
        )
