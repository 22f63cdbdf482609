"""A design as the planner gets it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.design.partial import Aside

if TYPE_CHECKING:
    from citynet.design.source import Source
    from citynet.design.types import City
    from citynet.errors import Problem


@dataclass(slots=True)
class Design:
    """A design that holds together, with the place of every value and the digest of its files.

    While problems are being collected it may be what is left of a faulty one; `aside` says what is missing then.
    """

    city: City
    source: Source
    digest: str
    aside: Aside = field(default_factory=Aside)
    warnings: list[Problem] = field(default_factory=list)
