"""Numbers of a source: coordinates, distances, lengths, rates."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from citynet.design.types import Rate

if TYPE_CHECKING:
    from citynet.imports.report import Report, Where

RATES: list[int] = TypeAdapter(Rate).json_schema()["enum"]
"""Rates of a line that the design has, in Gbit/s."""
SAME = 1.01
"""Rates that differ by less than this factor are one."""
ROUTE_FACTOR = 1.4
"""Length of a duct for each kilometre of air line, as `labs/wuhan` takes it for a city."""
LONGEST_KM = 5000.0
"""What `design.types.Fibre` takes."""
MOST_LOSS_DB = 200.0
"""What `design.types.Fibre` takes."""
KM = {"km": 1.0, "m": 0.001, "cm": 0.00001, "mi": 1.609344, "ft": 0.0003048, "in": 0.0000254}
"""Kilometres in NetBox's cable units; mile, foot, inch: international yard and pound agreement, 1959."""
_WORDS = {
    "kilometers": "km",
    "kilometres": "km",
    "meters": "m",
    "metres": "m",
    "centimeters": "cm",
    "centimetres": "cm",
    "miles": "mi",
    "feet": "ft",
    "inches": "in",
}
LONGEST_NUMBER = 40
"""Signs of a length with its unit; longer text is something else."""
_LENGTH = re.compile(r"\s*(.+?)\s*([A-Za-z]*)\s*")
_SPEED = re.compile(r"(?<![\d.-])(\d+(?:\.\d+)?)\s*([TGMk])(?:b(?:it)?(?:ps|/s)|ig|\b)", re.IGNORECASE)
_GBPS = {"T": 1000.0, "G": 1.0, "M": 0.001, "K": 0.000001}
_OPTICAL = re.compile(r"\b(OC|STM)-?(\d{1,4})", re.IGNORECASE)
_OC1_GBPS, _STM1_GBPS = 0.05184, 0.15552
"""SONET OC-1 (ANSI T1.105) and SDH STM-1 (ITU-T G.707)."""


def number(value: object) -> float | None:
    """A finite number, also one written as text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def place(latitude: object, longitude: object, of: str, where: Where, report: Report) -> tuple[float, float] | None:
    """Coordinates of `of` in degrees; None when it has none, or wrong ones, which the report then tells."""
    given = ", ".join(str(value) for value in (latitude, longitude) if value is not None and value != "")
    if not given:
        return None
    lat, lon = number(latitude), number(longitude)
    if lat is None or lon is None:
        report.faulty(where, f"{of} has coordinates '{given}'", "two numbers in degrees")
        return None
    if abs(lat) > 90 or abs(lon) > 180:
        hint = "latitude and longitude may be swapped" if abs(lat) <= 180 and abs(lon) <= 90 else ""
        report.faulty(where, f"{of} lies at {lat:g}, {lon:g}", "latitude -90 to 90, longitude -180 to 180", hint)
        return None
    return round(lat, 6), round(lon, 6)


def length_km(value: object, unit: str, of: str, where: Where, report: Report) -> float | None:
    """A length in km; None when there is none, or a wrong one, which the report then tells.

    Args:
        value: A number, or text that may hold the unit too, such as '12.5 km'.
        unit: The unit when the value does not hold it.
        of: What is so long.
        where: Its line.
        report: Gets what is wrong.
    """
    match = _LENGTH.fullmatch(str(value)[: LONGEST_NUMBER + 1]) if value is not None else None
    if match is None:
        return None
    if len(str(value)) > LONGEST_NUMBER:
        report.faulty(where, f"{of} has the length '{str(value)[:LONGEST_NUMBER]}…'", "a number")
        return None
    found, word = number(match[1]), (match[2] or unit).lower().strip()
    factor = KM.get(_WORDS.get(word, word))
    if found is None or found < 0:
        report.faulty(where, f"{of} has the length '{value}'", "a number that is not negative")
        return None
    if factor is None:
        said = f"the unit '{word}'" if word else "a length without a unit"
        report.faulty(where, f"{of} has {said}", ", ".join(KM))
        return None
    return found * factor


def speed_gbps(raw: object, text: str) -> float | None:
    """A rate in Gbit/s from bits a second, else from a text such as '10 Gbps' or 'STM-64'; None if neither."""
    bits = number(raw) if raw is not None else None
    if bits is not None and bits > 0:
        return bits / 1e9
    if match := _SPEED.search(text):
        return (number(match[1]) or 0.0) * _GBPS[match[2].upper()] or None
    if match := _OPTICAL.search(text):
        return int(match[2]) * (_OC1_GBPS if match[1].upper() == "OC" else _STM1_GBPS)
    return None


def rate_gbps(speed: float) -> int:
    """The largest rate of the design that is not above `speed` in Gbit/s; the smallest one when all are.

    STM-64 counts as 10 Gbit/s and STM-256 as 40, of which they miss half a percent.
    """
    return max((rate for rate in RATES if rate <= speed * SAME), default=min(RATES))
