"""ENC-01: every line that leaves a machine room is encrypted as its domain's level asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.grades import LineGrade
from citynet.plan.model import PortKind
from citynet.proof.encryption.due import of_line, strength
from citynet.proof.model import Refutation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Line, LineEnd, MacsecPort, Plan


def outside(plan: Plan, domain: str) -> Iterator[Line]:
    """The lines with an end in a domain that leave a machine room, those of hosts at two sites among them."""
    for line in plan.lines.values():
        nodes = [plan.devices.get(end.node) for end in (line.a, line.b)]
        if not any(device is not None and device.domain == domain for device in nodes):
            continue
        if leaves(plan, line):
            yield line


def leaves(plan: Plan, line: Line) -> bool:
    """Whether a line leaves a machine room. A host stands where the first of its devices does."""
    return site_of(plan, line.a.node) != site_of(plan, line.b.node) or line.kind is PortKind.EXIT


def site_of(plan: Plan, node: str) -> str:
    """The site of a device or host; empty for what is neither."""
    if node in plan.devices:
        return plan.devices[node].site
    host = plan.hosts.get(node)
    return plan.devices[host.device].site if host and host.device in plan.devices else ""


def find_lines(plan: Plan, domain: str) -> Iterator[Refutation]:
    """Lines of a domain that leave a machine room in the clear, or with less than is due."""
    for line in outside(plan, domain):
        due = of_line(plan, line)
        if due is None or line.kind is PortKind.EXIT:  # to the internet: in the clear by design, and noted
            continue
        subject = f"line {line.name}"
        advice = "both devices of the host at one site" if line.kind is PortKind.ATTACHMENT else ""
        yield from (Refutation(subject, what, advice=advice) for what in line_flaws(plan, line, due))
    yield from _hidden(plan, domain)


def line_flaws(plan: Plan, line: Line, due: LineGrade) -> list[str]:
    """Why a line that leaves a machine room has less than is due."""
    if line.kind is PortKind.ATTACHMENT:
        where = " and ".join(site_of(plan, end.node) for end in (line.a, line.b))
        return [f"joins a host and a device of two sites ({where}) in the clear"]
    found = []
    ends = [(end, of_end(plan, end)) for end in (line.a, line.b)]
    for (end, one), (other, _) in zip(ends, reversed(ends), strict=True):
        where = f"{end.node}:{end.port}"
        if one is None:
            found.append(f"{where} sends in the clear; {due.cipher} is due")
        elif what := _flaw(plan, end, one, due) or (one.peer != other.node and f"is meant for {one.peer}"):
            found.append(f"{where} {what}")
    first, second = ends[0][1], ends[1][1]
    if first and second and (first.cipher, first.source, first.secret) != (second.cipher, second.source, second.secret):
        both = " and ".join(f"{one.cipher} with keys from {one.secret or one.source}" for one in (first, second))
        found.append(f"its ends do not agree: {both}")
    return found


def _flaw(plan: Plan, end: LineEnd, one: MacsecPort, due: LineGrade) -> str:
    has = LineGrade(one.cipher, one.source)  # type: ignore[arg-type] # whatever the plan says
    port = next((port for port in plan.devices[end.node].ports if port.name == end.port), None)
    if port is None or not port.macsec or port.interface != one.interface:
        return "has MACsec beside the interface that carries its traffic"
    if strength(has) < strength(due):
        return f"has {one.cipher} with keys from {one.source}; {due.cipher} from {due.source} is due"
    if one.open:
        return "carries traffic in the clear while it has no key"
    if one.source == "qkd" and one.secret:
        return f"has a secret to fall back to ('{one.secret}') beside the keys from QKD"
    if one.source == "vault" and not one.secret:
        return "has no secret to derive its keys from"
    return ""


def of_end(plan: Plan, end: LineEnd) -> MacsecPort | None:
    """What encrypts one end of a line; None when nothing does."""
    device = plan.devices.get(end.node)
    return next((one for one in device.macsec if one.port == end.port), None) if device else None


def _hidden(plan: Plan, domain: str) -> Iterator[Refutation]:
    """Ports that lead to another site by no line of the plan."""
    known = {(end.node, end.port) for line in plan.lines.values() for end in (line.a, line.b)}
    for device in plan.devices.values():
        if device.domain != domain:
            continue
        for port in device.ports:
            far = plan.devices.get(port.peer)
            if far is not None and far.site != device.site and (device.name, port.name) not in known:
                yield Refutation(
                    f"port {device.name}:{port.name}", f"leads to {far.name} at another site by no line of the plan"
                )
