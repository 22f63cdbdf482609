"""Data identifiers, fences, and what a device has of them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class PlannedIdentifier:
    """A data identifier (APN-ID).

    Attributes:
        name: Its name.
        title: For people.
        group: The participant group that has a right to it.
        data_class: Class of the data.
        use: What the data are for.
        application: Number of class and use, the first field.
        user: Number of the group, the second field.
        number: Both, as packets carry them.
        participants: Who may put it on packets.
    """

    name: str
    title: str
    group: str
    data_class: str
    use: str
    application: int
    user: int
    number: int
    participants: list[str]


@dataclass(slots=True)
class PlannedFence:
    """A fence; `schedule` is when it is in force: spans of minutes since Monday 00:00 of UTC, ends excluded.

    `identifiers` are all that it speaks of; zones are names. The direction is `to`, `from` or `both`.
    """

    name: str
    title: str
    identifiers: list[str]
    sources: list[str]
    allowed: list[str]
    forbidden: list[str]
    direction: str
    schedule: list[tuple[int, int]]


@dataclass(slots=True)
class FencePort:
    """A port at which packets are judged.

    Attributes:
        name: The interface.
        kind: What it leads to: `attachment`, `interconnect` or `exit`.
        fenced: Whether nothing passes without an identifier; otherwise only packets that have one are judged.
        sources: /64 prefixes of the host there; empty at an interconnect or exit, where any is taken.
        identifiers: Numbers that the host there has a right to.
        own: The device's own addresses on it: what goes to these is not forwarded.
    """

    name: str
    kind: str
    fenced: bool
    sources: list[str] = field(default_factory=list)
    identifiers: list[int] = field(default_factory=list)
    own: list[str] = field(default_factory=list)


@dataclass(slots=True)
class FenceEntry:
    """Packets that may pass: of one identifier, from any of the sources to any of the destinations, at some times.

    Attributes:
        fence: The fences that allow it, with `-` those that forbid it at other times.
        identifier: Its number.
        direction: `in`: what enters by a port of this device; `out`: what leaves by one.
        sources: /64 prefixes.
        destinations: /64 prefixes.
        schedule: When, as a fence has it.
    """

    fence: str
    identifier: int
    direction: str
    sources: list[str]
    destinations: list[str]
    schedule: list[tuple[int, int]]


@dataclass(slots=True)
class DeviceFence:
    """What a device lets pass: packets whose first extension header holds exactly one identifier, as `entries` say."""

    option: int
    headers: list[int]
    bits: int
    ports: list[FencePort] = field(default_factory=list)
    entries: list[FenceEntry] = field(default_factory=list)
