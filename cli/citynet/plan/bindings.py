"""What packets with a data identifier have of their own in a service, and how they carry it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.grades import steering_class
from citynet.plan.model import IdentifierOption, PlannedBinding

if TYPE_CHECKING:
    from citynet.design.types import City
    from citynet.plan.builder import Builder

EXTENSIONS = {"destination": [60], "hop-by-hop": [0], "any": [60, 0]}
"""Next-header values of the extension headers (RFC 8200, 4)."""


def carried(city: City) -> list[IdentifierOption]:
    """How packets carry identifiers, for a device that looks at them."""
    option = city.data_identifiers
    return [IdentifierOption(option.option, EXTENSIONS[option.header], option.bits)]


def plan_bindings(city: City, builder: Builder) -> None:
    """Number what the services of a design say of data identifiers."""
    for name, service in city.services.items():
        builder.services[name].bindings = [
            PlannedBinding(
                item.data or str(item.identifier),
                builder.identifiers[item.data].number if item.data else item.identifier or 0,
                str(steering_class(city, item) or ""),
                item.path or "",
                item.slice or "",
                item.bandwidth_mbps,
                item.encryption or "",
            )
            for item in service.steering
        ]
