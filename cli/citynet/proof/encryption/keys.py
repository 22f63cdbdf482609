"""ENC-03: every key has a source and two holders: servers, roles, numbers, endpoints and secrets fit together."""

from __future__ import annotations

from collections import Counter, defaultdict
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from citynet.proof.model import Refutation, some

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device, Plan

LAST_NUMBER = 2047
"""Protections that the mark of a packet can tell apart."""


def find_keys(plan: Plan, domain: str) -> Iterator[Refutation]:
    """What of a domain's keys does not fit."""
    mine = [device for device in plan.devices.values() if device.domain == domain]
    made = set(plan.secrets)
    for device in mine:
        yield from _server(plan, device)
        yield from _certificate(made, device)
        yield from _numbers(device)
    yield from _endpoints(plan, mine)
    yield from _lines(plan, mine)
    yield from _tunnels(mine)
    yield from _secrets(plan, mine)
    yield from _servers(plan)


def quantum(device: Device) -> bool:
    """Whether a device needs keys from QKD."""
    return "qkd" in {*(one.source for one in device.macsec), *(one.source for one in device.protections)}


def _server(plan: Plan, device: Device) -> Iterator[Refutation]:
    subject = f"device {device.name}"
    if (device.macsec or device.protections) and device.keys is None:
        yield Refutation(subject, "encrypts and has no key agent")
        return
    if not quantum(device) or device.keys is None:
        return
    server = plan.key_servers.get(device.site)
    if server is None or device.name not in server.devices:
        yield Refutation(subject, f"needs keys from QKD, and no key server of {device.site} serves it")
    elif (device.keys.server, device.keys.url) != (server.name, server.url):
        yield Refutation(subject, f"asks {device.keys.url} ({device.keys.server}), its key server is {server.url}")


def _certificate(made: set[str], device: Device) -> Iterator[Refutation]:
    """A device shows a certificate to key servers and in IKE."""
    if device.keys is None or not (device.keys.server or any(one.method == "ipsec" for one in device.protections)):
        return
    needed = ["pki/ca", f"pki/{device.name}/certificate", f"pki/{device.name}/key"]
    if missing := [name for name in needed if name not in made]:
        yield Refutation(f"device {device.name}", f"needs a certificate, and nobody makes {some(missing)}")


def _numbers(device: Device) -> Iterator[Refutation]:
    counts = Counter(one.number for one in device.protections)
    for one in device.protections:
        if not 1 <= one.number <= LAST_NUMBER:
            yield Refutation(f"{one.name} on {device.name}", f"number {one.number} does not fit into a packet's mark")
        elif counts[one.number] > 1:
            yield Refutation(f"{one.name} on {device.name}", f"has number {one.number}, which another one has")


def _endpoints(plan: Plan, mine: list[Device]) -> Iterator[Refutation]:
    """Endpoints are the device's own, and of one protection only: a path to one leads that one's packets."""
    owner: dict[str, str] = {}
    for device in plan.devices.values():
        if device.domain in plan.domains:
            owner[device.underlay.loopback] = f"the loopback of {device.name}"
            owner |= {evi.vtep: f"the VTEP of {device.name}" for evi in device.evpn}
    for device in mine:
        block = ip_network(device.srv6.prefix)
        for one in device.protections:
            subject = f"{one.name} on {device.name}"
            if ip_address(one.address) not in block:
                yield Refutation(subject, f"ends at {one.address}, outside the locator of {device.name}")
            if (first := owner.setdefault(one.address, subject)) != subject:
                yield Refutation(subject, f"ends at {one.address}, which is that of {first}")


