"""The optical base: domains apart, protection that no single risk takes with the working path, slots lit once."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import TYPE_CHECKING

from citynet.proof.model import Area, Refutation, judged, not_applicable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from citynet.plan.model import LitPath, OpticalPlan, Plan
    from citynet.proof.model import Result

SUBJECT = "light"


def prove_light(plan: Plan, only: Collection[Area]) -> Iterator[Result]:
    """ISO-09, RISK-02 and CAP-05, those of the areas wanted."""
    optical = plan.optical
    for claim, area, prove in (
        ("ISO-09", Area.ISOLATION, _domains),
        ("RISK-02", Area.RISK, _diversity),
        ("CAP-05", Area.CAPACITY, _slots),
    ):
        if area in only and optical is None:
            yield not_applicable(claim, SUBJECT, "no optical base is planned")
        elif area in only and optical is not None:
            yield prove(optical)


def _domains(optical: OpticalPlan) -> Result:
    """No wavelength, and no ODU0 cut into fine grain, carries services of both domains."""
    if optical.domains_share != "nothing":
        return not_applicable("ISO-09", SUBJECT, f"the design lets the domains share: {optical.domains_share}")
    riders = defaultdict[str, set[str]](set)
    for service in optical.services.values():
        for name in (service.trunk, *service.working, *service.protection, *service.restoration):
            riders[name].add(service.domain)
    for trunk in optical.trunks.values():
        for fine in trunk.fine:
            riders[fine.name] |= {optical.services[member.service].domain for member in fine.members}
    refutations = [
        Refutation(name, f"carries services of {' and '.join(sorted(domains))}")
        for name, domains in sorted(riders.items())
        if len(domains) > 1
    ]
    return judged("ISO-09", SUBJECT, len(riders), refutations, unit="lit paths, wavelengths and ODUs")


def _diversity(optical: OpticalPlan) -> Result:
    """No fibre and no risk group is on the working path of a service and on its protection or restoration path."""
    refutations, pairs = [], 0
    for service in optical.services.values():
        for working, other in itertools.product(service.working, [*service.protection, *service.restoration]):
            pairs += 1
            common = _risks(optical, optical.lit_paths[working]) & _risks(optical, optical.lit_paths[other])
            if common:
                what = f"its {working} and {other} fail together"
                refutations.append(Refutation(service.name, what, sorted(common), [service.name]))
    return judged("RISK-02", SUBJECT, pairs, refutations, unit="pairs of paths")


def _slots(optical: OpticalPlan) -> Result:
    """On no fibre do two lit paths overlap; those of restoration may, while no single risk wakes both."""
    on: dict[str, list[LitPath]] = defaultdict(list)
    for path in sorted(optical.lit_paths.values(), key=lambda path: (path.first_slot, path.name)):
        for fibre in path.fibres:
            on[fibre].append(path)
    refutations = []
    for fibre, paths in sorted(on.items()):
        for number, one in enumerate(paths):
            for other in itertools.takewhile(lambda p: p.first_slot < one.first_slot + one.slots, paths[number + 1 :]):  # noqa: B023 - used up at once
                if not _may_share(optical, one, other):
                    what = f"{one.name} and {other.name} overlap at {other.frequency_thz:.5f} THz"
                    refutations.append(Refutation(f"fibre {fibre}", what))
    return judged("CAP-05", SUBJECT, len(on), refutations, unit="fibres")


def _may_share(optical: OpticalPlan, one: LitPath, other: LitPath) -> bool:
    spare = [path for path in (one, other) if path.role == "restoration"]
    if len(spare) == 2:
        working = [optical.lit_paths[name] for path in spare for name in optical.trunks[path.trunk].working]
        return one.domain == other.domain and not _risks(optical, working[0]) & _risks(optical, working[1])
    lit = other if one.role == "restoration" else one
    return bool(spare) and optical.trunks[lit.trunk].protection_class == "copper"


def _risks(optical: OpticalPlan, path: LitPath) -> set[str]:
    groups = {f"risk group {group}" for fibre in path.fibres for group in optical.fibres[fibre].risk_groups}
    return groups | {f"fibre {fibre}" for fibre in path.fibres}
