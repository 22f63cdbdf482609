"""The optical base as tables for a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.errors import InputError, Problem
from citynet.plan.model.optical import SLOT_GHZ

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import LitPath, OpticalPlan, Plan

Table = tuple[str, list[str], list[list[str]]]
"""Title, headings and rows."""


def light_of(plan: Plan) -> OpticalPlan:
    """The optical plan.

    Raises:
        InputError: The design asks for none.
    """
    if plan.optical is None:
        what = f"city '{plan.city}' has no optical base"
        raise InputError([Problem("show optical", 0, what, "a design with an `optical` section", "optical: {}")])
    return plan.optical


def tables(light: OpticalPlan) -> Iterator[Table]:
    """Nodes, services and lit paths."""
    yield _nodes(light)
    yield _services(light)
    yield _paths(light)


def figures(light: OpticalPlan) -> str:
    """Spectrum in use, held against what no assignment does with less."""
    use = light.spectrum
    times = f" ({use.highest_used / use.lower_bound:.3f} times that)" if use.lower_bound else ""
    return (
        f"spectrum: {use.highest_used} of {use.slots} slots of {SLOT_GHZ:g} GHz{times}; fullest fibre "
        f"{use.fullest_fibre or '-'} carries {use.lower_bound}, the least that these routes need; any routes need "
        f"{use.site_bound}\njudged by {light.judged_by}"
    )


def _nodes(light: OpticalPlan) -> Table:
    return (
        "nodes",
        ["node", "site", "degrees", "fibres"],
        [
            [node.name, node.site, str(len(node.degrees)), " ".join(degree.fibre for degree in node.degrees)]
            for node in light.nodes.values()
        ],
    )


def _services(light: OpticalPlan) -> Table:
    return (
        "services",
        ["service", "domain", "class", "a", "b", "odu", "wavelength", "slots", "delay µs"],
        [
            [
                service.name,
                service.domain,
                service.protection_class,
                service.a.site,
                service.b.site,
                service.odu,
                service.trunk,
                _slots(light, service.trunk, service.name),
                f"{service.delay_us:g}",
            ]
            for service in light.services.values()
        ],
    )


def _slots(light: OpticalPlan, trunk: str, service: str) -> str:
    """Tributary slots of a service; those of fine grain with the ODU0 that they are in."""
    one = light.trunks[trunk]
    for member in one.members:
        if member.service == service:
            return f"{member.first_slot}+{member.slots}"
    found = [(fine, member) for fine in one.fine for member in fine.members if member.service == service]
    return "".join(f"{fine.first_slot}/{member.first_slot}+{member.slots}" for fine, member in found)


def _paths(light: OpticalPlan) -> Table:
    return (
        "lit paths",
        ["lit path", "role", "THz", "GHz", "mode", "GSNR", "need", "margin", "km", "fibres", "risk groups"],
        [_path(path) for path in light.lit_paths.values()],
    )


def _path(path: LitPath) -> list[str]:
    return [
        path.name,
        path.role,
        f"{path.frequency_thz:.5f}",
        f"{path.slots * SLOT_GHZ:g}",
        path.mode,
        f"{path.gsnr_db:.2f}",
        f"{path.threshold_db:.2f}",
        f"{path.margin_db:+.2f}",
        f"{path.length_km:g}",
        " ".join(path.fibres),
        " ".join(path.risk_groups),
    ]
