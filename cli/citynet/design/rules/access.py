"""Trusted access: roles, tasks, and who they let on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.geometry import areas, zones_of
from citynet.design.rules.registry import rule, warning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.design.model import Design
    from citynet.design.source import Loc
    from citynet.design.types import AccessRole, End
    from citynet.errors import Problem


@rule("access-right", "identifiers", "participant_groups", "participants", "services")
def access_right(design: Design) -> Iterator[Problem]:
    """A role or task gives its holders identifiers only to which their participants have a right.

    The group of an identifier has the right to it. A role narrows who may use it when and where, and never widens it.
    """
    access = design.city.access
    for name, role in access.roles.items():
        yield from _foreign(design, ("access", "roles", name, "identifiers"), [name], role.identifiers)
    for name, task in access.tasks.items():
        yield from _foreign(design, ("access", "tasks", name, "identifiers"), task.roles, task.identifiers)


def _foreign(design: Design, loc: Loc, roles: Iterable[str], identifiers: Iterable[str]) -> Iterator[Problem]:
    city = design.city
    known = [city.access.roles[role] for role in roles if role in city.access.roles]
    for identifier in identifiers:
        group = city.identifiers[identifier].group if identifier in city.identifiers else ""
        members = {*city.participant_groups[group].participants} if group in city.participant_groups else None
        for who in dict.fromkeys(one for role in known for one in _participants(design, role)):
            if members is not None and who not in members:
                yield design.source.problem(
                    loc,
                    f"participant '{who}' would get identifier '{identifier}', to which group '{group}' has the right",
                    f"a role without {who}, or {who} in that group",
                )


def _participants(design: Design, role: AccessRole) -> Iterator[str]:
    yield from role.participants
    for service in design.city.services.values():
        yield from (end.participant for end in service.ends if end.host in role.hosts)


@rule("access-name", "services")
def access_name(design: Design) -> Iterator[Problem]:
    """Roles, tasks and hosts have names apart from each other.

    A right is withdrawn by any of these names.
    """
    hosts = {end.host: "a host" for service in design.city.services.values() for end in service.ends}
    seen = dict(hosts)
    for section, word, names in (
        ("roles", "a role", design.city.access.roles),
        ("tasks", "a task", design.city.access.tasks),
    ):
        for name in names:
            if name in seen:
                yield design.source.problem(
                    ("access", section, name), f"'{name}' is {word} and {seen[name]}", "a name of its own"
                )
            seen[name] = word


@warning("access-nobody", "access", "services", "zones", "sites", "devices")
def access_nobody(design: Design) -> Iterator[Problem]:
    """Every host of a service that asks for access has a role that lets it on where it is, and roles have a service.

    Where `access: required` or `access: ike` stands, nothing passes a port until a role of its host holds.
    """
    city = design.city
    asking = {name for name, service in city.services.items() if service.access != "open"}
    for name in sorted(asking):
        for number, end in enumerate(city.services[name].ends):
            if not any(_lets_on(design, role, name, end) for role in city.access.roles.values()):
                yield design.source.problem(
                    ("services", name, "ends", number),
                    f"no role lets host '{end.host}' on in service '{name}'",
                    "a role of its own or its participant's that holds there",
                )
    if city.access.roles and not asking:
        what = "no service asks for access, so roles do nothing"
        yield design.source.problem(("access",), what, "'access: required' in a service")


@rule("access-ike", "services")
def access_ike(design: Design) -> Iterator[Problem]:
    """Where hosts get on by IKE, each hangs on one device, and nothing looks into frames at its port.

    Behind the tunnel there are no frames: what gives identifiers to flows at the port (`tags`) or counts them there
    (`tracing`) would see none. A host on two devices would need two tunnels at a time for one address.
    """
    city = design.city
    for name, service in city.services.items():
        if service.access != "ike":
            continue
        for number, end in enumerate(service.ends):
            if end.backup_device is not None:
                yield design.source.problem(
                    ("services", name, "ends", number, "backup_device"),
                    f"host '{end.host}' gets on by IKE and hangs on two devices",
                    "one device, or 'access: required'",
                )
        if service.tags:
            yield design.source.problem(
                ("services", name, "tags"), f"service '{name}' has 'access: ike' and 'tags'", "'access: required'"
            )
        if city.tracing is not None:
            yield design.source.problem(
                ("services", name, "access"),
                f"service '{name}' has 'access: ike', and the design 'tracing'",
                "'access: required', or no tracing",
            )


def _lets_on(design: Design, role: AccessRole, service: str, end: End) -> bool:
    if end.host not in role.hosts and end.participant not in role.participants:
        return False
    if role.services and service not in role.services:
        return False
    devices = [one for one in (end.device, end.backup_device) if one and (not role.devices or one in role.devices)]
    return any(not role.zones or bool({*role.zones} & _zones(design, device)) for device in devices)


def _zones(design: Design, device: str) -> set[str]:
    found = design.city.devices.get(device)
    return {*zones_of(design.city, areas(design), found.site)} if found and found.site in design.city.sites else set()
