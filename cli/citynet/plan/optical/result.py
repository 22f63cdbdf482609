"""What was decided, as the plan has it; and the lines of the IP network, told which fibres they ride."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from citynet.design.types import Switching
from citynet.plan.model import (
    ClassTimes,
    ConnectivityService,
    Degree,
    OduTrunk,
    OpticalNode,
    OpticalPlan,
    ServiceEnd,
    SpectrumUse,
)
from citynet.plan.optical import bounds
from citynet.plan.optical.routing import RESTORED, TWO_LIT

if TYPE_CHECKING:
    from citynet.design.model import Design
    from citynet.design.types import Optical
    from citynet.plan.builder import Builder
    from citynet.plan.model import LitPath, OpticalFibre
    from citynet.plan.optical.demands import Demand
    from citynet.plan.optical.lighting import Lamp
    from citynet.plan.optical.trunks import Trunk

CLASSES = ("diamond", "gold", "silver", "copper", "unprotected")


def assemble(
    design: Design, builder: Builder, lamp: Lamp, fibres: dict[str, OpticalFibre], trunks: list[Trunk]
) -> OpticalPlan:
    """The optical plan; changes the builder's lines."""
    optical = lamp.judged.judge.optical
    nodes = _nodes(design, fibres)
    lit = dict(sorted(lamp.paths.items()))
    planned = {trunk.name: _trunk(trunk, lit) for trunk in sorted(trunks, key=lambda trunk: trunk.name)}
    services: dict[str, ConnectivityService] = {}
    for trunk in trunks:
        for demand in trunk.demands():
            services[demand.name] = _service(design, builder, demand, planned[trunk.name], lit)
    load, fibre = bounds.fullest(lit.values(), lamp.spectrum)
    degrees = {node.site: len(node.degrees) for node in nodes.values()}
    return OpticalPlan(
        nodes=nodes,
        fibres=fibres,
        lit_paths=lit,
        trunks=planned,
        services=dict(sorted(services.items())),
        classes={name: _class(name, optical) for name in CLASSES},
        spectrum=SpectrumUse(
            lamp.first_slot,
            lamp.spectrum.slots,
            lamp.spectrum.highest(list(fibres)),
            load,
            fibre,
            bounds.at_sites(lit.values(), degrees),
        ),
        domains_share=optical.domains_share,
        judged_by="GNPy, the worst channel of a full band of each mode, in the worse direction",
    )


def _nodes(design: Design, fibres: dict[str, OpticalFibre]) -> dict[str, OpticalNode]:
    """A ROADM at each site that a fibre reaches; an optical device of the design gives it its name."""
    city = design.city
    names = {device.site: name for name, device in reversed(city.devices.items()) if device.role == "optical"}
    nodes = {
        site: OpticalNode(names.get(site, f"roadm-{site}"), _uuid(city.city, f"node {site}"), site, "roadm")
        for site in city.sites
    }
    for fibre in fibres.values():
        for here, far in ((fibre.a, fibre.b), (fibre.b, fibre.a)):
            node = nodes[here]
            node.degrees.append(Degree(f"{node.name}/{fibre.name}", fibre.name, far))
    return {node.name: node for node in nodes.values() if node.degrees}


def _trunk(trunk: Trunk, lit: dict[str, LitPath]) -> OduTrunk:
    roles: dict[str, list[str]] = {"working": [], "protection": [], "restoration": []}
    for suffix, role in (("w", "working"), ("p", "protection"), ("r", "restoration")):
        if f"{trunk.name}-{suffix}" in lit:
            roles[role].append(f"{trunk.name}-{suffix}")
    return OduTrunk(
        name=trunk.name,
        domain=trunk.group.domain,
        a=trunk.group.a,
        b=trunk.group.b,
        protection_class=trunk.group.protection,
        odu=trunk.server.odu,
        rate_kbps=trunk.server.kbps,
        slots=trunk.server.slots,
        slot_gbps=trunk.server.slot_gbps,
        members=trunk.members(),
        fine=trunk.fine(),
        **roles,
    )


def _service(
    design: Design, builder: Builder, demand: Demand, trunk: OduTrunk, lit: dict[str, LitPath]
) -> ConnectivityService:
    city = design.city.city
    working = lit[trunk.working[0]]
    sites = (trunk.b, trunk.a) if demand.turned else (trunk.a, trunk.b)
    clients = ("", "")
    if demand.line:
        line = builder.lines[demand.line]
        line.fibres = working.fibres[::-1] if demand.turned else list(working.fibres)
        line.length_km, line.delay_us, line.risk_groups = working.length_km, working.delay_us, working.risk_groups
        clients = f"{line.a.node}:{line.a.port}", f"{line.b.node}:{line.b.port}"
    others = [lit[name] for name in (*trunk.protection, *trunk.restoration)]
    a, b = (
        ServiceEnd(site, _node_at(design, site), client, _uuid(city, f"sip {demand.name} {end}"))
        for site, client, end in zip(sites, clients, ("a", "b"), strict=True)
    )
    return ConnectivityService(
        name=demand.name,
        uuid=_uuid(city, f"service {demand.name}"),
        domain=demand.domain,
        line=demand.line,
        layer=demand.client.layer,
        odu=demand.client.odu,
        rate_gbps=demand.rate_mbps / 1000,
        protection_class=trunk.protection_class,
        a=a,
        b=b,
        trunk=trunk.name,
        working=list(trunk.working),
        protection=list(trunk.protection),
        restoration=list(trunk.restoration),
        diversity=sorted({group for path in (working, *others) for group in path.risk_groups}),
        delay_us=working.delay_us,
    )


def _node_at(design: Design, site: str) -> str:
    devices = design.city.devices
    return next((n for n, d in devices.items() if d.site == site and d.role == "optical"), f"roadm-{site}")


def _class(name: str, optical: Optical) -> ClassTimes:
    times = optical.classes.get(name, Switching())  # type: ignore[call-overload]
    restores = name in (*RESTORED, "diamond", "gold")
    return ClassTimes(
        name, times.switch_ms if name in TWO_LIT else 0.0, times.restoration_ms, restores, name in {"diamond", "silver"}
    )


def _uuid(city: str, what: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"citynet:{city}:{what}"))
