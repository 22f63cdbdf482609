"""What still holds of a design with errors of type: faulty pieces are set aside, so that rules can ask the rest.

Whoever mends a design then sees every problem at once, and no echo: a name that was set aside counts as existing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from citynet.design.types import City

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from citynet.design.source import Loc, Source

NAMED = (
    "domains",
    "zones",
    "sites",
    "fibres",
    "fibre_rings",
    "devices",
    "rings",
    "meshes",
    "stars",
    "participants",
    "slices",
    "paths",
    "services",
    "interconnects",
    "participant_groups",
    "identifiers",
    "fences",
)


@dataclass(slots=True)
class Aside:
    """What was set aside: whole sections' names, so that references to them are not called wrong.

    `sites` are those whose kind was set aside: nobody knows which devices they would have brought.
    """

    names: dict[str, set[str]] = field(default_factory=dict)
    sections: set[str] = field(default_factory=set)
    sites: list[str] = field(default_factory=list)

    def add(self, section: str, name: str | None = None) -> None:
        """Remember that a section lost something."""
        self.sections.add(section)
        if name is not None:
            self.names.setdefault(section, set()).add(name)

    def knows(self, section: str, name: str) -> bool:
        """Whether something of that name was set aside, or may have come with a site that was."""
        if section == "devices" and any(name.startswith(f"{site}-") for site in self.sites):
            return True
        return name in self.names.get(section, ())


def validate(values: dict[str, Any], source: Source, aside: Aside) -> tuple[City | None, list[ErrorDetails]]:
    """Validate, setting faulty pieces aside until the rest is valid.

    Returns:
        The city of what holds (None when too little does), and the errors found.
    """
    errors = list[Any]()
    for _ in range(4):  # each round removes what the one before it found; deeper nesting than this there is not
        try:
            return City.model_validate(values), errors
        except ValidationError as error:
            found = error.errors(include_url=False)
        errors += [_in_file(details, source) for details in found]
        _drop_links(values, found, source, aside)
        for details in found:
            _set_aside(values, details, aside)
    return None, errors


def _in_file(error: ErrorDetails, source: Source) -> ErrorDetails:
    """The error with list indices as they stand in the file, whatever was set aside before."""
    error["loc"] = source.original(tuple(part for part in error["loc"] if part != "[key]"))
    return error


def _drop_links(values: dict[str, Any], found: list[ErrorDetails], source: Source, aside: Aside) -> None:
    """Drop the links that have an error other than a key too many; their numbers in the file are kept in mind."""
    bad = {
        source.current("links", int(error["loc"][1]))
        for error in found
        if error["loc"][0] == "links" and len(error["loc"]) > 1 and error["type"] != "extra_forbidden"
    }
    if bad:
        aside.add("links")
        source.keep("links", [number for number in range(len(values["links"])) if number not in bad])
        values["links"] = [link for number, link in enumerate(values["links"]) if number not in bad]


def _set_aside(values: dict[str, Any], error: ErrorDetails, aside: Aside) -> None:
    loc: Loc = error["loc"]
    section = str(loc[0])
    if error["type"] == "extra_forbidden":
        _remove(values, loc)
    elif section == "city":
        values["city"] = "unnamed"
    elif section == "optical" and _drop_light(values.get("optical"), loc):
        aside.add(section)
    elif section in NAMED and isinstance(values.get(section), dict) and len(loc) > 1:
        values[section].pop(loc[1], None)
        aside.add(section, str(loc[1]))
    elif section in NAMED:
        values[section] = {}
        aside.add(section)
    elif section != "links" or len(loc) == 1:
        values.pop(section, None)
        aside.add(section)


def _drop_light(optical: Any, loc: Loc) -> bool:
    """Drop an entry of one of the optical base's mappings; False when the fault is none of theirs."""
    named = optical.get(loc[1]) if isinstance(optical, dict) and len(loc) > 2 else None
    return isinstance(named, dict) and named.pop(loc[2], None) is not None


def _remove(values: Any, loc: Loc) -> None:
    for part in loc[:-1]:
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return
    if isinstance(values, dict):
        values.pop(loc[-1], None)
