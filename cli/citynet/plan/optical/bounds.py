"""How little spectrum would do: loads that no assignment of slots gets below."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.plan.model import LitPath
    from citynet.plan.optical.spectrum import Spectrum


def fullest(paths: Iterable[LitPath], spectrum: Spectrum) -> tuple[int, str]:
    """Slots in use on the fullest fibre, and its name: with these routes the band cannot end below that."""
    fibres = sorted({fibre for path in paths for fibre in path.fibres})
    return spectrum.fullest(fibres)


def at_sites(paths: Iterable[LitPath], degrees: dict[str, int]) -> int:
    """Slots that the fullest fibre must carry whatever the routes: what ends at a site, spread over all its fibres.

    Restoration paths may share slots, so they do not count.
    """
    ending = defaultdict[str, int](int)
    for path in paths:
        if path.role != "restoration":
            ending[path.a] += path.slots
            ending[path.b] += path.slots
    return max((-(-slots // degrees[site]) for site, slots in ending.items()), default=0)
