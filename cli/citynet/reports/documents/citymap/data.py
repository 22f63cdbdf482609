"""What the map shows, as small as it gets: lists instead of objects, positions in lists instead of names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from citynet import __version__
from citynet.plan.model import PortKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.reports.documents.atlas import Atlas


def map_data(atlas: Atlas) -> dict[str, Any]:
    """The data of the page; `map-model.js` reads it."""
    plan = atlas.plan
    site, device, fibre = _positions(plan.sites), _positions(plan.devices), _positions(plan.fibres)
    domain, zone, group = _positions(plan.domains), _positions(plan.zones), _positions(atlas.groups)
    participant = _positions(plan.participants)
    return {
        "city": plan.city,
        "title": plan.title,
        "citynet": __version__,
        "digest": plan.design_digest,
        "domains": [[d.name, d.title, d.level, d.asn] for d in plan.domains.values()],
        "zones": [[z.name, z.title, z.kind, zone.get(z.within, -1)] for z in plan.zones.values()],
        "sites": [[s.name, s.title, zone.get(s.zone, -1), *s.place] for s in plan.sites.values()],
        "devices": [[d.name, domain[d.domain], site[d.site], d.role, d.plane] for d in plan.devices.values()],
        "groups": list(atlas.groups),
        "fibres": [
            [f.name, site[f.a], site[f.b], f.length_km, f.loss_db, f.capacity_gbps, [group[g] for g in f.risk_groups]]
            for f in plan.fibres.values()
        ],
        "lines": [
            [
                device[line.a.node],
                device[line.b.node],
                domain[line.domain],
                line.rate_gbps,
                line.length_km,
                line.delay_us,
                [fibre[name] for name in line.fibres],
            ]
            for line in plan.lines.values()
            if line.kind is PortKind.LINK
        ],
        "interconnects": [
            [atlas.interconnect_name(line), device[line.a.node], device[line.b.node]] for line in atlas.interconnects
        ],
        "participants": [[p.name, p.title, p.kind] for p in plan.participants.values()],
        "services": [
            [
                s.name,
                s.title,
                domain[s.domain],
                s.data_class,
                s.vrf,
                s.rt,
                s.bandwidth_mbps,
                [
                    [name, participant.get(plan.hosts[name].participant, -1), device[plan.hosts[name].device]]
                    for name in s.hosts
                ],
            ]
            for s in plan.services.values()
        ],
    }


def _positions(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}
