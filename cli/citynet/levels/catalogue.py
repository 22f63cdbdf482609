"""Every check there is."""

from __future__ import annotations

from citynet.levels.checks import (
    availability,
    compliance,
    flow,
    integration,
    operations,
    privacy,
    reliability,
    resilience,
    security,
)
from citynet.levels.registry import Registry

_ROOMS = (security, reliability, privacy, resilience, availability, flow, operations, integration, compliance)


def catalogue() -> Registry:
    """A registry with every check of every feature."""
    return Registry(check for room in _ROOMS for check in room.CHECKS)
