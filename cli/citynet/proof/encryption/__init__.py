"""Encryption: no line, no service, no key and no crossing is weaker than the class of the data asks for.

Everything is read from the plan's data and the table of grades; how the planner came to it plays no part.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from citynet.design.grades import LINES
from citynet.design.types.words import Level
from citynet.plan.model import PortKind
from citynet.proof.encryption.crossing import find_crossings
from citynet.proof.encryption.due import of_line
from citynet.proof.encryption.keys import find_keys
from citynet.proof.encryption.lines import find_lines, outside, site_of
from citynet.proof.encryption.services import examine
from citynet.proof.model import judged, not_applicable, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Plan
    from citynet.proof.model import Result

__all__ = ["clear_by_design", "prove_encryption"]


def prove_encryption(plan: Plan) -> Iterator[Result]:
    """ENC-01 to ENC-03 of every domain, ENC-04 of every pair."""
    for domain in plan.domains:
        yield _lines(plan, domain)
        yield _services(plan, domain)
        yield _keys(plan, domain)
    both = list(combinations(plan.domains, 2))
    if not both:
        yield not_applicable("ENC-04", "-", "one domain only")
    for one, other in both:
        rules = sum(len(guard.rules) for device in plan.devices.values() for guard in device.guards)
        yield judged("ENC-04", f"{one} ↔ {other}", rules, list(find_crossings(plan)), unit="rules")


def _lines(plan: Plan, domain: str) -> Result:
    due = [line for line in outside(plan, domain) if of_line(plan, line) is not None]
    if not due:
        level = Level(plan.domains[domain].encryption)
        why = f"{level} has no encryption of lines" if LINES[level] is None else "no line leaves a machine room"
        return not_applicable("ENC-01", domain, why)
    result = judged("ENC-01", domain, len(due), list(find_lines(plan, domain)), unit="lines")
    result.notes += clear_by_design(plan, domain)
    return result


def _services(plan: Plan, domain: str) -> Result:
    count, found = examine(plan, domain)
    if not count:
        level = plan.domains[domain].encryption
        return not_applicable("ENC-02", domain, f"no service has data that {level} encrypts")
    return judged("ENC-02", domain, count, found, unit="pairs of devices")


def _keys(plan: Plan, domain: str) -> Result:
    mine = [device for device in plan.devices.values() if device.domain == domain]
    holders = sum(bool(device.macsec or device.protections) for device in mine)
    found = list(find_keys(plan, domain))
    if not holders and not found:
        return not_applicable("ENC-03", domain, "nothing is encrypted")
    return judged("ENC-03", domain, holders, found, unit="devices")


def clear_by_design(plan: Plan, domain: str) -> list[str]:
    """What is in the clear because the design has it so, each kind in a line; nobody may think it were encrypted."""
    hosts: list[str] = []
    inside: list[str] = []
    exits: list[str] = []
    for line in plan.lines.values():
        nodes = [plan.devices.get(end.node) for end in (line.a, line.b)]
        if not any(device is not None and device.domain == domain for device in nodes):
            continue
        if line.kind is PortKind.EXIT:
            exits.append(line.name)
        elif site_of(plan, line.a.node) == site_of(plan, line.b.node):
            (hosts if line.kind is PortKind.ATTACHMENT else inside).append(line.name)
    told = (
        ("in the clear inside machine rooms: attachments of hosts", hosts),
        ("in the clear inside machine rooms: lines between devices", inside),
        ("in the clear to the internet, by public and commercial services", exits),
    )
    notes = [f"{what}: {some(sorted(names))}" for what, names in told if names]
    light = plan.optical
    others = [name for name, one in light.services.items() if one.domain == domain and not one.line] if light else []
    if others:
        notes.append(f"in the clear on light, for its customers to encrypt: {some(sorted(others))}")
    return notes
