"""What the plan takes over from the design as it is."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class PlannedZone:
    """A fence zone; `within` is the next larger one, or empty."""

    name: str
    title: str
    kind: str
    within: str


@dataclass(slots=True)
class PlannedSite:
    """A site; `place` is its latitude and longitude (WGS-84, degrees), empty when the design gives none.

    `zones` are all that it lies in: those around its own, and those in whose polygon it stands.
    """

    name: str
    title: str
    zone: str
    place: list[float] = field(default_factory=list)
    zones: list[str] = field(default_factory=list)


@dataclass(slots=True)
class PlannedFibre:
    """A fibre between two sites; `loss_db` is None when nobody measured it."""

    name: str
    a: str
    b: str
    length_km: float
    capacity_gbps: float
    risk_groups: list[str]
    loss_db: float | None = None


@dataclass(slots=True)
class PlannedParticipant:
    """Somebody who takes part in the circulation of data."""

    name: str
    title: str
    kind: str


@dataclass(slots=True)
class PlannedDomain:
    """A domain with what its devices share; `encryption` is the level whose encryption it has."""

    name: str
    title: str
    level: str
    asn: int
    locators: str
    encryption: str = "L1"
    algorithms: str = "international"
