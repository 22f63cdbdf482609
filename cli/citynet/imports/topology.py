"""What every format is read into: places, what joins them, and the boxes in them, with the words of the source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citynet.design.types import Role
    from citynet.imports.report import Where


@dataclass(slots=True)
class Spot:
    """A place.

    Attributes:
        key: What the source calls it.
        label: What people call it.
        where: Its line in the source.
        place: Latitude and longitude in degrees, WGS-84; None when unknown.
        junction: Fibres meet here, and nothing else is here.
    """

    key: str
    label: str
    where: Where
    place: tuple[float, float] | None = None
    junction: bool = False


@dataclass(slots=True)
class Span:
    """A fibre between two spots.

    Attributes:
        a: Key of the spot at one end.
        b: Key of the spot at the other.
        where: Its line in the source.
        length_km: Route length; None when the source does not say.
        loss_db: Loss from end to end; None when the source does not say.
        rate_gbps: Rate of what runs on it in Gbit/s; None when the source does not say.
        note: What a reader of the design should know of it.
    """

    a: str
    b: str
    where: Where
    length_km: float | None = None
    loss_db: float | None = None
    rate_gbps: float | None = None
    note: str = ""

    @property
    def ends(self) -> tuple[str, str]:
        """Both ends in one order, whichever way the source wrote them."""
        return (self.a, self.b) if self.a <= self.b else (self.b, self.a)


@dataclass(slots=True)
class Box:
    """A device in a spot; `guess` says how its role was chosen when the source does not say it."""

    key: str
    label: str
    spot: str
    role: Role
    where: Where
    guess: str = ""


@dataclass(slots=True)
class Wire:
    """A line between two boxes over spans, given by their numbers; `rate_gbps` as in `Span`."""

    a: str
    b: str
    spans: list[int]
    where: Where
    rate_gbps: float | None = None


@dataclass(slots=True)
class Topology:
    """A whole source.

    Attributes:
        name: What it is called, for the name of the city.
        title: What people call it.
        names_devices: Whether the source has devices; else every spot that is no junction gets a router.
    """

    name: str
    title: str = ""
    names_devices: bool = False
    spots: dict[str, Spot] = field(default_factory=dict)
    spans: list[Span] = field(default_factory=list)
    boxes: dict[str, Box] = field(default_factory=dict)
    wires: list[Wire] = field(default_factory=list)
