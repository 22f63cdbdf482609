"""Where each value of a design was written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from citynet.errors import Problem

Loc = tuple[str | int, ...]


class Place(NamedTuple):
    """File as the user gave it, line and column from 1; 0 when unknown."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """`file:line:column`."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(slots=True)
class Source:
    """The places of a design's values."""

    places: dict[Loc, Place] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    kept: dict[str, list[int]] = field(default_factory=dict)

    def keep(self, section: str, numbers: list[int]) -> None:
        """Only these entries of a list are left; from now on their numbers mean the new, shorter list."""
        before = self.kept.get(section)
        self.kept[section] = [before[number] if before else number for number in numbers]

    def original(self, loc: Loc) -> Loc:
        """A place with the number that its list entry has in the file."""
        if len(loc) > 1 and loc[0] in self.kept and isinstance(loc[1], int):
            return (loc[0], self.kept[str(loc[0])][loc[1]], *loc[2:])
        return loc

    def current(self, section: str, number: int) -> int:
        """The reverse of `original` for one entry of a list."""
        return self.kept[section].index(number) if section in self.kept else number

    def where(self, *given: str | int) -> Place:
        """The place of a value, or of the nearest value around it."""
        return self.at(self.original(given))

    def at(self, loc: Loc) -> Place:
        """The same for a place with the numbers that list entries have in the file."""
        for length in range(len(loc), 0, -1):
            if (place := self.places.get(loc[:length])) is not None:
                return place
        return Place(self.files[0] if self.files else "design", 0, 0)

    def copy(self, to: Loc, of: Loc) -> None:
        """What stands at `of` counts as written for `to`, which has no place of its own."""
        self.places.setdefault(to, self.where(*of))

    def problem(self, loc: Loc, what: str, expected: str = "", hint: str = "", rule: str = "") -> Problem:
        """A problem with the value at `loc`."""
        return self.problem_at(self.where(*loc), what, expected, hint, rule)

    @staticmethod
    def problem_at(place: Place, what: str, expected: str = "", hint: str = "", rule: str = "") -> Problem:
        """A problem at a place."""
        return Problem(place.file, place.line, what, expected, hint, place.column, rule)
