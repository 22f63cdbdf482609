"""What is said when a demand cannot be lit: which risk collides, how many dB are missing, and what would help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.plan.optical.diversity import refusal
from citynet.plan.optical.remedies import Lacking, remedies
from citynet.plan.optical.trunks import Load, carries

if TYPE_CHECKING:
    from citynet.design.model import Design
    from citynet.errors import Problem
    from citynet.plan.optical.demands import Demand, Group
    from citynet.plan.optical.graph import Route
    from citynet.plan.optical.judging import Judged
    from citynet.plan.optical.lighting import Lamp, NoLightError
    from citynet.plan.optical.routing import Choice, Router
    from citynet.plan.optical.trunks import NamedMode, Trunk


def no_choice(design: Design, router: Router, group: Group, wanted: list[Demand]) -> Problem:
    """No way, or no two ways without a common risk."""
    what = f"{_who(wanted)}, {group.protection}"
    found = refusal(router.graph, group.a, group.b, router.named(group))
    loc = wanted[0].loc
    if found.nearest is None:
        none = "no second way leads" if router.graph.shortest(group.a, group.b) else "no fibre leads"
        return design.source.problem(
            loc, f"{what}: {none} from '{group.a}' to '{group.b}'", "two ways without a common risk"
        )
    one, other = found.nearest
    sure = "no two ways" if found.proven else "of the ways looked at no two"
    return design.source.problem(
        loc,
        f"{what}: {sure} from '{group.a}' to '{group.b}' are without a common risk; the best pair, "
        f"{_way(one)} and {_way(other)}, shares {_risks(found.common)}",
        "working and other path without a common fibre or risk group",
        "another fibre around it, or a class without a second path (`protection: unprotected`)",
    )


def no_mode(design: Design, judged: Judged, router: Router, wanted: list[Demand], modes: list[NamedMode]) -> Problem:
    """No mode of the catalogue has light enough for the largest demand on any of its ways."""
    largest = max(wanted, key=lambda demand: (demand.client.kbps, demand.name))
    fitting = [mode for mode in modes if carries(mode, Load(largest.name, largest.client))]
    if not fitting:
        return design.source.problem(
            largest.loc,
            f"{_who([largest])}: no mode of `optical.transceivers` carries {largest.rate_mbps / 1000:g} Gbit/s",
            "a mode of at least that rate",
            "add one to the catalogue, or split the line",
        )
    choices = router.choices(largest.group)
    mode, _, route = min(
        ((mode, choice, _worst(judged, choice, mode)) for mode in fitting for choice in choices),
        key=lambda item: (judged.missing_db(item[2], item[0].mode), item[0].text, item[1].text),
    )
    gsnr, need = judged.gsnr_db(route, mode.mode), judged.need_db(mode.mode)
    return design.source.problem(
        largest.loc,
        f"{_who([largest])}: the light over {_way(route)} has {gsnr:.2f} dB and mode '{mode.name}' needs {need:.2f}: "
        f"{need - gsnr:.2f} dB are missing",
        "a GSNR of what the mode needs and the margin",
        remedies(judged, router, Lacking(largest, route, mode), modes),
    )


def no_slots(
    design: Design, lamp: Lamp, trunk: Trunk, error: NoLightError, trunks: list[tuple[Trunk, list[Choice]]]
) -> Problem:
    """No free slots, or a wavelength that somebody else has."""
    wanted = list(trunk.demands())
    wish = trunk.group.frequency_thz
    if wish is None:
        most = lamp.spectrum.used(error.fibre).bit_count()
        return design.source.problem(
            wanted[0].loc,
            f"{_who(wanted)}: no {trunk.mode.mode.spacing_ghz:g} GHz are free from end to end; fibre '{error.fibre}' "
            f"has {most} of {lamp.spectrum.slots} slots in use",
            "free spectrum on every fibre of a way",
            "another fibre beside it, or a mode that takes less",
        )
    if not error.holder:
        return design.source.problem(
            wanted[0].loc, f"{_who(wanted)}: {wish:g} THz lies outside the band", "a frequency inside `optical.band`"
        )
    holder = lamp.paths[error.holder]
    others = next((list(other.demands()) for other, _ in trunks if other.name == holder.trunk), [])
    first = f"first asked for in {design.source.where(*others[0].loc)}" if others else ""
    return design.source.problem(
        wanted[0].loc,
        f"{_who(wanted)}: {wish:g} THz on fibre '{error.fibre}' is asked for twice; lit path '{holder.name}' of "
        f"{_who(others)} has {holder.frequency_thz:g} THz",
        "each wavelength once on a fibre",
        first,
    )


def _worst(judged: Judged, choice: Choice, mode: NamedMode) -> Route:
    return max((route for _, route in choice.routes()), key=lambda route: judged.missing_db(route, mode.mode))


def _who(wanted: list[Demand]) -> str:
    """The demands that are meant, at most two by name."""
    names = [f"'{demand.name}'" for demand in wanted[:2]]
    more = f" and {len(wanted) - 2} more" if len(wanted) > 2 else ""
    return f"{'line' if wanted and wanted[0].line else 'service'} {', '.join(names)}{more}"


def _way(route: Route) -> str:
    return f"{'+'.join(route.fibres)} ({route.length_km:g} km)"


def _risks(names: list[str]) -> str:
    return ", ".join(f"'{name.removeprefix('fibre ')}'" if " " not in name else f"{name}" for name in names)
