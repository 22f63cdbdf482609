"""Who has which slots on which fibre."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.lab.optics.model import Leg, Section


@dataclass(slots=True)
class _Use:
    section: Section
    users: set[str] = field(default_factory=set)


class Spectrum:
    """Slots on fibres, taken section by section; services of one owner share what it has."""

    def __init__(self, first_slot: int, slots: int) -> None:
        self._band = range(first_slot, first_slot + slots)
        self._uses: dict[str, _Use] = {}
        self._on: dict[str, dict[str, Section]] = {}

    def fits(self, leg: Leg) -> bool:
        """Whether all its slots are free, or its owners' already."""
        return all(self._section_fits(section) for section in leg.sections)

    def take(self, leg: Leg, user: str) -> None:
        """Give a leg's slots to a user."""
        for section in leg.sections:
            use = self._uses.setdefault(section.owner, _Use(section))
            use.users.add(user)
            for fibre in section.fibres:
                self._on.setdefault(fibre, {})[section.owner] = section

    def release(self, leg: Leg, user: str) -> None:
        """Take them back; they are free when nobody is left."""
        for section in leg.sections:
            use = self._uses.get(section.owner)
            if use is None:
                continue
            use.users.discard(user)
            if not use.users:
                del self._uses[section.owner]
                for fibre in use.section.fibres:
                    self._on[fibre].pop(section.owner, None)

    def held(self, owner: str) -> Section | None:
        """What an owner has lit."""
        use = self._uses.get(owner)
        return use.section if use else None

    def first_fit(self, fibres: Iterable[str], width: int) -> int | None:
        """The lowest slot from which `width` are free on every one of these fibres; even, as G.694.1 has widths."""
        taken = sorted(
            (section.first_slot, section.slots) for fibre in fibres for section in self._on.get(fibre, {}).values()
        )
        first = self._band.start
        for start, count in taken:
            if start >= first + width:
                break
            first = max(first, start + count)
        return first if first + width <= self._band.stop else None

    def used(self, fibre: str) -> list[Section]:
        """The sections lit on a fibre."""
        return sorted(self._on.get(fibre, {}).values(), key=lambda section: section.first_slot)

    def _section_fits(self, section: Section) -> bool:
        held = self.held(section.owner)
        if held is not None:
            return held == section
        end = section.first_slot + section.slots
        return not any(
            other.first_slot < end and section.first_slot < other.first_slot + other.slots
            for fibre in section.fibres
            for other in self._on.get(fibre, {}).values()
        )
