"""Encryption: what a domain, a service and an application of it ask for beyond what their level and class do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from citynet.design.base import Flag, Ipv4Address, Measured, Strict, Whole
from citynet.design.types.words import DataClass, Name

Algorithms = Literal["international", "national"]
"""`national`: SM4 and SM3 (GB/T 32907-2016, GB/T 32905-2016) for services; lines as the platform can."""
GradeName = Literal["light", "strong", "full"]


class Application(Measured):
    """A kind of flow inside a layer-3 service with data of another class, and so with encryption of its own."""

    name: Name = Field(description="its name, one's own in the service")
    data_class: DataClass = Field(description="the class of its data")
    protocol: Literal["tcp", "udp"] = Field("tcp", description="protocol by which it is recognised")
    ports: Annotated[list[Annotated[Whole, Field(ge=1, le=65535)]], Field(min_length=1)] = Field(
        description="ports of the side that answers"
    )


class KeyServer(Measured):
    """A key management entity of the QKD network (ETSI GS QKD 014)."""

    address: Ipv4Address = Field(description="its address in the management network")
    port: Whole = Field(443, ge=1, le=65535, description="TCP port of its HTTPS interface")
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")] = Field(
        description="the name that its certificate must have"
    )


class Encryption(Strict):
    """Keys and what happens when they run out."""

    rotate_s: Annotated[Whole, Field(ge=5, le=86400)] = Field(
        3600, description="seconds after which a key from QKD is replaced, without a gap"
    )
    hold_s: Annotated[Whole, Field(ge=0, le=604800)] = Field(
        14400, description="seconds that the last key is held beyond that when no new one can be had; then it closes"
    )
    replay_window: Annotated[Whole, Field(ge=0, le=4096)] = Field(
        64, description="packets by which one may come late before it counts as replayed"
    )
    open_lines: Flag = Field(
        default=False, description="let lines without a key carry traffic in the clear, and say so; closed otherwise"
    )
    key_servers: dict[Name, KeyServer] = Field(
        default_factory=dict, description="key server of a site, by the site's name; the lab has one for each site"
    )
