"""Every check there is."""

from __future__ import annotations

from citynet.levels.checks import (
    access,
    availability,
    compliance,
    compliance_data,
    compliance_paths,
    flow,
    integration,
    nines,
    operations,
    privacy,
    privacy_keys,
    privacy_lines,
    reliability,
    resilience,
    security,
    sentries,
    sharing,
    switching,
)
from citynet.levels.registry import Registry

_ROOMS = (
    security,
    sentries,
    access,
    reliability,
    nines,
    switching,
    privacy,
    privacy_lines,
    privacy_keys,
    resilience,
    availability,
    flow,
    sharing,
    operations,
    integration,
    compliance,
    compliance_data,
    compliance_paths,
)


def catalogue() -> Registry:
    """A registry with every check of every feature."""
    return Registry(check for room in _ROOMS for check in room.CHECKS)
