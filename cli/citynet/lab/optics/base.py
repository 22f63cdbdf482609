"""Plan → what the lab's light starts from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.lab.optics.model import Base, Fibre, Leg, Section, Settings, Sip, Times

if TYPE_CHECKING:
    from citynet.plan.model import Plan
    from citynet.plan.model.optical import ConnectivityService, LitPath, OpticalPlan


def of_plan(plan: Plan, settings: Settings | None = None) -> Base:
    """The lab's light as planned, before any service is asked for; the plan must have an optical base."""
    optical = plan.optical
    assert optical is not None
    return Base(
        city=plan.city,
        fibres={name: _fibre(optical, name) for name in optical.fibres},
        times={name: _times(optical, name) for name in optical.classes},
        first_slot=optical.spectrum.first_slot,
        slots=optical.spectrum.slots,
        reaches=_reaches(optical),
        lines=lines_of(plan),
        planned={service.uuid: _legs(optical, service) for service in optical.services.values()},
        sips={sip.uuid: sip for service in optical.services.values() for sip in _sips(service)},
        nodes={node.site: node.uuid for node in optical.nodes.values()},
        settings=settings or Settings(),
    )


def lines_of(plan: Plan) -> dict[str, str]:
    """IP lines that have light only while their service is up: line by UUID of the service."""
    if plan.optical is None:
        return {}
    return {service.uuid: service.line for service in plan.optical.services.values() if service.line}


def _fibre(optical: OpticalPlan, name: str) -> Fibre:
    fibre = optical.fibres[name]
    losses = tuple(span.loss_db for span in fibre.spans) or (fibre.loss_db,)
    risks = frozenset({f"fibre:{name}", *fibre.risk_groups})
    return Fibre(name, fibre.a, fibre.b, fibre.length_km, losses, risks, fibre.delay_us)


def _times(optical: OpticalPlan, name: str) -> Times:
    asked = optical.classes[name]
    return Times(asked.protection_switch_ms, asked.restoration_ms, asked.restores, asked.reroutes_after_first_failure)


def _legs(optical: OpticalPlan, service: ConnectivityService) -> list[Leg]:
    roles = {"working": service.working, "protection": service.protection, "restoration": service.restoration}
    return [
        Leg(role, tuple(_section(optical.lit_paths[name]) for name in names)) for role, names in roles.items() if names
    ]


def _section(path: LitPath) -> Section:
    return Section(path.name, tuple(path.fibres), path.first_slot, path.slots)


def _sips(service: ConnectivityService) -> tuple[Sip, Sip]:
    a, b = service.a, service.b
    return Sip(a.sip, a.site, a.client, service.domain), Sip(b.sip, b.site, b.client, service.domain)


def _reaches(optical: OpticalPlan) -> dict[str, float]:
    """How far the light of each service goes on a way that nobody planned, in km, by its UUID.

    Noise adds up with the amplifiers passed, so the margin of a lit path is used up at length × 10^(margin / 10); of
    all lit paths of the same mode the one that proves most counts.
    """
    far: dict[str, float] = {}
    for path in optical.lit_paths.values():
        far[path.mode] = max(far.get(path.mode, 0.0), path.length_km * 10 ** (max(path.margin_db, 0.0) / 10))
    return {
        service.uuid: far[optical.lit_paths[service.working[0]].mode]
        for service in optical.services.values()
        if service.working
    }
