"""What the lab's controller is asked for: TAPI bodies → circuits."""

from __future__ import annotations

import uuid as uuids
from typing import TYPE_CHECKING, Any

from citynet.lab.optics import detours
from citynet.lab.optics.model import Circuit, Leg, Section, Times
from citynet.lab.optics.routing import ordered
from citynet.platforms.tapi import bodies, identifiers

if TYPE_CHECKING:
    from citynet.lab.optics.light import Light
    from citynet.lab.optics.model import Base, Sip

_WIDTH = 8  # slots of 6.25 GHz: 50 GHz, for services that the plan does not know
_TIMES = Times(protection_switch_ms=20.0, restoration_ms=1000.0, restores=False, permanent=False)
_ROLES = ("working", "protection")


class RefusalError(Exception):
    """A request that is understood and refused: HTTP's code, RESTCONF's `error-tag` (RFC 8040, section 7), and why."""

    def __init__(self, why: str, code: int = 400, tag: str = "invalid-value") -> None:
        super().__init__(why)
        self.code, self.tag = code, tag


def circuit_of(light: Light, body: Any) -> Circuit:
    """The circuit that a service's body asks for, with ways that are free.

    Raises:
        RefusalError: It says something wrong, or there is no way for it.
    """
    base = light.base
    uuid = _uuid(body)
    a, b = _ends(base, body)
    level = str(_part(body, "connectivity-constraint").get("service-level", "unprotected"))
    resilience = _part(body, "resilience-constraint")
    kind = str(_part(resilience, "resilience-type").get("protection-type", "NO_PROTECTION"))
    ready = base.planned.get(uuid, [])
    circuit = Circuit(
        uuid=uuid,
        name=bodies.name_of(body) or uuid,
        line=base.lines.get(uuid, ""),
        site_a=a.site,
        site_b=b.site,
        level=level,
        times=_times(base, level, kind),
        slots=ready[0].sections[0].slots if ready else _WIDTH,
        legs=[],
        body=body,
        share=ready[0].sections[0].owner if ready else uuid,
    )
    wanted = _asked(base, resilience, a.site)
    protected = "ONE_PLUS_ONE" in kind or "protection" in wanted
    for role in _ROLES[: 2 if protected else 1]:
        circuit.legs.append(_leg(light, circuit, role, wanted.get(role)))
    return circuit


def _uuid(body: Any) -> str:
    if not isinstance(body, dict):
        raise RefusalError("a connectivity-service is an object", tag="malformed-message")
    try:
        return str(uuids.UUID(str(body["uuid"])))
    except (KeyError, ValueError):
        raise RefusalError("'uuid' is missing, or none (RFC 4122)") from None


def _ends(base: Base, body: dict[str, Any]) -> tuple[Sip, Sip]:
    points = body.get("end-point")
    if not isinstance(points, list) or len(points) != 2:
        raise RefusalError("a point-to-point service has two entries of 'end-point'")
    found = []
    for point in points:
        sip = str(_part(point, "service-interface-point").get("service-interface-point-uuid", ""))
        if sip not in base.sips:
            raise RefusalError(f"no service interface point '{sip}'")
        found.append(base.sips[sip])
    if found[0].domain != found[1].domain:
        raise RefusalError(f"one end is of domain {found[0].domain}, the other of {found[1].domain}")
    return found[0], found[1]


def _times(base: Base, level: str, kind: str) -> Times:
    of_class = base.times.get(level, _TIMES)
    return Times(
        of_class.protection_switch_ms,
        of_class.restoration_ms,
        restores="RESTORATION" in kind,
        permanent=kind.startswith("ONE_PLUS_ONE_PROTECTION_WITH_") and (of_class.permanent or level not in base.times),
    )


def _asked(base: Base, resilience: dict[str, Any], start: str) -> dict[str, list[str]]:
    """Fibres by role, where the request names links."""
    names = {identifiers.link(base.city, name): name for name in base.fibres}
    asked = {}
    for entry in resilience.get("resiliency-route-constraint", []):
        role = str(_part(entry, "topology-constraint").get("local-id", entry.get("local-id", "")))
        links = [str(link.get("link-uuid", "")) for link in _part(entry, "topology-constraint").get("include-link", [])]
        unknown = [link for link in links if link not in names]
        if unknown:
            raise RefusalError(f"no link '{unknown[0]}' (route '{role}')")
        way = ordered(base.fibres, [names[link] for link in links], start)
        if links and way is None:
            raise RefusalError(f"the links of route '{role}' are no way from one end to the other")
        if way:
            asked[role] = way
    return asked


def _leg(light: Light, circuit: Circuit, role: str, way: list[str] | None) -> Leg:
    """The leg of that role: as planned, or along the links asked for, or found here."""
    for leg in light.base.planned.get(circuit.uuid, []):
        if leg.role == role and way in (None, list(leg.fibres), list(leg.fibres[::-1])):
            if not light.spectrum.fits(leg):
                raise RefusalError(f"the slots planned for {role} of {circuit.name} are taken", 409, "resource-denied")
            return leg
    if way is None:
        apart = circuit.legs[0] if circuit.legs else None
        found = detours.find(light.base, light.spectrum, circuit, light.dark | light.suspect, apart)
        if found is None:
            disjoint = " that shares no risk with the working one" if apart else ""
            raise RefusalError(f"there is no free way for {role} of {circuit.name}{disjoint}", 409, "resource-denied")
        return Leg(role, found.sections)
    first = light.spectrum.first_fit(way, circuit.slots)
    if first is None:
        raise RefusalError(f"no {circuit.slots} slots are free along {' '.join(way)}", 409, "resource-denied")
    return Leg(role, (Section(f"{circuit.uuid}:{role}", tuple(way), first, circuit.slots),))


def _part(parent: Any, name: str) -> dict[str, Any]:
    found = parent.get(name, {}) if isinstance(parent, dict) else None
    if not isinstance(found, dict):
        raise RefusalError(f"'{name}' is no container", tag="malformed-message")
    return found
