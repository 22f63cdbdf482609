"""Slices: bandwidth of their own from end to end (FlexE)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from citynet.design.base import Measured, Real, Whole
from citynet.design.types.words import TITLE, DomainName

Granule = Annotated[
    Literal[1000, 1250, 5000],
    BeforeValidator(lambda value: str(value) if isinstance(value, bool) else value),  # as for rates of links
]


class Flexe(Measured):
    """How the links of the city are cut into slots (OIF-FLEXE-02.1)."""

    granule_mbps: Granule = Field(
        1000, description="smallest part of a 5G slot that a slice can have, in Mbit/s; 5000 where none can be shared"
    )

    @property
    def granule_gbps(self) -> float:
        """The same in Gbit/s."""
        return self.granule_mbps / 1000


class Slice(Measured):
    """Bandwidth of its own on every link that its services may take: a FlexE client; nothing is lent or borrowed."""

    title: str = Field("", description=TITLE)
    domain: DomainName = Field(description="the domain it lives in")
    bandwidth_gbps: Real = Field(
        gt=0,
        le=6400,
        description="rate on each link of its way in Gbit/s: whole 5G slots, or granules of a part of one",
    )
    client: Whole | None = Field(
        None, ge=1, le=65534, description="FlexE client number, one slice's in its domain; allocated when absent"
    )


class LabSettings(Measured):
    """What the lab does to scale."""

    mbps_per_gbps: Whole = Field(
        1, ge=1, le=1000, description="Mbit/s that a slice has where the design says 1 Gbit/s; 1000 on real routers"
    )
