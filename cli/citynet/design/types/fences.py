"""Data identifiers by name, zones on the map, and the fences that say where the data of an identifier may go."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from citynet.design.base import Measured, Strict, Whole
from citynet.design.types.words import TITLE, DataClass, Name

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_CLOCK = r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"


def _clock(value: object) -> object:
    """YAML takes 22:00 without quotes for a number of base 60."""
    if not isinstance(value, str) or not re.match(_CLOCK, value):
        raise PydanticCustomError("clock", 'a time in quotes, such as "08:00"')
    return value


ClockTime = Annotated[str, BeforeValidator(_clock), Field(pattern=_CLOCK)]

_POINTS = {"type": "array", "items": {"type": "array", "items": {"type": "number"}, "minItems": 2}}
_RINGS = {"type": "array", "items": _POINTS}


def _nested(value: list[Any]) -> list[Any]:
    """Rings of points, or lists of such; whether they make an area is said later, and more exactly."""
    if not (all(map(_is_ring, value)) or all(isinstance(part, list) and all(map(_is_ring, part)) for part in value)):
        raise ValueError("rings of [longitude, latitude]")
    return value


def _is_ring(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(point, list) and len(point) >= 2 and all(type(one) in (int, float) for one in point)
        for point in value
    )


class ParticipantGroup(Measured):
    """Participants who have rights to identifiers together: a user group of APN."""

    title: str = Field("", description=TITLE)
    participants: Annotated[list[Name], Field(min_length=1)] = Field(description="its members, of `participants`")
    number: Whole | None = Field(None, ge=1, description="its number in the user field; allocated when absent")


class Identifier(Measured):
    """The identifier (APN-ID) of the data of one class that one group has for one use."""

    title: str = Field("", description=TITLE)
    group: Name = Field(description="who may put it on packets, a name of `participant_groups`")
    data_class: DataClass = Field(description="the class of the data")
    use: Name = Field(description="what the data are for; class and use together are its application group")
    application: Whole | None = Field(
        None, ge=1, description="number of its application group in the application field; allocated when absent"
    )


class Geometry(Strict):
    """An area on the map: a geometry of GeoJSON (RFC 7946), longitude before latitude."""

    type: Literal["Polygon", "MultiPolygon"] = Field(description="one area with holes, or several")
    coordinates: Annotated[
        list[Any], AfterValidator(_nested), WithJsonSchema({"anyOf": [_RINGS, {"type": "array", "items": _RINGS}]})
    ] = Field(description="Polygon: rings of [longitude, latitude], the outer one first; MultiPolygon: a list of such")


class Window(Strict):
    """Hours of the week in Beijing time (UTC+8)."""

    days: list[Day] = Field(default_factory=list, description="days on which it begins; every day when absent")
    start: ClockTime = Field("00:00", description='when it begins, in quotes: "08:00"')
    end: ClockTime = Field("24:00", description='when it ends; on the next day when it is not after `start`: "06:00"')


class Fence(Strict):
    """Zones where the data of identifiers may go, and zones where they may not; whatever no fence allows is dropped.

    Where two fences contradict, or one does itself in two zones that overlap, the forbidden zone wins.
    """

    title: str = Field("", description=TITLE)
    identifiers: list[Name] = Field(default_factory=list, description="whose data it is about, of `identifiers`")
    data_classes: list[DataClass] = Field(default_factory=list, description="or all identifiers of these classes")
    sources: list[Name] = Field(default_factory=list, description="zones at its other side; any place when absent")
    allowed: list[Name] = Field(default_factory=list, description="zones that the data may reach")
    forbidden: list[Name] = Field(default_factory=list, description="zones that the data may not reach")
    direction: Literal["to", "from", "both"] = Field(
        "to", description="`to`: data that go from `sources` to the zones; `from`: from the zones to `sources`"
    )
    windows: list[Window] = Field(default_factory=list, description="when it is in force; always when absent")
