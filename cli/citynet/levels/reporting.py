"""What the report by data identifier said, typed, like `measurements`."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid")


@dataclass(config=_STRICT)
class Reported:
    """What the report by data identifier says of flows that were sent, and of an identifier that nobody sent.

    Attributes:
        identifier: The identifier.
        border: The border that the flows crossed.
        participants: At both ends, the opener first.
        flows: How many were sent.
        carried_bytes: What each of them carried at least, one way.
        report: What was answered.
        unused: Another number.
        other: What was answered for that.
    """

    identifier: int
    border: str
    participants: list[str]
    flows: int
    carried_bytes: int
    report: dict[str, Any]
    unused: int
    other: dict[str, Any]
