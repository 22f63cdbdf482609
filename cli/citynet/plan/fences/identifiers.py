"""The numbers of data identifiers: two fields, application group and user group, each allocated through the lock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.plan.model import PlannedIdentifier

if TYPE_CHECKING:
    from citynet.design.types import City, DataIdentifiers
    from citynet.plan.builder import Builder

_APPLICATIONS, _USERS = "apn/application", "apn/user"


def plan_identifiers(city: City, builder: Builder) -> None:
    """Number every identifier; numbers that the design gives come first, before anybody else can take them."""
    for group_name, group in city.participant_groups.items():
        if group.number is not None:
            builder.lock.reserve(_USERS, group_name, group.number)
    for one in city.identifiers.values():
        if one.application is not None:
            builder.lock.reserve(_APPLICATIONS, f"{one.data_class}/{one.use}", one.application)
    option = city.data_identifiers
    for name, one in city.identifiers.items():
        key = f"{one.data_class}/{one.use}"
        application = builder.lock.take(_APPLICATIONS, key, 1, (1 << option.application_bits) - 1)
        user = builder.lock.take(_USERS, one.group, 1, (1 << option.user_bits) - 1)
        builder.identifiers[name] = PlannedIdentifier(
            name,
            one.title,
            one.group,
            str(one.data_class),
            one.use,
            application,
            user,
            number_of(option, application, user),
            list(city.participant_groups[one.group].participants),
        )


def number_of(option: DataIdentifiers, application: int, user: int) -> int:
    """An identifier of its fields: application first, then user, the rest zero (draft-li-6man-apn-ipv6-encap)."""
    return application << (option.bits - option.application_bits) | user << (
        option.bits - option.application_bits - option.user_bits
    )
