"""Every check there is."""

from __future__ import annotations

from citynet.levels.checks import (
    availability,
    compliance,
    flow,
    integration,
    nines,
    operations,
    privacy,
    reliability,
    resilience,
    security,
    sharing,
    switching,
)
from citynet.levels.registry import Registry

_ROOMS = (
    security,
    reliability,
    nines,
    switching,
    privacy,
    resilience,
    availability,
    flow,
    sharing,
    operations,
    integration,
    compliance,
)


def catalogue() -> Registry:
    """A registry with every check of every feature."""
    return Registry(check for room in _ROOMS for check in room.CHECKS)
