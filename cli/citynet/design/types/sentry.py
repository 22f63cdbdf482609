"""Security sentries: what a border device looks for inside what its guard lets pass."""

from __future__ import annotations

import ipaddress
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from citynet.design.base import Measured, Strict, Whole

SentryProtocol = Literal["tls", "ssh", "http", "dns"]
DomainText = Annotated[
    str, Field(pattern=r"^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", max_length=253)
]


def _prefix(value: object) -> object:
    """An address, or a prefix of addresses, of either version; as text, which is what rules have."""
    if isinstance(value, str):
        try:
            return str(ipaddress.ip_network(value))
        except ValueError:
            pass
    raise PydanticCustomError("prefix", "an address or a prefix such as 203.0.113.0/24 or 2001:db8::/32")


AnyPrefix = Annotated[str, BeforeValidator(_prefix)]


class Expected(Strict):
    """What is spoken on a port that the guard opens."""

    port: Annotated[Whole, Field(ge=1, le=65535)] = Field(description="TCP port; of `dns` UDP as well")
    protocol: SentryProtocol = Field(description="what must be spoken there: anything else is alarmed")


class Sentry(Measured):
    """A network intrusion detection (Suricata) on what reaches a guard, in both directions; it only tells."""

    rules: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="file with more rules of Suricata, beside this one; it counts as a part of the design"
    )
    attempts: Whole = Field(
        5, ge=1, le=1000, description="tries of one source in a minute, at what nobody allows, that make a scan"
    )
    expected: list[Expected] = Field(default_factory=list, description="what is spoken on ports that the guard opens")
    largest_mb: Whole | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="more MB than this in one direction of one flow are alarmed; no limit when absent",
    )
    buffer_mb: Whole = Field(
        8, ge=1, le=4096, description="MB of memory for packets that wait to be looked at; more is for more traffic"
    )
    blocked_addresses: list[AnyPrefix] = Field(
        default_factory=list, max_length=1000, description="addresses and prefixes with which any contact is alarmed"
    )
    blocked_names: list[DomainText] = Field(
        default_factory=list,
        max_length=200,
        description="domains, with all below them, whose names in DNS, TLS and HTTP are alarmed",
    )
