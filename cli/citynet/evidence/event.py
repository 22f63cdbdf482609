"""What a device decided or saw that is no flow: access given or withdrawn, an intrusion, data off their path.

Devices write them (`platforms/whitebox/device/events.py`), a line each; the store keeps them beside the flows.
"""

from __future__ import annotations

import enum
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from citynet.evidence.record import Identifier, Moment, Part, Word


class EventKind(enum.StrEnum):
    """What an event is about.

    Attributes:
        ACCESS: somebody was let on, refused, or had a right withdrawn
        INTRUSION: what intrusion detection saw
        OFFPATH: data at a device where they may not be
        PATH: the way that data took, and what was lost on it
        REFUSED: refused packets that are in no record of a flow, since there were too many
    """

    ACCESS = "access"
    INTRUSION = "intrusion"
    OFFPATH = "offpath"
    PATH = "path"
    REFUSED = "refused"


Value = Annotated[str, Field(max_length=4000)] | int | Annotated[float, Field(allow_inf_nan=False)] | bool


class Event(Part):
    """An event of a device.

    Attributes:
        device: The device that wrote it.
        time: When, by the device's clock, µs since 1970 UTC.
        event: What it is about. A line of a device calls it `kind`, which in a store is the kind of the line.
        alarm: Whether somebody should look at once.
        subject: Who or what, a name of the design where one is known.
        verdict: What was decided or seen: `allow`, `deny`, `withdrawn`, `seen`, …
        identifier: The data identifier that it is about; 0: none.
        reason: Why, for people.
        detail: More, by name.
    """

    device: Word
    time: Moment
    event: Annotated[EventKind, Field(strict=False)]
    alarm: bool = False
    subject: Annotated[str, Field(max_length=200)]
    verdict: Annotated[str, Field(max_length=40)]
    identifier: Identifier = 0
    reason: Annotated[str, Field(max_length=1000)] = ""
    detail: Annotated[dict[Annotated[str, Field(max_length=60)], Value], Field(max_length=64, default_factory=dict)]


ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)
"""Text to events and back; it writes the fields in the order above."""

_LINE: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])


def parse(device: str, line: bytes) -> Event | None:
    """An event out of a device's line; None if it is none."""
    try:
        values = _LINE.validate_json(line)
        if "device" in values or "event" in values:
            return None  # who wrote it is not for the line to say
        values["event"] = values.pop("kind")
        return Event.model_validate({"device": device, **values})
    except (ValidationError, KeyError):
        return None
