"""Data identifiers and fences, written into the plan: numbers, and per device what may pass."""

from __future__ import annotations

from citynet.plan.fences.identifiers import plan_identifiers
from citynet.plan.fences.planning import plan_fences

__all__ = ["plan_fences", "plan_identifiers"]
