"""Trusted access: hosts taken off, tried with a wrong credential, let on again; and one that loses its right."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from citynet.lab.access import IKE_OFF, SUPPLICANT, supplicant, swan
from citynet.lab.authority import Authority
from citynet.lab.waiting import until
from citynet.levels.bench import CannotMeasureError
from citynet.levels.text import t
from citynet.levels.trusted import Admission, Admitted, Stage, Withdrawn
from citynet.plan.model import AccessPort, Host  # noqa: TC001 - a dataclass reads them

if TYPE_CHECKING:
    from citynet.levels.bench import Bench
    from citynet.plan.model import Plan

MOST = 4
"""Hosts that are tried of those who get on in one way, each behind another device."""
STATE = "/run/citynet/access.json"
COMPROMISED, HEALTHY = "compromised", "healthy"
_REFUSED_S, _AGAIN_S, _CLOSED_S, _SPACING_MS = 60.0, 60.0, 10.0, 50.0
_NOBODY_ASKS = t(
    "no service of this domain asks for access (access: required)", "该域没有业务要求接入认证（access: required）"
)
_NOBODY_ON = t("no host of this domain is on", "该域没有已接入的主机")


@dataclass(frozen=True, slots=True)
class Guest:
    """A host that is on, at its port, and what it can ping."""

    host: Host
    device: str
    port: AccessPort
    targets: list[dict[str, Any]] = field(default_factory=list)


def measure_admission(bench: Bench, domain: str) -> None:
    """Every chosen host: as it is, off, with a credential of nobody, on again."""
    guests = chosen(bench, domain)
    unasked = [
        host
        for service in bench.plan.services.values()
        if service.domain == domain and not service.access
        for host in service.hosts
    ]
    tried = [Admitted(one.host.name, one.device, one.port.port) for one in guests]
    bench.together(partial(_try, bench, *pair) for pair in zip(guests, tried, strict=True))
    bench.put(domain, "admission", Admission(tried, unasked))


def _try(bench: Bench, guest: Guest, found: Admitted) -> None:
    try:
        found.stages.append(_stage(bench, guest, "on", do="look"))
        found.stages.append(_stage(bench, guest, "off", do="off"))
        _bring_other(bench, guest)
        found.stages.append(_stage(bench, guest, "wrong", do="wrong", config=_settings(bench, guest)))
    finally:
        found.stages.append(_stage(bench, guest, "again", do="again"))


def _stage(bench: Bench, guest: Guest, name: str, **more: str) -> Stage:
    program, own = "supplicant", {"interface": guest.host.port.name}
    if guest.port.tunnel is not None:
        program, own = "initiator", {"off": IKE_OFF}
    told = {**own, "targets": guest.targets, "until_s": _REFUSED_S, **more}
    answer = bench.access.ask(guest.host.name, program, told, _REFUSED_S + 60)
    return Stage(name, answer["said"], _is_on(bench, guest), answer["sent"], answer["received"])


def _bring_other(bench: Bench, guest: Guest) -> None:
    """The host's own name in a certificate of an authority of nobody's; only standard input sees its key."""
    signed = Authority.make("citynet verify: an authority of nobody's").sign_host(guest.host.name)
    tunnel, folder = guest.port.tunnel, _other(bench)
    if tunnel is not None:
        own = f"mkdir {folder}/x509ca && cp /etc/swanctl/x509ca/* {folder}/x509ca/"
        files = {
            "x509/citynet.pem": signed.certificate_pem,
            "private/citynet.pem": signed.key_pem,
            "swanctl.conf": swan(guest.host.name, guest.device, tunnel),
        }
    else:
        own = f"cp {SUPPLICANT}/ca.pem {folder}/"
        server = bench.plan.access.servers[0].name if bench.plan.access else ""
        files = {
            "host.pem": signed.certificate_pem,
            "host.key": signed.key_pem,
            "supplicant.conf": supplicant(guest.host.name, server, folder),
        }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(text.encode()), 0o600
            archive.addfile(member, io.BytesIO(text.encode()))
    command = f"umask 077; mkdir {folder} && tar -xC {folder} && {own}"
    bench.access.run(guest.host.name, command, data=packed.getvalue())


def _other(bench: Bench) -> str:
    """The folder of the other credential, which goes with the programs."""
    return f"{bench.access.programs}/other"


def _settings(bench: Bench, guest: Guest) -> str:
    """What is told of the other credential: the file of a supplicant, or the folder of settings of charon."""
    return f"{_other(bench)}/supplicant.conf" if guest.port.tunnel is None else _other(bench)


def measure_withdrawn(bench: Bench, domain: str) -> None:
    """One host that is on sends, and its device is told to be compromised; then healthy again."""
    guest = chosen(bench, domain)[0]
    name = guest.host.name
    change, back, context = _change(bench.plan, name)
    asked = {"address": guest.targets[-1]["address"], "interval_ms": _SPACING_MS, "limit_s": 120}
    sender = bench.access.start(name, "lasting", asked)
    try:
        sender.line()
        changed = float(bench.order(**change)["time"])
        closed = until(lambda: not _is_on(bench, guest), _CLOSED_S)
        after = bench.access.ask(name, "reach", {"targets": guest.targets, "count": 3, "until_s": 0})
        answers: list[float] = sender.finish()["answers"]
    finally:
        bench.order(**back)
        again = _stage(bench, guest, "again", do="again")
    last = max(answers, default=0.0)
    found = Withdrawn(
        name,
        guest.device,
        context,
        sum(at <= changed for at in answers),
        round(last - changed, 2),
        closed,
        sum(one["received"] for one in after),
        again.open and again.received > 0,
    )
    bench.put(domain, "withdrawn", found)


def _change(plan: Plan, host: str) -> tuple[dict[str, str], dict[str, str], str]:
    """What is told of a host, what takes it back, and both in a word; a role may bear a compromised device."""
    roles = plan.access.roles.values() if plan.access else ()
    if any(host in role.hosts and COMPROMISED in role.states for role in roles):
        return {"what": "withdraw", "name": host}, {"what": "restore", "name": host}, "withdrawn"
    one = {"what": "state", "name": host}
    return {**one, "state": COMPROMISED}, {**one, "state": HEALTHY}, f"{HEALTHY} → {COMPROMISED}"


def chosen(bench: Bench, domain: str) -> list[Guest]:
    """Hosts of a domain that are on, by 802.1X and by IKE; see `_some`.

    Raises:
        CannotMeasureError: No service asks for access, or nobody is on.
    """
    plan = bench.plan
    if not any(service.access for service in plan.services.values() if service.domain == domain):
        raise CannotMeasureError(_NOBODY_ASKS)
    there = [one for one in _ports(plan, domain) if _is_on(bench, one)]
    if not there:
        raise CannotMeasureError(_NOBODY_ON)
    ways = ([one for one in there if (one.port.tunnel is not None) == by_ike] for by_ike in (False, True))
    return [one for way in ways for one in _some(plan, way)]


def _some(plan: Plan, there: list[Guest]) -> list[Guest]:
    """One of each device; the last one is left alone where others can ping it."""
    first = list({one.device: one for one in reversed(there)}.values())[:MOST]
    partner = next((one for one in reversed(there) if _can_hear(plan, one, there)), None)
    tried = [one for one in first if one is not partner] or first
    return [Guest(one.host, one.device, one.port, _targets(plan, one, partner)) for one in tried]


def _ports(plan: Plan, domain: str) -> list[Guest]:
    return [
        Guest(plan.hosts[port.host], device.name, port)
        for device in plan.devices.values()
        if device.domain == domain and device.access is not None
        for port in device.access.ports
        if plan.hosts[port.host].homing is None
    ]


def _can_hear(plan: Plan, one: Guest, there: list[Guest]) -> bool:
    """Whether somebody else who is on could ping it, at another device."""
    return any(other.device != one.device and _reaches(plan, other, one) for other in there)


def _reaches(plan: Plan, one: Guest, other: Guest) -> bool:
    service = plan.services[one.host.service]
    same = other.host.service == service.name and not service.fenced
    return same and service.talk(one.host.name, other.host.name)


def _targets(plan: Plan, one: Guest, partner: Guest | None) -> list[dict[str, Any]]:
    """Its gateway, whatever fences say, and the other host."""
    found = [{"address": address, "version": 6} for address in one.host.gateways if ":" in address]
    if partner is not None and partner is not one and _reaches(plan, one, partner):
        found.append({"address": partner.host.address(6), "version": 6})
    return found


def _is_on(bench: Bench, guest: Guest) -> bool:
    """Whether the edge device has the port open for the host."""
    told = json.loads(bench.access.run(guest.device, f"cat {STATE} 2>/dev/null || echo '{{}}'"))
    return any(
        one["open"] and one["user"] == guest.host.name and one["port"] == guest.port.port
        for one in told.get("sessions", [])
    )
