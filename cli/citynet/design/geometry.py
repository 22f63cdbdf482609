"""Zones on the map: polygons of GeoJSON (RFC 7946), and the zones that a site lies in.

Distances do not matter here, only what lies in what, so coordinates count as a plane: a city is small, and no zone
of it goes around a pole or over the 180th meridian.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citynet.design.base import Strict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from shapely.geometry.base import BaseGeometry

    from citynet.design.model import Design
    from citynet.design.source import Source
    from citynet.design.types import City, Place, Zone

MOST_POINTS = 100_000
"""Corners of one zone; a province as surveyors draw it has some ten thousand."""
MOST_BYTES = 16 * 1024 * 1024


class GeometryError(ValueError):
    """A polygon that cannot be meant: what is wrong, what was expected, and a hint."""

    def __init__(self, what: str, expected: str, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.expected, self.hint = what, expected, hint


@dataclass(slots=True)
class Areas:
    """The areas of a design's zones, and what is wrong with those that have none that can be meant."""

    by_zone: dict[str, BaseGeometry] = field(default_factory=dict)
    wrong: dict[str, GeometryError] = field(default_factory=dict)

    def zones_at(self, place: Place) -> list[str]:
        """The zones whose area a place lies in, or at whose edge."""
        if not self.by_zone:
            return []
        from shapely import Point  # noqa: PLC0415 - it takes numpy: only designs with polygons wait for it

        point = Point(place.lon, place.lat)
        return [name for name, area in self.by_zone.items() if area.intersects(point)]


def areas(design: Design) -> Areas:
    """The areas of all zones that have one."""
    found = Areas()
    for name, zone in design.city.zones.items():
        if zone.polygon is None and zone.polygon_file is None:
            continue
        try:
            found.by_zone[name] = _area(zone, name, file_of(design.source, name, zone))
        except GeometryError as error:
            found.wrong[name] = error
    return found


def file_of(source: Source, name: str, zone: Zone) -> Path | None:
    """The file with the polygon of a zone, beside the design file that names it."""
    if zone.polygon_file is None:
        return None
    return Path(source.where("zones", name, "polygon_file").file).parent / zone.polygon_file


def files_of(city: City, source: Source) -> Iterator[Path]:
    """Every file with polygons that a design names: they are a part of it."""
    named = (file_of(source, name, zone) for name, zone in city.zones.items())
    yield from sorted({file for file in named if file is not None})


def zones_of(city: City, within: Areas, site: str) -> list[str]:
    """Every zone that a site lies in: by name, by its place, and the larger ones around these; sorted."""
    what, found = city.sites[site], set[str]()
    waiting = ([what.zone] if what.zone else []) + (within.zones_at(what.place) if what.place else [])
    while waiting:
        name = waiting.pop()
        if name in city.zones and name not in found:
            found.add(name)
            outer = city.zones[name].within
            waiting += [outer] if outer else []
    return sorted(found)


def around(city: City, zone: str) -> list[str]:
    """A zone and those that it lies within, the smallest first."""
    found: list[str] = []
    name: str | None = zone
    while name and name in city.zones and name not in found:
        found.append(name)
        name = city.zones[name].within
    return found


def _area(zone: Zone, name: str, file: Path | None) -> BaseGeometry:
    if zone.polygon is not None and file is not None:
        raise GeometryError(f"zone '{name}' has two areas", "either 'polygon' or 'polygon_file'")
    given: Any = zone.polygon.model_dump() if isinstance(zone.polygon, Strict) else _from_file(file, name)
    parts = given["coordinates"] if given["type"] == "MultiPolygon" else [given["coordinates"]]
    return _checked(name, [_rings(name, part) for part in _list(name, parts)])


def _from_file(file: Path | None, name: str) -> dict[str, Any]:
    assert file is not None
    try:
        if file.stat().st_size > MOST_BYTES:
            raise GeometryError(f"'{file.name}' is too large", f"at most {MOST_BYTES // 2**20} MiB")
        value = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise GeometryError(f"'{file.name}' cannot be read: {error.strerror}", "a GeoJSON file") from error
    except (ValueError, RecursionError) as error:
        raise GeometryError(f"'{file.name}' is no JSON", "a GeoJSON file") from error
    found = _feature(value, name)
    if (
        not isinstance(found, dict)
        or found.get("type") not in {"Polygon", "MultiPolygon"}
        or "coordinates" not in found
    ):
        raise GeometryError(f"'{file.name}' has no area for zone '{name}'", "a Polygon or MultiPolygon (RFC 7946)")
    return found


def _feature(value: Any, name: str) -> Any:
    """The geometry in a GeoJSON document: alone, of its feature, or of the feature that has the zone's name."""
    if not isinstance(value, dict):
        return None
    if value.get("type") == "Feature":
        return value.get("geometry")
    if value.get("type") == "FeatureCollection" and isinstance(value.get("features"), list):
        features = [one for one in value["features"] if isinstance(one, dict)]
        named = [one for one in features if (one.get("properties") or {}).get("name") == name]
        chosen = named or (features if len(features) == 1 else [])
        return chosen[0].get("geometry") if len(chosen) == 1 else None
    return value


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise GeometryError(
            f"the polygon of zone '{name}' is not nested as GeoJSON is", "rings of [longitude, latitude]"
        )
    return value


def _rings(name: str, value: Any) -> list[list[tuple[float, float]]]:
    rings = [[_point(name, point) for point in _list(name, ring)] for ring in _list(name, value)]
    if sum(map(len, rings)) > MOST_POINTS:
        raise GeometryError(f"the polygon of zone '{name}' has too many corners", f"at most {MOST_POINTS}")
    for ring in rings:
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise GeometryError(
                f"a ring of zone '{name}' is not closed", "four points or more, the last of them the first (RFC 7946)"
            )
    return rings


def _point(name: str, value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) < 2 or not all(_is_number(one) for one in value):
        raise GeometryError(f"zone '{name}' has a point that is none", "[longitude, latitude] in degrees")
    lon, lat = float(value[0]), float(value[1])
    if abs(lat) > 90 or abs(lon) > 180:
        swapped = abs(lon) <= 90 and abs(lat) <= 180
        hint = "latitude and longitude are swapped: GeoJSON has the longitude first" if swapped else ""
        raise GeometryError(
            f"zone '{name}' has a corner at longitude {lon:g}, latitude {lat:g}", "degrees (WGS-84)", hint
        )
    return lon, lat


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _checked(name: str, parts: list[list[list[tuple[float, float]]]]) -> BaseGeometry:
    from shapely import MultiPolygon, Polygon, is_valid_reason  # noqa: PLC0415

    area = MultiPolygon([Polygon(rings[0], rings[1:]) for rings in parts])
    if not area.is_valid:
        reason = is_valid_reason(area)
        where = reason.partition("[")[2].rstrip("]").replace(" ", ", ")
        what = (
            "crosses itself" if "intersection" in reason.lower() else f"is no area ({reason.partition('[')[0].lower()})"
        )
        raise GeometryError(
            f"the polygon of zone '{name}' {what} at longitude, latitude {where}", "a border that does not cross itself"
        )
    if not area.area:
        raise GeometryError(f"the polygon of zone '{name}' is empty", "an area")
    return area
