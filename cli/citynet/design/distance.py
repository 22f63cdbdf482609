"""Distances on the ground."""

from __future__ import annotations

import math

EARTH_KM = 6371.0088
"""Mean radius of the Earth (IUGG)."""


def air_line_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Great-circle distance in km between two places, each latitude and longitude in degrees (WGS-84).

    Haversine on a sphere: within 0.6 % of the ellipsoid.
    """
    (lat1, lon1), (lat2, lon2) = (tuple(map(math.radians, spot)) for spot in (one, other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(half)))
