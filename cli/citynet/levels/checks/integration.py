"""Integration: the report asks nothing at L1 ("无集成性"), so there is no check yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citynet.levels.model import Check

CHECKS: tuple[Check, ...] = ()
