"""Which slots of which fibre are lit: bit masks, first fit, and spare light that lit paths of restoration share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


@dataclass(frozen=True, slots=True)
class Spare:
    """Slots kept for a restoration: who may need them at once, as risks of its working path in bits."""

    name: str
    domain: str
    mask: int
    risks: int


@dataclass(slots=True)
class Spectrum:
    """The slots of every fibre, counted from the lower edge of the band.

    `lit` holds light that is there for good, `weak` light that restoration may take (class copper), `spare` what is
    kept for restoration.
    """

    slots: int
    lit: dict[str, int] = field(default_factory=dict)
    weak: dict[str, int] = field(default_factory=dict)
    spare: dict[str, list[Spare]] = field(default_factory=dict)

    def taken(self, fibres: Iterable[str]) -> int:
        """Slots that a new lit path may not use."""
        mask = 0
        for fibre in fibres:
            mask |= self.lit.get(fibre, 0) | self.weak.get(fibre, 0)
            for kept in self.spare.get(fibre, ()):
                mask |= kept.mask
        return mask

    def taken_for_spare(self, fibres: Iterable[str], domain: str, risks: int) -> int:
        """Slots that a restoration may not use: lit ones, and spare ones of others that one risk may wake with it.

        The domains share no spare light either.
        """
        mask = 0
        for fibre in fibres:
            mask |= self.lit.get(fibre, 0)
            for kept in self.spare.get(fibre, ()):
                if kept.domain != domain or kept.risks & risks:
                    mask |= kept.mask
        return mask

    def first_fit(self, taken: int, width: int) -> int | None:
        """The lowest run of `width` free slots."""
        return first_free(taken, self.slots, width)

    def is_free(self, taken: int, first: int, width: int) -> bool:
        """Whether these slots lie in the band and are free."""
        return first >= 0 and first + width <= self.slots and not taken & run(first, width)

    def light(self, fibres: Iterable[str], first: int, width: int, *, weak: bool = False) -> None:
        """Take slots for good, or until a restoration wants them."""
        kind = self.weak if weak else self.lit
        for fibre in fibres:
            kind[fibre] = kind.get(fibre, 0) | run(first, width)

    def keep(self, fibres: Iterable[str], spare: Spare) -> None:
        """Keep slots for a restoration."""
        for fibre in fibres:
            self.spare.setdefault(fibre, []).append(spare)

    def used(self, fibre: str) -> int:
        """Every slot of a fibre that is lit or kept, as bits."""
        return self.taken([fibre])

    def highest(self, fibres: Sequence[str]) -> int:
        """How many slots reach from the lower edge to the highest one in use."""
        return max((self.used(fibre).bit_length() for fibre in fibres), default=0)

    def fullest(self, fibres: Sequence[str]) -> tuple[int, str]:
        """The most slots in use on one fibre, and which: no assignment on these routes needs a narrower band."""
        return max(((self.used(fibre).bit_count(), fibre) for fibre in fibres), default=(0, ""))


def first_free(taken: int, slots: int, width: int) -> int | None:
    """The lowest run of `width` bits among the lowest `slots` that `taken` leaves free; None when there is none."""
    runs = ~taken & ((1 << slots) - 1)
    have = 1
    while have < width:  # after each round a set bit begins a run of `have` free ones
        step = min(have, width - have)
        runs &= runs >> step
        have += step
    return (runs & -runs).bit_length() - 1 if runs else None


def run(first: int, width: int) -> int:
    """Bits of `width` slots from `first` on."""
    return ((1 << width) - 1) << first
