"""How often things fail, and how one adds that up: the same figures for the paths and for the level checks.

The report gives none of them but "MTTR in hours" (table 3-2, L1); the rest are the project's own, ordinary figures of
carriers, and settings everywhere.
"""

from __future__ import annotations

DEVICE_MTBF_H = 100_000.0
"""Hours between two failures of a device."""
PORT_MTBF_H = 1_000_000.0
"""Hours between two failures of a port with its optics."""
FIBRE_CUTS = 2.0
"""Cuts of 1,000 km of fibre in a year."""
MTTR_H = 4.0
"""Hours until a failure is repaired."""
HOURS_PER_YEAR = 8760.0


def down_share(failures_per_hour: float, mttr_h: float) -> float:
    """Share of time for which something is down that fails so often and is repaired in that time (in hours)."""
    return failures_per_hour * mttr_h / (1.0 + failures_per_hour * mttr_h)


def cuts_per_hour(length_km: float, cuts_per_1000km_year: float) -> float:
    """Cuts an hour of so many kilometres of fibre."""
    return cuts_per_1000km_year * length_km / 1000.0 / HOURS_PER_YEAR
