"""What a device counts of data identifiers, hop by hop."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class TracedIdentifier:
    """A data identifier of the city; `here` when packets of it may pass the device."""

    name: str
    number: int
    here: bool


@dataclass(slots=True)
class FarEnd:
    """A device that packets with identifiers go to from here: its locator, and its number in it."""

    name: str
    locator: str
    node: int


@dataclass(slots=True)
class DeviceTrace:
    """How packets carry identifiers, the period in which they are counted, and which belong here.

    Attributes:
        option: Type of the IPv6 option.
        headers: Extension headers that may hold it.
        bits: Length of an identifier.
        period_s: How long packets have one colour.
        record_periods: Periods that one record of the evidence store tells of.
        identifiers: All of the city.
        far: Where probes go.
        ioam_every: Of so many packets that enter here one tells its way; 0: none.
    """

    option: int
    headers: list[int]
    bits: int
    period_s: int
    record_periods: int
    identifiers: list[TracedIdentifier] = field(default_factory=list)
    far: list[FarEnd] = field(default_factory=list)
    ioam_every: int = 0
