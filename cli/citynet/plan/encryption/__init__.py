"""Encryption of a city: lines (MACsec), services from end to end (IPsec, SM4), and the servers of their keys (QKD)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.plan.encryption.keys import plan_keys
from citynet.plan.encryption.lines import plan_lines
from citynet.plan.encryption.services import plan_protections

if TYPE_CHECKING:
    from citynet.design.types import City
    from citynet.plan.builder import Builder


def plan_encryption(city: City, builder: Builder) -> None:
    """Plan all of it; lines and services are planned already, paths are not."""
    plan_lines(city, builder)
    plan_protections(city, builder)
    plan_keys(city, builder)
