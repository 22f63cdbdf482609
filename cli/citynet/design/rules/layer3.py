"""Layer-3 services: hubs and spokes, dual-homed sites, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.rules.names import service_ends_of
from citynet.design.rules.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.errors import Problem

LONGEST_VRF = 11
"""Letters of a VRF whose spokes get VRFs of their own: `_` and a number up to 500 follow, in 15 letters together."""


@rule("hub-and-spoke")
def hub_and_spoke(design: Design) -> Iterator[Problem]:
    """A hub-and-spoke service has a hub, and only such a service has hubs and spokes.

    Spokes reach hubs, hubs reach each other, and no spoke reaches a spoke: each has a VRF of its own, whose name is
    that of the service's `vrf` with a number behind it, so the `vrf` is 11 characters at most. An end without `part`
    is a spoke.
    """
    for name, service in design.city.services.items():
        parts = [end.part for end in service.ends]
        if service.topology == "hub-and-spoke":
            if "hub" not in parts:
                yield design.source.problem(
                    ("services", name, "ends"), f"hub-and-spoke service '{name}' has no hub", "an end with 'part: hub'"
                )
            if service.vrf is not None and len(service.vrf) > LONGEST_VRF:
                yield design.source.problem(
                    ("services", name, "vrf"),
                    f"vrf '{service.vrf}' leaves no room for the numbers of its spokes",
                    f"{LONGEST_VRF} characters at most in a hub-and-spoke service",
                )
            continue
        for number, part in enumerate(parts):
            if part is not None:
                yield design.source.problem(
                    ("services", name, "ends", number, "part"),
                    f"an end of service '{name}' is a {part}, but its ends all reach each other",
                    "no 'part'",
                    "or 'topology: hub-and-spoke'",
                )


@rule("dual-homed")
def dual_homed(design: Design) -> Iterator[Problem]:
    """A dual-homed end hangs on two different devices.

    One device twice would be lost at once. Take a device at another site where you can.
    """
    for name, number, end in service_ends_of(design):
        if end.backup_device == end.device:
            yield design.source.problem(
                ("services", name, "ends", number, "backup_device"),
                f"host '{end.host}' hangs on '{end.device}' twice",
                "a second device",
            )


@rule("service-limit")
def service_limits(design: Design) -> Iterator[Problem]:
    """A service that is policed says to which bandwidth."""
    for name, service in design.city.services.items():
        if service.police and not service.bandwidth_mbps:
            yield design.source.problem(
                ("services", name, "police"), f"service '{name}' is policed without bandwidth", "its 'bandwidth_mbps'"
            )


@rule("path-ends")
def path_ends(design: Design) -> Iterator[Problem]:
    """A service that takes a path of its own has ends on one device each, which all reach each other.

    A path leads to one device; it would go on leading there when a dual-homed site has left it, and knows no spokes.
    """
    for name, service in design.city.services.items():
        if service.path is None and not any(item.path for item in service.steering):
            continue
        key = "path" if service.path is not None else "steering"
        if service.topology != "any-to-any" or any(end.backup_device is not None for end in service.ends):
            yield design.source.problem(
                ("services", name, key),
                f"service '{name}' has a path of its own, and spokes or dual-homed ends",
                "any-to-any, each end on one device",
                "or no path: such a service takes IS-IS's",
            )