def _lines(plan: Plan, mine: list[Device]) -> Iterator[Refutation]:
    for device in mine:
        for one in device.macsec:
            port = next((port for port in device.ports if port.name == one.port), None)
            far = plan.devices.get(one.peer)
            back = [other for other in far.macsec if port and other.port == port.peer_port] if far else []
            subject = f"line {device.name}:{one.port}"
            if len(back) != 1 or back[0].peer != device.name:
                yield Refutation(subject, f"{one.peer} has no MACsec at its other end")
            elif device.name < one.peer:  # each line once
                yield from _roles(subject, one.master, back[0].master)
                low, high = sorted((one, back[0]), key=lambda end: end.priority)
                if low.priority == high.priority or (low.master, high.master) == (False, True):
                    what = f"its priorities as MKA key server are {one.priority} and {back[0].priority}"
                    yield Refutation(subject, f"{what}: the master must have the lower")


def _tunnels(mine: list[Device]) -> Iterator[Refutation]:
    """Each tunnel has another at its other end, one of both begins, and both derive from one secret."""
    ends = defaultdict(list)
    for device in mine:
        for one in device.protections:
            for tunnel in one.tunnels:
                pair = (min(device.name, tunnel.peer), max(device.name, tunnel.peer))
                ends[one.name, pair].append(tunnel)
    for (name, pair), found in ends.items():
        subject = f"tunnel {name} " + " – ".join(pair)
        if len(found) != 2:
            yield Refutation(subject, f"has {len(found)} ends")
            continue
        yield from _roles(subject, found[0].master, found[1].master)
        if found[0].secret != found[1].secret:
            yield Refutation(subject, f"its ends derive keys from {found[0].secret} and {found[1].secret}")


def _roles(subject: str, one: bool, other: bool) -> Iterator[Refutation]:  # noqa: FBT001 - two of a kind
    if one == other:
        yield Refutation(
            subject, f"{'both ends are' if one else 'no end is'} master: one end begins, the other follows"
        )


def _secrets(plan: Plan, mine: list[Device]) -> Iterator[Refutation]:
    """A secret that keys come from is asked for, and is that of one line or tunnel."""
    users, made = _users(plan), set(plan.secrets)
    own = {one.secret for device in mine for one in device.macsec}
    own |= {tunnel.secret for device in mine for one in device.protections for tunnel in one.tunnels}
    for secret in sorted(own - {""}):
        where = sorted(users[secret])
        if secret not in made:
            yield Refutation(f"secret {secret}", f"is needed by {some(where)}, and nobody makes it")
        if len(where) > 1:
            yield Refutation(f"secret {secret}", f"is shared: {some(where)}", advice="one each")
    for device in mine:
        for one in device.protections:
            if one.method == "sm4" and one.source == "vault" and any(not tunnel.secret for tunnel in one.tunnels):
                yield Refutation(f"{one.name} on {device.name}", "has nothing to derive its keys from")


def _users(plan: Plan) -> dict[str, set[str]]:
    """The lines and tunnels of each secret, in both domains."""
    users: dict[str, set[str]] = defaultdict(set)
    for device in plan.devices.values():
        for line in device.macsec:
            users[line.secret].add(" – ".join(sorted((device.name, line.peer))) + _number(plan, device, line.port))
        for one in device.protections:
            for tunnel in one.tunnels:
                users[tunnel.secret].add(f"{one.name} " + " – ".join(sorted((device.name, tunnel.peer))))
    return users


def _number(plan: Plan, device: Device, port: str) -> str:
    """The line of a port, so that two lines between the same devices are two."""
    found = next((one.line for one in device.ports if one.name == port), "")
    return f" ({found})" if found in plan.lines else ""


def _servers(plan: Plan) -> Iterator[Refutation]:
    """No two key servers answer at one place or to one name, and none at a device's address."""
    places: dict[object, str] = {device.management: f"device {device.name}" for device in plan.devices.values()}
    for site, server in plan.key_servers.items():
        subject = f"key server {server.name} of {site}"
        for what in (server.address, (server.address, server.port), server.name):
            taken = places.get(what)
            if taken is not None:
                yield Refutation(subject, f"{what} is that of {taken} already")
        places[server.address, server.port] = places[server.name] = subject
