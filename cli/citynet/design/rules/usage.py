"""What stands in a design and does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.rules.registry import warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.errors import Problem


@warning("unused-profile", "sites", "devices", "participants", "profiles.sites")
def unused_profiles(design: Design) -> Iterator[Problem]:
    """Every profile is used.

    A profile that nothing names is often a name misspelt elsewhere. Delete it, or use it.
    """
    city = design.city
    brought = [use for site in city.profiles.sites.values() for use in site.devices.values()]
    used = {
        "sites": {site.profile for site in city.sites.values()},
        "devices": {device.profile for device in city.devices.values()} | {use.profile for use in brought},
        "participants": {participant.profile for participant in city.participants.values()},
    }
    there = {
        "sites": city.profiles.sites.keys(),
        "devices": city.profiles.devices.keys(),
        "participants": city.profiles.participants.keys(),
    }
    for section, names in used.items():
        for name in there[section]:
            if name not in names:
                yield design.source.problem(
                    ("profiles", section, name), f"nothing uses the profile '{name}'", f"{section} of this kind"
                )


@warning("unused-site", "devices", "fibres", "sites")
def unused_sites(design: Design) -> Iterator[Problem]:
    """Every site houses a device or ends a fibre."""
    used = {device.site for device in design.city.devices.values()}
    used |= {site for fibre in design.city.fibres.values() for site in fibre.between}
    for name in design.city.sites:
        if name not in used:
            yield design.source.problem(
                ("sites", name), f"site '{name}' has neither device nor fibre", "something in it, or no such site"
            )


@warning("unused-participant", "services", "participants")
def unused_participants(design: Design) -> Iterator[Problem]:
    """Every participant but a regulator attaches to a service.

    Regulators read evidence and need no attachment (监管方; report, chapter 2).
    """
    used = {end.participant for service in design.city.services.values() for end in service.ends}
    used |= {service.exit.participant for service in design.city.services.values() if service.exit}
    for name, participant in design.city.participants.items():
        if name not in used and participant.kind not in {"regulator", "operator"}:
            yield design.source.problem(
                ("participants", name), f"participant '{name}' attaches to no service", "an end of a service"
            )
